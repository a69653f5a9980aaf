"""The corpus: what the Python standard library of the running interpreter says of itself.

Every machine that runs llmci has it, and nothing has to be bundled or fetched. The modules are a
fixed list of well-behaved ones: importing them opens no window, no file and no connection. What is
taken from them is docstrings and parameter names; of default values only plain constants, because
others (`os.environ` is one) would carry the machine's own data into the corpus.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

Kind = Literal["module", "class", "function", "method"]

MODULES = tuple(
    """
    builtins abc argparse array ast asyncio atexit base64 binascii bisect bz2 calendar cmath cmd code codecs
    collections collections.abc colorsys compileall concurrent.futures configparser contextlib contextvars copy
    copyreg csv cProfile dataclasses datetime decimal difflib dis doctest email email.header email.message
    email.parser email.policy email.utils enum errno faulthandler filecmp fileinput fnmatch fractions ftplib
    functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac html html.entities html.parser
    http http.client http.cookiejar http.cookies http.server imaplib importlib importlib.metadata
    importlib.resources importlib.util inspect io ipaddress itertools json keyword linecache locale logging
    logging.config logging.handlers lzma mailbox marshal math mimetypes mmap multiprocessing netrc numbers
    operator os os.path pathlib pickle pickletools pkgutil platform plistlib poplib pprint pstats queue quopri
    random re reprlib runpy sched secrets select selectors shelve shlex shutil signal smtplib socket socketserver
    sqlite3 ssl stat statistics string struct subprocess symtable sys sysconfig tarfile tempfile textwrap
    threading time timeit token tokenize tomllib trace traceback tracemalloc types typing unicodedata unittest
    unittest.mock urllib.error urllib.parse urllib.request urllib.robotparser uuid venv warnings wave weakref
    webbrowser xml.dom.minidom xml.etree.ElementTree xml.sax xmlrpc.client zipapp zipfile zipimport zlib zoneinfo
    """.split()  # noqa: SIM905  a hundred names read more easily without quotes
)

_LONGEST_DOC = 4_000
_LONGEST_DEFAULT = 40
_PLAIN = (bool, int, float, complex, type(None), type(Ellipsis))


@dataclass(frozen=True)
class Passage:
    """One entry of the documentation.

    Attributes:
        id: Qualified name as a programmer writes it, such as `json.loads`; builtins have no prefix.
        signature: The call with its parameters, such as `json.loads(s, *, cls=None)`; for modules the name.
        doc: The docstring, without the indentation.
    """

    id: str
    kind: Kind
    signature: str
    doc: str

    @cached_property
    def summary(self) -> str:
        """The first paragraph, on one line."""
        return " ".join(self.doc.split("\n\n", 1)[0].split())


def passages() -> list[Passage]:
    """Every documented module, class, function and method of the fixed list, in its order.

    A module that this build of Python lacks (some have no `sqlite3` or `lzma`) is left out. What
    several modules export is described once, under the first of them.
    """
    seen: set[int] = set()
    found: dict[str, Passage] = {}
    for name in MODULES:
        try:
            module = import_module(name)
        except ImportError:
            continue
        for passage in _of_module(module, name, seen):
            found.setdefault(passage.id, passage)
    return list(found.values())


def _of_module(module: ModuleType, name: str, seen: set[int]) -> Iterator[Passage]:
    yield from _entry(name, "module", module, name)
    prefix = "" if name == "builtins" else f"{name}."
    exported = {attribute: getattr(module, attribute, None) for attribute in _exported(module, name)}
    for attribute, value in exported.items():
        own_name = getattr(value, "__name__", None)
        if inspect.ismodule(value) or not callable(value) or not isinstance(own_name, str) or id(value) in seen:
            continue
        # What stands in the module under its own name as well, as `IOError` does under `OSError`.
        if own_name != attribute and exported.get(own_name) is value:
            continue
        seen.add(id(value))
        if inspect.isclass(value):
            yield from _of_class(value, f"{prefix}{attribute}", module)
        else:
            yield from _entry(f"{prefix}{attribute}", "function", value, f"{prefix}{attribute}{_parameters(value)}")


def _exported(module: ModuleType, name: str) -> list[str]:
    """The public names: what `__all__` says, or what is defined in the module or in its C half."""
    if listed := getattr(module, "__all__", None):
        return sorted(listed)
    root = name.partition(".")[0]
    homes = {root, f"_{root}", *(("posix", "nt") if root == "os" else ())}
    return [
        attribute
        for attribute, value in sorted(vars(module).items())
        if not attribute.startswith("_")
        and (name == "builtins" or str(getattr(value, "__module__", root)).partition(".")[0] in homes)
    ]


def _of_class(cls: type, name: str, module: ModuleType) -> Iterator[Passage]:
    yield from _entry(name, "class", cls, f"{name}{_parameters(cls)}")
    members: dict[str, object] = {}
    for owner in cls.__mro__:
        if owner is cls or _is_private_base(owner, module):
            members = {**vars(owner), **members}
    for attribute, member in sorted(members.items()):
        if attribute.startswith("_"):
            continue
        if isinstance(member, (classmethod, staticmethod)):
            member = member.__func__  # noqa: PLW2901  the function is what is documented
        if isinstance(member, property):
            yield from _entry(f"{name}.{attribute}", "method", member, f"{name}.{attribute}")
        elif inspect.isroutine(member) and not inspect.isdatadescriptor(member):
            signature = f"{name}.{attribute}{_parameters(member, method=True)}"
            yield from _entry(f"{name}.{attribute}", "method", member, signature)


def _is_private_base(owner: type, module: ModuleType) -> bool:
    """Whether a base class belongs to the module but is not exported, so that only its heirs show its methods."""
    home = owner.__module__.partition(".")[0].lstrip("_")
    return home == module.__name__.partition(".")[0] and not hasattr(module, owner.__name__)


def _entry(name: str, kind: Kind, value: object, signature: str) -> Iterator[Passage]:
    doc = getattr(value, "__doc__", None)
    if isinstance(doc, str) and doc.strip() and not doc.startswith("Alias for field number"):
        yield Passage(name, kind, signature, inspect.cleandoc(doc)[:_LONGEST_DOC])


def _parameters(value: object, *, method: bool = False) -> str:
    """The parameters in parentheses without annotations; "(...)" where Python does not say."""
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]  # callable, checked by the caller
    except Exception:  # noqa: BLE001  inspect evaluates defaults written in C modules, and anything can come of it
        return "(...)"
    bare = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            default=parameter.default if parameter.default is inspect.Parameter.empty else _Shown(parameter.default),
        )
        for name, parameter in signature.parameters.items()
        if not (method and name in {"self", "cls"})
    ]
    return str(inspect.Signature(bare))


class _Shown:
    """A default value that shows itself only if it is a plain constant."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        value = self._value
        if isinstance(value, (str, bytes)) and (
            len(value) > _LONGEST_DEFAULT or (value[:1] in {"/", b"/"} and value[1:])
        ):
            return "..."
        if type(value) in {str, bytes, *_PLAIN}:
            return repr(value)
        if inspect.isclass(value):
            return value.__name__
        return repr(value) if re.fullmatch(r"\(\)|\{\}|\[\]", repr(value)) else "..."

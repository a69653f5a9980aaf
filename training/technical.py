"""Technical text that names nobody: descriptions of Python's own library, and questions about code.

What the labelled sets lack: people's names never stand in them, and many of their words are on lists
of names (`shell`, `Locale`, `Counter`, `Marks`). The descriptions are the docstrings of every second
module of the standard library of the interpreter that trains (PSF licence); the others stay unseen, see
`is_unseen`. The questions are made of patterns and of the names of modules, classes and functions.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import zlib
from typing import TYPE_CHECKING

from corpora import ANY, Sentence

from llmci.adapters.recognizers.wordforms import folded, words_of
from llmci.demo.corpus import MODULES

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

# Who wrote something is said with such words; a paragraph that has one is left out.
_CREDITS = re.compile(
    r"(?i)\b(?:by|authors?|copyright|contributed|thanks|written|reported|credits?|maintained|suggested|based on|e-?mail|et al)\b|@|\(c\)"
)
_PARAGRAPH = re.compile(r"\n\s*\n")
_LONGEST = 1200
# Nobody, or a firm, or a place: what a word in capitals may be that is on no list of names.
_NOBODY, _NO_PERSON = 1, 1 | 4 | 8
_QUESTIONS = r"""
What does {arg} do in {module}.{name}?
what does {arg} do in {name}
How do I use {name} with {module}?
Which module has {name}?
which function in {module} returns a {Name}
difference between {name} and {name}
What is the difference between {module}.{name} and {module}.{name}?
{module} {name} example
{name} vs {name} vs {name}
why does {name} raise {Error}
{Error}: {name}() got an unexpected keyword argument '{arg}'
I get {Error} from {name} when {arg} is None, what is wrong?
My {Name} does not close, do I have to call {name} myself?
can I pass {arg}={n} to {Name}
Does {Name} support {arg}?
from {module} import {Name}, {name}
import {module}\nx = {module}.{name}({arg}={n})
>>> {module}.{name}({n})
>>> import {module}, {module}
def {name}({arg}, {arg}=None):\n    return {module}.{name}({arg})
class {Name}({Name}):\n    {arg} = {n}
with {name}({arg}) as {arg}:
for {arg} in {name}({arg}):
{arg} = {name}({arg})
- `{arg}`: the {arg} of the {Name}
:param {arg}: passed to {name}
Args:\n    {arg}: A {Name}.\n    {arg}: See {name}.
Raises {Error} if {arg} is not a {Name}.
{Name} is a {tool} client with {tool} support.
| {arg} | `{name}` | {n} |
<{arg} {arg}="{n}"><{tool}/></{arg}>
pip install {tool}
npm install {tool} {tool}
$ {tool} --{arg} {n}
docker run {tool} --{arg}={tool}
Install {Tool} and run `{tool} {arg}`.
[{Tool}](https://github.com/{tool}/{tool}) is used by {Tool}.
{Tool} and {Tool} are supported, {Tool} is not.
We moved from {Tool} to {Tool} last year.
Does {Tool} work with {Tool} {n}?
my {tool} container keeps restarting after I upgraded {tool}
{"tool": "{name}", "arguments": {"{arg}": "{tool}"}}
{"name": "{name}", "type": "function", "parameters": {"{arg}": "string", "{arg}": "integer"}}
{arg}: {tool}\n{arg}: {n}\n{arg}:\n  - {tool}
export {arg}={tool}
File "{module}.py", line {n}, in {name}
{Name}.{name}: {arg} must be positive
SELECT {arg}, {arg} FROM {name} WHERE {arg} = '{tool}'
Close {arg}. Open {arg}. Mark {arg} as {Name}.
Return the {arg} of the {Name} as a {name} object.
how to {name} a {arg} with {tool}
{name} {arg} {module}
"""
_SLOT = re.compile(r"\{(\w+)\}")


def is_unseen(module: str) -> bool:
    """Whether a module's descriptions are kept for measuring."""
    return zlib.crc32(module.encode()) % 2 == 1


def descriptions(module: str) -> Iterator[str]:
    """Paragraphs of the docstrings of a module, its functions, classes and methods, that credit nobody."""
    try:
        loaded = importlib.import_module(module)
    except ImportError:
        return
    values = [loaded, *(value for name, value in sorted(vars(loaded).items()) if _is_own(name, value, module))]
    values += [
        method
        for value in values
        if inspect.isclass(value)
        for name, method in sorted(vars(value).items())
        if not name.startswith("_") and callable(method)
    ]
    for value in values:
        for paragraph in _PARAGRAPH.split(inspect.getdoc(value) or ""):
            if paragraph.strip() and len(paragraph) <= _LONGEST and not _CREDITS.search(paragraph):
                yield paragraph


def _is_own(name: str, value: object, module: str) -> bool:
    return not name.startswith("_") and callable(value) and getattr(value, "__module__", module) == module


def technical(lists: Mapping[str, set[str]], rng: random.Random, count: int) -> list[Sentence]:
    """So many sentences: two of three are descriptions, the others questions and lines of code."""
    known = lists["first_known"] | lists["last_known"]
    words = lists["word_usual"] | lists["word_known"] | lists["technical"]
    paragraphs = _paragraphs()
    told = [_sentence(p, known - words) for p in rng.sample(paragraphs, min(len(paragraphs), 2 * count // 3))]
    names = _names()
    tools = sorted(lists["technical"] - known)
    patterns = [line.replace("\\n", "\n") for line in _QUESTIONS.splitlines() if line]
    asked = (_filled(rng.choice(patterns), names, tools, rng) for _ in range(count - len(told)))
    return told + [_sentence(text, set()) for text in asked]


@functools.cache
def _paragraphs() -> list[str]:
    return list(dict.fromkeys(p for name in MODULES if not is_unseen(name) for p in descriptions(name)))


def _sentence(text: str, names: set[str]) -> Sentence:
    tokens = words_of(text)
    bits = [
        ANY if token[0].isupper() and folded(token) in names else _NO_PERSON if token[0].isupper() else _NOBODY
        for token in tokens
    ]
    return Sentence(tokens, bits)


@functools.cache
def _names() -> dict[str, list[str]]:
    """What a slot may be filled with: names of the modules that are trained on."""
    found: dict[str, dict[str, None]] = {slot: {} for slot in ("module", "name", "Name", "Error", "arg")}
    for module in (m for m in MODULES if not is_unseen(m)):
        try:
            loaded = importlib.import_module(module)
        except ImportError:
            continue
        found["module"][module] = None
        for name, value in sorted(vars(loaded).items()):
            if not _is_own(name, value, module):
                continue
            slot = "Error" if name.endswith("Error") else "Name" if name[0].isupper() else "name"
            found[slot][name] = None
            found["arg"].update(dict.fromkeys(_arguments(value)))
    return {slot: list(values) for slot, values in found.items()}


def _arguments(value: object) -> list[str]:
    try:
        return [name for name in inspect.signature(value).parameters if not name.startswith("_")]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []


def _filled(pattern: str, names: Mapping[str, list[str]], tools: list[str], rng: random.Random) -> str:
    def fill(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "n":
            return str(rng.randrange(10 ** rng.randint(1, 4)))
        if slot in ("tool", "Tool"):
            tool = rng.choice(tools)
            return tool.capitalize() if slot == "Tool" else tool
        return rng.choice(names[slot])

    return _SLOT.sub(fill, pattern)

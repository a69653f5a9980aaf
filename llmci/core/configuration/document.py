"""YAML text to plain values, and the line of every path in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Loc = tuple[str | int, ...]

# Far beyond any configuration; aliases of aliases can otherwise fill the memory from a few lines.
_MOST_VALUES = 100_000
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a line (from 1), without the full stop; `fix` is a sentence."""

    line: int
    what: str
    fix: str


@dataclass(slots=True)
class Document:
    """A YAML document as plain values.

    Attributes:
        value: Mappings with text keys, lists and scalars; an empty mapping for an empty file.
        lines: Line of each path.
        mistakes: Those found so far, in no order.
    """

    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[Loc, int] = field(default_factory=lambda: {(): 1})
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, loc: Loc) -> int:
        """The line of a path, or of its nearest parent that is in the file."""
        return self.lines.get(self.within(loc), 1)

    def within(self, loc: Loc) -> Loc:
        """The path, cut back to what is in the file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return loc

    def wrong(self, loc: Loc, what: str, fix: str) -> None:
        """Note a mistake at a path, once."""
        mistake = Mistake(self.line(loc), what, fix)
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)


def read(text: str) -> Document:
    """Read YAML; syntax errors and keys given twice are among the document's `mistakes`."""
    document = Document()
    try:
        loader = yaml.SafeLoader(text)
        try:
            _fill(document, loader, loader.get_single_node())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        document.mistakes.append(_syntax(error))
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        what = f"the character U+{int(error.character):04X} has no place in YAML"
        document.mistakes.append(Mistake(line, what, "Delete it, and save the file as UTF-8."))
    except (RecursionError, _TooLargeError):
        document.mistakes.append(
            Mistake(1, "nested too deeply, or too large", "Write the values out, without aliases of aliases.")
        )
    except ValueError as error:  # a date such as 2026-02-30
        document.mistakes.append(Mistake(1, f"a value cannot be read: {error}", "Put it in quotes, if it is text."))
    return document


def path(loc: Loc) -> str:
    """A path in words, such as "systems.stock.args[2]"."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


class _TooLargeError(Exception):
    """The document is no configuration."""


def _fill(document: Document, loader: yaml.SafeLoader, node: yaml.Node | None) -> None:
    if node is None:
        return
    value = _plain(loader, node, (), document)
    if isinstance(value, dict):
        document.value = value
    else:
        document.wrong((), "the file must hold keys and values", "Start with `llmci init`.")


def _plain(loader: yaml.SafeLoader, node: yaml.Node, loc: Loc, out: Document) -> Any:  # noqa: ANN401  YAML holds anything
    if len(loc) > _DEEPEST or len(out.lines) > _MOST_VALUES:
        raise _TooLargeError
    out.lines[loc] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*loc, index), out) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, loc, out)
    return loader.construct_object(node, deep=True)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, loc: Loc, out: Document) -> dict[str, Any]:
    first: dict[str, int] = {}
    for key_node, _ in node.value:  # before merge keys (`<<`), which may be overridden
        key, line = _key(key_node), key_node.start_mark.line + 1
        if key in first and key != "<<":
            what, fix = f"{path((*loc, key))} is given twice", f"Keep one of them; the first is on line {first[key]}."
            out.mistakes.append(Mistake(line, what, fix))
        first.setdefault(key, line)
    loader.flatten_mapping(node)
    value = {}
    for key_node, item in node.value:
        key = _key(key_node)
        value[key] = _plain(loader, item, (*loc, key), out)
        out.lines[(*loc, key)] = key_node.start_mark.line + 1
    return value


def _key(node: yaml.Node) -> str:
    """A key as it is written: `on` and `1` are names here, and not true or a number."""
    return node.value if isinstance(node.value, str) else "?"


def _syntax(error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or "it cannot be read"
    if "'\\t'" in problem:
        return Mistake(line, "a tab where YAML wants blanks", "Indent with blanks.")
    if "could not determine a constructor" in problem:
        return Mistake(line, "a YAML tag (`!...`) has no meaning here", "Delete the tag.")
    if "undefined alias" in problem:
        return Mistake(
            line, f"not YAML: {problem}", "Define it before with `&`, or put text that starts with `*` in quotes."
        )
    if "mapping values are not allowed" in problem:
        return Mistake(line, f"not YAML: {problem}", "Put the text in quotes if it holds a colon; check the indent.")
    return Mistake(line, f"not YAML: {problem}", "Mend the syntax at that line: quotes, brackets, indent.")

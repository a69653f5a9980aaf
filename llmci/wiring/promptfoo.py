"""Reads a promptfoo configuration with the files it names, and converts it."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from llmci.core.configuration.document import read
from llmci.core.promptfoo.convert import Imported, convert
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CASES = "evalsets/hand-written.jsonl"

_PROMPT_FILES = (".txt", ".md", ".json", ".j2")


def read_promptfoo(path: Path) -> Imported:
    """Convert a promptfoo file; relative paths in it start at its directory.

    Raises:
        UsageError: It, or a file that it names, cannot be read.
    """
    document = read(_text(path))
    if document.mistakes:
        first = document.mistakes[0]
        raise UsageError(f"{path}:{first.line}: {first.what}.", fix=first.fix)
    given = document.value
    prompts, tests = given.get("prompts"), given.get("tests")
    if prompts is not None:
        listed = prompts if isinstance(prompts, list) else [prompts]
        given["prompts"] = [_prompt(item, path.parent) for item in listed]
    if isinstance(tests, str):
        given["tests"] = _tests(tests, path.parent)
    elif isinstance(tests, list):
        given["tests"] = [test for item in tests for test in _each_test(item, path.parent)]
    return convert(given, cases_file=CASES)


def lines_of(cases: Iterable[Mapping[str, Any]]) -> str:
    """Cases as JSON lines."""
    return "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)


def _prompt(item: Any, root: Path) -> Any:  # noqa: ANN401  YAML holds anything
    """A prompt with its file's text in the place of the file's name."""
    if isinstance(item, dict) and isinstance(item.get("id"), str) and "raw" not in item:
        return {**item, "raw": _prompt(item["id"], root)}
    if not isinstance(item, str) or "\n" in item or not item.endswith(_PROMPT_FILES):
        return item
    named = root / item.removeprefix("file://")
    if item.startswith("file://"):
        return _text(named)
    return _text(named) if named.is_file() else item


def _each_test(item: Any, root: Path) -> list[Any]:  # noqa: ANN401  see above
    return _tests(item, root) if isinstance(item, str) else [item]


def _tests(name: str, root: Path) -> list[Any]:
    """Tests of a file; a script, a glob or an address stays a name, and is told as not carried over."""
    path = root / name.removeprefix("file://")
    if path.suffix in (".yaml", ".yml"):
        found = read(f"tests:\n{_indented(_text(path))}").value["tests"]
    elif path.suffix == ".json":
        found = _json(_text(path), path)
    elif path.suffix == ".jsonl":
        found = [_json(line, path) for line in _text(path).splitlines() if line.strip()]
    elif path.suffix == ".csv":
        found = [_row(row) for row in csv.DictReader(io.StringIO(_text(path)))]
    else:
        return [name]
    return found if isinstance(found, list) else [found]


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def _json(text: str, path: Path) -> Any:  # noqa: ANN401  JSON holds anything
    try:
        return json.loads(text)
    except ValueError:
        raise UsageError(f"{path}: not JSON.", fix="Mend the file, or take it out of `tests:`.") from None


def _row(row: dict[str, str]) -> dict[str, Any]:
    """A row of promptfoo's CSV: variables, and what is expected in `__expected` columns."""
    test: dict[str, Any] = {"vars": {name: value for name, value in row.items() if not name.startswith("__")}}
    asserts = [_asserted(value) for name, value in row.items() if name.startswith("__expected") and value]
    if asserts:
        test["assert"] = asserts
    if row.get("__description"):
        test["description"] = row["__description"]
    # Kept under its own name, which is no key of a test, so that it is told as not carried over.
    known = ("__expected", "__description")
    return test | {name: value for name, value in row.items() if name[:2] == "__" and not name.startswith(known)}


def _asserted(cell: str) -> dict[str, Any]:
    """An expectation in a cell: `contains: Lyon`, or a text that the answer should equal."""
    kind, colon, value = cell.partition(":")
    known = kind.strip().replace(" ", "-")
    return (
        {"type": known, "value": value.strip()}
        if colon and known.replace("-", "").isalpha()
        else {"type": "equals", "value": cell}
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(
            f"{path}: cannot be read: {why}.", fix="Correct the path, or take it out of the file."
        ) from None

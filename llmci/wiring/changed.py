"""What makes the candidate another system than the baseline, as places in the repository."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from llmci.core.configuration.document import Document, path, read
from llmci.domain.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmci.config import Config
    from llmci.core.configuration.document import Loc
    from llmci.domain.system import SystemSpec

# Prompts and programs are smaller; what is larger is not compared line by line.
_MOST_BYTES = 1 << 20


def changed_places(config: Config, baseline: SystemSpec, candidate: SystemSpec) -> tuple[Place, ...]:
    """Files that the candidate names and the baseline does not, then lines of the configuration.

    Args:
        config: Its directory is where the files of a system are looked for.
        baseline: In production.
        candidate: Would replace it.

    Returns:
        At least one place: the candidate's block in the configuration, where no option differs.
    """
    before, after = dict(_options(baseline.parameters)), dict(_options(candidate.parameters))
    differing = [loc for loc, value in after.items() if before.get(loc) != value]
    if not differing and baseline.digest != candidate.digest:  # the same names, and other content
        differing = [loc for loc, value in after.items() if _file(config.root, value)]
    document = _document(config)
    files, lines = [], []
    for loc in differing or [()]:
        now = _file(config.root, after.get(loc))
        if now is not None:
            line = _first_difference(_file(config.root, before.get(loc)), now)
            files.append(Place(path=_named(config, now), line=line, what=path(loc)))
        else:
            at = ("systems", candidate.name, *loc)
            lines.append(Place(path=_named(config, config.path), line=document.line(at), what=path(loc) or "system"))
    return tuple(dict.fromkeys([*files, *sorted(lines, key=lambda place: place.line)]))


def _options(value: object, loc: Loc = ()) -> Iterator[tuple[Loc, object]]:
    """Every option that is no collection itself, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _options(item, (*loc, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _options(item, (*loc, index))
    else:
        yield loc, value


def _file(root: Path, value: object) -> Path | None:
    """The file that an option names, such as `prompts/a.j2` or `app.py:answer`, if it is one of the repository's."""
    if not isinstance(value, str):
        return None
    with contextlib.suppress(OSError, ValueError):  # too long for a name, or with a NUL
        named = (root / value.partition(":")[0]).resolve()
        if named.is_file() and named.is_relative_to(_repository(root)):
            return named
    return None


def _first_difference(before: Path | None, now: Path) -> int:
    if before is None or before == now or max(before.stat().st_size, now.stat().st_size) > _MOST_BYTES:
        return 1
    old, new = (file.read_bytes().splitlines() for file in (before, now))
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return max(1, min(same + 1, len(new)))


def _repository(root: Path) -> Path:
    return next((directory for directory in (root, *root.parents) if (directory / ".git").exists()), root)


def _named(config: Config, file: Path) -> str:
    """From the root of the repository, which is where CI shows files from."""
    repository, full = _repository(config.root), file.resolve()
    return full.relative_to(repository).as_posix() if full.is_relative_to(repository) else full.name


def _document(config: Config) -> Document:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return read(config.path.read_text(encoding="utf-8-sig"))
    return Document()

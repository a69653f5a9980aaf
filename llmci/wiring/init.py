"""A new project: `llmci.yaml`, its schema, `.gitignore` lines and a workflow."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from llmci import __version__
from llmci.config import FILE_NAME, parse
from llmci.core.configuration.writing import written
from llmci.errors import UsageError
from llmci.files import write_bytes
from llmci.wiring.credentials import wanted
from llmci.wiring.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llmci.config import Config

_SCHEMA = "llmci.schema.json"
_WORKFLOW = ".github/workflows/llmci.yml"
_IGNORED = ".llmci/"
_REPORTS = ["llmci-report.html", "llmci-report.md"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """What a project starts with.

    Attributes:
        sections: Sections of `llmci.yaml`.
        about: What it is for, in words.
        further: Other files to write, by path.
        schema: Whether editors get the JSON schema beside it.
        workflow: Whether a GitHub workflow is written.
    """

    sections: Mapping[str, Any]
    about: str
    further: Mapping[str, str]
    schema: bool
    workflow: bool


def starter(project: str, *, traces: str, system: Mapping[str, Any]) -> dict[str, Any]:
    """Sections for a project that starts from a file of traces.

    Args:
        traces: Path or glob; the suffix decides the kind of source.
        system: Block of the baseline.
    """
    suffix = traces.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2].lower()
    kind = {"csv": "csv", "tsv": "csv", "parquet": "parquet"}.get(suffix, "jsonl")
    return {
        "project": project,
        "sources": {"prod": {"kind": kind, "path": traces}},
        "systems": {"baseline": dict(system), "candidate": {"extends": "baseline"}},
        "scorers": {"similar": {"kind": "similarity"}},
        "gates": [{"metric": "similar", "tolerance": "5pt"}],
        "evalset": {"size": 300, "reference": "output"},
        "report": _REPORTS,
    }


def imported(project: str, sections: Mapping[str, Any]) -> dict[str, Any]:
    """Sections for a project that starts from another tool's configuration."""
    return {"project": project, **sections, "report": _REPORTS}


def write_project(root: Path, new: NewProject, *, force: bool) -> list[Path]:
    """Write a project's files; none is written if one of them would have to be overwritten.

    Raises:
        UsageError: A file is there already and `force` is not given, or cannot be written.
    """
    text = written(new.sections, schema=_SCHEMA if new.schema else None, about=new.about)
    config = parse(text, root / FILE_NAME)
    contents = {FILE_NAME: text.encode(), **{name: content.encode() for name, content in new.further.items()}}
    if new.schema:
        contents[_SCHEMA] = orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2) + b"\n"
    if new.workflow:
        contents[_WORKFLOW] = _workflow(config).encode()
    there = [name for name in contents if (root / name).exists()]
    if there and not force:
        raise UsageError(
            f"{root}: {', '.join(there)} {'is' if len(there) == 1 else 'are'} there already.",
            fix="Use --force to overwrite, or another directory.",
        )
    ignore = _with_ignored(root / ".gitignore")
    if ignore is not None:
        contents[".gitignore"] = ignore
    for name, content in contents.items():
        write_bytes(root / name, content)
    return [root / name for name in contents]


def _with_ignored(path: Path) -> bytes | None:
    """`.gitignore` with the line it needs; None if it has it."""
    content = path.read_bytes() if path.exists() else b""
    if _IGNORED.encode() in content.splitlines():
        return None
    gap = b"" if not content or content.endswith(b"\n") else b"\n"
    return content + gap + _IGNORED.encode() + b"\n"


def _workflow(config: Config) -> str:
    """The workflow, with the keys that the configuration's systems and judges need."""
    blocks = [*config.models.values(), *config.systems.values(), *config.scorers.values()]
    names = sorted({name for block in blocks for name in wanted(block)})
    lines = ["        env:", *(f"          {name}: ${{{{ secrets.{name} }}}}" for name in names), ""] if names else [""]
    template = files("llmci.wiring").joinpath("templates/workflow.yaml").read_text("utf-8")
    return template.replace("<<version>>", __version__).replace("<<env>>\n", "\n".join(lines))

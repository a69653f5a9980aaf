"""A configuration as a file that people go on writing: sections in order, each with what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHAT_FOR = {
    "sources": "Where production traces are.",
    "models": "Models that judge.",
    "systems": "What answers. A candidate says with `extends:` only what differs from the baseline.",
    "scorers": "What turns an answer into a number; the name is the metric's.",
    "gates": "What decides. 5pt is five points of the metric's range.",
    "evalset": "How cases are drawn from the traces. `output` takes the answers that users liked for references.",
    "bench": "Which two systems are compared, and how.",
    "report": "Files that are written; the suffix decides the format.",
}


def written(config: Mapping[str, Any], *, schema: str | None, about: str = "") -> str:
    """The text of `llmci.yaml`.

    Args:
        about: What it is for, in words; becomes a comment.
        schema: File with the JSON schema, for editors; None for none.
    """
    head = [f"# yaml-language-server: $schema={schema}"] if schema else []
    head += [f"# {line}" for line in about.splitlines()]
    head.append("# `llmci doctor` checks this file; `llmci schema` lists every key.")
    parts = ["\n".join(head)]
    for section, value in config.items():
        text = yaml.safe_dump({section: value}, sort_keys=False, allow_unicode=True, width=110).rstrip()
        parts.append(f"# {_WHAT_FOR[section]}\n{text}" if section in _WHAT_FOR else text)
    return "\n\n".join(parts) + "\n"

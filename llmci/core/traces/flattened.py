"""Attributes like `llm.input_messages.0.message.role` back to the lists and objects they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def gathered(attributes: Mapping[str, Any], prefix: str) -> Any:  # noqa: ANN401  JSON holds anything
    """All attributes under a prefix as one nested value, or None; objects keyed 0, 1, 2, ... become lists."""
    start = f"{prefix}."
    # Asked of every span for every convention, and mostly in vain: one search in all names is the quickest no.
    if start not in "\n".join(attributes):
        return None
    keys = [key for key in attributes if key.startswith(start)]
    if not keys:
        return None
    root: dict[str, Any] = {}
    for key in keys:
        _place(root, key[len(start) :].split("."), attributes[key])
    return _listed(root)


def _place(node: dict[str, Any], steps: list[str], value: object) -> None:
    for step in steps[:-1]:
        inner = node.get(step)
        if not isinstance(inner, dict):
            # A value and its parts under one name: both are kept.
            inner = node[step] = {} if inner is None else {"value": inner}
        node = inner
    last = steps[-1]
    if isinstance(node.get(last), dict):
        node[last]["value"] = value
    else:
        node[last] = value


def _listed(node: Any) -> Any:  # noqa: ANN401
    if not isinstance(node, dict):
        return node
    inner = {key: _listed(value) for key, value in node.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner

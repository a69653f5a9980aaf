"""A promptfoo HTTP provider as a system that is called over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.promptfoo.unmapped import Unmapped

_READ = ("url", "method", "headers", "body", "transformResponse", "responseParser")
_PATH = re.compile(r"json\.?((?:\w+|\[\d+\]|\.)+)")
_METHODS = ("POST", "PUT", "GET")


def http_system(identity: str, config: Mapping[str, Any], place: str, unmapped: Unmapped) -> dict[str, Any] | None:
    """The block of the system; None, with the reason named, where it would ask something else."""
    block = {
        "kind": "http",
        "url": config.get("url") or (identity if "://" in identity else None),
        "method": str(config.get("method", "POST" if "body" in config else "GET")).upper(),
        **{name: config[name] for name in ("headers", "body") if name in config},
    }
    parser = config.get("transformResponse") or config.get("responseParser")
    path = _PATH.fullmatch(parser) if isinstance(parser, str) else None
    if path is None:
        unmapped.add(place, "its answer is found by code; name its path in a system of kind http")
    elif (
        not isinstance(block["url"], str)
        or block["method"] not in _METHODS
        or not isinstance(config.get("body", {}), dict)
    ):
        unmapped.add(place, "its url, method or body is not one that a system of kind http takes")
    else:
        unmapped.rest(f"{place}.config", config, _READ)
        spelled: dict[str, Any] = _spelled({**block, "answer": path[1]})
        return spelled
    return None


def _spelled(value: Any) -> Any:  # noqa: ANN401  JSON holds anything
    """Variables in our spelling: the prompt is the question, the environment is `${NAME}`."""
    if isinstance(value, str):
        told = re.sub(r"\{\{\s*env\.(\w+)\s*\}\}", r"${\1}", value)
        return re.sub(r"\{\{\s*prompt\s*\}\}", "{{question}}", told)
    if isinstance(value, dict):
        return {name: _spelled(item) for name, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, list) else value

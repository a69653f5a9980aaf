"""Placeholders in what is sent: `{{question}}` from the case, `${NAME}` from the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.traces.paths import at
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FROM_CASE = re.compile(r"\{\{\s*([\w.\[\]-]+)\s*\}\}")
_FROM_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def filled(template: Any, request: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON holds anything
    """A copy of the template with values of the request in it; one that is absent is null, or empty in a text."""
    if isinstance(template, dict):
        return {key: filled(value, request) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, request) for value in template]
    if not isinstance(template, str):
        return template
    if whole := _FROM_CASE.fullmatch(template.strip()):
        return _value(request, whole[1])
    return _FROM_CASE.sub(lambda match: _text(_value(request, match[1])), template)


def filled_from_environment(text: str, environ: Mapping[str, str], where: str) -> str:
    """A text with variables of the environment in it.

    Raises:
        UsageError: One of them is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in environ:
            raise UsageError(f"{where}: {match[1]} is not set in the environment.", fix=f"Set {match[1]}.")
        return environ[match[1]]

    return _FROM_ENVIRONMENT.sub(value, text)


def _value(request: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401  JSON holds anything
    # A question that looks like JSON is still a text.
    return request[path] if path in request else at(request, path)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()

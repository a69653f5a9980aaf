"""A prompt template of the user's own, rendered in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.adapters.systems.requests import request_of
from llmci.errors import UsageError
from llmci.seams import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llmci.domain.case import Case


class Prompt:
    """A Jinja template; what it does not know is an error, not an empty text.

    Raises:
        UsageError: The file cannot be read, or is no template.
    """

    def __init__(self, path: Path, config: Mapping[str, Any]) -> None:
        from jinja2 import StrictUndefined, TemplateSyntaxError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        try:
            self.text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{path}: cannot be read ({type(error).__name__}).", fix="Name a UTF-8 text file."
            ) from None
        # Prompts are not web pages: nothing is escaped.
        sandbox = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, keep_trailing_newline=False, autoescape=False
        )
        try:
            self._template = sandbox.from_string(self.text)
        except TemplateSyntaxError as error:
            raise UsageError(
                f"{path}:{error.lineno}: not a template: {error.message}.", fix="Correct it there."
            ) from None
        self._config = config

    def render(self, case: Case) -> str | Failed:
        """The prompt for a case; a template that fails on it is the system's fault."""
        try:
            return self._template.render(request_of(case, self._config, 0))
        except Exception as error:  # noqa: BLE001  a template can raise anything
            return Failed(f"the prompt could not be rendered: {type(error).__name__}", "system", charged=False)

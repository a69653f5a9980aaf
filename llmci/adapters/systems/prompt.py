"""A prompt template of the user's own, rendered in a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.adapters.systems.requests import request_of
from llmci.errors import UsageError
from llmci.seams import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template

    from llmci.adapters.systems.prompt_sources import Fetched
    from llmci.domain.case import Case

Chat = list[dict[str, Any]]


class Prompt:
    """Jinja templates; what they do not know is an error, not an empty text.

    Attributes:
        content: The templates themselves, for the digest.
        version: See `Fetched.version`.

    Raises:
        UsageError: It is no template.
    """

    def __init__(self, source: Fetched, config: Mapping[str, Any]) -> None:
        self.content = source.text if source.chat is None else source.chat
        self.version = source.version
        self._config, self._where = config, source.where
        self._text = None if source.text is None else self._template(source.text)
        self._chat = [(message, self._content(message)) for message in source.chat or ()]

    def render(self, case: Case, messages: Chat, *, whole: bool) -> Chat | Failed:
        """The messages of the request; a template that fails on a case is the system's fault.

        Args:
            messages: Of the case.
            whole: A text is the whole request, rather than its system message. A chat always is;
                a placeholder in it takes the messages of the case.
        """
        values = request_of(case, self._config, 0)
        rest = [message for message in messages if message["role"] not in ("system", "developer")]
        try:
            if self._text is None:
                return [one for message, template in self._chat for one in _turns(message, template, values, rest)]
            rendered = self._text.render(values)
        except Exception as error:  # noqa: BLE001  a template can raise anything
            return Failed(f"the prompt could not be rendered: {type(error).__name__}", "system", charged=False)
        if whole:
            return [{"role": "user", "content": rendered}]
        return [{"role": "system", "content": rendered}, *rest]

    def _content(self, message: Mapping[str, Any]) -> Template | None:
        """The template of a message; None for a placeholder."""
        content = message.get("content")
        return self._template(content) if isinstance(content, str) else None

    def _template(self, text: str) -> Template:
        from jinja2 import StrictUndefined, TemplateSyntaxError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # Prompts are not web pages: nothing is escaped.
        sandbox = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, keep_trailing_newline=False, autoescape=False
        )
        try:
            return sandbox.from_string(text)
        except TemplateSyntaxError as error:
            raise UsageError(
                f"{self._where}:{error.lineno}: not a template: {error.message}.", fix="Correct it there."
            ) from None


def _turns(message: Mapping[str, Any], template: Template | None, values: Mapping[str, Any], rest: Chat) -> Chat:
    if template is None:
        return rest
    return [{"role": str(message.get("role") or "user"), "content": template.render(values)}]

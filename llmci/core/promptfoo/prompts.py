"""promptfoo prompts: templates over a test's variables, as text or as chat messages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.core.promptfoo.unmapped import Unmapped

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_SCRIPT = re.compile(r"\.(?:js|cjs|mjs|ts|py|rb|go)(?::\w+)?$")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template; `messages` are chat messages whose contents are templates."""

    name: str
    messages: tuple[dict[str, str], ...]

    @property
    def variables(self) -> set[str]:
        """Names of the variables it uses."""
        return {name for message in self.messages for name in _VARIABLE.findall(message["content"])}

    def filled(self, values: Mapping[str, str]) -> list[dict[str, str]]:
        """The messages for one test; a variable that the test does not give is empty, as in promptfoo."""
        return [{**message, "content": fill(message["content"], values)} for message in self.messages]


def template_of(prompt: Prompt, question: str) -> tuple[str, str] | None:
    """The prompt as a system's template, with its role, where the case brings the question.

    None where it is neither one message, nor a fixed system message before the bare question.
    """
    *before, last = prompt.messages
    if not before:
        return _VARIABLE.sub("{{ question }}", last["content"]), "user"
    bare = _VARIABLE.sub(r"\1", last["content"]).strip() == question and last["role"] == "user"
    if bare and len(before) == 1 and before[0]["role"] == "system" and not _VARIABLE.search(before[0]["content"]):
        return before[0]["content"], "system"
    return None


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its variables replaced."""
    return _VARIABLE.sub(lambda found: values.get(found[1], ""), template)


def is_plain(template: str) -> bool:
    """Whether a template holds variables alone: no filter, no condition, no loop."""
    left = _VARIABLE.sub("", template)
    return "{{" not in left and "{%" not in left and "{#" not in left


def prompts_of(given: object, unmapped: Unmapped) -> Iterator[Prompt]:
    """Each prompt that can be read. Files have been read before: their text stands in their place."""
    for index, item in enumerate(given if isinstance(given, list) else [given]):
        place = f"prompts[{index}]"
        name, text = _named(item, index)
        if isinstance(item, dict):
            unmapped.rest(place, item, ("id", "label", "raw"))
        if text is None or text.startswith("file://") or _SCRIPT.search(text.strip()):
            unmapped.add(place, "not a text, or a file that cannot be read as one")
            continue
        messages = _messages(text)
        if not all(is_plain(message["content"]) for message in messages):
            unmapped.add(place, "filters, conditions and loops of the template have no counterpart")
            continue
        yield Prompt(name, messages)


def _named(item: Any, index: int) -> tuple[str, str | None]:  # noqa: ANN401  YAML holds anything
    if isinstance(item, dict):
        text = item.get("raw") or item.get("id")
        return str(item.get("label") or f"prompt-{index + 1}"), text if isinstance(text, str) else None
    return f"prompt-{index + 1}", item if isinstance(item, str) else None


def _messages(text: str) -> tuple[dict[str, str], ...]:
    """A chat in JSON, or one message of the user."""
    try:
        chat = json.loads(text)
    except ValueError:
        chat = None
    if isinstance(chat, list) and chat and all(_is_message(item) for item in chat):
        return tuple({"role": item["role"], "content": item["content"]} for item in chat)
    return ({"role": "user", "content": text},)


def _is_message(item: Any) -> bool:  # noqa: ANN401  JSON holds anything
    return isinstance(item, dict) and isinstance(item.get("role"), str) and isinstance(item.get("content"), str)

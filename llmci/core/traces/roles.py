"""Who speaks, in OpenAI's words."""

from __future__ import annotations

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
    "bot": "assistant",
    "aimessagechunk": "assistant",
    "tool-call": "assistant",
    "function": "tool",
    "tool-response": "tool",
    "observation": "tool",
}
KNOWN_ROLES = {"system", "developer", "user", "assistant", "tool", *_ROLES}


def role_of(word: str) -> str:
    """A role by the name that a provider has for it; one that nobody knows stays as it is."""
    known = word.lower()
    return _ROLES.get(known, known if known in KNOWN_ROLES else word)


def is_role(word: object) -> bool:
    """Whether a word names a speaker."""
    return isinstance(word, str) and word.lower() in KNOWN_ROLES

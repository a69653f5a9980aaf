"""Lines of a log that a GitHub runner takes for a command, with nothing in them but what we mean."""

from __future__ import annotations

from typing import Literal

Level = Literal["error", "warning", "notice"]


def workflow_command(level: Level, message: str, **properties: str | int) -> str:
    """A command on one line, such as `::error file=a.yaml,line=3::it got worse`.

    Args:
        level: How the runner marks it.
        message: Any text; it can neither end the command nor start another.
        properties: `file`, `line`, `title`, ...
    """
    named = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{level}{f' {named}' if named else ''}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

"""Texts of users in files of promptfoo, which fills in templates and reads files wherever a text looks like one.

`{{ env.KEY }}` in a user's question would put a secret into a prompt, `file://tool.py` would run a program. Both become text again when
promptfoo fills in the template that holds them.

Source:
    promptfoo 0.121, `renderPrompt`: values of variables are templates of Nunjucks, `file://` and `package:` at their beginning are loaded.
"""

from __future__ import annotations

import re
from typing import Any

_MARKS = re.compile(r"\{[{%#]|#\}")
_LOADS = ("file://", "package:")
_RAW, _END = "{% raw %}", "{% endraw %}"
_KEPT = re.compile(re.escape(_RAW) + r"(\{[{%#]|#\}|)" + re.escape(_END))


def inert(value: Any) -> Any:  # noqa: ANN401  JSON holds anything
    """A value of JSON in which no text is a template or is loaded."""
    if isinstance(value, str):
        start = _RAW + _END if value.startswith(_LOADS) else ""
        return start + _MARKS.sub(lambda found: f"{_RAW}{found[0]}{_END}", value)
    if isinstance(value, dict):
        return {key: inert(item) for key, item in value.items()}
    return [inert(item) for item in value] if isinstance(value, (list, tuple)) else value


def active(value: Any) -> Any:  # noqa: ANN401  see above
    """What `inert` was given."""
    if isinstance(value, str):
        return _KEPT.sub(r"\1", value)
    if isinstance(value, dict):
        return {key: active(item) for key, item in value.items()}
    return [active(item) for item in value] if isinstance(value, list) else value

"""What the sanitizer did as one HTML file of its own: no script, no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.adapters.reporters.pages import pieces

if TYPE_CHECKING:
    from llmci.core.reporting.privacy import PrivacyView


def rendered(name: str, privacy: PrivacyView) -> bytes:
    """Equal input gives equal bytes; `name` is the project's."""
    return b"".join(pieces("privacy.html.j2", name=name, privacy=privacy))

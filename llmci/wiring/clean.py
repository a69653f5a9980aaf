"""The clean shelf, and the proof that it may be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.privacy.manifest import check
from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.seams import Shelf


def clean_digest(clean: Shelf) -> str:
    """Check the manifest of the clean shelf against its shards and give its digest.

    Raises:
        PrivacyStop: The manifest does not vouch for what is there.
        UsageError: There is nothing there.
    """
    shards = clean.shards()
    if not shards:
        raise UsageError("there are no clean traces.", fix="Run `llmci pull` and `llmci sanitize` first.")
    return check(clean.manifest(), shards)

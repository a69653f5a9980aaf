"""The manifest of the clean shelf: what vouches that its traces were sanitized, by which policy, with what result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import orjson

from llmci.errors import PrivacyStop

if TYPE_CHECKING:
    from datetime import datetime

    from llmci.core.privacy.batch import Tally

SCHEMA_NAME = "sanitize/1"
# Raised whenever the same text would come out otherwise; clean shards made before are then made anew.
RULES = 2
_FIX = "Run `llmci sanitize`."
# When it was done says nothing of what was done.
_UNDIGESTED = ("digest", "sanitized_at")


class Vouched(Protocol):
    """What a manifest says of a shard; `llmci.seams.ShardInfo` is one."""

    @property
    def sha256(self) -> str:
        """Of the file that holds its rows."""

    @property
    def rows(self) -> int:
        """Traces that are clean."""

    @property
    def rejected(self) -> int:
        """Traces that were held back."""


def policy_digest(policy: Mapping[str, object], recognizers: Mapping[str, str], fingerprint: str) -> str:
    """Digest of all that decides what a trace becomes: policy, rules, engines and key."""
    return _digest({"policy": policy, "recognizers": recognizers, "key": fingerprint, "rules": RULES})


def manifest_of(
    *,
    policy: Mapping[str, object],
    recognizers: Mapping[str, str],
    key_fingerprint: str,
    shards: Mapping[str, Vouched],
    tally: Tally,
    looked: Mapping[str, object],
    now: datetime,
) -> dict[str, object]:
    """Make the manifest of a whole shelf; see `docs/sanitize.md` for its fields.

    Args:
        policy: What was asked for.
        recognizers: Engine and version of the rules of each.
        key_fingerprint: Of the key of the surrogates.
        shards: All of the shelf.
        tally: What was removed from them.
        looked: What was looked for afterwards; see `core.privacy.evidence`.
        now: Time of the run.
    """
    content: dict[str, object] = {
        "schema": SCHEMA_NAME,
        "policy": policy,
        "policy_digest": policy_digest(policy, recognizers, key_fingerprint),
        "recognizers": recognizers,
        "key_fingerprint": key_fingerprint,
        "rows": sum(shard.rows for shard in shards.values()),
        "rejected": sum(shard.rejected for shard in shards.values()),
        "counts": dict(sorted(tally.kinds.items())),
        "detectors": dict(sorted(tally.detectors.items())),
        "fields": dict(sorted(tally.fields.items())),
        **looked,
        "shards": {name: shard.sha256 for name, shard in sorted(shards.items())},
        "sanitized_at": now.isoformat(),
    }
    return {**content, "digest": _content_digest(content)}


def with_shards(manifest: Mapping[str, object], shards: Mapping[str, Vouched]) -> dict[str, object]:
    """The manifest after rows were taken out of its shards; what was counted when they were made stays."""
    content = {
        **manifest,
        "rows": sum(shard.rows for shard in shards.values()),
        "shards": {name: shard.sha256 for name, shard in sorted(shards.items())},
    }
    return {**content, "digest": _content_digest(content)}


def check(manifest: Mapping[str, object] | None, shards: Mapping[str, Vouched]) -> str:
    """The manifest's digest, where it vouches for exactly these shards.

    Raises:
        PrivacyStop: There is no manifest, it was changed, or it vouches for other shards.
    """
    if manifest is None:
        raise PrivacyStop("the clean shelf has no manifest: nothing vouches for it.", fix=_FIX)
    if manifest.get("schema") != SCHEMA_NAME:
        raise PrivacyStop(f"the manifest of the clean shelf is not of the schema {SCHEMA_NAME}.", fix=_FIX)
    if manifest.get("digest") != _content_digest(manifest):
        raise PrivacyStop("the manifest of the clean shelf was changed after it was written.", fix=_FIX)
    vouched = manifest.get("shards")
    found = {name: shard.sha256 for name, shard in shards.items()}
    if not isinstance(vouched, Mapping) or dict(vouched) != found:
        strange = sorted(set(found.items()) ^ set(vouched.items() if isinstance(vouched, Mapping) else ()))
        raise PrivacyStop(f"the manifest does not vouch for the shard {strange[0][0]} of the clean shelf.", fix=_FIX)
    return str(manifest["digest"])


def _content_digest(manifest: Mapping[str, object]) -> str:
    return _digest({key: value for key, value in manifest.items() if key not in _UNDIGESTED})


def _digest(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()

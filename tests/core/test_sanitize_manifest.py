"""The manifest vouches for the shards that it names, as it was written, and for nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from builders import NOON

from llmci.core.privacy.batch import Tally
from llmci.core.privacy.manifest import check, manifest_of
from llmci.errors import PrivacyStop
from llmci.seams import ShardInfo


def a_shard(sha256: str = "aa") -> ShardInfo:
    return ShardInfo(shard_id="s", rows=3, rejected=1, fingerprint="f", sha256=sha256)


def a_manifest(**changes: Any) -> dict[str, object]:
    told: dict[str, Any] = {
        "policy": {"operator": "surrogate"},
        "recognizers": {"secrets": "secrets/1"},
        "key_fingerprint": "f1",
        "shards": {"s": a_shard()},
        "tally": Tally(kinds=Counter(PERSON=2)),
        "looked": {},
        "now": NOON,
    }
    return manifest_of(**told | changes)


def test_it_vouches_for_its_shards() -> None:
    manifest = a_manifest()

    assert check(manifest, {"s": a_shard()}) == manifest["digest"]
    assert (manifest["rows"], manifest["rejected"], manifest["counts"]) == (3, 1, {"PERSON": 2})


@pytest.mark.parametrize(
    ("manifest", "shards"),
    [
        pytest.param(None, {}, id="no-manifest"),
        pytest.param(a_manifest(), {}, id="a-shard-is-missing"),
        pytest.param(a_manifest(), {"s": a_shard(), "t": a_shard()}, id="a-shard-too-many"),
        pytest.param(a_manifest(), {"s": a_shard("bb")}, id="another-content"),
        pytest.param(a_manifest() | {"rejected": 0}, {"s": a_shard()}, id="changed-by-hand"),
        pytest.param(a_manifest() | {"schema": "sanitize/0"}, {"s": a_shard()}, id="another-schema"),
        pytest.param({"schema": "sanitize/1"}, {"s": a_shard()}, id="empty"),
        pytest.param(a_manifest() | {"shards": ["s"]}, {"s": a_shard()}, id="shards-are-no-object"),
    ],
)
def test_it_vouches_for_nothing_else(manifest: dict[str, object] | None, shards: dict[str, ShardInfo]) -> None:
    with pytest.raises(PrivacyStop) as stop:
        check(manifest, shards)

    assert "llmci sanitize" in stop.value.fix


def test_the_same_content_has_the_same_digest_whenever_it_was_written() -> None:
    later = a_manifest(now=NOON.replace(year=2027))

    assert later["digest"] == a_manifest()["digest"]
    assert a_manifest(key_fingerprint="f2")["digest"] != a_manifest()["digest"]

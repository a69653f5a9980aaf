"""A grouping that an older llmci stored goes on placing traces as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson
from intents import questions

from llmci.adapters.stores.groups import GroupsFile
from llmci.core.grouping.clusters import NEIGHBOURS, SHARPNESS
from llmci.core.grouping.groups import fit_groups, place
from llmci.core.grouping.sample import InputSample

if TYPE_CHECKING:
    from pathlib import Path


def test_groups_are_read_as_they_were_written_and_old_ones_pull_as_they_were_fitted(tmp_path: Path) -> None:
    texts = [text for text, _ in questions(60)]
    sample = InputSample(100, seed=7)
    for number, text in enumerate(texts):
        sample.add(text, f"t{number}", None)
    groups = fit_groups(sample.distinct(), clusters=5, seed=7, min_traces=3, min_users=2)
    file = GroupsFile(tmp_path / "groups.npz")
    file.save(groups, {})

    loaded = file.load()
    assert loaded is not None
    assert (loaded[0].clustering.sharpness, loaded[0].clustering.neighbours) == (SHARPNESS, NEIGHBOURS)
    assert place(loaded[0], texts).cluster.tolist() == place(groups, texts).cluster.tolist()

    with np.load(tmp_path / "groups.npz") as arrays:
        held = dict(arrays)
    about = orjson.loads(held["about"].tobytes())
    del about["sharpness"], about["neighbours"]
    np.savez(tmp_path / "groups.npz", **held | {"about": np.frombuffer(orjson.dumps(about), np.uint8)})

    old = file.load()
    assert old is not None
    assert (old[0].clustering.sharpness, old[0].clustering.neighbours) == (1.0, 10)

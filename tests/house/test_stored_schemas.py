"""What rests on a user's disk keeps its shape: a change here needs a new version and a reader of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmci.adapters.stores.casefile import CASES
from llmci.adapters.stores.rows import ANSWER, COVARIATE, SCORE
from llmci.adapters.stores.scores import SCORES
from llmci.adapters.stores.trafficfile import TRAFFIC
from llmci.core.evalsets.digests import schema_fingerprint
from llmci.domain.label import LABEL
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    import pyarrow as pa


@pytest.mark.parametrize(
    ("schema", "name", "fingerprint"),
    [
        (TRACE, b"trace/1", "9f8bd4dda207ac60"),
        (LABEL, b"label/2", "3a1f95aa89c530c6"),
        (CASES, b"evalset/1", "f11b93ac043c6704"),
        (ANSWER, b"run/1 answers", "acac3e8b79885295"),
        (SCORE, b"run/1 scores", "bb87faedbd524a5c"),
        (COVARIATE, b"run/1 covariates", "8d2be5256ef00c08"),
        (SCORES, b"scores/2", "019059ef0e918e76"),
        (TRAFFIC, b"traffic/1", "c4b8c40528d8663f"),
    ],
    ids=[
        "trace/1",
        "label/2",
        "evalset/1",
        "run/1-answers",
        "run/1-scores",
        "run/1-covariates",
        "scores/2",
        "traffic/1",
    ],
)
def test_a_stored_schema_is_the_one_that_was_published(schema: pa.Schema, name: bytes, fingerprint: str) -> None:
    assert schema.metadata == {b"llmci.schema": name}
    assert schema_fingerprint(schema) == fingerprint

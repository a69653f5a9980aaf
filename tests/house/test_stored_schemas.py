"""What rests on a user's disk keeps its shape: a change here needs a new version and a reader of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmci.adapters.stores.casefile import CASES
from llmci.adapters.stores.rows import ANSWER, SCORE
from llmci.adapters.stores.scores import SCORES
from llmci.core.evalsets.digests import schema_fingerprint
from llmci.domain.label import LABEL
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    import pyarrow as pa


@pytest.mark.parametrize(
    ("schema", "name", "fingerprint"),
    [
        (TRACE, b"trace/1", "9f8bd4dda207ac60"),
        (LABEL, b"label/1", "915abbe37eb792dd"),
        (CASES, b"evalset/1", "f11b93ac043c6704"),
        (ANSWER, b"run/1 answers", "acac3e8b79885295"),
        (SCORE, b"run/1 scores", "bb87faedbd524a5c"),
        (SCORES, b"scores/1", "84131ae45984abc7"),
    ],
    ids=["trace/1", "label/1", "evalset/1", "run/1-answers", "run/1-scores", "scores/1"],
)
def test_a_stored_schema_is_the_one_that_was_published(schema: pa.Schema, name: bytes, fingerprint: str) -> None:
    assert schema.metadata == {b"llmci.schema": name}
    assert schema_fingerprint(schema) == fingerprint

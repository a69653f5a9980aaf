"""What rests on a user's disk keeps its shape: a change here needs a new version and a reader of the old one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from llmci.domain.label import LABEL
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    import pyarrow as pa


@pytest.mark.parametrize(
    ("schema", "name", "fingerprint"),
    [
        (TRACE, b"trace/1", "9f8bd4dda207ac60"),
        (LABEL, b"label/1", "915abbe37eb792dd"),
    ],
    ids=["trace/1", "label/1"],
)
def test_a_stored_schema_is_the_one_that_was_published(schema: pa.Schema, name: bytes, fingerprint: str) -> None:
    spelled = "\n".join(f"{field.name}: {field.type} {field.nullable}" for field in schema)

    assert schema.metadata == {b"llmci.schema": name}
    assert hashlib.sha256(spelled.encode()).hexdigest()[:16] == fingerprint

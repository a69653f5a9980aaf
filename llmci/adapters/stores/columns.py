"""Arrow types of the nouns that several stored tables hold."""

from __future__ import annotations

import pyarrow as pa

TEXT = pa.string()
PART = pa.struct(
    [
        ("type", TEXT),
        ("text", TEXT),
        ("uri", TEXT),
        ("mime_type", TEXT),
        ("tool_call_id", TEXT),
        ("tool_name", TEXT),
        ("tool_arguments", TEXT),
        ("tool_result", TEXT),
        ("is_error", pa.bool_()),
        ("extra", TEXT),
    ]
)
DOCUMENT = pa.struct([("id", TEXT), ("content", TEXT), ("score", pa.float64()), ("rank", pa.int32())])

"""A report in JSON that anybody may have written is refused, or becomes a comment; it never becomes a crash."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_builders import a_report

from llmci.adapters.reporters.json import JsonReporter
from llmci.core.reporting.comment import About, verdict_comment
from llmci.core.reporting.markup import MOST_CHARS
from llmci.domain.place import Place
from llmci.errors import UsageError
from llmci.wiring.comment import read_result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPORT = JsonReporter().render(replace(a_report(9), changed=(Place(path="p.j2", line=1, what="prompt"),)))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([1e308, -1e308, 5e-324, 10**400, "9" * 5000])
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path within a document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*at, key)
        yield from places(value[key], (*at, key))  # type: ignore[index]


def put(document: Any, at: tuple[str | int, ...], value: object) -> None:
    *way, last = at
    for key in way:
        document = document[key]
    document[last] = value


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.sampled_from(list(places(json.loads(REPORT)))), value=ANYTHING)
def test_one_value_that_is_anything_at_all(tmp_path: Path, at: tuple[str | int, ...], value: object) -> None:
    document = json.loads(REPORT)
    put(document, at, value)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), encoding="utf-8")

    try:
        result = read_result(path)
    except UsageError:
        return
    body = verdict_comment("main", {"one": result}, About())
    assert body.startswith("<!-- llmci:main -->\n> [!")
    assert len(body) <= MOST_CHARS

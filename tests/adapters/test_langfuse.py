"""What Langfuse says, and what becomes of it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import NOON
from langfuse_server import ENVIRON, Langfuse, observation, score, trace_before
from remote_project import RemoteProject
from scripted_server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR_AGO = NOON - timedelta(hours=1)


@contextmanager
def pulling(root: Path, langfuse: Langfuse, **options: Any) -> Iterator[tuple[RemoteProject, Server]]:
    with serving(langfuse.answer) as server:
        yield RemoteProject(root, "langfuse", ENVIRON, host=server.url, **options), server


def pulled(root: Path, langfuse: Langfuse, **options: Any) -> dict[str, dict[str, Any]]:
    with pulling(root, langfuse, **options) as (project, _):
        summary = project.pull()
        assert [failure.message for failure in summary.failures] == []
        assert summary.rejected == 0
        return project.rows()


def one(root: Path, *observations: dict[str, Any], scores: tuple[dict[str, Any], ...] = (), **options: Any) -> Any:
    return pulled(root, Langfuse(list(observations), list(scores)), **options)["t1"]


def span(**changes: Any) -> dict[str, Any]:
    return observation("t1", changes.pop("id", "a"), changes.pop("start", HOUR_AGO), **changes)


def test_a_trace_comes_with_all_it_has(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        span(id="root", type="SPAN", name="turn", input='"Where is parcel 778?"', output="In Lyon.", model=None, usageDetails={}, costDetails={}, totalCost=0),
        span(id="gen", parentObservationId="root", metadata={"variant": "canary"}, promptName="support", promptVersion=7),
    )  # fmt: skip
    assert row["name"] == "support"
    assert (row["session_id"], row["user_id"], row["release"], row["environment"]) == (
        "s-5",
        "u-81",
        "web-4.2",
        "production",
    )
    assert (row["variant"], row["prompt_name"], row["prompt_version"]) == ("canary", "support", "7")
    assert row["tags"] == ["prod"]
    assert row["input"]["text"] == '"Where is parcel 778?"'
    assert row["output"]["text"] == "In Lyon."
    assert row["replay_kind"] == "chat"
    assert row["complete"] is True
    assert row["missing"] == []
    assert row["request"]["model"] == "gpt-4o-mini-2024-07-18"
    assert row["request"]["params"] == '{"temperature":0.2}'
    assert [(step["span_id"], step["kind"], step["depth"]) for step in row["steps"]] == [
        ("gen", "llm", 1),
        ("root", "span", 0),
    ]
    assert row["latency_ms"] == 1500
    assert row["cost"]["origin"] == "reported"
    assert row["source_updated_at"] == HOUR_AGO + timedelta(seconds=5)


def test_payloads_are_strings_and_hold_messages_with_verbatim_arguments(tmp_path: Path) -> None:
    said = '{"role":"assistant","tool_calls":[{"id":"call_9","type":"function","function":{"name":"track","arguments":"{\\"parcel\\": 778"}}]}'
    row = one(
        tmp_path, span(input='[{"role":"system","content":"Help."},{"role":"user","content":"Where?"}]', output=said)
    )
    assert [message["role"] for message in row["input"]["messages"]] == ["system", "user"]
    [part] = row["output"]["messages"][0]["parts"]
    assert (part["tool_name"], part["tool_arguments"]) == ("track", '{"parcel": 778')


@pytest.mark.parametrize("key", ["model", "providedModelName"])
def test_the_model_has_two_names(tmp_path: Path, key: str) -> None:
    row = span(model=None) | {key: "m-1"}
    langfuse = Langfuse([row])
    with serving(langfuse.answer) as server:
        import langfuse_server

        groups = dict(langfuse_server._GROUPS, model=("model", "providedModelName", "modelParameters"))
        before, langfuse_server._GROUPS = langfuse_server._GROUPS, groups
        try:
            project = RemoteProject(tmp_path, "langfuse", ENVIRON, host=server.url)
            project.pull()
        finally:
            langfuse_server._GROUPS = before
    assert project.rows()["t1"]["request"]["model"] == "m-1"


def test_a_span_that_was_sent_twice_counts_once_as_it_was_last(tmp_path: Path) -> None:
    later = span(output='"later"', updatedAt="2026-11-20T11:30:00.000Z")
    row = one(tmp_path, later, span(output='"earlier"'))
    assert row["output"]["text"] == '"later"'
    assert row["usage"]["total"] == 228
    assert len(row["steps"]) == 1


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        ({"input": 210, "input_cached_tokens": 64, "output": 18, "total": 292}, (274, 18, 292, 64, None, None)),
        ({"input": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 5, "output": 1}, (105, 1, 106, 90, 5, None)),
        ({"input": 10, "output": 5, "output_reasoning_tokens": 20, "total": 35}, (10, 25, 35, None, None, 20)),
        # A logger that sent the provider's numbers as they were.
        ({"input": 100, "input_cached_tokens": 64, "output": 18, "total": 118}, (100, 18, 118, 64, None, None)),
    ],
)  # fmt: skip
def test_input_includes_cached_tokens(tmp_path: Path, details: dict[str, int], usage: tuple[int | None, ...]) -> None:
    found = one(tmp_path, span(usageDetails=details))["usage"]
    assert tuple(found[key] for key in ("input", "output", "total", "cache_read", "cache_write", "reasoning")) == usage


def test_a_cost_of_nothing_for_tokens_is_unknown(tmp_path: Path) -> None:
    assert one(tmp_path, span(totalCost=0, costDetails={}))["cost"] is None


@pytest.mark.parametrize(
    "metadata",
    [
        {"attributes.retrieval.documents.0.document.id": "d1", "attributes.retrieval.documents.0.document.content": "Lyon"},
        {"attributes": {"retrieval.documents.0.document.id": "d1", "retrieval.documents.0.document.content": "Lyon"}},
        {"attributes": '{"retrieval.documents.0.document.id":"d1","retrieval.documents.0.document.content":"Lyon"}'},
    ],
)  # fmt: skip
def test_documents_of_openinference_are_in_the_metadata(tmp_path: Path, metadata: dict[str, Any]) -> None:
    retriever = span(
        id="r",
        type="RETRIEVER",
        parentObservationId="root",
        output=None,
        metadata=metadata,
        model=None,
        usageDetails={},
    )
    root = span(id="root", type="CHAIN", model=None, usageDetails={})
    row = one(tmp_path, root, retriever, span(id="gen", parentObservationId="root"))
    assert [(document["id"], document["content"]) for document in row["documents"]] == [("d1", "Lyon")]
    assert row["replay_kind"] == "rag"


def test_a_root_of_the_app_may_have_a_parent_elsewhere(tmp_path: Path) -> None:
    row = one(tmp_path, span(parentObservationId="gateway", isRootObservation=True))
    assert row["complete"] is True
    assert row["root_span_id"] == "a"


def test_media_that_are_only_referred_to_are_said_to_be_missing(tmp_path: Path) -> None:
    reference = "@@@langfuseMedia:type=image/png|id=m1|source=base64_data_uri@@@"
    asked = orjson.dumps(
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": reference}}]}]
    ).decode()
    row = one(tmp_path, span(input=asked))
    assert row["missing"] == ["media"]
    assert row["replay_kind"] == "none"


def test_metadata_come_whole(tmp_path: Path) -> None:
    row = one(tmp_path, span(metadata={"note": "x" * 324}))
    assert len(orjson.loads(row["metadata"])["note"]) == 324


def test_the_variant_is_found_where_the_configuration_says(tmp_path: Path) -> None:
    assert one(tmp_path, span(metadata={"arm": "b"}), variant="metadata.arm")["variant"] == "b"


def test_an_error_is_one(tmp_path: Path) -> None:
    row = one(tmp_path, span(level="ERROR", statusMessage="boom"))
    assert (row["status"], row["error"]) == ("error", "boom")


def test_scores_of_every_type(tmp_path: Path) -> None:
    at = NOON - timedelta(minutes=30)
    given = (
        score("s1", "t1", at, value=0.5, comment="so so", source="EVAL"),
        score("s2", "t1", at, name="ok", value=True, dataType="BOOLEAN", source="ANNOTATION", authorUserId="ann"),
        score("s3", "t1", at, name="mood", value="calm", dataType="CATEGORICAL"),
        score("s4", "t1", at, name="output", value="In Paris.", dataType="CORRECTION"),
        score("s5", "t1", at, subject={"kind": "observation", "id": "a", "traceId": "t1"}, metadata={"k": 1}),
        score("s6", "x", at, subject={"kind": "session", "id": "s-5"}),
    )
    for era in (4, 3):
        langfuse = Langfuse([span()], list(given), [trace_before("t1", HOUR_AGO)], era=era)
        rows = pulled(tmp_path / str(era), langfuse)
        found = {item["id"]: item for item in rows["t1"]["scores"]}
        assert sorted(found) == ["s1", "s2", "s3", "s4", "s5"]
        assert (found["s1"]["type"], found["s1"]["num"], found["s1"]["annotator"], found["s1"]["comment"]) == (
            "numeric",
            0.5,
            "llm",
            "so so",
        )
        assert (found["s2"]["type"], found["s2"]["num"], found["s2"]["annotator"], found["s2"]["author"]) == (
            "boolean",
            1,
            "human",
            "ann",
        )
        assert (found["s3"]["type"], found["s3"]["text"]) == ("categorical", "calm")
        assert (found["s4"]["type"], found["s4"]["text"]) == ("correction", "In Paris.")
        assert (found["s5"]["target"], found["s5"]["target_id"], found["s5"]["metadata"]) == ("step", "a", '{"k":1}')
        assert found["s1"]["timestamp"] == at


def test_both_eras_give_the_same_trace(tmp_path: Path) -> None:
    spans = [span(id="root", type="SPAN", name="support", model=None, usageDetails={}, totalCost=0, costDetails={}), span(id="gen", parentObservationId="root")]  # fmt: skip
    new = pulled(tmp_path / "4", Langfuse(spans))["t1"]
    old = pulled(tmp_path / "3", Langfuse(spans, traces=[trace_before("t1", HOUR_AGO)], era=3))["t1"]
    apart = {"pulled_at", "content_hash", "source_updated_at"}
    assert {k: v for k, v in old.items() if k not in apart} == {k: v for k, v in new.items() if k not in apart}


def test_a_trace_of_the_older_interface_is_the_root_of_what_has_none(tmp_path: Path) -> None:
    spans = [span(id="a"), span(id="b")]
    row = pulled(tmp_path, Langfuse(spans, traces=[trace_before("t1", HOUR_AGO, name="turn")], era=3))["t1"]
    assert (row["root_span_id"], row["name"], row["complete"]) == ("t1", "turn", True)
    assert [step["depth"] for step in row["steps"]] == [1, 1, 0]
    assert row["usage"]["total"] == 456


def test_thousands_of_rows_come_page_by_page(tmp_path: Path) -> None:
    rows = [observation(f"t{n % 700}", f"s{n}", HOUR_AGO + timedelta(milliseconds=n)) for n in range(2500)]
    scores = [score(f"c{n}", f"t{n}", HOUR_AGO + timedelta(milliseconds=n)) for n in range(250)]
    found = pulled(tmp_path, Langfuse(rows, scores))
    assert len(found) == 700
    assert sum(len(row["steps"]) for row in found.values()) == 2500
    assert sum(len(row["scores"]) for row in found.values()) == 250


def test_an_environment_can_be_chosen(tmp_path: Path) -> None:
    rows = [observation("t1", "a", HOUR_AGO), observation("t2", "b", HOUR_AGO, environment="staging")]
    assert list(pulled(tmp_path, Langfuse(rows), environment="production")) == ["t1"]


def test_only_needed_fields_are_asked_for_and_payloads_always(tmp_path: Path) -> None:
    with pulling(tmp_path, Langfuse([span()])) as (project, server):
        project.pull()
        asked = [one for one in server.asked if one.path.endswith("v2/observations") and "fromStartTime" in one.params]
    assert all("io" in one.params["fields"] and "metadata" in one.params["fields"] for one in asked)
    assert all("parseIoAsJson" not in one.params for one in asked)


def test_without_keys_the_fix_says_which(tmp_path: Path) -> None:
    summary = RemoteProject(tmp_path, "langfuse", {}).pull()
    [failure] = summary.failures
    assert "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not both set" in failure.message
    assert summary.exit_code == 2

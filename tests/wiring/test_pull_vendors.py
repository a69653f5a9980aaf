"""Phoenix, MLflow and LangSmith: what comes is what is there, once, and every fault says what to do."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import NOON
from remote_project import RemoteProject
from scripted_server import Asked, Said, Server, serving
from vendor_servers import (
    KEY,
    LangsmithServer,
    MlflowServer,
    PhoenixServer,
    annotation,
    feedback,
    langsmith_run,
    mlflow_trace,
    phoenix_span,
)

from llmci.adapters.sources.remote import client as client_module
from llmci.config import parse
from llmci.seams import Window
from llmci.wiring.credentials import wanted
from llmci.wiring.pull_remote import with_implied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendor_servers import VendorServer

HOUR_AGO = NOON - timedelta(hours=1)
HOURS = Window(NOON - timedelta(hours=3))
KINDS = ["phoenix", "mlflow", "langsmith", "langsmith-old"]
ENVIRON = {
    "PHOENIX_API_KEY": KEY,
    "PHOENIX_PROJECT_NAME": "shop",
    "MLFLOW_TRACKING_TOKEN": KEY,
    "LANGSMITH_API_KEY": KEY,
    "LANGSMITH_PROJECT": "shop",
}
# Which request brings the spans of a window.
ROWS = {
    "phoenix": "/v1/projects/shop/spans",
    "mlflow": "/api/3.0/mlflow/traces/search",
    "langsmith": "/api/v2/runs/query",
    "langsmith-old": "/runs/query",
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_FIRST_WAIT_S", 0.01)


def a_server(kind: str, number: int = 5) -> VendorServer:
    """With so many traces of one model call, a minute apart, the last one an hour before noon."""
    times = [HOUR_AGO - timedelta(minutes=1) * n for n in range(number)]
    match kind:
        case "phoenix":
            return PhoenixServer(spans=[phoenix_span(f"t{n}", f"s{n}", at) for n, at in enumerate(times)])
        case "mlflow":
            return MlflowServer(traces=[mlflow_trace(f"t{n}", at) for n, at in enumerate(times)])
    runs = [langsmith_run(f"t{n}", f"t{n}", at) for n, at in enumerate(times)]
    return LangsmithServer(runs=runs, old=kind == "langsmith-old")


@contextmanager
def pulling(root: Path, kind: str, vendor: VendorServer, **options: Any) -> Iterator[tuple[RemoteProject, Server]]:
    with serving(vendor.answer) as server:
        yield RemoteProject(root, kind.partition("-")[0], ENVIRON, url=server.url, **options), server


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_is_what_is_there_and_the_same_again_changes_nothing(tmp_path: Path, kind: str) -> None:
    with pulling(tmp_path, kind, a_server(kind)) as (project, _):
        summary = project.pull(window=HOURS)
        before = project.files()
        again = project.pull(window=HOURS)
        assert project.files() == before
    assert [failure.message for failure in summary.failures] == []
    assert (summary.traces, again.traces, again.shards_read) == (5, 5, 0)
    row = project.rows()["t0"]
    assert row["start"] == HOUR_AGO
    assert row["replay_kind"] == "chat"
    said = row["output"]["text"] or row["output"]["messages"][0]["parts"][0]["text"]
    assert said == "In Lyon."


@pytest.mark.parametrize(("kind", "number"), [("phoenix", 1010), ("mlflow", 510), ("langsmith", 1010), ("langsmith-old", 210)])  # fmt: skip
def test_pages_are_read_to_their_end(tmp_path: Path, kind: str, number: int) -> None:
    vendor = a_server(kind, number)
    with pulling(tmp_path, kind, vendor) as (project, _):
        assert project.pull().traces == number


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_has_the_key_and_asks_for_gzip(tmp_path: Path, kind: str) -> None:
    with pulling(tmp_path, kind, a_server(kind)) as (project, server):
        project.pull(window=HOURS)
        for asked in server.asked:
            assert KEY in (asked.headers.get("authorization", "") + asked.headers.get("x-api-key", ""))
            assert "gzip" in asked.headers["accept-encoding"]


def test_late_spans_of_phoenix_update_their_trace(tmp_path: Path) -> None:
    vendor = a_server("phoenix")
    assert isinstance(vendor, PhoenixServer)
    with pulling(tmp_path, "phoenix", vendor) as (project, _):
        project.pull(window=HOURS)
        vendor.spans.append(phoenix_span("t1", "late", HOUR_AGO, parent_id="s1", span_kind="TOOL"))
        project.pull(window=HOURS)
    assert {step["span_id"] for step in project.rows()["t1"]["steps"]} == {"s1", "late"}
    assert project.rows()["t1"]["replay_kind"] == "agent"


def test_annotations_of_phoenix_come_later_and_are_edited(tmp_path: Path) -> None:
    vendor = a_server("phoenix")
    assert isinstance(vendor, PhoenixServer)
    with pulling(tmp_path, "phoenix", vendor) as (project, _):
        project.pull(window=HOURS)
        vendor.annotations = [
            annotation("thumbs", {"span_id": "s1"}, NOON - timedelta(minutes=5)),
            annotation("ok", {"trace_id": "t1"}, NOON, result={"label": "yes", "score": None, "explanation": None}),
        ]
        project.pull(window=HOURS)
        scores = {score["name"]: score for score in project.rows()["t1"]["scores"]}
        assert (scores["thumbs"]["num"], scores["thumbs"]["annotator"], scores["thumbs"]["target_id"]) == (
            1.0,
            "human",
            "s1",
        )
        assert (scores["ok"]["text"], scores["ok"]["target"]) == ("yes", "trace")
        vendor.annotations[0] |= {"updated_at": NOON.isoformat(), "result": {"score": 0.0}}
        project.pull(window=HOURS)
        assert {score["name"]: score["num"] for score in project.rows()["t1"]["scores"]}["thumbs"] == 0.0


def test_assessments_of_mlflow_come_without_its_spans(tmp_path: Path) -> None:
    vendor = a_server("mlflow")
    assert isinstance(vendor, MlflowServer)
    with pulling(tmp_path, "mlflow", vendor) as (project, server):
        project.pull(window=HOURS)
        asked = len(server.asked)
        vendor.traces[1]["trace_info"]["assessments"] = [
            {"assessment_id": "a1", "assessment_name": "thumbs", "trace_id": "t1", "source": {"source_type": "HUMAN", "source_id": "u"}, "feedback": {"value": False}, "create_time": "2026-11-20T11:00:00Z", "last_update_time": "2026-11-20T11:00:00Z", "valid": True},
            {"assessment_id": "a2", "assessment_name": "answer", "trace_id": "t1", "source": {"source_type": "HUMAN"}, "expectation": {"value": "Lyon"}, "create_time": "2026-11-20T11:00:00Z"},
        ]  # fmt: skip
        project.pull(window=HOURS)
        assert not any("batchGet" in one.path for one in server.asked[asked:])
    scores = {score["name"]: score for score in project.rows()["t1"]["scores"]}
    assert (scores["thumbs"]["num"], scores["thumbs"]["annotator"]) == (0.0, "human")
    assert (scores["answer"]["type"], scores["answer"]["text"]) == ("correction", "Lyon")


def test_a_trace_of_mlflow_that_grew_is_fetched_again_and_no_other(tmp_path: Path) -> None:
    vendor = a_server("mlflow")
    assert isinstance(vendor, MlflowServer)
    with pulling(tmp_path, "mlflow", vendor) as (project, server):
        project.pull(window=HOURS)
        asked = len(server.asked)
        vendor.traces[2] = mlflow_trace("t2", HOUR_AGO - timedelta(minutes=2), trace_metadata={"mlflow.trace.sizeBytes": "250"}, tags={"variant": "canary", "mlflow.trace.spansLocation": "TRACKING_STORE"})  # fmt: skip
        project.pull(window=HOURS)
        assert [one.lists["trace_ids"] for one in server.asked[asked:] if "batchGet" in one.path] == [["t2"]]
    assert project.rows()["t2"]["variant"] == "canary"


def test_spans_of_mlflow_in_its_artifact_store_give_the_same_trace(tmp_path: Path) -> None:
    vendor = a_server("mlflow")
    assert isinstance(vendor, MlflowServer)
    with pulling(tmp_path / "a", "mlflow", vendor) as (project, _):
        project.pull(window=HOURS)
    for trace in vendor.traces:
        trace["trace_info"]["tags"] = {}
    with pulling(tmp_path / "b", "mlflow", vendor) as (other, _):
        other.pull(window=HOURS)
    assert {trace: row["content_hash"] for trace, row in project.rows().items()} == {
        trace: row["content_hash"] for trace, row in other.rows().items()
    }


def test_a_trace_of_mlflow_whose_spans_are_lost_is_rejected_alone(tmp_path: Path) -> None:
    vendor = a_server("mlflow")
    assert isinstance(vendor, MlflowServer)
    vendor.traces[0]["spans"] = []
    with pulling(tmp_path, "mlflow", vendor) as (project, _):
        summary = project.pull(window=HOURS)
    assert (summary.traces, summary.rejected) == (4, 1)
    assert "gave no spans of this trace" in summary.rejected_first[0].why


def test_a_damaged_artifact_of_mlflow_costs_its_trace_alone(tmp_path: Path) -> None:
    vendor = a_server("mlflow")
    assert isinstance(vendor, MlflowServer)
    for trace in vendor.traces:
        trace["trace_info"]["tags"] = {}
    vendor.fault = lambda asked: Said(500) if asked.params.get("request_id") == "t3" else None
    with pulling(tmp_path, "mlflow", vendor) as (project, _):
        summary = project.pull(window=HOURS)
    assert (summary.traces, summary.rejected) == (4, 1)


def test_an_experiment_can_be_named_and_must_be_there(tmp_path: Path) -> None:
    vendor = a_server("mlflow")
    with pulling(tmp_path, "mlflow", vendor, experiments=["Default"]) as (project, _):
        assert project.pull(window=HOURS).traces == 0
    with pulling(tmp_path, "mlflow", vendor, experiments=["nope"]) as (project, _):
        [failure] = project.pull(window=HOURS).failures
    assert "no experiment 'nope'" in failure.message
    assert "Default, shop" in failure.fix


@pytest.mark.parametrize("kind", ["langsmith", "langsmith-old"])
def test_the_silent_defaults_of_langsmith_are_never_left_to_it(tmp_path: Path, kind: str) -> None:
    with pulling(tmp_path, kind, a_server(kind)) as (project, server):
        project.pull(window=HOURS)
        project.pull(window=HOURS)
        for asked in server.asked:
            if asked.path == "/api/v2/runs/query":
                assert asked.body["selects"]
                assert asked.body["min_start_time"]
            if asked.path == "/runs/query":
                assert asked.body["select"]
                assert asked.body["start_time"]
                assert asked.body["limit"] <= 100


def test_a_run_that_ended_later_is_fetched_again(tmp_path: Path) -> None:
    vendor = a_server("langsmith")
    assert isinstance(vendor, LangsmithServer)
    done, vendor.runs[1] = vendor.runs[1], {**vendor.runs[1], "end_time": None, "outputs": None, "status": "PENDING"}
    with pulling(tmp_path, "langsmith", vendor) as (project, _):
        project.pull(window=HOURS)
        assert project.rows()["t1"]["complete"] is False
        vendor.runs[1] = done
        project.pull(window=HOURS)
    assert project.rows()["t1"]["complete"] is True
    assert project.rows()["t1"]["missing"] == []


@pytest.mark.parametrize("kind", ["langsmith", "langsmith-old"])
def test_feedback_of_langsmith(tmp_path: Path, kind: str) -> None:
    vendor = a_server(kind)
    assert isinstance(vendor, LangsmithServer)
    vendor.feedback = [
        feedback(
            "thumbs", "t1", "t1", HOUR_AGO, score=0, comment="wrong", feedback_source={"type": "app", "user_id": "u"}
        ),
        feedback("tone", "t1", "step", HOUR_AGO, value="calm", feedback_source={"type": "model"}),
        feedback("fix", "t1", "t1", HOUR_AGO, correction={"output": "In Paris."}),
        *(feedback(f"n{n}", "t2", "t2", HOUR_AGO, score=n) for n in range(230)),
    ]
    with pulling(tmp_path, kind, vendor) as (project, _):
        project.pull(window=HOURS)
    scores = {score["name"]: score for score in project.rows()["t1"]["scores"]}
    assert (scores["thumbs"]["num"], scores["thumbs"]["annotator"], scores["thumbs"]["comment"]) == (
        0.0,
        "human",
        "wrong",
    )
    assert (scores["tone"]["text"], scores["tone"]["annotator"], scores["tone"]["target"]) == ("calm", "llm", "step")
    assert (scores["fix.correction"]["type"], scores["fix.correction"]["text"]) == ("correction", "In Paris.")
    assert len(project.rows()["t2"]["scores"]) == 230


def test_a_self_hosted_langsmith_has_its_older_paths_under_a_prefix(tmp_path: Path) -> None:
    vendor = a_server("langsmith")
    assert isinstance(vendor, LangsmithServer)
    vendor.prefix = "/api/v1"
    with serving(vendor.answer) as server:
        project = RemoteProject(tmp_path, "langsmith", ENVIRON, url=f"{server.url}/api/v1")
        assert project.pull(window=HOURS).traces == 5


# --- faults


def failing(root: Path, kind: str, fault: Callable[[Asked], Said | None]) -> Any:
    """The failure of a pull whose rows come with a fault; without the fault, the same pull then succeeds."""
    vendor = a_server(kind)
    vendor.fault = fault
    with pulling(root, kind, vendor, timeout_s=1) as (project, _):
        [failure] = project.pull(window=HOURS).failures
        vendor.fault = lambda _: None
        assert project.pull(window=HOURS).traces == 5, "the state is resumable"
    assert "'prod'" in failure.message
    assert KEY not in failure.message + failure.fix
    assert failure.fix
    assert failure.exit_code == 4
    return failure


def at_rows(kind: str, said: Said) -> Callable[[Asked], Said | None]:
    """The answer to a request for a window's rows, once something has been seen of the server."""
    count = 0

    def fault(asked: Asked) -> Said | None:
        nonlocal count
        count += asked.path == ROWS[kind]
        return said if asked.path == ROWS[kind] and count > 1 else None

    return fault


@pytest.mark.parametrize("kind", KINDS[:3])
@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(401), "401: the credentials were refused"),
        (Said(403), "403: the credentials were refused"),
        (Said(429), "429, 6 times"),
        (Said(500), "500, 6 times"),
        (Said(body={"data": [], "items": [], "runs": [], "traces": []}, cut=5), "broke the connection off"),
        (Said(body=b'{"data": [{"id": "x"'), "not whole JSON"),
        (Said(body={"data": [1], "items": [1], "runs": [1], "traces": [1]}), "not a page of"),
    ],
    ids=["401", "403", "429", "500", "reset", "truncated", "no-page"],
)
def test_a_fault_names_the_source_the_window_and_the_fix(tmp_path: Path, kind: str, said: Said, why: str) -> None:
    failure = failing(tmp_path, kind, at_rows(kind, said))
    assert why in failure.message
    assert " to 2026-11-" in failure.message


@pytest.mark.parametrize("kind", KINDS)
def test_a_cursor_that_comes_again(tmp_path: Path, kind: str) -> None:
    spans = [{"id": "1", **phoenix_span("t0", "s0", HOUR_AGO)}]
    runs = [langsmith_run("t0", "t0", HOUR_AGO)]
    body = {
        "phoenix": {"data": spans, "next_cursor": "c"},
        "mlflow": {"traces": [], "next_page_token": "c"},
        "langsmith": {"items": runs, "next_cursor": "c"},
        "langsmith-old": {"runs": runs, "cursors": {"next": "c"}},
    }[kind]
    failure = failing(tmp_path, kind, at_rows(kind, Said(body=body)))
    assert "the same cursor came twice" in failure.message


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("phoenix", "404: there is no such interface"),
        ("mlflow", "no traces of MLflow 3"),
        ("langsmith", "404: there is no such interface"),
    ],
)
def test_a_server_of_something_else(tmp_path: Path, kind: str, why: str) -> None:
    failure = failing(tmp_path, kind, lambda _: Said(404, b"<html>"))
    assert why in failure.message


def test_an_mlflow_before_3_is_told(tmp_path: Path) -> None:
    failure = failing(tmp_path, "mlflow", lambda asked: Said(404) if "/3.0/" in asked.path else None)
    assert "no traces of MLflow 3" in failure.message


@pytest.mark.parametrize("kind", ["phoenix", "langsmith"])
def test_a_project_that_is_not_there_is_told(tmp_path: Path, kind: str) -> None:
    with pulling(tmp_path, kind, a_server(kind), project="nope") as (project, _):
        [failure] = project.pull(window=HOURS).failures
    assert "there is no project 'nope'" in failure.message
    assert "project:" in failure.fix


def test_without_a_key_or_an_address_the_fix_names_the_variable(tmp_path: Path) -> None:
    for kind, variable in (("langsmith", "LANGSMITH_API_KEY"), ("mlflow", "MLFLOW_TRACKING_URI")):
        [failure] = RemoteProject(tmp_path, kind, {}).pull().failures
        assert variable in failure.message + failure.fix
        assert failure.exit_code == 2


@pytest.mark.parametrize("kind", ["phoenix", "mlflow", "langsmith"])
def test_a_kind_can_be_pulled_without_a_block(tmp_path: Path, kind: str) -> None:
    with serving(a_server(kind).answer) as server:
        address = dict.fromkeys(("PHOENIX_COLLECTOR_ENDPOINT", "MLFLOW_TRACKING_URI", "LANGSMITH_ENDPOINT"), server.url)
        project = RemoteProject(tmp_path, kind, {**ENVIRON, **address})
        implied = with_implied(parse("{}", tmp_path / "llmci.yaml"), (kind,))
        project.config = lambda: implied  # type: ignore[method-assign]
        assert project.pull(sources=(kind,), window=HOURS).traces == 5


def test_what_was_pulled_without_a_block_stays_through_pulls_of_all_else(tmp_path: Path) -> None:
    record = {"id": "of-a-file", "input": "q", "output": "a", "timestamp": NOON - timedelta(hours=1)}
    (tmp_path / "a.jsonl").write_bytes(orjson.dumps(record))
    file = {"sources": {"file": {"kind": "jsonl", "path": "a.jsonl"}}}
    with serving(a_server("phoenix").answer) as server:
        project = RemoteProject(tmp_path, "phoenix", {**ENVIRON, "PHOENIX_COLLECTOR_ENDPOINT": server.url})

        def pulled(config: dict[str, Any], *sources: str) -> set[str]:
            found = with_implied(parse(orjson.dumps(config).decode(), tmp_path / "llmci.yaml"), sources)
            project.config = lambda: found  # type: ignore[method-assign]
            assert project.pull(sources=sources, window=HOURS).failures == ()
            return set(project.rows())

        spans = pulled({}, "phoenix")
        assert len(spans) == 5
        # Another source with a block, then all that there are; another one without a block.
        assert pulled(file, "file") == pulled(file) == {"of-a-file", *spans}
        assert pulled({}, "phoenix") == spans, "the file's source is gone, the kind's is not"


def test_only_what_has_to_be_set_is_asked_for() -> None:
    config = with_implied(parse("{}", Path("llmci.yaml")), ("phoenix", "mlflow", "langsmith"))
    assert [list(wanted(config.sources[kind])) for kind in KINDS[:3]] == [[], [], ["LANGSMITH_API_KEY"]]

"""Clusters are named by a model that sees what may be shown, and by their words where its name will not do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_trace
from intents import questions
from openai_server import OpenaiServer, answered
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.core.grouping.naming import examples_of, taken_name
from llmci.core.grouping.sample import Distinct
from llmci.core.grouping.shown import Floor
from llmci.errors import UsageError
from llmci.wiring.label import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from llmci.pipeline.label.summary import LabelSummary

FLOOR = Floor(5, 5)


class Namer(OpenaiServer):
    """Calls every group alike, but for `500`, which fails."""

    def _fault(self, model: str) -> web.Response | None:
        return super()._fault(model) or answered(model, json.dumps({"name": "Help With Something"}), usage=self.usage)


@pytest.fixture(scope="module")
def running() -> Iterator[OpenaiServer]:
    with Namer().running() as server:
        yield server


@pytest.fixture
def server(running: OpenaiServer) -> OpenaiServer:
    running.forget()
    return running


def a_project(path: Path, server: OpenaiServer, model: str = "fine", namer: str = "namer: small") -> Config:
    (path / "llmci.yaml").write_text(
        f"""
models:
  small: {{kind: litellm, model: openai/{model}, base_url: "{server.url}", api_key_env: KEY, retries: 0,
           prices: {{input: 1, output: 1}}}}
label: {{clusters: 4, {namer}}}
"""
    )
    rows = [a_trace(f"t{n}", text, user_id=f"u{n % 20}") for n, (text, _) in enumerate(questions(80, 1))]
    rows += [a_trace(f"s{n}", f"the merger with zanzibar holdings {n}", user_id="u-alone") for n in range(9)]
    a_clean_shelf(path / ".llmci", rows)
    return load(path / "llmci.yaml")


def labelled(config: Config, **asked: Any) -> LabelSummary:
    return label(config, now=NOON, environ={"KEY": "sk-secret"}, **asked)


def test_groups_are_called_what_the_model_calls_them_and_no_two_alike(tmp_path: Path, server: OpenaiServer) -> None:
    summary = labelled(config := a_project(tmp_path, server))

    names = [cluster.name for cluster in summary.clusters if cluster.shown and cluster.traces]
    assert "Help With Something" in names
    assert len(set(names)) == len(names)
    asked = len(server.requests)
    assert [cluster.name for cluster in labelled(config).clusters] == [cluster.name for cluster in summary.clusters]
    assert len(server.requests) == asked


def test_what_is_too_small_to_be_shown_is_shown_to_no_model(tmp_path: Path, server: OpenaiServer) -> None:
    labelled(a_project(tmp_path, server))

    assert server.requests
    assert "zanzibar" not in str(server.requests)
    alone = [Distinct(f"zanzibar {n}", f"t{n}", 1, {1}) for n in range(9)]
    assert examples_of(alone, FLOOR) == []


def test_examples_are_from_different_users() -> None:
    members = [Distinct(f"text {n}", f"t{n}", 1, {n % 6}) for n in range(30)]

    assert len(examples_of(members, FLOOR)) == 6


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"name": "Parcel questions"}', "Parcel questions"),
        ('Sure! ```json\n{"name": "Parcel  questions."}\n```', "Parcel questions"),
        ('{"name": "Parcels for Roe"}', None),
        ('{"name": "Parcels of Roes"}', None),
        ('{"name": "Zanzibaris and parcels"}', None),
        ('{"name": "Order 4711"}', None),
        ('{"name": "mail jane@example.com"}', None),
        ('{"name": ""}', None),
        ('{"title": "x"}', None),
        ("Parcels", None),
        ('{"name": "%s"}' % ("long " * 20), None),
    ],
)
def test_a_name_is_taken_only_if_it_points_at_nobody(reply: str, expected: str | None) -> None:
    members = [
        Distinct(f"where is my parcel {'roe roes zanzibar' if n < 2 else ''}", f"t{n}", 1, {n}) for n in range(10)
    ]

    assert taken_name(reply, members, FLOOR) == expected


@pytest.mark.parametrize(("model", "budget"), [("500", None), ("fine", 0.0)])
def test_without_an_answer_groups_are_called_by_their_words(
    tmp_path: Path, server: OpenaiServer, model: str, budget: float | None
) -> None:
    summary = labelled(a_project(tmp_path, server, model), budget=budget)

    assert not any("Help" in cluster.name for cluster in summary.clusters)
    assert budget is None or not server.requests


def test_another_namer_fits_the_groups_anew_or_not_at_all(tmp_path: Path, server: OpenaiServer) -> None:
    labelled(a_project(tmp_path, server, namer="seed: 7"))

    with pytest.raises(UsageError, match=r"label\.namer") as stop:
        labelled(a_project(tmp_path, server))
    assert "--recluster" in stop.value.fix
    assert labelled(a_project(tmp_path, server), recluster=True).fitted


def test_a_model_that_is_not_defined_is_said(tmp_path: Path, server: OpenaiServer) -> None:
    with pytest.raises(UsageError, match="no model called 'absent'"):
        labelled(a_project(tmp_path, server, namer="namer: absent"))

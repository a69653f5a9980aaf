"""`.llmci/sanitize.json`, strict runs, and surrogates that met."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
from builders import a_trace
from sanitize_project import a_project, clean_rows, run

from llmci.core.privacy import surrogate
from llmci.errors import PrivacyStop
from llmci.wiring.sanitize_report import report_schema

if TYPE_CHECKING:
    from pathlib import Path

LEAKY = "My name is Torvald Lindqvist."
# A number by its label in a language that the first pass is not told of.
UNSURE = "NHC: 4471923"
ALL = "structured, presidio, secrets"


def test_the_report_follows_its_schema_and_says_no_value(tmp_path: Path) -> None:
    config = a_project(
        tmp_path,
        {"s": [a_trace("t1", question=LEAKY), a_trace("t2", question=UNSURE), a_trace("t3", question="x" * 500)]},
        settings="  canaries: 2\n  max_leaf_chars: 300\n  max_quarantine: 1.0\n",
    )

    summary = run(config)

    text = (tmp_path / ".llmci" / "sanitize.json").read_text()
    report = json.loads(text)
    jsonschema.validate(report, report_schema())
    assert {"kind": "ID", "shape": "0000000", "texts": 1} in report["residual"]
    assert report["second_pass"]["candidates"] == dict(summary.suspected)
    assert {recall["planted"] for recall in report["canaries"]} == {2}
    assert report["quarantine"][0]["why"] == "a text is longer than 300 characters"
    assert report["manifest_digest"] == summary.digest
    for value in ("Torvald", "Lindqvist", "4471923", "ghp_"):
        assert value not in text


def test_strict_holds_back_what_the_second_pass_suspects(tmp_path: Path) -> None:
    rows = {"s": [a_trace("t1", question=LEAKY), a_trace("t2", question=UNSURE)]}
    config = a_project(tmp_path, rows, settings="  strict: true\n  max_residual: 0\n  max_quarantine: 0.5\n")

    summary = run(config)

    assert [row["trace_id"] for row in clean_rows(config)] == ["t1"]
    assert summary.quarantined_first[0].why == "the second pass suspects 1 more values: ID 1"


def test_a_run_without_news_says_the_same_again(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"s": [a_trace("t1", question=LEAKY)]}, settings="  canaries: 2\n")

    assert run(config).canaries == run(config).canaries


def test_surrogates_that_meet_across_shards_are_drawn_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {f"s{n}": [a_trace(f"t{n}", question=f"client ip 81.92.103.{n}")] for n in (1, 2)}
    made = surrogate.Surrogates._network_address
    base = surrogate.Surrogates(b"a key for tests")._networked.digest("x", "")

    def one_for_all(self: surrogate.Surrogates, value: str) -> str:
        # Before another turn is taken.
        return "240.1.2.3" if self._networked.digest("x", "") == base else made(self, value)

    monkeypatch.setattr(surrogate.Surrogates, "_network_address", one_for_all)
    config = a_project(tmp_path, rows, recognizers=ALL)

    run(config)

    written = {json.dumps(row["input"], default=str) for row in clean_rows(config)}
    assert len(written) == 2
    assert "240.1.2.3" not in str(written)
    assert json.loads((tmp_path / ".llmci" / "surrogates.json").read_text()) == {"networks": 1}


def test_surrogates_that_always_meet_stop_the_run_with_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {"s": [a_trace(f"t{n}", question=f"client ip 81.92.103.{n}") for n in (1, 2)]}
    monkeypatch.setattr(surrogate.Surrogates, "_network_address", lambda _self, _value: "240.1.2.3")

    with pytest.raises(PrivacyStop, match="networks"):
        run(a_project(tmp_path, rows, recognizers=ALL))

    assert not (tmp_path / ".llmci" / "clean").exists()

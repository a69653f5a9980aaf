"""What a stage says of itself while it runs."""

from __future__ import annotations

import io
import re

import pytest

from llmci.cli.progress import LiveProgress, Tally


def a_tally(**changes: object) -> Tally:
    return Tally(**{"stage": "bench", "total": 300, "unit": "answers", "started": 0.0} | changes)  # type: ignore[arg-type]


def test_the_cost_stands_against_the_budget_from_the_first_moment() -> None:
    tally = a_tally(budget=5.0)

    assert tally.pace(1.0)[-1] == "$0.0000 of $5.00"
    tally.add(30, 0.12)
    assert tally.pace(10.0) == ["3.0/s", "90 s left", "$0.1200 of $5.00"]


def test_a_cost_without_a_budget_stands_alone_and_an_unknown_one_is_not_zero() -> None:
    tally = a_tally()

    tally.add(30, None)
    assert tally.pace(10.0) == ["3.0/s", "90 s left"]
    tally.add(0, 0.12)
    assert tally.pace(10.0)[-1] == "$0.1200"


def test_the_longest_line_fits_eighty_columns() -> None:
    tally = a_tally(total=1_000_000, done=999_999, cost=12_345.6789, budget=50_000.0)

    assert len(", ".join([f"bench: {tally.counted()}", *tally.pace(360_000.0)])) <= 80


def test_how_things_stand_ends_the_line() -> None:
    tally = a_tally()

    tally.standing = "4 better, 12 worse, verdict open"

    assert tally.line().endswith(", 4 better, 12 worse, verdict open")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_live_line_shows_every_word_at_any_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    live = LiveProgress()
    live.begin("bench", 300, "answers", budget=5.0)

    live.stand("4 better, 12 worse, verdict open")
    live.advance(30, cost=0.12)
    assert live._live is not None
    live._live.refresh()
    live.close()

    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.getvalue())
    last = " ".join(shown.replace("\r", "\n").split())
    for words in ("30/300 answers", "$0.1200 of $5.00", "4 better, 12 worse,", "verdict open"):
        assert words in last
    assert all(len(line) <= columns for line in shown.replace("\r", "\n").splitlines())

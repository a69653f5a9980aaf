from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import a_case, a_run, an_evalset
from commands import llmci

from llmci.adapters.stores.casefile import CASES
from llmci.adapters.stores.evalsets import DirectoryEvalSets
from llmci.adapters.stores.runs import DirectoryRuns
from llmci.config import load
from llmci.core.evalsets.digests import case_id_of, evalset_digest, schema_fingerprint
from llmci.domain.system import SystemSpec
from llmci.domain.verdict import Outcome
from llmci.errors import NoDecisionError
from llmci.wiring.evalset import read_cases
from llmci.wiring.repro import reproduce

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llmci.domain.case import Case

CONFIG = """
scorers:
  correct: {kind: contains}
gates:
  - {metric: correct, tolerance: 5pt}
"""
UNBROKEN = "  - {metric: correct, role: must_pass, tolerance: 5pt}\n"
SIZE = 90


def a_project(
    root: Path, wrong: Callable[[int], bool], *, gates: str = "", must_pass: int = -1, talks: int = SIZE
) -> dict[str, int]:
    """A project with a perfect baseline and a candidate that gets some cases wrong; the place of each case by its id."""
    (root / "llmci.yaml").write_text(CONFIG + gates, encoding="utf-8")

    def numbered(number: int) -> Case:
        case = a_case(question=f"Where is parcel {number}?", weight=1 / SIZE, must_pass=number == must_pass)
        case_id = case_id_of(case.messages, case.tools, case.key)
        return replace(case, case_id=case_id, dependence=f"talk {number % talks}")

    numbers = {(case := numbered(number)).case_id: (number, case) for number in range(SIZE)}
    cases = [numbers[case_id][1] for case_id in sorted(numbers)]
    digest = evalset_digest(cases)
    DirectoryEvalSets(root / "evalsets").save(
        an_evalset(cases, digest=digest, schema_fingerprint=schema_fingerprint(CASES))
    )
    runs = DirectoryRuns(root / ".llmci" / "runs")
    runs.save(a_run({case.case_id: 1.0 for case in cases}, run_id="20261120T120000-a", evalset_digest=digest))
    scores = {case.case_id: float(not wrong(numbers[case.case_id][0])) for case in cases}
    system = SystemSpec(name="candidate", kind="recorded", parameters={}, digest="other")
    runs.save(a_run(scores, run_id="20261120T120100-b", evalset_digest=digest, system=system))
    return {case_id: number for case_id, (number, _) in numbers.items()}


def test_the_fewest_cases_are_written_as_a_set_to_run(tmp_path: Path) -> None:
    places = a_project(tmp_path, lambda number: number % 3 == 0)

    done = llmci("repro", "latest", "-o", "repro.jsonl", cwd=tmp_path)

    cases = read_cases(tmp_path / "repro.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{len(cases)} cases of 90 still show it: correct fell")
    assert 1 < len(cases) <= 8
    assert all(places[case.case_id] % 3 == 0 for case in cases)


def test_the_set_is_imported_as_it_is(tmp_path: Path) -> None:
    a_project(tmp_path, lambda number: number % 3 == 0)
    found = json.loads(llmci("repro", "--json", cwd=tmp_path).stdout)

    done = llmci("evalset", "import", "repro.jsonl", "--name", "repro", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert {case.case_id for case in DirectoryEvalSets(tmp_path / "evalsets").load("repro").cases} == set(
        found["cases"]
    )


def test_no_case_of_the_set_can_be_done_without(tmp_path: Path) -> None:
    a_project(tmp_path, lambda number: number % 3 == 0)
    config = load(tmp_path / "llmci.yaml")

    found = reproduce(config, "latest", None, tmp_path / "repro.jsonl")

    assert found.result.outcome is Outcome.REGRESSED
    assert found.result.verdicts[0].difference.worse == len(found.case_ids)  # type: ignore[union-attr]


def test_cases_of_one_conversation_count_once(tmp_path: Path) -> None:
    places = a_project(tmp_path, lambda number: number < 60, talks=30)

    found = reproduce(load(tmp_path / "llmci.yaml"), "latest", None, tmp_path / "repro.jsonl")

    assert len({places[case_id] % 30 for case_id in found.case_ids}) == len(found.case_ids)


def test_a_case_that_must_pass_reproduces_alone(tmp_path: Path) -> None:
    places = a_project(tmp_path, lambda number: number % 3 == 0, gates=UNBROKEN, must_pass=30)

    found = reproduce(load(tmp_path / "llmci.yaml"), "latest", None, tmp_path / "repro.jsonl")

    assert [places[case_id] for case_id in found.case_ids] == [30]


def test_without_a_proven_regression_there_is_nothing_to_reproduce(tmp_path: Path) -> None:
    a_project(tmp_path, lambda number: number == 0)

    with pytest.raises(NoDecisionError, match="nothing to reproduce"):
        reproduce(load(tmp_path / "llmci.yaml"), "latest", None, tmp_path / "repro.jsonl")
    assert not (tmp_path / "repro.jsonl").exists()
    assert llmci("repro", cwd=tmp_path).returncode == 3

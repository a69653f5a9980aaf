"""`llmci canary` on live traces, as a shell sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from canary_project import CONFIG, project, share_of
from commands import llmci

from llmci.config import load
from llmci.errors import UsageError
from llmci.wiring.canary import stage_table
from llmci.wiring.kayenta import kayenta_verdicts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bad_candidate_is_rolled_back_at_once(tmp_path: Path) -> None:
    done = llmci("canary", "check", "-q", "--apply", cwd=project(tmp_path, failures=0.3))

    assert done.returncode == 1
    assert "errors got worse" in done.stdout
    assert share_of(tmp_path) == 0.0


@pytest.mark.parametrize(("flags", "expected"), [((), 0.25), (("--allow-expand",), 1.0)])
def test_a_good_candidate_gets_more_traffic_only_where_that_is_allowed(
    tmp_path: Path, flags: tuple[str, ...], expected: float
) -> None:
    done = llmci("canary", "check", "--json", "--apply", *flags, cwd=project(tmp_path, failures=0.05))

    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["decision"]["action"] == "expand"
    assert share_of(tmp_path) == expected


def test_too_little_traffic_holds(tmp_path: Path) -> None:
    done = llmci("canary", "check", "-q", "--apply", cwd=project(tmp_path, failures=0.05, requests=80))

    assert done.returncode == 3
    assert share_of(tmp_path) == 0.25


def test_traffic_that_is_not_split_as_the_flags_say_is_no_evidence(tmp_path: Path) -> None:
    done = llmci("canary", "check", "-q", "--share", "0.05", cwd=project(tmp_path, failures=0.05))

    assert done.returncode == 4
    assert "not split as intended" in done.stdout


def test_of_the_live_traces_nothing_is_kept(tmp_path: Path) -> None:
    before = {path.name for path in project(tmp_path, failures=0.05, requests=80).iterdir()}

    llmci("canary", "check", "-q", cwd=tmp_path)

    assert {path.name for path in tmp_path.iterdir()} - before == {".llmci"}
    kept = {path.name: path.read_text() for path in (tmp_path / ".llmci").iterdir()}
    assert kept.keys() == {".gitignore", "canary.seen.json"}
    assert json.loads(kept["canary.seen.json"]) == {"main": {"share": 0.25, "only": [], "since": None, "rollout": None}}


def test_the_plan_says_how_much_traffic_each_stage_takes(tmp_path: Path) -> None:
    done = llmci("canary", "plan", "--json", cwd=project(tmp_path, failures=0.05, requests=1))
    stages = json.loads(done.stdout)["stages"]

    assert [(row["share"], row["criterion"]) for row in stages[:2]] == [(0.05, "errors"), (0.05, "thumbs")]
    assert all(row["requests"] > 0 and row["hours"] > 0 for row in stages)


def test_the_plan_is_a_page_to_review_with_the_digest_that_is_agreed(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05, requests=1)

    digest = json.loads(llmci("canary", "plan", "--agree", "-o", "plan.md", "--json", cwd=tmp_path).stdout)["digest"]

    page = (tmp_path / "plan.md").read_text()
    assert digest in page
    assert "| 1 | 5 % | errors, thumbs | any time | nobody |" in page
    assert "| errors | failed requests | a rise by 5 points |" in page
    assert "At 600 requests an hour and 5 %, a worsening of errors by its margin is expected to show in about" in page
    assert json.loads(llmci("log", "--json", cwd=tmp_path).stdout)["acts"][0]["facts"]["digest"] == digest


def test_a_canary_without_criteria_is_refused(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("project: x\n")

    done = llmci("canary", "plan", cwd=tmp_path)

    assert done.returncode == 2
    assert "canary.criteria" in done.stderr


def test_the_log_says_who_moved_the_traffic_and_why(tmp_path: Path) -> None:
    project(tmp_path, failures=0.3, share=0.0)
    assert llmci("canary", "start", "--by", "anna", cwd=tmp_path).returncode == 0
    assert share_of(tmp_path) == 0.05

    assert llmci("canary", "stop", "--reason", "support asked", cwd=tmp_path).returncode == 0

    assert share_of(tmp_path) == 0.0
    acts = json.loads(llmci("log", "--json", cwd=tmp_path).stdout)["acts"]
    assert [(act["act"], act["facts"].get("to")) for act in acts] == [
        ("canary plan", None),
        ("canary share", 0.05),
        ("canary share", 0.0),
    ]
    assert "5.00% → 0.00%: support asked" in llmci("log", cwd=tmp_path).stdout


def test_terms_that_shift_after_they_were_agreed_are_refused(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05)
    llmci("canary", "plan", "--agree", cwd=tmp_path)
    (tmp_path / "llmci.yaml").write_text(CONFIG.replace("margin: 0.05", "margin: 0.5"))

    refused = llmci("canary", "check", "-q", cwd=tmp_path)

    assert refused.returncode == 2
    assert "the canary's criteria changed since the plan was agreed" in refused.stderr
    llmci("canary", "plan", "--agree", cwd=tmp_path)
    assert llmci("canary", "check", "-q", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(("approved_by", "expected"), [("anna", 1.0), ("otto", 0.25)])
def test_a_stage_with_an_approver_waits_for_them(tmp_path: Path, approved_by: str, expected: float) -> None:
    project(tmp_path, failures=0.05)
    (tmp_path / "llmci.yaml").write_text(f"{CONFIG}  approvers: {{1.0: anna}}\n")

    llmci("canary", "check", "-q", "--apply", "--allow-expand", "--approved-by", approved_by, cwd=tmp_path)

    assert share_of(tmp_path) == expected


STAGES = """
  segment: metadata.team
  segments: [internal, outside]
  stages:
    - {share: 0.5, only: [internal], criteria: [errors], approver: anna}
    - {share: 0.25}
    - {share: 1.0, max_hours: 24}
"""


def test_a_rollout_begins_with_a_segment_and_what_is_agreed_for_it(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05, share=0.0)
    config = CONFIG.replace("  shares: [0.05, 0.25, 1.0]\n", STAGES).replace(
        "s, scores", "s, metadata: {team: g}, scores"
    )
    (tmp_path / "llmci.yaml").write_text(config.replace("bot.share}", "bot.share, only_key: bot.only}"))
    rows = [json.loads(line) for line in (tmp_path / "live.jsonl").read_text().splitlines()]
    # Inside, one of two gets the candidate; nobody said a thumb. Outside nobody gets it.
    rows = [
        {**row, "g": ("internal", "outside")[at % 2], "v": ("old", "new")[at // 2 % 2] if at % 2 == 0 else "old"}
        | {"thumbs": None, "s": "error" if at % 40 in (0, 2) else "ok"}
        for at, row in enumerate(rows)
    ]
    (tmp_path / "live.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert llmci("canary", "start", "--by", "otto", cwd=tmp_path).returncode == 2
    assert "50 % of internal" in llmci("canary", "start", "--by", "anna", cwd=tmp_path).stdout
    plan = stage_table(load(tmp_path / "llmci.yaml"))
    told = ["canary", "check", "--since", "2026-11-20", "--apply", "--allow-expand"]

    moved = llmci(*told, "-q", cwd=tmp_path)
    later = llmci("canary", "check", "--json", cwd=tmp_path)

    assert [(row["share"], row["only"], row["criterion"]) for row in plan[:2]] == [
        (0.5, ("internal",), "errors"),
        (0.25, (), "errors"),
    ]
    assert moved.returncode == 0, moved.stdout
    assert "share of traffic: 50 % of internal → 25 %" in moved.stdout
    # Evidence of the segment says nothing about everyone.
    assert json.loads(later.stdout)["decision"]["action"] == "no evidence"
    assert json.loads((tmp_path / "flags.json").read_text())["bot"] == {"share": 0.25, "only": []}
    assert "0.00% → 50.00% of internal" in llmci("log", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("stages", "match"),
    [
        ("[{share: 1.0, only: [internal]}]", "nobody to compare with"),
        ("[{share: 0.5}, {share: 0.5, only: [internal]}]", "after one for everyone"),
        ("[{share: 0.5}, {share: 0.25}]", "not above the one before"),
        ("[{share: 0.5, only: [staff]}]", "none of canary.segments"),
        ("[{share: 0.5, criteria: [price]}]", "none of canary.criteria"),
    ],
)
def test_stages_that_cannot_be_gone_through_are_named(tmp_path: Path, stages: str, match: str) -> None:
    wanted = f"  segment: metadata.team\n  segments: [internal]\n  stages: {stages}\n"
    (tmp_path / "llmci.yaml").write_text(CONFIG.replace("  shares: [0.05, 0.25, 1.0]\n", wanted))

    with pytest.raises(UsageError, match=match):
        load(tmp_path / "llmci.yaml")


def test_a_line_of_the_log_that_was_edited_is_found(tmp_path: Path) -> None:
    project(tmp_path, failures=0.3)
    for _ in range(2):
        llmci("canary", "start", "--by", "anna", cwd=tmp_path)
    assert llmci("audit", "verify", cwd=tmp_path).returncode == 0
    log = tmp_path / ".llmci" / "audit.jsonl"
    log.write_text(log.read_text().replace("anna", "otto", 1))

    done = llmci("audit", "verify", cwd=tmp_path)

    assert done.returncode == 2
    assert "the chain is broken" in done.stderr


def test_a_plan_is_tried_on_recorded_traffic(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05, requests=3000)
    (tmp_path / "llmci.yaml").write_text(CONFIG.replace("trace_id: id", "trace_id: id, user_id: u"))
    rows = [json.loads(line) for line in (tmp_path / "live.jsonl").read_text().splitlines()]
    lines = [json.dumps({**row, "u": f"u{at % 40}"}) for at, row in enumerate(rows)]
    (tmp_path / "live.jsonl").write_text("\n".join(lines))

    done = llmci("canary", "simulate", "live", "--runs", "3", "--requests", "6000", "--json", cwd=tmp_path)

    told = json.loads(done.stdout)
    fates = told["fates"]
    # One a second, of forty users.
    assert told["requests_per_hour"] == pytest.approx(3600, rel=0.01)
    assert all(0 < fate["users"] <= 40 for fate in fates)
    assert [fate["truth"] for fate in fates][:2] == ["unchanged", "errors worse by the margin"]
    assert all(fate["rolled_back"] + fate["completed"] + fate["still_going"] == pytest.approx(1) for fate in fates)


def test_too_little_recorded_traffic_is_refused(tmp_path: Path) -> None:
    done = llmci("canary", "simulate", "live", cwd=project(tmp_path, failures=0.05, requests=100))

    assert done.returncode == 2
    assert "too few" in done.stderr


def test_kayenta_s_pairs_get_kayenta_s_verdicts(tmp_path: Path) -> None:
    calm, high = [1.0, 1.1, 0.9, 1.0, 1.05, 0.95], [5.0, 5.1, 4.9, 5.0, 5.05, 4.95]
    pairs = [{"name": "latency", "values": {"control": calm, "experiment": high}}]
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    asked = {"analysisConfigurations": {"canary": {"direction": "decrease"}}}
    (tmp_path / "canary.json").write_text(json.dumps({"metrics": [{"name": "latency", **asked}]}))

    assert llmci("canary", "kayenta", "pairs.json", cwd=tmp_path).returncode == 1
    [falls] = kayenta_verdicts(tmp_path / "pairs.json", tmp_path / "canary.json")
    assert falls["verdict"] == "Pass"
    (tmp_path / "pairs.json").write_text('[{"name": "x", "values": {"control": [1], "experiment": ["?"]}}]')
    with pytest.raises(UsageError, match="item 1"):
        kayenta_verdicts(tmp_path / "pairs.json", None)


def test_mirrored_traffic_gives_the_first_share_where_that_is_allowed(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05, share=0.0, requests=2)
    assert llmci("canary", "check", "--shadow", "-q", cwd=tmp_path).returncode == 2
    config = CONFIG.replace("s, scores", "s, metadata: {r: r}, scores").replace(
        "criteria:", "pair_by: metadata.r\n  criteria:"
    )
    (tmp_path / "llmci.yaml").write_text(config)
    rows = [
        {
            "id": f"{v}{n}",
            "q": "x",
            "a": "y",
            "v": v,
            "t": "2026-11-20T00:00:00Z",
            "s": "ok",
            "thumbs": 1.0,
            "r": f"r{n}",
        }
        for n in range(300)
        for v in ("old", "new")
    ]
    (tmp_path / "live.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    done = llmci("canary", "check", "--shadow", "-q", "--apply", "--allow-expand", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert share_of(tmp_path) == 0.05

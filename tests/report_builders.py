"""`a_report`: a verdict with its runs and set for the tests of reports, and texts that mean harm."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from builders import a_case, a_metric, a_run, an_answer, an_evalset

from llmci.adapters.reporters.rollout import Act, RolloutPage
from llmci.core.gating.origin import BASELINE_FROM
from llmci.core.judging.calibration import calibration_of
from llmci.core.judging.trust import Labelled, trust_in
from llmci.core.reporting.curves import evidence_curve, exposure_curve
from llmci.core.stats.agreement import wilson
from llmci.domain.rollout import Action, Criterion, Decision, Evidence, RolloutPlan, Stage
from llmci.domain.run import Looks, PastScores, Scored, Unanswered, Usage
from llmci.domain.system import SystemSpec
from llmci.domain.text import declared_clean
from llmci.domain.verdict import Difference, Finding, GateResult, Outcome, Rule, Verdict
from llmci.seams import ReportInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.core.judging.calibration import Calibration
    from llmci.domain.case import Case
    from llmci.domain.run import Answer, Score

RULE = Rule(metric="correct", role="primary", tolerance=0.05, slice_by=("app",))
WORDS = (
    "the",
    "refund",
    "was",
    "issued",
    "to",
    "your",
    "account",
    "within",
    "five",
    "days",
    "please",
    "check",
    "order",
)

# Each of them tries to leave the place that it is shown in.
HOSTILE = (
    "</script><script>window.pwned=1</script>",
    "<!--<script>window.pwned=1",
    "]]></script><svg onload=window.pwned=1>",
    "]]>",
    "<img src=x onerror=window.pwned=1>",
    "<img src='http://127.0.0.1:9/beacon.png'>",
    "![beacon](http://127.0.0.1:9/beacon.png) [click](javascript:window.pwned=1)",
    "javascript:window.pwned=1",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    '"><style>*{display:none}</style>',
    "' onmouseover='window.pwned=1' x='",
    "line\u2028separator\u2029paragraph",
    "bidi \u202e override \u2066 isolate \u2069 mark \u200f",
    "\x1b[2J\x1b]0;title\x07 ANSI",
    "nul \x00 bell \x07 delete \x7f c1 \x9b31m",
    "{{7*7}} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "```\nclosed the fence\n`````\n~~~",
    "@everyone see #1, GH-2 and org/repo#3 at www.example.com",
    "| a | table | row |\n|---|---|---|",
    "</details></summary><h1>headline</h1>",
    "::error file=x::injected\n##[error]injected",
    "=1+1 =cmd|' /C calc'!A0",
    "lone surrogate \ud800 and \udfff, non-character \ufffe \uffff",
    "tags \U000e0041\U000e0042 zero\u200bwidth\ufeff",
    "&lt;already&gt; &amp; &#x3c;escaped&#x3e;",
    "",
)


def a_difference(estimate: float = -0.071, low: float = -0.12, high: float = -0.021, **changes: Any) -> Difference:
    fields: dict[str, Any] = {
        "estimate": estimate,
        "low": low,
        "high": high,
        "baseline": 0.861,
        "candidate": 0.861 + estimate,
        "cases": 120,
        "groups": 120,
        "better": 4,
        "worse": 13,
        "unchanged": 103,
        "detectable": 0.05,
        "method": "paired, one imaginary win and loss",
    }
    return Difference(**fields | changes)


def a_verdict(outcome: Outcome = Outcome.REGRESSED, **changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "rule": RULE,
        "outcome": outcome,
        "because": "correct answers fell by about 7.1 points (at least 2.1, 95 % sure)",
        "gating": True,
        "difference": a_difference(),
    }
    return Verdict(**fields | changes)


def a_result(outcome: Outcome = Outcome.REGRESSED, **changes: Any) -> GateResult:
    fields: dict[str, Any] = {
        "outcome": outcome,
        "headline": "correct fell by about 7.1 points (at least 2.1, 95 % sure)",
        "because": (),
        "verdicts": (
            a_verdict(outcome),
            a_verdict(gating=False, slice=("app", "telecom"), because="telecom fell by about 15 points"),
            a_verdict(
                Outcome.INCONCLUSIVE,
                gating=False,
                slice=("app", "airline"),
                because="not enough evidence: between -9 and +4 points",
                difference=a_difference(-0.03, -0.09, 0.04, cases=40, better=5, worse=9),
                needed_cases=390,
            ),
        ),
        "changes": (),
        "baseline_run": "run-1",
        "candidate_run": "run-2",
    }
    return GateResult(**fields | changes)


def a_report(
    size: int = 120,
    *,
    texts: Sequence[str] = (),
    languages: Sequence[str] = ("en", "fr"),
    result: GateResult | None = None,
    seed: int = 3,
) -> ReportInput:
    """Two recorded systems on a set of this size; `texts` take the place of every text."""
    rng = random.Random(seed)
    cases: list[Case] = []
    answers: tuple[list[Answer], list[Answer]] = ([], [])
    scores: tuple[list[Score], list[Score]] = ([], [])
    for number in range(size):
        text = (lambda at: texts[at % len(texts)]) if texts else (lambda _: " ".join(rng.choices(WORDS, k=40)))
        case_id = f"{rng.getrandbits(64):016x}"
        app = ("telecom", "retail", "airline")[number % 3]
        slices = {"app": app, "language": languages[number % len(languages)]}
        question = text(number) if texts else f"Question {number}: {text(number)}?"
        cases.append(
            a_case(case_id, question, slices=slices, weight=1 / size, reference=declared_clean(text(number + 5)))
        )
        right = rng.random() < 0.86
        then = rng.random() < ((0.8 if app == "telecom" else 0.97) if right else 0.25)
        said = text(number + 1)
        changed = text(number + 2) if texts else " ".join(w if rng.random() < 0.85 else "instead" for w in said.split())
        answers[0].append(an_answer(case_id, said, cost=0.0071, latency_ms=rng.gauss(900, 200), usage=Usage(input=500)))
        if number % 40 == 7:
            answers[1].append(Unanswered(case_id=case_id, repeat=0, why="timed out after 60 s", fault="system"))
            then = False
        else:
            answers[1].append(an_answer(case_id, changed, latency_ms=rng.gauss(1000, 300)))
        for side, value in zip(scores, (right, then), strict=True):
            reason = declared_clean(text(number + 3))
            side.append(Scored(case_id=case_id, repeat=0, metric="correct", value=float(value), reason=reason))
            side.append(Scored(case_id=case_id, repeat=0, metric="similarity", value=rng.random()))
    metrics = (a_metric("correct"), a_metric("similarity", kind="graded"))
    ids = {case.case_id: 0.0 for case in cases}
    system = SystemSpec(name="candidate", kind="recorded", parameters={"variant": "stock"}, digest="d" * 64)
    return ReportInput(
        result=result or a_result(),
        baseline=a_run(ids, answers=answers[0], scores=scores[0], metrics=metrics, cost=0.0071 * size),
        candidate=a_run(ids, answers=answers[1], scores=scores[1], metrics=metrics, run_id="run-2", system=system),
        evalset=an_evalset(cases),
        sanitize_summary={"policy_digest": "ab12", "counts": {"PERSON": 12}, "rows": 1200, "rejected": 3},
    )


def a_full_report(report: ReportInput, said: str = "app") -> ReportInput:
    """The same with every section that a report can have; `said` is what each of them quotes."""
    run, ids = report.candidate, report.candidate.case_ids
    looks = Looks(planned=(len(ids) // 3, 2 * len(ids) // 3, len(ids)), taken=2, order="x")
    judged = a_metric("polite", judge="model-x")
    environment = {
        BASELINE_FROM: f"committed scores ({said})",
        f"judge of {judged.name}": said,
        said: said,
    }
    past = tuple(
        PastScores(
            run_id=f"past-{day}",
            system=said,
            finished_at=f"2026-01-{day:02}T00:00:00+00:00",
            metric=run.metrics[0].name,
            values={case_id: float((at + day) % 2) for at, case_id in enumerate(ids)},
        )
        for day in range(1, 11)
    )
    run = replace(run, looks=looks, metrics=(*run.metrics, judged), environment=environment)
    return replace(
        report,
        candidate=run,
        history=past,
        drift=a_drift(said),
        calibrations={judged.name: [a_calibration(said)]},
        sanitize_summary=a_sanitizing(said),
    )


def a_drift(said: str) -> dict[str, Any]:
    """What `llmci evalset drift` keeps."""
    return {
        "verdict": said,
        "measured_at": said,
        "traces": 4_000,
        "traces_before": 9_000,
        "against": "traffic",
        "represented": 0.88,
        "classifier_auc": 0.61,
        "psi": 0.31,
        "clusters": [
            {"name": said, "before": a_share(0.2, 9_000), "now": a_share(0.3, 4_000)},
            {"name": "delivery", "before": a_share(0.8, 9_000), "now": a_share(0.7, 4_000)},
        ],
        "new_topics": [{"name": said, "inputs": 48, "share": 0.08}],
        "compared_now": 600,
    }


def a_share(share: float, of: int) -> dict[str, float]:
    """As it is kept, of so many independent traces."""
    return asdict(wilson(round(share * of), of))


def a_calibration(said: str = "x") -> Calibration:
    """A judge that may only watch, checked on two slices."""
    labelled = [Labelled(number % 10 > 0, number % 9 > 0) for number in range(200)]
    found = calibration_of(
        trust_in(labelled),
        judge="j" * 64,
        scorer=said,
        model=said,
        checked_at=said,
        asked=True,
        slices={said: trust_in(labelled[:90]), "retail": trust_in(labelled[90:])},
    )
    return replace(found, figures={**found.figures, "because": [said]})


def a_sanitizing(said: str) -> dict[str, Any]:
    """A manifest with what `sanitize.json` adds to it."""
    return {
        "rows": 1_200,
        "rejected": 2,
        "counts": {said: 30, "EMAIL_ADDRESS": 70},
        "detectors": {said: 100},
        "fields": {said: 60, "output": 40},
        "digest": said,
        "canaries": [{"kind": said, "planted": 30, "removed": 29, "low": 0.8278}],
        "second_pass": {"texts": 1_200, "passed_over": 5, "candidates": {said: 3}},
        "residual": [{"kind": said, "shape": said, "texts": 3}],
        "rare_attributes": [{"kinds": [said], "combinations": 40, "users": 90, "alone": 4, "few": 7}],
        "quarantine": [{"where": said, "why": said}],
        "recognizers": {said: said},
        "engines": {said: said},
        "policy": {"operator": said, "policy": {said: "keep"}, "locales": [said], "deny": [said]},
        said: said,
    }


def a_rollout_page(said: str = "new") -> RolloutPage:
    """A page that has every section."""
    errors = Criterion(name=said, kind="error", margin=0.05, segment=said)
    thumbs = Criterion(name="thumbs", kind="score", margin=0.1, score=said)
    evidence = tuple(
        Evidence(
            criterion=criterion,
            against=1.4,
            in_favour=2.3e7,
            control_mean=0.05,
            treatment_mean=None,
            control_units=4_500,
            treatment_units=1_500,
        )
        for criterion in (errors, thumbs)
    )
    stages = (Stage(share=0.05, approver=said), Stage(share=1.0))
    plan = RolloutPlan(name=said, control=said, treatment=said, stages=stages, criteria=(errors, thumbs))
    decision = Decision(
        action=Action.EXPAND,
        because=said,
        share=0.25,
        next_share=1.0,
        evidence=evidence,
        notes=(said,),
        segments=((said, evidence),),
    )
    curve = evidence_curve([(0.01, 0.5), (0.4, 8.0), (0.9, 2e4)], boundary=20.0)
    return RolloutPage(
        plan=plan,
        digest="d" * 64,
        decision=decision,
        at="2026-01-02 00:00 UTC",
        exposure=exposure_curve([(0.0, 0.05), (1.0, 0.25), (2.0, 0.25)]),
        together=curve,
        against=106.7,
        curves=[(said, curve)],
        in_favour=20.0,
        following=1.0,
        units=6_000,
        acts=[Act(at=said, what=said, why=said, by=said)],
    )


def random_harm(seed: int, size: int = 12) -> tuple[str, ...]:
    """Texts put together at random from pieces of `HOSTILE`, markup and any characters there are."""
    rng = random.Random(seed)
    markup = (
        "<",
        ">",
        '"',
        "'",
        "&",
        "/",
        "=",
        "`",
        "{{",
        "}}",
        "{%",
        "<!--",
        "-->",
        "]]>",
        "</",
        "script",
        "style",
        "on",
    )
    pieces: tuple[Callable[[], str], ...] = (
        lambda: rng.choice(markup),
        lambda: rng.choice(HOSTILE)[: rng.randrange(1, 40)],
        lambda: chr(rng.choice((rng.randrange(0x20), rng.randrange(0x80, 0x3000), rng.randrange(0x11_0000)))),
        lambda: rng.choice(WORDS),
    )
    return tuple("".join(rng.choice(pieces)() for _ in range(rng.randrange(1, 60))) for _ in range(size))


def a_hostile_report(harm: tuple[str, ...] = HOSTILE) -> ReportInput:
    """Every text that can come from outside means harm, those of the verdict included."""
    verdicts = tuple(a_verdict(because=text or "-", slice=("app", text or "-"), gating=False) for text in harm)
    result = a_result(
        headline=" ".join(harm), because=harm, notes=harm, verdicts=(a_verdict(because=harm[0]), *verdicts)
    )
    result = replace(result, findings=tuple(Finding(kind="slice", text=text) for text in harm), unchanged=harm)
    return a_full_report(a_report(3 * len(harm), texts=harm, languages=harm, result=result), " ".join(harm))

"""Verdicts as a comment on a pull request: numbers and ids, and no text of any case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from llmci.core import wording
from llmci.core.reporting.markup import MOST_CHARS, alert, document, inline, marker, table, within
from llmci.core.reporting.verdict_tables import changed_list, gate_table, noticed, slice_table
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.reporting.reread import Reread

_POINTER = "the report and the job's summary hold the rest"
# Characters of one of several configurations, however many there are; those that then do not fit are left out.
_LEAST_ROOM = 2_000
# What a reader has to know first, first.
_GRAVITY = (
    Outcome.REGRESSED,
    Outcome.NO_EVIDENCE,
    Outcome.NOT_COMPARABLE,
    Outcome.INCONCLUSIVE,
    Outcome.PASSED,
)
_STOPPED = {
    2: "the configuration or the command line is wrong",
    3: "there was not enough evidence for a verdict",
    4: "a system, a judge or a source failed, so the run is no evidence",
    5: "going on could have leaked personal data; nothing was written",
    130: "it was interrupted; the next run goes on from there",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a comment says of the job that made it.

    Attributes:
        commit: Digest of the commit that was judged.
        report: Address of the HTML report, of a single configuration.
        run: Address of the job.
        foreign: The numbers were computed by a fork, and are its word.
    """

    commit: str | None = None
    report: str | None = None
    run: str | None = None
    foreign: bool = False


def verdict_comment(name: str, results: Mapping[str, Reread], about: About) -> str:
    """The comment on one configuration, or on several together.

    Args:
        name: The comment is found again by it.
        results: By the name of their configuration; at least one.
        about: The job.
    """
    worst_first = sorted(results.items(), key=lambda item: (_GRAVITY.index(item[1].outcome), item[0]))
    if len(worst_first) == 1:
        result = worst_first[0][1]
        blocks = [_verdict(result), *_details(result, about), *_notes(result)]
    else:
        room = max(_LEAST_ROOM, MOST_CHARS // 2 // len(worst_first))
        blocks = [_together(dict(worst_first)), *(_folded(*item, about, room) for item in worst_first)]
    first, *rest = blocks
    return document([f"{marker(name)}\n{first}", *rest], _POINTER, _foot(about))


def stopped_comment(name: str, code: int, about: About) -> str:
    """The comment on a run without a verdict, so that an older verdict is not taken for this commit's."""
    why = _STOPPED.get(code, "of a bug in llmci")
    said = f"⛔ **llmci stopped with exit code {code}:** {why}. The log says more."
    return document([f"{marker(name)}\n{alert('unsure', said)}"], foot=_foot(about))


def _verdict(result: Reread) -> str:
    word = "" if result.headline.lower().startswith(result.mark.word) else f"**{result.mark.word}:** "
    reasons = [inline(reason) for reason in result.because if reason not in result.headline]
    return alert(result.mark.tone, f"{result.mark.emoji} {word}{inline(result.headline)}", reasons)


def _details(result: Reread, about: About) -> list[str]:
    return [
        gate_table(result.gates),
        _counts(result),
        changed_list(result.findings, result.unchanged),
        _changed(result),
        slice_table(result.slices),
        _failures(result, about),
    ]


def _counts(result: Reread) -> str:
    counts = result.counts
    words = f"{counts['improved']:,} of {counts['cases']:,} answers got better, {result.worse:,} got worse."
    if counts["unscored"]:
        words += f" {counts['unscored']:,} could not be scored."
    return "\n".join(filter(None, (f"{words} {_cost(result)}", noticed(result.gates))))


def _cost(result: Reread) -> str:
    if result.cost == (None, None):
        return "What the answers cost is unknown."
    before, after = (wording.money(cost) for cost in result.cost)
    return f"The answers cost {before} before and {after} now."


def _changed(result: Reread) -> str:
    places = [f"{inline(place.path)}:{place.line} ({inline(place.what)})" for place in result.changed]
    return f"What changed: {', '.join(places)}." if places else ""


def _failures(result: Reread, about: About) -> str:
    if not result.failures:
        return ""
    named = ", ".join(_case(case_id, about) for case_id in result.failures)
    rest = result.worse - len(result.failures)
    return f"**New failures:** {named}{f' and {rest:,} more' if rest > 0 else ''}"


def _case(case_id: str, about: About) -> str:
    shown = f"<code>{inline(case_id)}</code>"
    return f"[{shown}]({about.report}#case-{quote(case_id, safe='')})" if about.report else shown


def _together(results: Mapping[str, Reread]) -> str:
    worst = next(iter(results.values()))
    alike = sum(result.outcome is worst.outcome for result in results.values())
    said = f"{worst.mark.emoji} **{worst.mark.word}:** {alike:,} of {len(results):,} configurations"
    rows = [
        (
            inline(name),
            f"{result.mark.emoji} {result.mark.word}",
            inline(result.headline),
            f"{result.counts['improved']:,} / {result.worse:,}",
            wording.money(result.cost[1]),
        )
        for name, result in results.items()
    ]
    head = ("configuration", "verdict", "", "better / worse", "cost")
    return f"{alert(worst.mark.tone, said)}\n\n{table(head, rows, most=len(rows))}"


def _folded(name: str, result: Reread, about: About, room: int) -> str:
    inside = "\n\n".join(within([*_details(result, about), *_notes(result)], room, _POINTER))
    summary = f"<summary>{result.mark.emoji} {inline(name)}: {result.mark.word}</summary>"
    return f"<details>{summary}\n\n{inside}\n\n</details>"


def _notes(result: Reread) -> list[str]:
    notes = "\n".join(f"- {inline(note)}" for note in result.notes)
    facts = f"{inline(result.candidate)} against {inline(result.baseline)} on {inline(result.evalset)}"
    return [notes, f"<sub>{facts}</sub>"]


def _foot(about: About) -> str:
    links = [f"[{words}]({address})" for words, address in (("report", about.report), ("run", about.run)) if address]
    commit = [f"commit {about.commit[:12]}"] if about.commit else []
    foot = f"<sub>{' · '.join([*links, *commit])}</sub>" if links or commit else ""
    warning = "Computed by the pull request's own code, in its fork: these numbers are its word."
    return f"{warning}\n\n{foot}" if about.foreign else foot

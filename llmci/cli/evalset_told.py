"""What `llmci evalset` says of a set: for people on the terminal, and as facts for --json."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from llmci.cli.terminal import note, safe_text, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.evalsets.needs import Need
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.wiring.drift import DriftReport
    from llmci.wiring.evalset import Found
    from llmci.wiring.refresh import Refreshed

# Of those that come and of those that go.
_SHOWN_CASES = 10
_SHOWN_SLICES = 8
_SHOWN_CLUSTERS = 10


def show_refreshed(found: Refreshed) -> None:
    """Which cases come and go, why, and what becomes of the clusters."""
    if not found.new:
        show(f"{line_of(found.before)}; nothing would change")
        return
    whys = Counter(found.retired.values())
    kinds = Counter(found.added.values())
    show(line_of(found.evalset))
    stays = len(found.evalset.cases) - len(found.added)
    show(f"against v{found.before.version}: {stays} cases stay, {len(found.added)} come, {len(found.retired)} go")
    show(f"  come: {kinds['failure']} failures, {len(found.added) - kinds['failure']} others")
    for why, count in whys.most_common():
        show(f"  go: {count}, {why}")
    texts = {case.case_id: example_of(case) for case in (*found.before.cases, *found.evalset.cases)}
    for mark, told in (("-", found.retired), ("+", found.added)):
        for case_id, why in list(told.items())[:_SHOWN_CASES]:
            show(f"{mark} {case_id}  {why}\n    {' '.join(safe_text(texts[case_id]).split())[:160]}")
        if len(told) > _SHOWN_CASES:
            show(f"{mark} and {len(told) - _SHOWN_CASES} more; --json names all")
    for stratum, old, new in found.diff.strata:
        if f"{old:.1%}" != f"{new:.1%}":
            show(f"  {old:>6.1%} to {new:>6.1%}  {safe_text(stratum)}")
    if not found.written:
        note("nothing was written; to store it, run the same with --write.")


def may_be_shown(case: Case) -> bool:
    """Whether a case is no example of a group that is too small to be shown; what people wrote for the set may always be."""
    from llmci.core.evalsets.sampling import of_topic
    from llmci.domain.label import OTHER

    return case.origin.kind == "hand" or case.stratum not in (OTHER, of_topic(OTHER))


def example_of(case: Case) -> str:
    """What a case asks, where it may be shown."""
    from llmci.core.evalsets.exporting import spoken

    return spoken(case) if may_be_shown(case) else "(of a group too small to be shown; an export has it)"


def case_facts(case: Case) -> dict[str, object]:
    """A case as plain values, less its text where that may not be shown."""
    from llmci.core.evalsets.digests import case_document

    told = case_document(case)
    return told if may_be_shown(case) else {key: told[key] for key in ("case_id", "stratum", "weight", "origin")}


def show_needs(needs: Sequence[Need]) -> None:
    """What each gate takes, on all cases and on the largest slices."""
    if not needs:
        return
    show(f"\n{'cases':>7}  {'takes':>8}  {'notices':>7}  gate")
    rest = 0
    for metric in dict.fromkeys(need.metric for need in needs):
        own = [need for need in needs if need.metric == metric]
        slices = sorted((need for need in own if need.slice is not None), key=lambda need: -need.cases)
        for need in [*(need for need in own if need.slice is None), *slices[:_SHOWN_SLICES]]:
            where = f", {safe_text(need.slice[0])}: {safe_text(need.slice[1])}" if need.slice is not None else ""
            show(
                f"{need.cases:>7}  {need.takes:>8}  {need.notices:>7.1%}  {safe_text(metric)} within {need.tolerance:.1%}{where}"
            )
        rest += len(slices[_SHOWN_SLICES:])
    if rest:
        show(f"{'':>27}and {rest} smaller slices (--json has all)")
    show(
        "  takes: such cases that notice a drop as large as the tolerance 9 times in 10; notices: the drop that these notice"
    )


def show_drift(found: DriftReport) -> None:
    """The verdict, what it rests on, new topics, and the clusters whose share moved most."""
    measured = found.drift
    show(safe_text(found.verdict))
    kept, fresh = measured.compared
    what = "cases of the set" if found.against == "set" else "of the traffic that the set was drawn from"
    show(f"  {fresh} of {found.traces} traces against {kept} {what}; novelty p = {measured.novelty_p:.3f};")
    apart = f"told apart with AUC {measured.classifier_auc:.2f} (p = {measured.classifier_p:.3f})"
    show(f"  {apart}; stability index {measured.psi:.2f}")
    if found.other_key:
        show(
            "  the set was sanitized with another key: names and ids in it stand for others, which can look like drift;"
        )
        show("  give every job the same key (`sanitize.key_env`)")
    for topic in measured.new_topics:
        show(f"  new: {safe_text(topic.name)} ({topic.inputs} inputs, {topic.share:.1%} of the window)")
        for example in topic.examples:
            show(f"       {safe_text(' '.join(example.split()))[:200]}")
    show(f"{'set':>7}  {'window':>7}  {'95 % interval':>17}  cluster")
    for cluster in measured.clusters[:_SHOWN_CLUSTERS]:
        now = cluster.now
        show(
            f"{cluster.before.value:>7.1%}  {now.value:>7.1%}  {f'{now.low:.1%} to {now.high:.1%}':>17}  {safe_text(cluster.name)}"
        )
    if len(measured.clusters) > _SHOWN_CLUSTERS:
        show(f"  and {len(measured.clusters) - _SHOWN_CLUSTERS} more clusters; --json has all")


def line_of(evalset: EvalSet) -> str:
    """A set in one line."""
    strata = len(evalset.strata)
    return (
        f"{safe_text(evalset.name)} v{evalset.version}: {len(evalset.cases)} cases of {strata} cluster{'s' * (strata != 1)}, "
        f"{evalset.created_at[:10]}, {evalset.digest[:12]}"
    )


def say_faults(found: Sequence[Found]) -> None:
    """Name what cannot be read; leaves with the gravest exit code, if there is any."""
    faults = [each.error for each in found if each.error is not None]
    for error in faults:
        note(f"error: {safe_text(error.message)}\nfix: {safe_text(error.fix)}")
    if faults:
        raise typer.Exit(max(error.exit_code for error in faults))


def found_facts(found: Found) -> dict[str, object]:
    """Of a version that is there, be it damaged."""
    if found.evalset is not None:
        return facts_of(found.evalset)
    return {"name": found.name, "version": found.version, "error": found.error.message if found.error else None}


def facts_of(evalset: EvalSet) -> dict[str, object]:
    """Of a set, without its cases."""
    return {
        "name": evalset.name,
        "version": evalset.version,
        "parent": evalset.parent,
        "cases": len(evalset.cases),
        "created_at": evalset.created_at,
        "digest": evalset.digest,
        "sanitize_digest": evalset.sanitize_digest,
        "parameters": evalset.parameters,
    }

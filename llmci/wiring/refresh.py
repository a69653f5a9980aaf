"""`evalset refresh`: the set of new traffic, with what still stands for it kept; shown before it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmci.adapters.stores.groups import GroupsFile
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.core.evalsets.agent_cases import columns_of
from llmci.core.evalsets.cases import asked_in
from llmci.core.evalsets.compare import diff
from llmci.core.evalsets.standing import standing
from llmci.core.grouping.sample import InputSample, texts_of
from llmci.core.grouping.texts import input_text
from llmci.core.grouping.threads import one_thread
from llmci.errors import NoDecisionError, UsageError
from llmci.pipeline.build import asked_of
from llmci.pipeline.build import build as draw_set
from llmci.seams import Silent
from llmci.wiring.build import shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import (
    Built,
    check_labels,
    drawn_with,
    hand_written_of,
    lineage_of,
    rules_of,
    stored,
)
from llmci.wiring.evalset_store import store
from llmci.wiring.label import embedder_of
from llmci.wiring.survey import survey_of, taker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.core.evalsets.standing import Standing
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet, EvalSetDiff
    from llmci.seams import Progress, Window

# Distinct inputs of the traffic that cases are compared with.
_SAMPLE = 6_000
_CROWDED_OUT = "others of its cluster took its place"
_REVIEWED = "a reviewer retired it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """A set as it would be, or is, and how it differs from the one before.

    Attributes:
        evalset: The new version.
        before: The version that it is compared with.
        diff: Case by case, and cluster by cluster.
        retired: Why each case that goes is no longer in it.
        added: What each case that comes is: a failure, or other traffic.
        written: Whether it was stored.
        new: Whether it differs at all.
    """

    evalset: EvalSet
    before: EvalSet
    diff: EvalSetDiff
    retired: Mapping[str, str]
    added: Mapping[str, str]
    written: bool
    new: bool


def refresh(
    config: Config,
    *,
    window: Window,
    now: datetime,
    environ: Mapping[str, str],
    write: bool,
    progress: Progress | None = None,
) -> Refreshed:
    """Draw a set of the traffic of a window in which cases that still stand for it are preferred.

    Args:
        write: Store it as a new version; otherwise it is only shown.

    Raises:
        NoDecisionError: There is no traffic in the window.
        PrivacyStop: The clean shelf does not check.
        UsageError: There is no set to refresh, or traces are not labelled.
    """
    sets = store(config)
    sets.current(config.evalset.name)
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    digest = clean_digest(clean)
    check_labels(clean, labels, digest)
    lineage = lineage_of(config, config.evalset.name, digest, now, environ)
    before = lineage.previous
    if before is None:
        raise AssertionError

    def traffic() -> Iterator[LabelledTrace]:
        return (
            found
            for found in LabelledShelf(clean, labels).traces(columns_of(config.evalset))
            if window.holds(found.trace["start"])
        )

    stay, go = _sorted(config, traffic(), before, environ)
    settings, lineage, progress = drawn_with(config), replace(lineage, standing=stay), progress or Silent()
    survey, asked_now = survey_of(config, asked_of(settings, lineage), progress, environ, window)
    evalset = draw_set(survey, taker(config, settings), settings, hand_written_of(config), lineage, rules_of(config))
    changed = diff(before, evalset)
    built = (
        stored(sets, evalset, before, asked_now.inputs())
        if write
        else Built(evalset, new=evalset.digest != before.digest)
    )
    return Refreshed(
        evalset=built.evalset,
        before=before,
        diff=changed,
        retired={
            case_id: go.get(case_id) or (_REVIEWED if case_id in lineage.retired else _CROWDED_OUT)
            for case_id in changed.retired
        },
        added={case.case_id: case.origin.kind for case in evalset.cases if case.case_id in set(changed.added)},
        written=write and built.new,
        new=built.new,
    )


def _sorted(
    config: Config, traffic: Iterator[LabelledTrace], before: EvalSet, environ: Mapping[str, str]
) -> tuple[dict[str, Standing], dict[str, str]]:
    """The drawn cases that stay, and why the others go."""
    cases = {case.case_id: (asked_in(case), case.origin.kind == "failure") for case in before.cases if _is_drawn(case)}
    sample, shown = InputSample(_SAMPLE, config.evalset.seed), {}
    own, again = {text for text, _ in cases.values()}, set()
    for found in traffic:
        if config.evalset.variant not in (None, found.trace["variant"]):
            continue
        label = found.label
        shown[label["cluster"]] = (label["cluster_name"], label["topic_name"])
        if text := input_text(found.trace["input"]):
            sample.add(text, found.trace["trace_id"], found.trace["user_id"])
            again |= own & {text}
    if not shown:
        raise NoDecisionError(
            "there is no labelled traffic in the window.",
            fix="Take a longer one with --since, or pull and label first.",
        )
    loaded = GroupsFile(shelf_of(config, "labels").path / "groups.npz").load()
    if loaded is None:
        raise UsageError("the stored groups are gone.", fix="Run `llmci label` again.")
    embed = embedder_of(config, environ)
    with one_thread():
        return standing(loaded[0], shown, texts_of(sample.distinct()), cases, again=frozenset(again), embed=embed)


def _is_drawn(case: Case) -> bool:
    return case.origin.kind != "hand"

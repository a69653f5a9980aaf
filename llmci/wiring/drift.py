"""An eval set against the labelled traffic of a window."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from llmci.adapters.stores.groups import GroupsFile
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.core.evalsets.sampling import chance
from llmci.core.evalsets.survey import in_utc
from llmci.core.grouping.drift import FEWEST, MOST_FRESH, MOST_KEPT, Drift, drift
from llmci.core.grouping.groups import place
from llmci.core.grouping.sample import ConversationSample, Distinct, digest64, texts_of
from llmci.core.grouping.shares import Shares
from llmci.core.grouping.shown import Floor
from llmci.core.grouping.texts import input_text
from llmci.core.grouping.threads import one_thread
from llmci.errors import NoDecisionError
from llmci.files import write_json
from llmci.pipeline.build import REVIEWED, drawn_until
from llmci.wiring.build import keep_from_git, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import check_labels
from llmci.wiring.evalset_store import store
from llmci.wiring.label import embedder_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.grouping.features import Embed
    from llmci.domain.evalset import EvalSet
    from llmci.seams import Window

_COLUMNS = ("trace_id", "user_id", "session_id", "start", "variant", "input")


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """How far a window is from a set; see `Drift`.

    Attributes:
        traces: Traces of the window.
        traces_before: Traces, or inputs of the set, that it was compared with.
        against: "traffic" where the window was compared with the traffic that the set was drawn
            from, "set" where that is no longer at hand and the set's own inputs stood in for it.
        verdict: One sentence.
    """

    evalset: str
    version: int
    traces: int
    traces_before: int
    against: Literal["traffic", "set"]
    verdict: str
    drift: Drift


@dataclass(frozen=True, slots=True)
class _Traffic:
    """What one reading of the labelled traces gathers."""

    before: ConversationSample
    before_shares: Shares
    fresh: ConversationSample
    fresh_shares: Shares


def remember(config: Config, found: DriftReport, now: datetime) -> None:
    """Keep what the next report shows: figures and names of topics, no text of a trace."""
    named = ("evalset", "version", "traces", "traces_before", "against", "verdict")
    moved = ("represented", "novelty_p", "classifier_auc", "classifier_p", "drifted", "psi")
    told = {name: getattr(found, name) for name in named} | {name: getattr(found.drift, name) for name in moved}
    told["clusters"] = [asdict(each) for each in found.drift.clusters]
    told["new_topics"] = [
        {"name": topic.name, "inputs": topic.inputs, "share": topic.share} for topic in found.drift.new_topics
    ]
    told["compared_now"] = found.drift.compared[1]
    keep_from_git(config.state)
    write_json(config.state / "drift.json", told | {"measured_at": now.isoformat()})


def measure(
    config: Config, *, window: Window, version: int | None = None, environ: Mapping[str, str] | None = None
) -> DriftReport:
    """Compare a version, or the current one, with the labelled traces that started in a window.

    Raises:
        NoDecisionError: The set or the window is too small to tell.
        UsageError: There is no such set, or traces are not labelled.
        PrivacyStop: The clean shelf does not check.
    """
    evalset = store(config).load(config.evalset.name, version)
    traffic = _read(config, window, drawn_until(evalset))
    fresh, kept = traffic.fresh.entries(), traffic.before.entries()
    own = _like_production(evalset)
    as_set = len(kept) < max(FEWEST, len(own))
    if as_set:
        # A set holds an input once, however often it came; so must what it is compared with.
        kept, fresh = own, list({entry.text: entry for entry in fresh}.values())
    what = "production cases in the set" if as_set else "earlier traces"
    for name, found in ((what, kept), ("inputs in the window", fresh)):
        if len(found) < FEWEST:
            raise NoDecisionError(
                f"{len(found)} {name} are too few to tell: {FEWEST} are needed.",
                fix="Take a longer window with --since, or build a larger set.",
            )
    embed = embedder_of(config, environ or {})
    before = _own_shares(config, evalset, own, embed) if as_set else traffic.before_shares
    with one_thread():
        moved = drift(
            kept,
            fresh,
            shares=(before, traffic.fresh_shares),
            floor=Floor(config.label.min_traces, config.label.min_users),
            seed=config.evalset.seed,
            embed=embed,
        )
    return DriftReport(
        evalset=evalset.name,
        version=evalset.version,
        traces=traffic.fresh_shares.total(),
        traces_before=len(own) if as_set else traffic.before_shares.total(),
        against="set" if as_set else "traffic",
        verdict=_verdict(evalset, moved, as_set=as_set),
        drift=moved,
    )


def _read(config: Config, window: Window, until: datetime | None) -> _Traffic:
    """The window, and of the traces outside it those that the set was drawn from."""
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    check_labels(clean, labels, clean_digest(clean))
    seed, variant = config.evalset.seed, config.evalset.variant
    found = _Traffic(ConversationSample(MOST_KEPT, seed), Shares(), ConversationSample(MOST_FRESH, seed), Shares())
    for each in LabelledShelf(clean, labels).traces(_COLUMNS):
        trace, text = each.trace, input_text(each.trace["input"])
        if not text or (variant is not None and trace["variant"] != variant):
            continue
        start = in_utc(trace["start"])
        if window.holds(start):
            sample, shares = found.fresh, found.fresh_shares
        elif start is not None and until is not None and start <= until:
            sample, shares = found.before, found.before_shares
        else:
            continue
        sample.add(text, trace["trace_id"], session_id=trace["session_id"], user_id=trace["user_id"])
        shares.add(each.label["cluster_name"], trace["user_id"] or trace["session_id"] or trace["trace_id"])
    return found


def _like_production(evalset: EvalSet) -> list[Distinct]:
    """Inputs of the set, thinned so that each is there as often as its weight says; what depends on each other is as of one user."""
    drawn = [case for case in evalset.cases if case.origin.kind != "hand" and case.stratum != REVIEWED]
    heaviest = max((case.weight for case in drawn), default=1.0)
    kept = [case for case in drawn if chance(evalset.seed, f"drift {case.case_id}") < case.weight / heaviest]
    found = (
        Distinct(
            input_text({"messages": [asdict(message) for message in case.messages]}),
            case.case_id,
            1,
            {digest64(case.dependence)},
        )
        for case in kept
    )
    return [entry for entry in found if entry.text]


def _own_shares(config: Config, evalset: EvalSet, own: Sequence[Distinct], embed: Embed | None) -> Shares:
    """Of each cluster as the set has them, by the groups that there are now."""
    found = Shares()
    loaded = GroupsFile(shelf_of(config, "labels").path / "groups.npz").load()
    if loaded is None or (loaded[0].vectorizer is None) != (embed is not None):
        known = {case.case_id: case for case in evalset.cases}
        names = [known[entry.trace_id].stratum for entry in own]
    else:
        manifest: Mapping[str, Any] = shelf_of(config, "labels").manifest() or {}
        name_of = {cluster["cluster"]: cluster["name"] for cluster in manifest["clusters"]}
        names = [name_of[int(cluster)] for cluster in place(loaded[0], texts_of(own), embed=embed).cluster]
    for entry, name in zip(own, names, strict=True):
        found.add(name, str(min(entry.users)))
    return found


def _verdict(evalset: EvalSet, found: Drift, *, as_set: bool) -> str:
    share = f"{evalset.name} v{evalset.version} represents {found.represented:.0%} of this traffic"
    if found.drifted:
        topics = len(found.new_topics)
        new = f"{topics} new topic{'s' if topics > 1 else ''}" if topics else "it has moved beyond chance"
        return f"{share}; {new}; rebuild the set."
    if as_set:
        return (
            f"{share} at most; no change that its own {found.compared[0]} inputs could show. Keep the clean traces that it was "
            "drawn from: they notice more."
        )
    return f"{share}; no change beyond chance."

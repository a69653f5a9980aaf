"""An eval set against the labelled traffic of a window."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from llmci.adapters.stores.groups import GroupsFile
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.core.evalsets.cases import asked_in
from llmci.core.evalsets.chance import chance
from llmci.core.evalsets.survey import in_utc
from llmci.core.evalsets.traffic import COLUMNS, TrafficSample
from llmci.core.grouping.drift import FEWEST, MOST_FRESH, MOST_KEPT, Drift, drift
from llmci.core.grouping.groups import place
from llmci.core.grouping.sample import Distinct, digest64, texts_of
from llmci.core.grouping.shares import Shares
from llmci.core.grouping.shown import Floor
from llmci.core.grouping.texts import input_text
from llmci.core.grouping.threads import one_thread
from llmci.errors import NoDecisionError
from llmci.files import write_json
from llmci.pipeline.build import REVIEWED, drawn_until
from llmci.wiring.build import keep_from_git, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import check_labels, keyed_at_hand
from llmci.wiring.evalset_store import store
from llmci.wiring.label import embedder_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.grouping.features import Embed
    from llmci.domain.evalset import EvalSet, TrafficInput
    from llmci.seams import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """How far a window is from a set; see `Drift`.

    Attributes:
        traces: Traces of the window.
        traces_before: Traces, or inputs, that it was compared with.
        against: "traffic" where the window was compared with the traffic that the set was drawn from; "sample" where
            that is no longer at hand, and what the set keeps of it was; "set" where it keeps nothing, and its own cases
            stood in for it.
        other_key: Whether the text that it was compared with was sanitized with another key, so that a name stands for
            another person there.
        verdict: One sentence.
    """

    evalset: str
    version: int
    traces: int
    traces_before: int
    against: Literal["traffic", "sample", "set"]
    other_key: bool
    verdict: str
    drift: Drift


@dataclass(frozen=True, slots=True)
class _Traffic:
    """What one reading of the labelled traces gathers."""

    before: TrafficSample
    before_shares: Shares
    fresh: TrafficSample
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
    sets = store(config)
    evalset = sets.load(config.evalset.name, version)
    traffic = _read(config, window, drawn_until(evalset))
    fresh, known = _distinct(traffic.fresh.inputs()), traffic.before.inputs()
    held = [each for each in sets.traffic(evalset.name, evalset.version) if not window.holds(each.start)]
    against: Literal["traffic", "sample", "set"] = "traffic"
    if len(held) > len(known):
        against, known = "sample", held
    before, clusters = _distinct(known), [each.cluster for each in known]
    own, strata = _like_production(evalset)
    if len(before) < max(FEWEST, len(own)):
        # A set holds an input once, however often it came; so must what it is compared with.
        fresh = list({entry.text: entry for entry in fresh}.values())
        against, before, clusters = "set", own, strata
    what = "production cases in the set" if against == "set" else "earlier inputs"
    for name, found in ((what, before), ("inputs in the window", fresh)):
        if len(found) < FEWEST:
            raise NoDecisionError(
                f"{len(found)} {name} are too few to tell: {FEWEST} are needed.",
                fix="Take a longer window with --since, or build a larger set.",
            )
    embed = embedder_of(config, environ or {})
    shares = traffic.before_shares if against == "traffic" else _shares_of(config, before, clusters, embed)
    with one_thread():
        moved = drift(
            before,
            fresh,
            shares=(shares, traffic.fresh_shares),
            floor=Floor(config.label.min_traces, config.label.min_users),
            seed=config.evalset.seed,
            embed=embed,
        )
    return DriftReport(
        evalset=evalset.name,
        version=evalset.version,
        traces=traffic.fresh_shares.total(),
        traces_before=shares.total(),
        against=against,
        other_key=against != "traffic" and _has_other_key(config, evalset, environ or {}),
        verdict=_verdict(evalset, moved, as_set=against == "set"),
        drift=moved,
    )


def _has_other_key(config: Config, evalset: EvalSet, environ: Mapping[str, str]) -> bool:
    keyed, key = keyed_at_hand(config, environ), evalset.lineage.get("key")
    return keyed is not None and key is not None and key != keyed.fingerprint


def _read(config: Config, window: Window, until: datetime | None) -> _Traffic:
    """The window, and of the traces outside it those that the set was drawn from."""
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    check_labels(clean, labels, clean_digest(clean))
    seed, variant = config.evalset.seed, config.evalset.variant
    found = _Traffic(
        TrafficSample(MOST_KEPT, seed, variant), Shares(), TrafficSample(MOST_FRESH, seed, variant), Shares()
    )
    for each in LabelledShelf(clean, labels).traces(COLUMNS):
        trace = each.trace
        if not input_text(trace["input"]) or (variant is not None and trace["variant"] != variant):
            continue
        start = in_utc(trace["start"])
        if window.holds(start):
            sample, shares = found.fresh, found.fresh_shares
        elif start is not None and until is not None and start <= until:
            sample, shares = found.before, found.before_shares
        else:
            continue
        sample.add(each)
        shares.add(each.label["cluster_name"], trace["user_id"] or trace["session_id"] or trace["trace_id"])
    return found


def _distinct(inputs: Sequence[TrafficInput]) -> list[Distinct]:
    return [Distinct(each.text, each.trace_id, 1, set() if each.user is None else {each.user}) for each in inputs]


def _like_production(evalset: EvalSet) -> tuple[list[Distinct], list[str]]:
    """Inputs of the set with their clusters, thinned so that each is there as often as its weight says.

    What depends on each other is as of one user.
    """
    drawn = [case for case in evalset.cases if case.origin.kind != "hand" and case.stratum != REVIEWED]
    heaviest = max((case.weight for case in drawn), default=1.0)
    kept = [case for case in drawn if chance(evalset.seed, f"drift {case.case_id}") < case.weight / heaviest]
    asked = [(Distinct(asked_in(case), case.case_id, 1, {digest64(case.dependence)}), case.stratum) for case in kept]
    found = [(entry, stratum) for entry, stratum in asked if entry.text]
    return [entry for entry, _ in found], [stratum for _, stratum in found]


def _shares_of(config: Config, known: Sequence[Distinct], clusters: Sequence[str], embed: Embed | None) -> Shares:
    """Of each cluster, by the groups that there are now; by those that there were where these place nothing."""
    found = Shares()
    loaded = GroupsFile(shelf_of(config, "labels").path / "groups.npz").load()
    if loaded is not None and (loaded[0].vectorizer is None) == (embed is not None):
        manifest: Mapping[str, Any] = shelf_of(config, "labels").manifest() or {}
        name_of = {cluster["cluster"]: cluster["name"] for cluster in manifest["clusters"]}
        clusters = [name_of[int(cluster)] for cluster in place(loaded[0], texts_of(known), embed=embed).cluster]
    for entry, name in zip(known, clusters, strict=True):
        found.add(name, str(min(entry.users)) if entry.users else entry.trace_id)
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
            "drawn from, or a sample of them with the set (`evalset.traffic`): they notice more."
        )
    return f"{share}; no change beyond chance."

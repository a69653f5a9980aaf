"""An eval set against the labelled traffic of a window."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from llmci.adapters.stores.groups import GroupsFile
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.core.evalsets.sampling import chance
from llmci.core.grouping.drift import FEWEST, MOST, Drift, drift, shares_of
from llmci.core.grouping.groups import place
from llmci.core.grouping.sample import InputSample
from llmci.core.grouping.texts import input_text
from llmci.errors import NoDecisionError, UsageError
from llmci.files import read_json, write_json
from llmci.wiring.build import keep_from_git, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset import check_labels, store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.grouping.groups import Groups
    from llmci.domain.evalset import EvalSet
    from llmci.seams import Window

_COLUMNS = ("trace_id", "user_id", "start", "input")


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """How far a window is from a set; see `Drift`.

    Attributes:
        traces: Traces of the window.
        verdict: One sentence.
        far_clusters: Clusters of the inputs that the set does not represent, with how many.
    """

    evalset: str
    version: int
    traces: int
    verdict: str
    drift: Drift
    far_clusters: tuple[tuple[str, int], ...]


def last_drift(config: Config) -> Mapping[str, object] | None:
    """What `remember` kept; None where drift was never measured."""
    try:
        found = read_json(config.state / "drift.json")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def remember(config: Config, found: DriftReport, now: datetime) -> None:
    """Keep the verdict for the next report."""
    told = {name: getattr(found, name) for name in ("evalset", "version", "traces", "verdict")}
    keep_from_git(config.state)
    write_json(config.state / "drift.json", told | {"measured_at": now.isoformat()})


def measure(config: Config, *, window: Window, version: int | None = None) -> DriftReport:
    """Compare a version, or the current one, with the labelled traces that started in a window.

    Raises:
        NoDecisionError: The set or the window is too small to tell.
        UsageError: There is no such set, or traces are not labelled.
        PrivacyStop: The clean shelf does not check.
    """
    evalset = store(config).load(config.evalset.name, version)
    loaded = GroupsFile(shelf_of(config, "labels").path / "groups.npz").load()
    if loaded is None:
        raise UsageError("the clean traces are not labelled.", fix="Run `llmci label`.")
    sample, names = _window(config, window)
    kept = _like_production(evalset)
    fresh = [entry.text for entry in sample.distinct()]
    for what, found in (("production cases in the set", kept), ("distinct inputs in the window", fresh)):
        if len(found) < FEWEST:
            raise NoDecisionError(
                f"{len(found)} {what} are too few to tell: {FEWEST} are needed.",
                fix="Take a longer window with --since, or build a larger set.",
            )
    before = shares_of(_clusters(loaded[0], config, kept))
    moved = drift(kept, fresh, shares=(before, shares_of(names)), seed=config.evalset.seed)
    far = _clusters(loaded[0], config, [fresh[at] for at in moved.far])
    counted = sorted(((name, far.count(name)) for name in set(far)), key=lambda item: (-item[1], item[0]))
    return DriftReport(
        evalset=evalset.name,
        version=evalset.version,
        traces=len(names),
        verdict=_verdict(evalset, moved),
        drift=moved,
        far_clusters=tuple(counted),
    )


def _window(config: Config, window: Window) -> tuple[InputSample, list[str]]:
    """A sample of the window's inputs, and the cluster of each of its traces."""
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    check_labels(clean, labels, clean_digest(clean))
    sample, names = InputSample(MOST, config.evalset.seed), []
    for found in LabelledShelf(clean, labels).traces(_COLUMNS):
        text = input_text(found.trace["input"])
        if text and window.holds(_utc(found.trace["start"])):
            sample.add(text, found.trace["trace_id"], None)
            names.append(found.label["cluster_name"])
    return sample, names


def _utc(start: datetime | None) -> datetime | None:
    return start if start is None or start.tzinfo else start.replace(tzinfo=UTC)


def _like_production(evalset: EvalSet) -> list[str]:
    """Inputs of the set, thinned so that each is there as often as its weight says."""
    drawn = [case for case in evalset.cases if case.origin.kind != "hand"]
    heaviest = max((case.weight for case in drawn), default=1.0)
    kept = [case for case in drawn if chance(evalset.seed, f"drift {case.case_id}") < case.weight / heaviest]
    texts = (input_text({"messages": [asdict(message) for message in case.messages]}) for case in kept)
    return [text for text in texts if text][:MOST]


def _clusters(groups: Groups, config: Config, texts: Sequence[str]) -> list[str]:
    """Names of the clusters that inputs belong to, "other" where a cluster is too small to be shown."""
    if not texts:
        return []
    manifest = shelf_of(config, "labels").manifest() or {}
    names = {cluster["cluster"]: cluster["name"] for cluster in manifest["clusters"]}  # type: ignore[attr-defined]
    return [names[int(cluster)] for cluster in place(groups, texts).cluster]


def _verdict(evalset: EvalSet, found: Drift) -> str:
    share = f"{evalset.name} v{evalset.version} represents {found.represented:.0%} of this traffic"
    if found.drifted:
        return f"{share}; it has moved beyond chance: rebuild the set."
    return f"{share}; no change beyond chance."

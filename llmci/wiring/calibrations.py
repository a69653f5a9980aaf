"""Calibrations of judges beside the configuration, to be committed; and what an uncalibrated judge may not do."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import orjson

from llmci.core.judging.calibration import as_json, from_json
from llmci.core.judging.trust import Use
from llmci.errors import UsageError
from llmci.files import write_bytes
from llmci.seams import JudgedScorer, Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.core.judging.calibration import Calibration
    from llmci.domain.run import Run
    from llmci.domain.verdict import Rule

FOLDER = "judges"
# So many digits of a digest tell the files of a project apart; the whole one stands inside.
_DIGITS = 12
# Keys of a run's environment: who judged, and how far that one is to be trusted.
_WHO, _TRUST = "judge digest of ", "judge of "


def save(config: Config, found: Calibration) -> Path:
    """Keep a calibration; an earlier one of the same judge is replaced."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", found.scorer)
    path = config.root / FOLDER / f"{name}-{found.judge[:_DIGITS]}.json"
    for other in _files(config, found.judge):
        if other != path:
            other.unlink()
    path.parent.mkdir(exist_ok=True)
    write_bytes(path, orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2) + b"\n")
    return path


def load(config: Config, judge: str) -> Calibration | None:
    """The calibration of a judge, by its digest; None if it was never checked.

    Raises:
        UsageError: The file is damaged.
    """
    for path in _files(config, judge):
        try:
            found = from_json(orjson.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                f"{path}: not a calibration.", fix="Delete it, and run `llmci judge check` again."
            ) from None
        if found.judge == judge:
            return found
    return None


def judged_by(scorers: Iterable[Scorer], config: Config) -> dict[str, str]:
    """What a run's environment says of its judges."""
    said = {}
    for scorer in scorers:
        if digests := digests_of(scorer):
            name = scorer.metric().name
            said[_WHO + name] = ",".join(digests)
            found = [load(config, digest) for digest in digests]
            said[_TRUST + name] = "; ".join("not calibrated" if one is None else one.words for one in found)
    return said


def digests_of(scorer: Scorer) -> Sequence[str]:
    """Digests of the judges behind a scorer; none where no model decides."""
    found: Sequence[str] = scorer.judge_digests() if isinstance(scorer, JudgedScorer) else ()
    return found


def require_calibrated(config: Config, rules: Sequence[Rule], judges: Mapping[str, Sequence[str]]) -> None:
    """No primary gate rests on a judge that nobody has checked against people.

    Args:
        judges: Metric to the digests of the judges behind it.

    Raises:
        UsageError: One would.
    """
    for rule in rules:
        if rule.role != "primary":
            continue
        for digest in judges.get(rule.metric, ()):
            found = load(config, digest)
            if found is None:
                why = "has not been calibrated: nobody knows how far it agrees with people"
            elif found.use is not Use.GATE:
                why = f"may not: {found.words}"
            else:
                continue
            raise UsageError(
                f"{config.path}: a primary gate rests on {rule.metric!r}, whose judge {why}.",
                fix=f"Calibrate it with `llmci judge check --scorer {rule.metric}`, or give the gate `role: watch`.",
            )


def judges_of(run: Run) -> dict[str, list[str]]:
    """Metric to the digests of its judges, as a stored run remembers them."""
    told = {name.removeprefix(_WHO): value for name, value in run.environment.items() if name.startswith(_WHO)}
    unknown = {metric.name: [metric.digest] for metric in run.metrics if metric.judge}
    return unknown | {name: value.split(",") for name, value in told.items()}


def calibrations_of(config: Config, run: Run) -> dict[str, list[Calibration]]:
    """By metric, what is known of the judges of a stored run; a damaged file is as good as none."""
    found: dict[str, list[Calibration]] = {}
    for metric, digests in judges_of(run).items():
        for digest in digests:
            with contextlib.suppress(UsageError):
                if (one := load(config, digest)) is not None:
                    found.setdefault(metric, []).append(one)
    return found


def _files(config: Config, judge: str) -> list[Path]:
    return sorted((config.root / FOLDER).glob(f"*-{judge[:_DIGITS]}.json"))

"""Kayenta's metric set pairs, as its API gives them, to its verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from llmci.core.stats.kayenta import KayentaRule, kayenta_verdict
from llmci.errors import UsageError
from llmci.files import read_json

if TYPE_CHECKING:
    from pathlib import Path

_DIRECTIONS: dict[str, Literal["Either", "Increase", "Decrease"]] = {
    "either": "Either",
    "increase": "Increase",
    "decrease": "Decrease",
}


def kayenta_verdicts(pairs: Path, canary_config: Path | None) -> list[dict[str, Any]]:
    """A verdict for each metric.

    Args:
        pairs: JSON list of `{"name": ..., "values": {"control": [...], "experiment": [...]}}`.
        canary_config: Kayenta's canary configuration, for direction, tolerance and effect sizes; None takes defaults.

    Raises:
        UsageError: A file is not what it should be.
    """
    found = _json(pairs, list)
    metrics = _json(canary_config, dict).get("metrics", []) if canary_config else []
    rules = {str(metric.get("name")): metric for metric in metrics if isinstance(metric, dict)}
    return [_verdict(pair, rules, f"{pairs}, item {at}") for at, pair in enumerate(found, start=1)]


def _verdict(pair: Any, rules: dict[str, Any], where: str) -> dict[str, Any]:  # noqa: ANN401  JSON holds anything
    try:
        name, values = pair["name"], pair["values"]
        control, experiment = (np.array(values[arm], dtype=np.float64) for arm in ("control", "experiment"))
        asked = (rules.get(name, {}).get("analysisConfigurations") or {}).get("canary") or {}
        rule, critical = _rule(asked), bool(asked.get("critical"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{where}: not a metric with numbers for control and experiment ({type(error).__name__}).",
            fix='Write {"name": ..., "values": {"control": [...], "experiment": [...]}}.',
        ) from None
    return {"metric": str(name), "verdict": kayenta_verdict(control, experiment, rule), "critical": critical}


def _rule(asked: dict[str, Any]) -> KayentaRule:
    effect = asked.get("effectSize") or {}
    cles = effect.get("measure") == "cles"
    return KayentaRule(
        direction=_DIRECTIONS[asked.get("direction", "either")],
        tolerance=float(effect.get("tolerance", 0.25)),
        level=float(effect.get("confidence", 0.98)),
        effect="cles" if cles else "meanRatio",
        effect_limits=_limits(effect, "allowedDecrease", "allowedIncrease"),
        critical_limits=_limits(effect, "criticalDecrease", "criticalIncrease"),
        zeros_for_missing=asked.get("nanStrategy") == "replace",
    )


def _limits(effect: dict[str, Any], down: str, up: str) -> tuple[float, float] | None:
    if down not in effect and up not in effect:
        return None
    return float(effect.get(down, 1.0)), float(effect.get(up, 1.0))


def _json(path: Path, kind: type) -> Any:  # noqa: ANN401  JSON holds anything
    try:
        value = read_json(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: not JSON that can be read ({type(error).__name__}).", fix="Name a JSON file."
        ) from None
    if not isinstance(value, kind):
        raise UsageError(f"{path}: not a JSON {kind.__name__}.", fix="Write what Kayenta's API gives.")
    return value

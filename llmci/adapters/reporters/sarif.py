"""SARIF 2.1.0: what regressed, as findings at the prompt and configuration files that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import orjson

from llmci import __version__
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.regressions import regressions
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from llmci.core.reporting.regressions import Regression
    from llmci.domain.place import Place
    from llmci.domain.verdict import GateResult
    from llmci.seams import ReportInput, ReportOptions

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PLACES = 10
_SENTENCE = 1_000


class SarifReporter:
    """For code scanning: one rule a metric, one result for each metric or slice that regressed."""

    suffixes: ClassVar[tuple[str, ...]] = (".sarif",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        """Take no heed of the options: there are no texts of cases in a finding."""

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        found = regressions(report.result)
        metrics = list(dict.fromkeys(regression.metric for regression in found))
        run = {
            "tool": {"driver": {"name": "llmci", "version": __version__, "rules": [_rule(name) for name in metrics]}},
            "invocations": [_invocation(report.result)],
            "results": [_result(regression, metrics, report.changed[:_PLACES]) for regression in found],
        }
        document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def _rule(metric: str) -> dict[str, Any]:
    return {
        "id": f"llmci/{metric}",
        "shortDescription": {"text": f"{metric} got worse than in production."},
        "fullDescription": {"text": f"On the eval set, {metric} of the candidate is worse than that of the baseline."},
    }


def _invocation(result: GateResult) -> dict[str, Any]:
    """A run without a verdict is not a clean one."""
    decided = result.outcome in (Outcome.PASSED, Outcome.REGRESSED)
    told = {"level": "none" if decided else "error", "message": {"text": one_line(result.headline, _SENTENCE)}}
    return {"executionSuccessful": decided, "toolExecutionNotifications": [told]}


def _result(regression: Regression, metrics: list[str], places: tuple[Place, ...]) -> dict[str, Any]:
    return {
        "ruleId": f"llmci/{regression.metric}",
        "ruleIndex": metrics.index(regression.metric),
        "level": regression.level,
        "message": {"text": f"{regression.title}: {regression.because}"},
        "locations": [_location(place) for place in places[:1]],
        "relatedLocations": [
            {"id": number} | _location(place) | {"message": {"text": place.what}}
            for number, place in enumerate(places[1:], start=1)
        ],
    }


def _location(place: Place) -> dict[str, Any]:
    artifact = {"uri": quote(place.path), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": place.line}}}

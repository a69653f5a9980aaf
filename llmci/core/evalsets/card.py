"""An eval set to a page for people: what is in it, where it came from, how it was drawn."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from llmci.core.evalsets.sampling import worth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.domain.evalset import EvalSet

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#])")


def card_of(evalset: EvalSet) -> str:
    """Markdown; holds names of clusters and counts, and no text of a case."""
    return "\n".join([*_head(evalset), "", *_strata(evalset), "", *_parameters(evalset), ""])


def _head(evalset: EvalSet) -> Iterator[str]:
    kinds = Counter(case.origin.kind for case in evalset.cases)
    groups = len({case.dependence for case in evalset.cases})
    equal = worth(case.weight for case in evalset.cases)
    yield f"# Eval set {_plain(evalset.name)}, version {evalset.version}"
    yield ""
    yield f"{len(evalset.cases)} cases in {groups} independent groups, drawn {evalset.created_at[:10]}."
    yield ""
    yield f"- From production: {kinds['production']}; failures: {kinds['failure']}; written by hand: {kinds['hand']}."
    yield f"- With a reference answer: {sum(case.reference is not None for case in evalset.cases)}."
    yield f"- Kept for release gates: {sum(case.holdout for case in evalset.cases)}."
    yield f"- Worth {equal:.0f} equally weighted cases." if equal else "- No weights."
    if (drop := evalset.parameters.get("detects")) is not None:
        yield f"- Notices a drop of {float(drop):.1%} of a pass/fail score 9 times in 10."  # type: ignore[arg-type]
    yield f"- Built upon: {f'version {evalset.parent}' if evalset.parent else 'nothing'}."
    yield f"- Content: `{evalset.digest}`."
    yield f"- Sanitized: `{evalset.sanitize_digest or 'every case was written by hand'}`."


def _strata(evalset: EvalSet) -> Iterator[str]:
    yield "Weights restore the shares of production, counted in traces that could become cases."
    yield ""
    yield "| cluster | share of production | traces | cases |"
    yield "|---|---:|---:|---:|"
    for stratum in evalset.strata:
        yield f"| {_plain(stratum.name)} | {stratum.share:.2%} | {stratum.traces} | {stratum.cases} |"


def _parameters(evalset: EvalSet) -> Iterator[str]:
    yield f"Drawn with seed {evalset.seed}."
    for name, value in sorted(evalset.parameters.items()):
        yield f"- {_plain(name)}: `{str(value).replace('`', '')}`"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text.replace("\n", " "))

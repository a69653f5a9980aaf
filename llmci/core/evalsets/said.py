"""What people said of cases in earlier versions of a set, so that it is not lost when its trace, or the case itself, was gone for a while."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.domain.text import CleanText


@dataclass(slots=True)
class Said:
    """The newest reference of a case, with where it is from, and the newest of each of its expectations."""

    reference: CleanText | None = None
    origin: str | None = None
    expectations: dict[str, object] = field(default_factory=dict)


def said_before(
    versions: Iterable[EvalSet], references: Collection[str], expectations: Collection[str]
) -> dict[str, Said]:
    """By case id.

    Args:
        versions: Of a set, the newest first.
        references: Where references may be from.
        expectations: Names of those that are wanted.
    """
    found: dict[str, Said] = {}
    for evalset in versions:
        for case in evalset.cases:
            known = {name: value for name, value in case.expectations.items() if name in expectations}
            told = case.reference is not None and case.reference_origin in references
            if not told and not known:
                continue
            said = found.setdefault(case.case_id, Said())
            said.expectations = known | said.expectations
            if told and said.reference is None:
                said.reference, said.origin = case.reference, case.reference_origin
    return found


def with_what_was_said(case: Case, said: Mapping[str, Said], references: Sequence[str]) -> Case:
    """The case with what was said of it before, where its traffic says nothing, or nothing as good, now.

    Args:
        case: Of the traffic.
        said: By case id.
        references: Where references may be from, the best place first.
    """
    known = said.get(case.case_id)
    if known is None:
        return case
    if known.expectations.keys() - case.expectations.keys():
        case = replace(case, expectations={**known.expectations, **case.expectations})
    if known.reference is not None and _place(known.origin, references) < _place(case.reference_origin, references):
        case = replace(case, reference=known.reference, reference_origin=known.origin, rubric=None)
    return case


def _place(origin: str | None, references: Sequence[str]) -> int:
    return references.index(origin) if origin in references else len(references)

"""Judges with a rubric of their own: is the answer grounded, is it relevant, is it what the reference says?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llmci.adapters.scorers.judge import RubricScorer, ScaledOptions

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class GroundednessScorer(RubricScorer[ScaledOptions]):
    """Whether all that the answer claims stands in the retrieved documents or in the conversation."""

    Options = ScaledOptions
    standard: ClassVar[str | None] = (
        "Is every factual claim of the answer supported by the retrieved documents, or by what the conversation itself"
        " says? Go through the claims one by one. A claim that is true in the world but that nothing there supports is"
        " not supported; a claim that contradicts the documents is worse. An answer that claims nothing, such as one"
        " that says the documents do not tell, is grounded. Whether it is helpful does not matter."
    )

    def shows_reference(self) -> bool:
        """A reference would be a second source."""
        return False

    def lacks(self, case: Case, answer: Answered) -> str | None:
        """See `RubricScorer.lacks`."""
        if answer.documents or case.documents:
            return None
        return "neither the answer nor the case has documents"


class AnswerRelevanceScorer(RubricScorer[ScaledOptions]):
    """Whether the answer is an answer to the question."""

    Options = ScaledOptions
    standard: ClassVar[str | None] = (
        "Does the answer address what the user asked for in the last turn, all of it, and little else? An evasive,"
        " generic or off-topic answer does not, and neither does one that would be the same for another question."
        " Whether what it says is true does not matter. Where the question cannot be answered, saying so addresses it."
    )

    def shows_reference(self) -> bool:
        """A reference answers the question, and would be what is graded against."""
        return False


class FactualityScorer(RubricScorer[ScaledOptions]):
    """Whether the answer says what the reference answer says."""

    Options = ScaledOptions
    standard: ClassVar[str | None] = (
        "Compare the facts of the answer with those of the reference answer, which is right. It passes if it states"
        " every fact of the reference that the question asks for, and contradicts none. Other words, another order,"
        " more detail and another format do not matter, as long as nothing in them contradicts the reference. A missing"
        " or a contradicting fact fails, however well it is put."
    )

    def lacks(self, case: Case, answer: Answered) -> str | None:  # noqa: ARG002  it is about the case alone
        """See `RubricScorer.lacks`."""
        return "the case has no reference" if case.reference is None else None

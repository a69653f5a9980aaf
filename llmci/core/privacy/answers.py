"""Answers of a system to clean texts: what the case itself says stays, all else is sanitized like a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.privacy.flatten import Text
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.mint import sanitized
from llmci.core.privacy.redact import Withheld
from llmci.errors import PrivacyStop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llmci.core.privacy.redact import Redactor
    from llmci.domain.case import Case
    from llmci.domain.text import CleanText


class AnswerCleaner:
    """A cleaner: the texts of one answer in, clean texts out, in order.

    A value that stands in the case's own text, in its reference or in its documents is no finding:
    that text is clean, so what looks like a person in it is a surrogate, and the answer repeats it.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def ahead(self, texts: Sequence[str]) -> None:
        """Search the texts of many answers at once, which costs a fraction of one after the other."""
        self._redactor.search_ahead(_places(texts))

    def __call__(self, texts: Sequence[str], case: Case) -> list[CleanText]:
        """Clean one answer; raises `PrivacyStop` where a text cannot be searched or something would survive."""
        places = _places(texts)
        memory = Memory()
        unreadable = self._redactor.learned(places, memory)
        if unreadable is not None:
            raise _stop(unreadable.why)
        redacted = self._redactor.redact(places, memory, said_in(case))
        if isinstance(redacted, Withheld):
            raise _stop(redacted.why)
        return [sanitized(text) for text in redacted.texts]


def _places(texts: Sequence[str]) -> list[Text]:
    return [Text(f"answer[{index}]", "text", "assistant", text) for index, text in enumerate(texts)]


def said_in(case: Case) -> Callable[[str], bool]:
    """Whether a value stands in the case's own text."""
    said = "\n".join(_texts_of(case)).casefold()
    return lambda value: value.strip().casefold() in said


def _texts_of(case: Case) -> Iterator[str]:
    for message in case.messages:
        for part in message.parts:
            yield from filter(None, (part.text, part.tool_arguments, part.tool_result, part.extra))
    yield from (document.content for document in case.documents if document.content)
    yield from filter(None, (case.reference, case.rubric))
    yield from (str(value) for value in case.expectations.values())


def _stop(why: str) -> PrivacyStop:
    return PrivacyStop(
        f"an answer could not be sanitized: {why}.", fix="Look at `sanitize:` in llmci.yaml, or leave the case out."
    )

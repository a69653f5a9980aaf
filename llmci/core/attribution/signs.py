"""Signs that a step went wrong, read from its moves alone: no model is asked, and none is needed to check the hint.

A sign is a hint and no proof. Every rule says why in words of its own, with names of tools and numbers of steps in them and
never a text of the trace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from llmci.core.grouping.refusals import is_refusal
from llmci.core.grouping.toolresults import reads_as_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llmci.core.attribution.moves import Move

# Shorter texts come twice by chance.
_TELLING = 60
# So many agents are a team, one of which leads.
_TEAM = 2
_NOTHING = re.compile(
    r"\W*(?:null|none|nothing found|no (?:results?|matches|records?|data)(?: found)?)?\W*", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """The step that likely went wrong.

    Attributes:
        step: Its number, from 1.
        name: Of the step: who or which tool.
        why: The sign, in words.
        by: `rule:` and its name, or the judge that said so.
    """

    step: int
    name: str
    why: str
    by: str


def hint_of(moves: Sequence[Move]) -> Hint | None:
    """The strongest sign there is; the earliest step among equals. None where nothing is to be seen."""
    for rule, signs in RULES.items():
        if found := min(signs(moves), default=None, key=lambda sign: sign[0].number):
            move, why = found
            return Hint(step=move.number, name=move.name, why=why, by=f"rule:{rule}")
    return None


def _errors(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    """Errors of tools that the same tool did not make good afterwards."""
    for at, move in enumerate(moves):
        if _is_error(move) and not any(_made_good(move, later) for later in moves[at + 1 :]):
            yield move, "it failed, and was not made good later"


def _malformed(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    for move in moves:
        for tool, arguments in move.calls:
            if arguments.strip() and not _is_object(arguments):
                yield move, f"the arguments of {tool} are no JSON object"


def _repeated(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    """The first call that is made again with the same arguments and the same result; not one that is waited for, and comes."""
    last = {(move.tool, move.arguments): move.text for move in moves}
    seen: dict[tuple[str, str, str], int] = {}
    for move in moves:
        if move.tool is None or move.arguments is None or last[move.tool, move.arguments] != move.text:
            continue
        before = seen.setdefault((move.tool, move.arguments, move.text), move.number)
        if before != move.number:
            yield move, f"the same call as in step {before}, with the same result"


def _looped(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    seen: dict[tuple[str, str], int] = {}
    for move in moves:
        if move.tool is None and len(move.text) >= _TELLING:
            before = seen.setdefault((move.who, " ".join(move.text.split()).casefold()), move.number)
            if before != move.number:
                yield move, f"says the same again as in step {before}"


def _first_contribution(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    """Where several agents speak, the first word of one that does not lead.

    No sign of its own: in logs of such teams whose decisive error people have marked, more began there than at any other
    sign, for what goes wrong early is carried on (`benchmarks/attribution.py`).
    """
    spoken = [move for move in moves if move.tool is None]
    if len({move.who for move in spoken}) >= _TEAM:
        first = next(move for move in spoken if move.who != spoken[0].who)
        yield first, "a guess, for it shows no sign of its own: what the others built on began here"


def _empty(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    for at, move in enumerate(moves):
        nothing = move.tool is not None and _NOTHING.fullmatch(move.text[:200])
        if nothing and not any(_made_good(move, later) for later in moves[at + 1 :]):
            yield move, "it gave nothing back"


def _unsupported(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    """Numbers in the last answer that stand nowhere before it, although tools were asked."""
    spoken = [move for move in moves if move.tool is None and move.text.strip()]
    if not spoken or not any(move.tool is not None for move in moves):
        return
    last = spoken[-1]
    before = " ".join(
        f"{move.heard} {move.text} {move.arguments} {move.calls}" for move in moves if move.number < last.number
    )
    known = _numbers(f"{before} {last.heard}")
    missing = sum(number not in known for number in _numbers(last.text) if len(number) > 1)
    if missing:
        yield last, f"{missing} of its numbers stand{'s' * (missing == 1)} in no step before it"


def _refused(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    spoken = [move for move in moves if move.tool is None and move.text.strip()]
    if spoken and is_refusal(spoken[-1].text):
        yield spoken[-1], "it declines"


def _cut_off(moves: Sequence[Move]) -> Iterator[tuple[Move, str]]:
    for move in moves:
        if move.cut:
            yield move, "it was cut off by the token limit"


# The strongest sign first.
RULES: dict[str, Callable[[Sequence[Move]], Iterator[tuple[Move, str]]]] = {
    "malformed call": _malformed,
    "error": _errors,
    "cut off": _cut_off,
    "same call again": _repeated,
    "first contribution": _first_contribution,
    "loop": _looped,
    "nothing came back": _empty,
    "number from nowhere": _unsupported,
    "refusal": _refused,
}


def _is_error(move: Move) -> bool:
    return move.failed or (move.tool is not None and reads_as_error(move.text))


def _made_good(move: Move, later: Move) -> bool:
    return later.tool == move.tool and not _is_error(later) and not _NOTHING.fullmatch(later.text[:200])


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _numbers(text: str) -> set[str]:
    return {match.replace(",", "") for match in _NUMBER.findall(text)}

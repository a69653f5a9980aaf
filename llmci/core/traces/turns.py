"""What was asked and what was answered, where a step logged the whole conversation as one of the two.

LangGraph, Haystack's and CrewAI's agents return all messages that there are; Pydantic AI logs them as what went in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.traces.payloads import has_content, of_messages, said, split_conversation, text_in

if TYPE_CHECKING:
    from llmci.core.traces.parts import Row


def one_turn(asked: Row, answered: Row) -> tuple[Row, Row]:
    """Input and output payloads without the answer among what was asked, nor the question among what was answered.

    An answer begins after the user's message that was asked, the last of these words. Without a recorded
    input the output is cut as any whole conversation is. What cannot be told apart stays.
    """
    before, after = asked.get("messages") or [], answered.get("messages") or []
    if any(message["role"] == "user" for message in after):
        if not has_content(asked):
            head, rest = split_conversation(after)
            return (of_messages(head), of_messages(rest)) if rest else (asked, answered)
        words = text_in(asked, "user")
        ends = [at for at, message in enumerate(after, 1) if message["role"] == "user" and said(message) == words]
        return (asked, of_messages(after[ends[-1] :])) if ends and ends[-1] < len(after) else (asked, answered)
    end = max((at for at, message in enumerate(before, 1) if message["role"] == "user"), default=0)
    rest = before[end:]
    if end and rest and rest[-1]["role"] == "assistant" and said(rest[-1]) == text_in(answered, "assistant"):
        return of_messages(before[:end]), of_messages(rest) if len(rest) > len(after) else answered
    return asked, answered

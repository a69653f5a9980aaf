"""A case as a system of the user's own is given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.bench.chat import chat_messages, chat_tools, plain_documents, question_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.case import Case


def request_of(case: Case, config: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    """What a callable, a command or a template may use of a case. Never its reference or expectations."""
    return {
        "question": question_of(case),
        "messages": chat_messages(case.messages),
        "tools": chat_tools(case.tools),
        "documents": plain_documents(case.documents),
        "case_id": case.case_id,
        "key": case.key,
        "repeat": repeat,
        "config": dict(config),
    }

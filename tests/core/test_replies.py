"""Every text of a reply passes the cleaner."""

from __future__ import annotations

from llmci.core.privacy.replies import clean_said
from llmci.domain.case import Document, Message, Part
from llmci.domain.text import declared_clean


def test_ids_of_documents_are_cleaned_like_their_contents() -> None:
    found = [Document(id="anna@example.org", content=declared_clean("by anna")), Document(id=None, content=None)]

    spoken = Message(role="assistant", parts=(Part(type="text", text=declared_clean("anna")),))

    said = clean_said("anna", [spoken], found, lambda texts: [text.replace("anna", "X") for text in texts])

    assert said.documents == (Document(id="X@example.org", content=declared_clean("by X")), found[1])
    assert (said.text, said.messages[0].parts[0].text) == ("X", "X")


def test_names_and_ids_that_the_model_made_up_are_sanitized_too() -> None:
    call = Part(type="tool_call", tool_name="mail_ann", tool_call_id="call_ann", tool_arguments=declared_clean("{}"))
    said = clean_said(
        "",
        [Message(role="assistant", name="ann", parts=(call,))],
        None,
        lambda texts: [t.replace("ann", "x") for t in texts],
    )

    [message] = said.messages
    assert (message.name, message.parts[0].tool_name, message.parts[0].tool_call_id) == ("x", "mail_x", "call_x")

"""The head of a table says what stands below it, whatever parts the cells."""

from __future__ import annotations

import pytest

from llmci.adapters.recognizers.tables import tables


def found(text: str) -> set[tuple[str, str]]:
    return {(span.kind, text[span.start : span.end]) for span in tables(text, {})}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("id,first,last,zip\n1,Bao,Huynh,94536\n2,Latoya,Oduya,74103", {("PERSON", "Bao"), ("PERSON", "Oduya"), ("ZIP_CODE", "74103")}),
        ('name,email,note\n"Huynh, Bao",b@firma.example,"a, b"', {("PERSON", "Huynh, Bao"), ("EMAIL_ADDRESS", "b@firma.example")}),
        ("| Agent | Customer |\n|---|---|\n| Sven Ek | Ishaan Rao |", {("PERSON", "Sven Ek"), ("PERSON", "Ishaan Rao")}),
        ("first\tdob\tplan\nBao\t1984-07-19\tgold", {("PERSON", "Bao"), ("DATE_OF_BIRTH", "1984-07-19")}),
        (
            "INSERT INTO users (id, full_name, dob) VALUES (17, 'D''Arcy Lee', '1984-07-19'), (18, 'Mo Ali', NULL);",
            {("PERSON", "D''Arcy Lee"), ("DATE_OF_BIRTH", "1984-07-19"), ("PERSON", "Mo Ali")},
        ),
    ],
    ids=["csv", "quoted", "markdown", "tabs", "insert"],
)  # fmt: skip
def test_cells_are_what_their_head_says(text: str, wanted: set[tuple[str, str]]) -> None:
    assert wanted <= found(text)


@pytest.mark.parametrize(
    "text",
    [
        "| Name | Type | Default |\n|---|---|---|\n| timeout | int | 30 |",
        "| Name | Owner |\n|---|---|\n| Billing | Payments |",
        "name,city\nGrand Plaza,Lisbon",
        "id,first,last\nnot a row of this table",
        "First, I called, last week.\nThen, you, answered.",
        "INSERT INTO plans (name, price) VALUES ('Basic', 3)",
    ],
)
def test_a_table_of_things_holds_nobody(text: str) -> None:
    assert found(text) == set()


def test_services_beside_their_owners_stay() -> None:
    assert found("name,owner email\nbilling-api,b@firma.example") == {("EMAIL_ADDRESS", "b@firma.example")}

"""Names, places and addresses: what rules and the tagger find together, and what they leave alone."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest

from llmci.adapters.recognizers import naming
from llmci.adapters.recognizers.naming import named
from llmci.adapters.recognizers.tagger import LABELS, bundled, tokens_of
from llmci.adapters.recognizers.wordforms import words_of

_NOBODY: frozenset[str] = frozenset()
_COUNTS = 0.4


def found(text: str, kind: str, key: str | None = None) -> list[str]:
    return [text[s.start : s.end] for s in named([(text, key)], _NOBODY)[0] if s.kind == kind and s.score >= _COUNTS]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Could you forward this to Ngozi Adeyemi in accounting?", "Ngozi Adeyemi"),
        ("my name is katarzyna wisniewska and my order is late", "katarzyna wisniewska"),
        ("hi this is rajesh kumar i need help with my bill", "rajesh kumar"),
        ("Sehr geehrte Frau Brandstätter, vielen Dank.", "Brandstätter"),
        ("El paciente Hernán Echeverría acude a urgencias.", "Hernán Echeverría"),
        ("Bonjour Maëlys, merci pour votre réponse.", "Maëlys"),
        ("We spoke to Dr. Okonkwo yesterday.", "Dr. Okonkwo"),
        ("Directed by Lucia Ferrante MD", "Lucia Ferrante MD"),
        ("| Siobhan Gallagher | Dublin |", "Siobhan Gallagher"),
        ("To: Perlingiere, Debra; Hendrickson, Steve\nSubject: lunch", "Perlingiere, Debra"),
        ("Ask Heike, Uwe und Steffi sind im Urlaub.", "Steffi"),
        ("Ma fille Capucine est en classe avec Noé.", "Capucine"),
        ("La jefa, doña Remedios, fue muy amable.", "Remedios"),
    ],
)
def test_a_person_is_found_with_title_and_degree(text: str, value: str) -> None:
    assert value in found(text, "PERSON")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("JFK", "origin"),
        ("price", ""),
        ("Premium Plus", "plan"),
        ("Reset Network Settings and turn on Airplane Mode.", None),
        ("May I help you? Will that work? Mark it as done.", None),
        ("def update_user(user_id): return Session.get(User, user_id)", None),
        ("trace 3f2a9c1e8b7d6a5f4e3d took 12 ms", None),
    ],
)
def test_what_names_nobody_is_left_alone(text: str, key: str | None) -> None:
    assert found(text, "PERSON", key) == []


@pytest.mark.parametrize(
    "text",
    [
        "Sehr geehrte Damen und Herren, meine Steuer ist bezahlt. Kannst du bitte helfen? Viele Grüße",
        "Die Deutsche Bahn hat am Montag den Vertrag unterschrieben.",
        "Le train part lundi, le musée est fermé et La Poste est en grève.",
        "El tren sale el martes; el museo no abre. Gracias por su ayuda.",
        "Oh my God, they gave rock and roll to us. Rose, May and June are months or flowers.",
        "Send it with Travel Insurance to Wells Fargo.",
    ],
)
def test_prose_of_many_languages_names_nobody(text: str) -> None:
    assert found(text, "PERSON") == []


def test_places_and_firms_are_told_from_people() -> None:
    text = "Ewa Malinowska flew from Lisbon to Toronto for Siemens AG."

    assert set(found(text, "PERSON")) == {"Ewa Malinowska"}
    assert {"Lisbon", "Toronto"} <= set(found(text, "LOCATION"))


def test_an_address_reaches_to_its_postcode() -> None:
    text = "Please send it to 42 Rosewood Gardens\nApt. 7\nBristol\nUnited Kingdom 40213\nThanks"

    assert any(span.endswith("40213") for span in found(text, "ADDRESS"))


def test_a_date_in_brackets_behind_a_full_name_is_of_birth() -> None:
    assert found("Passengers: Ewa Malinowska (1990-04-05)", "DATE_OF_BIRTH") == ["1990-04-05"]


def test_an_unlikely_name_is_a_hint_that_does_not_count() -> None:
    spans = [s for s in named([("the rose was red and the rust was orange", None)], _NOBODY)[0] if s.kind == "PERSON"]

    assert all(s.score < _COUNTS for s in spans)


def test_probabilities_are_of_each_word_and_of_every_label() -> None:
    words, _ = tokens_of("Hello, I am Torvald.")
    likely = bundled().probabilities(words)

    assert likely.shape == (len(words), len(LABELS))
    assert np.allclose(likely.sum(axis=1), 1, atol=1e-3)
    assert bundled().probabilities([]).shape == (0, len(LABELS))


def test_the_weights_weigh_less_than_five_megabytes() -> None:
    file = resources.files("llmci.adapters.recognizers").joinpath("tagger.npz")

    assert len(file.read_bytes()) < 5_000_000


@pytest.mark.parametrize(
    "text",
    [
        "What does maxlen do in collections.deque, and doseq in urllib.parse.urlencode?",
        "which module can read and write Maildir and mbox mailboxes",
        "Read data from stdout and stderr, until end-of-file is reached.",
        "from pprint import pprint as _pprint\nwith redirect_stdout(f): help(pow)",
        ">>> import hashlib\n>>> m = hashlib.md5()",
        "Locale's full month name. The charset of the payload.",
        "docker run grafana --charset=utf8 && npm install eslint",
        "call read_shell(args) or win_service_get('alg')",
        "assert Annotated[C, Ann1](5) == C(5)",
    ],
)
def test_names_of_code_are_nobody(text: str) -> None:
    assert found(text, "PERSON") == []


def test_a_person_beside_code_is_found() -> None:
    assert set(found("Ask Franz Glasner why urllib.parse fails.", "PERSON")) == {"Franz Glasner"}
    assert "Katarzyna Wisniewska" in found(
        "git blame says smtplib.py was last changed by Katarzyna Wisniewska", "PERSON"
    )


def test_what_else_is_searched_changes_nothing() -> None:
    texts = [
        f"{name} wrote to {other} in {place}."
        for name in ("Mia Li", "Omar Haddad")
        for other in ("Ngozi", "Rose")
        for place in ("Lyon", "May")
    ]
    alone = [bundled().probabilities(tokens_of(text)[0]) for text in texts]
    together = bundled().of_texts([tokens_of(text)[0] for text in texts * 40])

    assert all((one == other).all() for one, other in zip(alone * 40, together, strict=True))


def test_a_name_before_a_title_of_a_script_without_spaces_is_whole() -> None:
    assert "佐藤 健" in found("佐藤 健さんの電話番号は090-1234-5678です", "PERSON")


def test_encoded_data_is_one_token_that_is_nobody_and_is_not_remembered() -> None:
    data = "TG9yZW0gaXBzdW0gZG9sb3I" * 20
    words = tokens_of(f"see {data} of Mia Lindqvist")[0]

    assert words == ["see", data, "of", "Mia", "Lindqvist"]
    assert found(f"see {data} of Mia Lindqvist", "PERSON")[0].endswith("Lindqvist")
    assert data not in bundled()._known


MIXED = [
    *(
        "where is my parcel",
        "Hello, I am Torvald and this is Mia Li.",
        "the Ms and the Don said no",
        "my name is mia lindqvist",
    ),
    *(
        "Malon, Mark and Kaylee went to Lyon",
        "see urllib.parse, os and re",
        "名前は佐藤です",
        "李明先生 says hello",
        "",
    ),
    *(
        "Li, Mia\nHaddad, Omar",
        "Dear customer service,",
        "from paris to rome by may",
        "Mr. Okonkwo, 12 Elm Street, 80331 Bonn",
    ),
]


@pytest.mark.parametrize("extra", [_NOBODY, frozenset({"parcel"})])
def test_rules_that_are_not_asked_would_have_found_nothing(
    extra: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [(text, key) for text in MIXED for key in (None, "note")]
    before = named(texts, extra)
    monkeypatch.setattr(naming, "_most", lambda likely, starts, _: np.ones((len(starts), likely.shape[1])))

    assert named(texts, extra) == before
    assert [named([text], extra)[0] for text in texts] == before


@pytest.mark.parametrize(
    "text", ["a  b\n\tc'd ’e", "x²_1 ab1", "TG9y" * 20 + "1 end", "TG9yZW0+" * 6 + "1", "it's Jean-Luc's\u00a0dog", " "]
)
def test_tokens_are_all_there_is_but_space(text: str) -> None:
    words, places = tokens_of(text)

    assert words == words_of(text) == [text[start:end] for start, end in places]
    assert "".join(words) == "".join(c for c in text if c == "\n" or not c.isspace())

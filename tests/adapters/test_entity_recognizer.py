"""Recognizers of Presidio's that the user has: a spaCy model, a class of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmci import registry
from llmci.errors import UsageError
from llmci.seams import Context, Leaf, Recognizer


def an_entity_recognizer(root: Path = Path(), **options: Any) -> Recognizer:
    adapter = registry.adapter("recognizer", "entity")
    context = Context(name="mine", root=root, state=root, environ={}, shelf=lambda _: None)  # type: ignore[arg-type,return-value]
    made: Recognizer = adapter(adapter.Options(**options), context)
    return made


def found(recognizer: Recognizer, text: str) -> set[tuple[str, str]]:
    return {(s.kind, text[s.start : s.end]) for s in recognizer.find([Leaf(text)])[0]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spaCy pipeline that knows two names."""
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": "Zuberi"}, {"label": "PERSON", "pattern": "Ottoline"}]
    )
    path = tmp_path_factory.mktemp("models") / "tiny"
    nlp.to_disk(path)
    return path


def test_a_spacy_model_that_the_user_has_finds_what_it_knows(model: Path) -> None:
    recognizer = an_entity_recognizer(
        model.parent, recognizer="SpacyRecognizer", spacy_model="tiny", entities=("PERSON",)
    )

    assert ("PERSON", "Zuberi") in found(recognizer, "Zuberi called")
    assert found(recognizer, "") == set()
    assert "SpacyRecognizer" in recognizer.version


def test_a_class_of_presidio_runs_with_its_arguments() -> None:
    recognizer = an_entity_recognizer(
        recognizer="presidio_analyzer:PatternRecognizer",
        arguments={"supported_entity": "BADGE", "deny_list": ["Q-77"]},
    )

    assert found(recognizer, "badge Q-77 here") == {("BADGE", "Q-77")}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"recognizer": "GLiNERRecognizer"}, "needs the package 'gliner'"),
        ({"recognizer": "no_such_package:Thing"}, "needs the package 'no_such_package'"),
        ({"recognizer": "SpacyRecognizer", "spacy_model": "xx_none_sm"}, "no spaCy model 'xx_none_sm'"),
    ],
)
def test_what_is_not_installed_is_named_before_anything_is_read(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        an_entity_recognizer(**options)


def test_the_extra_that_brings_a_model_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        an_entity_recognizer(recognizer="GLiNERRecognizer")

    assert "llmci-loop[gliner]" in str(caught.value.fix)


@pytest.mark.parametrize(
    "options",
    [
        {"recognizer": "NoSuchRecognizer"},
        {"recognizer": "presidio_analyzer:PatternRecognizer", "arguments": {"no": "such"}},
    ],
)
def test_a_class_that_cannot_be_made_is_the_users_mistake(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        an_entity_recognizer(**options).find([Leaf("Mia")])

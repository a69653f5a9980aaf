"""A tokenizer in the place of Presidio's language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def blank_nlp() -> Any:  # noqa: ANN401, C901  an NlpEngine: its many methods are one line each
    """An engine whose lemmas are the tokens in lower case: enough for context words, and nothing to download."""
    import spacy
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

    class BlankNlp(NlpEngine):  # type: ignore[misc]  # Presidio is not typed
        """See `presidio_analyzer.nlp_engine.NlpEngine`."""

        engine_name = "blank"
        is_available = True

        def __init__(self) -> None:
            self.nlp = spacy.blank("en")
            self.nlp.max_length = 1 << 40

        def load(self) -> None:
            """Nothing is loaded."""

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:  # noqa: ANN401
            tokens = self.nlp(text)
            return NlpArtifacts(
                entities=[],
                tokens=tokens,
                tokens_indices=[token.idx for token in tokens],
                lemmas=[token.lower_ for token in tokens],
                nlp_engine=self,
                language=language,
            )

        def process_batch(self, texts: Iterable[str], language: str, **_: Any) -> Iterator[Any]:  # noqa: ANN401
            for text in texts:
                yield text, self.process_text(text, language)

        def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002  Presidio's signature
            return bool(self.nlp.vocab[word].is_stop)

        def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002  Presidio's signature
            return bool(self.nlp.vocab[word].is_punct)

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en"]

    return BlankNlp()

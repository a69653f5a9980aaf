"""Any recognizer of Presidio's, or written for it: a spaCy model, GLiNER, transformers, a class of your own."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmci import seams
from llmci.adapters.recognizers.presidio import keep_quiet
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.seams import Leaf, Span

_BUNDLED = "presidio_analyzer.predefined_recognizers"
# What must be installed beside llmci for classes of Presidio's, and the extra that brings it.
_EXTRAS = {"GLiNERRecognizer": ("gliner", "gliner"), "HuggingFaceNerRecognizer": ("transformers", "transformers")}
# Kinds that Presidio names otherwise; its models also find times, numbers and products that nobody asked for.
_KINDS = {"PER": "PERSON", "LOC": "LOCATION", "GPE": "LOCATION", "ORG": "ORGANIZATION"}


class EntityRecognizer:
    """Runs one `EntityRecognizer` over every text, with a spaCy model where it needs one; never downloads."""

    class Options(seams.Options):
        """What runs.

        Attributes:
            recognizer: `module:Class`, or the name of a class of presidio_analyzer.predefined_recognizers.
            arguments: What the class is made with, such as {"model_name": "/models/gliner"}.
            spacy_model: Name or directory of an installed spaCy pipeline, for classes that read its
                entities, such as SpacyRecognizer.
            language: Of the texts.
            entities: Entity types to take; all that it supports where empty.
        """

        recognizer: str
        arguments: dict[str, Any] = Field(default_factory=dict)
        spacy_model: str | None = None
        language: str = "en"
        entities: tuple[str, ...] = ()

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._options, self._name, self._root = options, context.name, context.root
        self._loaded: tuple[Any, Any] | None = None
        module, _, name = options.recognizer.rpartition(":")
        package, extra = _EXTRAS.get(name, (module.partition(".")[0] or "presidio_analyzer", ""))
        if find_spec(package) is None:
            raise UsageError(
                f"recognizers.{context.name}: {name} needs the package {package!r}, which is not installed.",
                fix=f"pip install 'llmci-loop[{extra}]'." if extra else f"Install {package!r} beside llmci.",
            )
        model = options.spacy_model
        if (
            model is not None
            and not (context.root / model).exists()
            and (not model.isidentifier() or find_spec(model) is None)
        ):
            raise UsageError(
                f"recognizers.{context.name}.spacy_model: there is no spaCy model {model!r} on this machine.",
                fix=f"python -m spacy download {model}; llmci itself downloads nothing.",
            )

    @property
    def version(self) -> str:
        """See `Recognizer.version`."""
        parts = [f"entity/1 {self._options.recognizer} presidio-analyzer/{version('presidio-analyzer')}"]
        model = self._options.spacy_model
        if model is not None:
            try:
                parts.append(f"{model}/{version(model)}")
            except (PackageNotFoundError, ValueError):
                parts.append(model)
        return " ".join(parts)

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`."""
        return [self._find(leaf.text) for leaf in leaves]

    def _find(self, text: str) -> list[Span]:
        if not any(c.isalnum() for c in text):
            return []
        recognizer, nlp = self._engine()
        wanted = list(self._options.entities or recognizer.supported_entities)
        artifacts = nlp.process_text(text, self._options.language) if nlp is not None else None
        return [
            seams.Span(r.start, r.end, _KINDS.get(r.entity_type, r.entity_type), min(1.0, float(r.score)), self._name)
            for r in recognizer.analyze(text, wanted, artifacts)
            if r.entity_type in wanted and r.end > r.start
        ]

    def _engine(self) -> tuple[Any, Any]:
        if self._loaded is None:
            keep_quiet()
            # Models that are not on this machine are not fetched.
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            self._loaded = self._recognizer(), self._nlp()
        return self._loaded

    def _recognizer(self) -> Any:  # noqa: ANN401  an EntityRecognizer
        module, _, name = self._options.recognizer.rpartition(":")
        found = getattr(import_module(module or _BUNDLED), name, None)
        if found is None:
            raise UsageError(
                f"recognizers.{self._name}.recognizer: there is no {name!r} in {module or _BUNDLED}.",
                fix="Name a class, such as SpacyRecognizer or my_package.pii:MyRecognizer.",
            )
        try:
            return found(**{"supported_language": self._options.language, **self._options.arguments})
        except (ImportError, OSError, TypeError, ValueError) as error:
            raise UsageError(
                f"recognizers.{self._name}: {name} cannot be made: {error}",
                fix="Check `arguments`; a model must be on this machine, for none is downloaded.",
            ) from None

    def _nlp(self) -> Any:  # noqa: ANN401  an NlpEngine
        model = self._options.spacy_model
        if model is None:
            return None
        import spacy
        from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

        here = self._root / model
        engine = SpacyNlpEngine(
            models=[{"lang_code": self._options.language, "model_name": model}],
            ner_model_configuration=NerModelConfiguration(labels_to_ignore=set()),
        )
        engine.nlp = {self._options.language: spacy.load(here if here.exists() else model)}
        return engine

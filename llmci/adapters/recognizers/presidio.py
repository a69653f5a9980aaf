"""Presidio's recognizers without a model, without the network, and without its noisy rules."""

from __future__ import annotations

import logging
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from llmci import seams
from llmci.adapters.recognizers.presidio_fast import FastAnalyzer, Found, is_known
from llmci.adapters.recognizers.quiet import no_probe
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from llmci.seams import Leaf, Span

_VERSION = 4
_GENERIC = ("CreditCardRecognizer", "CryptoRecognizer", "IbanRecognizer", "IpRecognizer", "MacAddressRecognizer")
# National recognizers by language. Left out because they fire on order numbers, words and file names:
# driver licences, medical licences, UUIDs, dates, addresses of the web; e-mails and telephone numbers
# are the business of `structured`.
_BY_LOCALE = {
    "en": ("UsSsnRecognizer", "UsPassportRecognizer", "UsItinRecognizer", "NhsRecognizer", "UsBankRecognizer"),
    "es": ("EsNifRecognizer", "EsNieRecognizer", "EsPassportRecognizer"),
    "de": (
        "DeTaxIdRecognizer",
        "DePassportRecognizer",
        "DeIdCardRecognizer",
        "DeSocialSecurityRecognizer",
        "DeHealthInsuranceRecognizer",
        "DeTaxNumberRecognizer",
    ),
    "it": ("ItFiscalCodeRecognizer", "ItVatCodeRecognizer", "ItPassportRecognizer", "ItIdentityCardRecognizer"),
    "pl": ("PlPeselRecognizer",),
}
# Believed only beside a word that says what they are.
_NEED_CONTEXT = frozenset(
    {"US_PASSPORT", "UK_NHS", "US_ITIN", "US_BANK_NUMBER", "ES_PASSPORT", "DE_PASSPORT", "DE_ID_CARD", "DE_TAX_NUMBER"}
)
# Believed without one where they are written with separators, and with one where they are not. All others are
# believed in any case: to weigh them would change their scores only.
_WEAK_WITHOUT = frozenset({"US_SSN"})
# What any of these recognizers needs to find anything at all.
_CANDIDATE = re.compile(
    r"(?<![\w.-])(?!(?:19|20)\d\d-\d\d-\d\d)(?:\d[ \u00a0./-]{0,2}){7,}\d|\d{1,3}(?:\.\d{1,3}){3}|(?<!\w)[A-Za-z]{1,2}\d{5,}|(?:[0-9A-Fa-f]{1,4}:){3,}|::|"
    r"(?<![A-Za-z0-9])(?:bc1|[13])[a-zA-Z0-9]{25,59}|[A-Z]{2}\d{2}[A-Z0-9 ]{8,}|[A-Z]{6}\d{2}[A-Z]\d{2}|\d{3}[- ]\d{2}[- ]\d{4}"
)
_VERSION_BEFORE = re.compile(
    r"(?i:\b(?:build|version|release|ver|v|section|chapter|clause|oid|lib)[\s.:=]*\Z)|[\w\]]==\Z|\d\.\Z"
)
_VERSION_BEHIND = re.compile(r"\.\d|-(?:alpha|beta|rc|dev|snapshot|SNAPSHOT)")
_FRACTION_BEFORE = re.compile(r"(?<![\d.])\d{1,3}\.\Z")
_VERSION_KEY = re.compile(r"(?i:version|release|build|revision)\Z")
# How much around a candidate its recognizers and their context words may need.
_BEFORE, _AFTER = 120, 40
_MOST = 4000
# `::` and `a::` are code far more often than addresses.
_LEAST_OF_IPV6 = 3


class PresidioRecognizer:
    """Runs Presidio's recognizers: those known to `presidio_fast` there, others by Presidio itself.

    Presidio then runs over a blank spaCy pipeline whose lemmas are the tokens, so that context words still count.
    """

    class Options(seams.Options):
        """What runs.

        Attributes:
            locales: Languages whose national recognizers run.
            recognizers: Classes of Presidio to run beside the built-in choice, by name.
            context_free: Entity types to believe without a context word as well.
        """

        locales: tuple[str, ...] = ("en",)
        recognizers: tuple[str, ...] = ()
        context_free: tuple[str, ...] = ()

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._options, self._name = options, context.name
        national = [name for locale in options.locales for name in _BY_LOCALE.get(locale, ())]
        names = dict.fromkeys((*_GENERIC, *national, *options.recognizers))
        self._others = [name for name in names if not is_known(name)]
        known = [name for name in names if name not in self._others]
        self._fast = FastAnalyzer(known, _NEED_CONTEXT | _WEAK_WITHOUT) if known else None
        self._analyzer: Any = None

    @property
    def version(self) -> str:
        """See `Recognizer.version`."""
        return f"presidio/{_VERSION} presidio-analyzer/{version('presidio-analyzer')}"

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`."""
        return [self._find(leaf) for leaf in leaves]

    def _find(self, leaf: Leaf) -> list[Span]:
        text = leaf.text
        context = [leaf.key.replace("_", " ")] if leaf.key else []
        found = self._fast.analyze(text, context) if self._fast is not None else []
        return [
            seams.Span(r.start, r.end, r.kind, min(1.0, r.score), "presidio")
            for r in (*found, *(self._stock(text, context) if self._others else ()))
            if self._is_believed(r, text, leaf.key)
        ]

    def _stock(self, text: str, context: list[str]) -> Iterator[Found]:
        """What Presidio itself finds, with the recognizers that are not known to the fast way."""
        windows = [(0, len(text))] if self._options.recognizers else _windows(text)
        for start, end in windows:
            results = self._engine().analyze(
                text[start:end], language="en", context=context or None, return_decision_process=True
            )
            for r in results:
                explained = r.analysis_explanation
                boosted = bool(explained and explained.score_context_improvement)
                yield Found(r.start + start, r.end + start, r.entity_type, r.score, boosted=boosted)

    def _is_believed(self, result: Found, text: str, key: str | None) -> bool:
        if result.kind == "IP_ADDRESS" and (
            (key and _VERSION_KEY.search(key))
            or _VERSION_BEFORE.search(text, max(0, result.start - 20), result.start)
            or _VERSION_BEHIND.match(text, result.end)
            or ("::" in (bare := text[result.start : result.end]) and sum(c.isalnum() for c in bare) < _LEAST_OF_IPV6)
        ):
            return False
        # What stands behind the point of a number is no card.
        if result.kind == "CREDIT_CARD" and _FRACTION_BEFORE.search(text, max(0, result.start - 4), result.start):
            return False
        if result.kind in _NEED_CONTEXT and result.kind not in self._options.context_free:
            return result.boosted
        return True

    def _engine(self) -> Any:  # noqa: ANN401  an AnalyzerEngine
        if self._analyzer is None:
            keep_quiet()
            self._analyzer = _engine(self._recognizers())
        return self._analyzer

    def _recognizers(self) -> list[Any]:
        import presidio_analyzer.predefined_recognizers as bundled

        names = self._others
        missing = [name for name in names if not hasattr(bundled, name)]
        if missing:
            raise UsageError(
                f"recognizers.{self._name}: Presidio has no recognizer called {missing[0]!r}.",
                fix="Name a class of presidio_analyzer.predefined_recognizers, such as InAadhaarRecognizer.",
            )
        return [getattr(bundled, name)(supported_language="en") for name in names]


def _windows(text: str) -> Iterable[tuple[int, int]]:
    """The parts of a text that are worth a look: Presidio takes a second for every 100 KB."""
    start = end = -1
    for match in _CANDIDATE.finditer(text):
        if start >= 0 and match.start() - _BEFORE <= end and match.end() - start < _MOST:
            end = min(len(text), match.end() + _AFTER)
            continue
        if start >= 0:
            yield start, end
        start, end = max(0, match.start() - _BEFORE), min(len(text), match.end() + _AFTER)
        while start and not text[start - 1].isspace() and match.start() - start < 2 * _BEFORE:
            start -= 1
    if start >= 0:
        yield start, end


def keep_quiet() -> None:
    """Silence what logs values that it could not validate, and keep tldextract from fetching its list."""
    for name in ("presidio-analyzer", "presidio_analyzer", "decision_process", "tldextract"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
    with no_probe():
        import tldextract.tldextract as domains

    domains.TLD_EXTRACTOR = domains.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _engine(recognizers: list[Any]) -> Any:  # noqa: ANN401  an AnalyzerEngine
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    from llmci.adapters.recognizers.blank_nlp import blank_nlp

    registry = RecognizerRegistry(recognizers=recognizers, supported_languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=blank_nlp(), supported_languages=["en"])

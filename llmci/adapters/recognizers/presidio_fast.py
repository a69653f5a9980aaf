"""What Presidio finds with its patterns, found faster: the same spans with the same scores.

The patterns are Presidio's. What is not: a text is only searched with a pattern whose least demand
it meets, checks are remembered, and the words around a finding are only looked at where one of the
recognizer's context words stands in the text at all. Stock Presidio is the oracle in the tests.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from llmci.adapters.recognizers.presidio_rules import iban_formats, rules_of
from llmci.adapters.recognizers.quiet import no_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FLAGS = re.DOTALL | re.MULTILINE | re.IGNORECASE
_ONLY_CASED = re.DOTALL | re.MULTILINE
# Of one case to `re`, and of none to the `regex` that Presidio uses: a letter without a case in ASCII.
_UNFOLDED = {0x0130: "\u00e9", 0x0131: "\u00e9"}
# Of Presidio's enhancer for context words.
_BOOST, _LEAST_BOOSTED, _WORDS_BEFORE = 0.35, 0.4, 6


@dataclass(frozen=True, slots=True)
class Found:
    """One result; `boosted` by a context word."""

    start: int
    end: int
    kind: str
    score: float
    boosted: bool = False


@dataclass(frozen=True, slots=True)
class _Recognizer:
    entity: str
    patterns: tuple[tuple[re.Pattern[str], float], ...]
    context: tuple[str, ...]
    demand: Callable[[str], Any]
    verdict: Callable[[str], float | None]
    ibans: bool = False


class FastAnalyzer:
    """Runs those of Presidio's recognizers that are known here.

    Args:
        names: Classes of Presidio; see `is_known`.
        weighed: Entity types whose context words are looked for; all by default. To take a text apart into
            words takes a tokenizer, whose import takes half a second.
    """

    def __init__(self, names: Sequence[str], weighed: frozenset[str] | None = None) -> None:
        self._weighed = weighed
        self._numbers = [_recognizer(name) for name in names if name in _NUMBERS]
        self._words = [_recognizer(name) for name in names if name not in _NUMBERS | _ADDRESSES]
        self._addresses = [_recognizer(name) for name in names if name in _ADDRESSES]

    def analyze(self, text: str, context: Sequence[str] = ()) -> list[Found]:
        """As `AnalyzerEngine.analyze` with a threshold of 0, in order of place."""
        if "\u0130" in text or "\u0131" in text:
            text = text.translate(_UNFOLDED)
        found: list[Found] = []
        words: _Words | None = None
        for recognizer in self._worth(text):
            if not recognizer.demand(text):
                continue
            results = _ibans(recognizer, text) if recognizer.ibans else _results(recognizer, text)
            if not results:
                continue
            if self._weighed is not None and recognizer.entity not in self._weighed:
                found += _without_duplicates(results)
                continue
            words = words or _Words(text, context)
            found += _without_duplicates(words.boosted(results, recognizer.context))
        return sorted(found, key=lambda f: (f.start, f.end, f.kind))

    def _worth(self, text: str) -> Iterator[_Recognizer]:
        """The recognizers that a text could be of interest to."""
        if _digit(text) is not None:
            yield from self._words
            if _number(text) is not None:
                yield from self._numbers
        elif ":" not in text and "-" not in text:
            return
        yield from self._addresses


def is_known(name: str) -> bool:
    """Whether a recognizer of Presidio can run here."""
    if name not in _KNOWN or rules_of(name) is None:
        return False
    try:
        return name != "IbanRecognizer" or bool(iban_formats())
    except (OSError, KeyError, ValueError, SyntaxError):
        return False


def _results(recognizer: _Recognizer, text: str) -> list[Found]:
    found = []
    for pattern, given in recognizer.patterns:
        for match in pattern.finditer(text):
            start, end = match.span()
            if start == end:
                continue
            verdict = recognizer.verdict(text[start:end])
            score = given if verdict is None else verdict
            if score > 0:
                found.append(Found(start, end, recognizer.entity, score))
    return _without_duplicates(found)


def _ibans(recognizer: _Recognizer, text: str) -> list[Found]:
    """The longest of the groups of a match that is valid."""
    found = []
    for pattern, given in recognizer.patterns:
        for match in pattern.finditer(text):
            for group in (3, 2, 1):
                start, end = match.start(), match.end(group) if match.end(group) > 0 else match.end()
                verdict = recognizer.verdict(text[start:end])
                score = given if verdict is None else verdict
                if score > 0:
                    found.append(Found(start, end, recognizer.entity, score))
                    break
    return found


def _without_duplicates(results: list[Found]) -> list[Found]:
    """Drop what an other result of the same kind, at least as sure, contains."""
    if len(results) == 1:
        return results
    kept: list[Found] = []
    active: list[Found] = []
    for result in sorted(set(results), key=lambda f: (f.start, f.start - f.end, -f.score)):
        active = [other for other in active if other.end >= result.start]
        if not any(result.end <= other.end and result.score <= other.score for other in active):
            kept.append(result)
            active.append(result)
    return kept


class _Words:
    """The words of a text, as far as they are asked for."""

    def __init__(self, text: str, context: Sequence[str]) -> None:
        self._text, self._lower, self._given = text, text.lower(), [word.lower() for word in context]
        self._tokens: tuple[list[int], list[str | None]] | None = None

    def boosted(self, results: list[Found], context: tuple[str, ...]) -> list[Found]:
        """The results with the scores that the words before them give them."""
        near = [word for word in context if word in self._lower]
        given = any(word in keyword for word in context for keyword in self._given)
        if not near and not given:
            return results
        return [
            Found(r.start, r.end, r.kind, min(1.0, max(r.score + _BOOST, _LEAST_BOOSTED)), boosted=True)
            if r.score < 1 and (given or self._stands_before(r, near))
            else r
            for r in results
        ]

    def _stands_before(self, result: Found, near: list[str]) -> bool:
        if self._tokens is None:
            self._tokens = tokens_of(self._text)
        ends, keywords = self._tokens
        # The first token that ends behind the start.
        at = bisect_right(ends, result.start)
        before = (keywords[index] for index in range(min(at, len(keywords) - 1), -1, -1))
        # The one keyword at or behind the finding is Presidio's, too.
        behind = (keywords[index] for index in range(at, len(keywords)))
        stands = (*islice(filter(None, before), _WORDS_BEFORE), *islice(filter(None, behind), 1))
        return any(word in keyword for keyword in stands for word in near)


def _recognizer(name: str) -> _Recognizer:
    rules = rules_of(name)
    if rules is None:
        raise ValueError(f"the rules of {name} are not known")
    demand, verdict, flags = _KNOWN[name]
    patterns = tuple((re.compile(pattern, flags), score) for pattern, score in rules.patterns)
    context = tuple(word.lower() for word in rules.context)
    return _Recognizer(rules.entity, patterns, context, demand, verdict, ibans=name == "IbanRecognizer")


def _digits_of(text: str) -> str:
    return text.replace("-", "").replace(" ", "")


@lru_cache(maxsize=4096)
def _card(text: str) -> float | None:
    digits = [int(c) for c in _digits_of(text)]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return 1.0 if total % 10 == 0 else 0.0


_BASE58 = {c: i for i, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {c: i for i, c in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_SUMS = (1, 0x2BC830A3)
_LONGEST_BECH32, _BECH32_CHECK = 90, 7


@lru_cache(maxsize=4096)
def _crypto(text: str) -> float | None:
    if text[0] in "13":
        return 1.0 if _is_base58check(text) else 0.0
    return 1.0 if text.startswith("bc1") and _is_bech32(text) else 0.0


def _is_base58check(text: str) -> bool:
    """Base 58 with a checksum of four bytes (the Bitcoin wiki's Base58Check)."""
    rest, number = text.lstrip("1"), 0
    for character in rest:
        if character not in _BASE58:
            return False
        number = number * 58 + _BASE58[character]
    data = number.to_bytes(len(text) - len(rest) + (number.bit_length() + 7) // 8, "big")
    return data[-4:] == sha256(sha256(data[:-4]).digest()).digest()[:4]


def _is_bech32(text: str) -> bool:
    """Bech32 and Bech32m (BIP 173 and 350)."""
    if text not in (text.lower(), text.upper()):
        return False
    lower = text.lower()
    at = lower.rfind("1")
    if at < 1 or at + _BECH32_CHECK > len(lower) or len(lower) > _LONGEST_BECH32:
        return False
    if any(character not in _BECH32 for character in lower[at + 1 :]):
        return False
    prefix = [ord(c) for c in lower[:at]]
    values = [*(c >> 5 for c in prefix), 0, *(c & 31 for c in prefix), *(_BECH32[c] for c in lower[at + 1 :])]
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check in _BECH32_SUMS


@lru_cache(maxsize=4096)
def _iban(text: str) -> float | None:
    plain = _digits_of(text)
    try:
        number = "".join(str(int(c, 36)) for c in f"{plain[4:]}{plain[:2]}00".upper())
        if f"{98 - int(number) % 97:0>2}" != plain[2:4]:
            return 0.0
    except ValueError:
        return 0.0
    formats = iban_formats()
    if plain[:2] in formats and formats[plain[:2]].match(plain):
        return 1.0
    upper = plain.upper()
    return None if upper[:2] in formats and formats[upper[:2]].match(upper) else 0.0


@lru_cache(maxsize=4096)
def _ip(text: str) -> float | None:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return 0.0
    return None


def _mac(text: str) -> float | None:
    cleaned = re.sub(r"[:\-.]", "", text)
    if re.fullmatch(r"[0-9A-Fa-f]{12}", cleaned) is None or cleaned.upper() in ("F" * 12, "0" * 12):
        return 0.0
    return None


@lru_cache(maxsize=4096)
def _ssn(text: str) -> float | None:
    digits = "".join(c for c in text if c.isdigit())
    if (
        len({c for c in text if c in ".- "}) > 1
        or len(set(digits)) == 1
        or digits[3:5] == "00"
        or digits[5:] == "0000"
        or digits[:3] in ("000", "666")
        or digits in ("123456789", "987654320", "078051120")
    ):
        return 0.0
    return None


@lru_cache(maxsize=4096)
def _nhs(text: str) -> float | None:
    return (
        1.0
        if sum(int(c) * weight for c, weight in zip(_digits_of(text), range(10, -1, -1), strict=False)) % 11 == 0
        else 0.0
    )


def _any(text: str) -> float | None:  # noqa: ARG001  kinds without a check
    return None


# What a text must hold to be worth a search: bounded runs, and counts before them, since those are cheaper.
_digit = re.compile(r"\d").search
_number = re.compile(r"\d[\d .-]{7}").search
_eight_digits = re.compile(r"[0-9]{8}").search
_nine_digits = re.compile(r"[0-9](?:[- .]?[0-9]){8}").search
_ten_digits = re.compile(r"[0-9](?:[- ]?[0-9]){9}").search
_twelve_digits = re.compile(r"\d(?:[- ]?\d){11}").search
_country_and_check = re.compile(r"[0-9][0-9][ -]?[A-Z0-9]{4}").search
_long_word = re.compile(r"[13][a-zA-Z0-9\u017f\u212a]{25}").search
_nine_from_nine = re.compile(r"9\d\d[- ]?\d\d[- ]?\d{4}").search
_dotted = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]").search
_colons = re.compile(r"::|(?:[0-9A-Fa-f]{1,4}:){6}").search
_pairs = re.compile(r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]").search
_fours = re.compile(r"[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.").search
_LONG, _PAIRS, _DOTS, _COLONS = 26, 5, 3, 6


def _ip_demand(text: str) -> bool:
    if text.count(".") >= _DOTS and _dotted(text) is not None:
        return True
    return ("::" in text or text.count(":") >= _COLONS) and _colons(text) is not None


def _mac_demand(text: str) -> bool:
    if (text.count(":") >= _PAIRS or text.count("-") >= _PAIRS) and _pairs(text) is not None:
        return True
    return text.count(".") >= 2 and _fours(text) is not None


def _crypto_demand(text: str) -> bool:
    return len(text) >= _LONG and _long_word(text) is not None


# What stands in no recognizer's way: a colon or a hyphen for addresses, else a digit; a number for those of numbers.
_ADDRESSES = frozenset({"IpRecognizer", "MacAddressRecognizer"})
_NUMBERS = frozenset(
    {
        "CreditCardRecognizer",
        "UsSsnRecognizer",
        "UsPassportRecognizer",
        "UsItinRecognizer",
        "NhsRecognizer",
        "UsBankRecognizer",
    }
)


_Known = dict[str, "tuple[Callable[[str], Any], Callable[[str], float | None], int]"]
_KNOWN: _Known = {
    "CreditCardRecognizer": (_twelve_digits, _card, _FLAGS),
    "CryptoRecognizer": (_crypto_demand, _crypto, _FLAGS),
    "IbanRecognizer": (_country_and_check, _iban, _ONLY_CASED),
    "IpRecognizer": (_ip_demand, _ip, _FLAGS),
    "MacAddressRecognizer": (_mac_demand, _mac, _FLAGS),
    "UsSsnRecognizer": (_nine_digits, _ssn, _FLAGS),
    "UsPassportRecognizer": (_eight_digits, _any, _FLAGS),
    "UsItinRecognizer": (_nine_from_nine, _any, _FLAGS),
    "NhsRecognizer": (_ten_digits, _nhs, _FLAGS),
    "UsBankRecognizer": (_eight_digits, _any, _FLAGS),
}


def tokens_of(text: str) -> tuple[list[int], list[str | None]]:
    """Where each token ends, and its keyword as Presidio's `NlpArtifacts` and enhancer make it; None where it has none."""
    tokenizer = _tokenizer()
    doc, vocab = tokenizer(text), tokenizer.vocab
    lemmas = [token.lower_ for token in doc]
    known: set[str] = set()
    for lemma in dict.fromkeys(lemmas):
        if not vocab[lemma].is_stop and not vocab[lemma].is_punct and lemma not in ("-PRON-", "be"):
            known.update(lemma.split(":"))
    return [token.idx + len(token) for token in doc], [lemma if lemma in known else None for lemma in lemmas]


@lru_cache(maxsize=1)
def _tokenizer() -> Any:  # noqa: ANN401  a spaCy Tokenizer
    """That of `spacy.blank("en")`, without the pipeline around it, which takes four times as long to make."""
    with no_probe():
        from spacy.lang.en import English
        from spacy.language import create_tokenizer
        from spacy.vocab import create_vocab

    language = SimpleNamespace(vocab=create_vocab("en", English.Defaults), Defaults=English.Defaults)
    return create_tokenizer()(language)

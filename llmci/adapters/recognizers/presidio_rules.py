"""Presidio's patterns, read from its source without importing it: the import takes longer than most runs."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_FILES = {
    "CreditCardRecognizer": "generic/credit_card_recognizer.py",
    "CryptoRecognizer": "generic/crypto_recognizer.py",
    "IbanRecognizer": "generic/iban_recognizer.py",
    "IpRecognizer": "generic/ip_recognizer.py",
    "MacAddressRecognizer": "generic/mac_recognizer.py",
    "UsSsnRecognizer": "country_specific/us/us_ssn_recognizer.py",
    "UsPassportRecognizer": "country_specific/us/us_passport_recognizer.py",
    "UsItinRecognizer": "country_specific/us/us_itin_recognizer.py",
    "UsBankRecognizer": "country_specific/us/us_bank_recognizer.py",
    "NhsRecognizer": "country_specific/uk/uk_nhs_recognizer.py",
}
_IBAN_FORMATS = "generic/iban_patterns.py"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one of Presidio's recognizers looks for.

    Attributes:
        entity: Its entity type.
        patterns: Expressions as written, with their scores.
        context: Words that raise the score of what they stand before.
    """

    entity: str
    patterns: tuple[tuple[str, float], ...]
    context: tuple[str, ...]


@lru_cache(maxsize=32)
def rules_of(name: str) -> Rules | None:
    """The rules of a recognizer; None where this version of Presidio has them elsewhere, or has none."""
    try:
        tree = ast.parse((_directory() / _FILES[name]).read_text(encoding="utf-8"))
        [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
        patterns = tuple(
            (ast.literal_eval(call.args[1]), float(ast.literal_eval(call.args[2])))
            for call in _assigned(found, "PATTERNS").elts
        )
        context = tuple(ast.literal_eval(_assigned(found, "CONTEXT")))
        entity = _default(found, "supported_entity")
        for pattern, _ in patterns:
            re.compile(pattern)
    except (OSError, KeyError, ValueError, IndexError, AttributeError, SyntaxError, re.error):
        return None
    return Rules(entity, patterns, context)


@lru_cache(maxsize=1)
def iban_formats() -> dict[str, re.Pattern[str]]:
    """The form of each country's IBAN, by its two letters.

    Raises:
        OSError: This version of Presidio has them elsewhere.
    """
    tree = ast.parse((_directory() / _IBAN_FORMATS).read_text(encoding="utf-8"))
    known: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = _joined(node.value, known)
    return {country: re.compile(form, re.DOTALL | re.MULTILINE) for country, form in known["regex_per_country"].items()}


def _directory() -> Path:
    spec = find_spec("presidio_analyzer")
    if spec is None or not spec.submodule_search_locations:
        raise OSError("presidio_analyzer is not installed")
    return Path(spec.submodule_search_locations[0]) / "predefined_recognizers"


def _assigned(body: ast.ClassDef, name: str) -> Any:  # noqa: ANN401  a node of the kind that the name has
    return next(
        node.value
        for node in body.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    )


def _default(body: ast.ClassDef, argument: str) -> str:
    made = next(node for node in body.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    names = [argument.arg for argument in made.args.args]
    defaults = dict(zip(reversed(names), reversed(made.args.defaults), strict=False))
    return str(ast.literal_eval(defaults[argument]))


def _joined(node: ast.expr, known: dict[str, Any]) -> Any:  # noqa: ANN401  a string or a dictionary of strings
    """A literal, a name that was assigned before, a sum of them, or a dictionary of sums."""
    match node:
        case ast.Name():
            return known[node.id]
        case ast.BinOp():
            return _joined(node.left, known) + _joined(node.right, known)
        case ast.Dict():
            return {
                ast.literal_eval(key): _joined(value, known)
                for key, value in zip(node.keys, node.values, strict=True)
                if key
            }
        case _:
            return ast.literal_eval(node)

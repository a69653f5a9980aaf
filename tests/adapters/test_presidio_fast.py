"""What is found fast is what Presidio finds: the same spans, kinds and scores. `benchmarks/presidio_parity.py` asks for more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from growth import grows_in_proportion

from llmci.adapters.recognizers import presidio_rules
from llmci.adapters.recognizers.presidio_fast import FastAnalyzer, is_known

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from presidio_parity import NAMES, fuzz, pairs_of_results, stock_analyzer

TEXTS = (
    "my bank account is 945456787654",
    "passport 912803456 and SSN 536-90-4399",
    "card 4111 1111 1111 1111 exp 04/27",
    "IBAN DE89 3704 0044 0532 0130 00 X, gb29nwbk60161331926819",
    "wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT or bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "ip 10.0.0.1/24, ::1, fe80::1%eth0, ::ffff:1.2.3.4 and mac 00:1B:44:11:3A:B7",
    "NHS number 943 476 5919; itin 912-70-1234",
    "123456789 999999999 000-12-3456 078051120",
    "\u0131\u0130\u017f\u212a 4111\u06611111 536-90-4399\u0131",
    "",
)


@pytest.fixture(scope="module")
def stock() -> Any:
    return stock_analyzer()


def test_all_shared_recognizers_are_known() -> None:
    assert [name for name in NAMES if not is_known(name)] == []


@pytest.mark.parametrize("text", TEXTS)
def test_the_results_are_those_of_presidio(text: str, stock: Any) -> None:
    ours, theirs = pairs_of_results(text, None, stock)

    assert ours == theirs


def test_the_key_above_a_text_counts_as_context(stock: Any) -> None:
    ours, theirs = pairs_of_results("945456787654", ["bank account"], stock)

    assert ours == theirs
    assert any(score == 0.4 for _, _, kind, score in ours if kind == "US_BANK_NUMBER")


def test_the_results_on_random_texts_are_those_of_presidio(stock: Any) -> None:
    for text in fuzz(150, seed=11):
        ours, theirs = pairs_of_results(text, None, stock)
        assert ours == theirs, text


def test_a_version_of_presidio_with_other_files_is_left_to_presidio(monkeypatch: pytest.MonkeyPatch) -> None:
    presidio_rules.rules_of.cache_clear()
    monkeypatch.setitem(presidio_rules._FILES, "IpRecognizer", "elsewhere.py")

    assert not is_known("IpRecognizer")

    presidio_rules.rules_of.cache_clear()


def test_a_number_repeated_ten_thousand_times_takes_time_in_proportion() -> None:
    analyzer = FastAnalyzer(NAMES)
    analyzer.analyze("my account is 123456789")

    assert grows_in_proportion(lambda count: analyzer.analyze("account 123456789 " * count))

from __future__ import annotations

import pytest

from llmci.core.grouping.language import UNKNOWN, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my parcel and when will it arrive", "en"),
        ("¿dónde está mi paquete? no puedo verlo", "es"),
        ("je ne trouve pas mon colis, pouvez-vous m'aider avec les documents", "fr"),
        ("wo ist mein Paket und wann kommt es an", "de"),
        ("где моя посылка", "ru"),
        ("荷物はどこですか", "ja"),
        ("我的包裹在哪里", "zh"),
        ("소포 어디에 있나요", "ko"),
        ("أين طردي", "ar"),
        ("12345 !!!", UNKNOWN),
        ("", UNKNOWN),
        ("😀😀😀", UNKNOWN),
        ("xkcd qwrt", UNKNOWN),
    ],
)
def test_language_is_guessed_by_script_and_small_words(text: str, language: str) -> None:
    assert language_of(text) == language

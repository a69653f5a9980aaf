# ruff: noqa: RUF001  letters of many scripts

from __future__ import annotations

import pytest

from llmci.core.grouping.language import UNKNOWN, language_of, surely


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
        ("東京都渋谷区の天気予報", "ja"),
        ("Як змінити пароль, будь ласка", "uk"),
        ("Къде е моята пратка", "bg"),
        ("چگونه رمز عبور را تغییر دهم", "fa"),
        ("میرا پارسل کہاں ہے", "ur"),
        ("আমার পার্সেল কোথায়", "bn"),
        ("Jag vill avboka min beställning", "sv"),
        ("Chcę anulować zamówienie, gdzie jest moja paczka", "pl"),
        ("Siparişimi iptal etmek istiyorum, nerede", "tr"),
        ("Saya ingin membatalkan pesanan saya", "id"),
        ("Tôi muốn hủy đơn hàng", "vi"),
        ("12345 !!!", UNKNOWN),
        ("", UNKNOWN),
        ("😀😀😀", UNKNOWN),
        ("xkcd qwrt", UNKNOWN),
    ],
)
def test_language_is_guessed_by_script_and_small_words(text: str, language: str) -> None:
    assert language_of(text) == language


def test_signs_that_two_languages_share_are_no_sure_sign() -> None:
    assert language_of("配送状況確認") == "zh"
    assert surely("配送状況確認") == UNKNOWN
    assert surely("我的包裹在哪里") == "zh"

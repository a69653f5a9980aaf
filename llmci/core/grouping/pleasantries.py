"""Greetings, thanks and assent: what asks for nothing, and rightly gets the same answer each time."""

from __future__ import annotations

import re

from llmci.core.grouping.language import SMALL_WORDS

_WORD = re.compile(r"[^\W\d_]+")
# Longer ones ask for something as well.
_LONGEST = 80
_WORDS = frozenset(
    ["hi", "hello", "hey", "hiya", "yo", "greetings", "good", "morning", "afternoon", "evening", "night", "day", "there", "bot", "assistant", "dear", "thanks", "thank", "thx", "ty", "cheers", "much", "lot", "very", "so", "really", "super", "help", "helping", "helped", "helpful", "support", "great", "perfect", "awesome", "nice", "cool", "wonderful", "excellent", "amazing", "appreciate", "appreciated", "everything", "all", "again", "today", "quick", "fast", "answer", "ok", "okay", "yes", "no", "yeah", "yep", "nope", "sure", "fine", "right", "exactly", "correct", "bye", "goodbye", "ciao", "later", "welcome", "please", "sorry", "well", "hallo", "guten", "tag", "morgen", "abend", "danke", "dank", "vielen", "schön", "sehr", "hilfe", "gut", "super", "tschüss", "wiedersehen", "ja", "nein", "moin", "servus", "bitte", "bonjour", "bonsoir", "salut", "merci", "beaucoup", "bien", "aide", "parfait", "revoir", "oui", "non", "hola", "buenos", "buenas", "días", "tardes", "noches", "gracias", "muchas", "ayuda", "perfecto", "adiós", "sí", "vale", "olá", "oi", "bom", "boa", "dia", "tarde", "noite", "obrigado", "obrigada", "muito", "ajuda", "perfeito", "tchau", "sim", "não", "buongiorno", "buonasera", "salve", "grazie", "mille", "aiuto", "perfetto", "arrivederci", "sì", "goedemorgen", "goedendag", "dankjewel", "bedankt", "hulp", "doei", "nee", "hej", "tack", "tak", "takk", "god", "dag", "dzień", "dobry", "cześć", "dziękuję", "bardzo", "pomoc", "ahoj", "děkuji", "dobrý", "den", "merhaba", "selam", "teşekkürler", "teşekkür", "ederim", "günaydın", "evet", "hayır", "привет", "здравствуйте", "добрый", "день", "вечер", "утро", "спасибо", "большое", "пожалуйста", "да", "нет", "привіт", "дякую", "مرحبا", "أهلا", "السلام", "عليكم", "شكرا", "شكراً", "جزيلا", "نعم", "नमस्ते", "धन्यवाद", "शुक्रिया", "हाँ", "xin", "chào", "cảm", "ơn", "halo", "terima", "kasih"]
)
# With a few signs of courtesy after it.
_UNSPACED = re.compile(
    r"\W*(?:你好|您好|谢谢|謝謝|多谢|好的|再见|早上好|晚上好|こんにちは|こんばんは|おはよう|ありがとう|どうも|はい|了解|안녕|감사|고마워|고맙|네|สวัสดี|ขอบคุณ).{0,5}"
)


def is_pleasantry(text: str) -> bool:
    """Whether a message is a greeting, thanks or assent and no more."""
    if len(text) > _LONGEST:
        return False
    if any(sign.isdigit() for sign in text):
        return False
    words = [word for word in _WORD.findall(text.casefold()) if word not in SMALL_WORDS]
    return _UNSPACED.fullmatch(text.strip()) is not None or all(word in _WORDS for word in words)

"""Greetings, thanks and assent: what asks for nothing, and rightly gets the same answer each time."""

from __future__ import annotations

import re

from llmci.core.grouping.language import SMALL_WORDS
from llmci.core.grouping.words import WORD

# Longer messages ask for something as well.
_LONGEST = 80
_GREETINGS = (
    "hi hello hey hiya greetings dear thanks thank thx cheers please pls kindly asap bye goodbye ok okay",
    "hallo guten danke servus moin tschüss bonjour bonsoir salut merci hola buenos buenas gracias adiós",
    "olá oi obrigado obrigada tchau buongiorno buonasera salve grazie prego arrivederci goedemorgen goedendag dankjewel bedankt",
    "hej tack tak takk cześć dziękuję proszę ahoj děkuji prosím merhaba selam teşekkürler teşekkür ederim lütfen",
    "привет здравствуйте спасибо пожалуйста привіт дякую مرحبا أهلا السلام عليكم شكرا شكراً नमस्ते धन्यवाद शुक्रिया कृपया halo terima kasih",
)
# What goes with them.
_AND_SUCH = (
    "good morning afternoon evening night day there bot assistant much lot very so really super help helping helped helpful support",
    "great perfect awesome nice cool wonderful excellent amazing appreciate appreciated everything all again today quick fast answer",
    "yes no yeah yep nope sure fine right exactly correct later welcome sorry well tag morgen abend dank vielen schön sehr hilfe gut",
    "wiedersehen ja nein bitte beaucoup bien aide parfait revoir oui non días tardes noches muchas ayuda perfecto sí vale",
    "bom boa dia tarde noite muito ajuda perfeito sim não mille aiuto perfetto ciao hulp doei nee god dag dzień dobry bardzo pomoc",
    "dobrý den günaydın evet hayır добрый день вечер утро большое да нет جزيلا نعم हाँ xin chào cảm ơn",
)
GREETINGS = frozenset(word for line in _GREETINGS for word in line.split())
_WORDS = GREETINGS | {word for line in _AND_SUCH for word in line.split()}
# With a few signs of courtesy after it.
_UNSPACED = re.compile(
    r"\W*(?:你好|您好|谢谢|謝謝|多谢|好的|再见|早上好|晚上好|こんにちは|こんばんは|おはよう|ありがとう|どうも|はい|了解|안녕|감사|고마워|고맙|네|สวัสดี|ขอบคุณ).{0,5}"
)


def is_pleasantry(text: str) -> bool:
    """Whether a message is a greeting, thanks or assent and no more."""
    if len(text) > _LONGEST or any(sign.isdigit() for sign in text):
        return False
    words = [word for word in WORD.findall(text.casefold()) if word not in SMALL_WORDS]
    return _UNSPACED.fullmatch(text.strip()) is not None or all(word in _WORDS for word in words)

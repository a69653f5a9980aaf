"""Whether an answer declines, by how it begins, in the languages that models are mostly spoken to in.

Who declines says of himself that he cannot do what he is there for: help, answer, provide. That something cannot be done, or
that the user cannot log in, is an answer; so is "I cannot give an exact date, but it is about three days".
"""

from __future__ import annotations

import re
from functools import cache

# An answer declines in its first words, and is not long: what goes on for pages helps after all.
_WITHIN = 240
_LONGEST = 1_500
# A paragraph as short as this, such as "I'm sorry.", is but an opening.
_OPENING = 60
_QUOTES = re.compile('["\u201c\u201e\u00ab\u300c]')

_EN_OFTEN = r"(?:(?:just|simply|currently|unfortunately|also|still|therefore|really|only) )*"
_EN_DO = (
    "(?:help|assist|answer|provide|comply|do (?:that|this|so|it)|fulfill?|discuss|share|give|create|generate|write|produce|offer|"
    "process|complete|carry out|perform|support|engage|respond|continue|participate|disclose|reveal|diagnose|speculate|accommodate|"
    "comment on|browse|access|find (?:any|that|the) (?:information|answer)|send|make (?:an? )?(?:exceptions?|changes?|bookings?)|book|cancel|change|issue|tell you|proceed)"
)
_CANNOT = "(?:can't|cannot|can not|could not|couldn't|won't(?: be able to)?|will not(?: be able to)?)"
_UNABLE = r"(?:not able|unable|not allowed|not permitted|not authori[sz]ed|not equipped|not in a position)"
_OF_WHAT = "(?:information|info|details|data|knowledge|context)"

# What follows one of the first may, within so many characters of one sentence, be one of the second.
_SAID: dict[str, tuple[tuple[str, int, str], ...]] = {
    "en": (
        (rf"\bi {_EN_OFTEN}{_CANNOT} (?:\w+ )?", 0, rf"{_EN_DO}\b(?! but\b)"),
        (rf"\bi(?:'m| am) {_EN_OFTEN}{_UNABLE} to (?:\w+ )?", 0, rf"{_EN_DO}\b"),
        (r"\bi(?:'m| am)? ", 0, r"(?:must|have to|need to|will have to|respectfully|going to have to) (?:\w+ )?(?:decline|refuse)\b"),
        (r"\bi ", 0, r"(?:respectfully |politely )?decline to\b"),
        (r"\bi(?: do not| don't|'m not| am not) (?:feel )?", 0, r"comfortable (?:\w+ing|with (?:this|that))\b"),
        (rf"\b(?:an ai|language model|assistant)\b[^.!?]{{0,30}}\b(?:and|so|therefore),? {_CANNOT} ", 0, rf"{_EN_DO}\b"),
        (r"\b(?:that|this|it)(?:'s| is) (?:outside|beyond) ", 0, r"(?:of )?(?:what i|my (?:scope|capabilities|abilities))\b"),
        (rf"\bi {_EN_OFTEN}(?:do not|don't) {_EN_OFTEN}", 0, r"have (?:access|the (?:ability|capability|means|tools|permission)|permission)\b"),
        (rf"\bi {_EN_OFTEN}(?:do not|don't) {_EN_OFTEN}", 0, rf"have (?:\w+ ){{0,2}}{_OF_WHAT} (?:about|on|regarding|to|that|available)\b"),
        (r"\bi (?:do not|don't) have (?:that|this|such|any|the) ", 0, r"(?:specific )?information\b"),
        (r"^\W*(?:(?:i'm |i am )?sorry,? (?:but )?)?i (?:do not|don't) know\b(?! (?:if|whether|which) (?:you|this|it))", 0, ""),
        (r"\b(?:that|this|it)(?:'s| is)? ", 0, r"(?:not something|nothing) (?:that )?i (?:can|am able to)\b"),
        (r"\bagainst (?:my|our) ", 0, r"(?:guidelines|polic(?:y|ies)|programming|principles)\b"),
    ),
    "de": (
        (r"\b(?:ich (?:kann|darf|werde|könnte)|(?:kann|darf|werde) ich)\b", 60, (r"\b(?:nicht|keine?[nrs]?)\b[^.!?]{0,60}\b(?:(?:weiter)?helfen|"
         r"behilflich|beantworten|antworten|bereitstellen|geben|erfüllen|ausführen|bearbeiten|unterstützen|anbieten|erstellen|nachkommen|tun|entsprechen)\b")),
        (r"\bich (?:bin|habe) (?:leider |dazu |darauf )*", 0, r"(?:nicht (?:in der lage|befugt|berechtigt)|keine[n]? (?:zugriff|zugang|informationen))\b"),
    ),
    "nl": (
        (r"\b(?:ik (?:kan|mag)|(?:kan|mag) ik)\b", 60, r"\b(?:niet|geen)\b[^.!?]{0,60}\b(?:helpen|beantwoorden|antwoorden|geven|verstrekken|uitvoeren|bieden|voldoen)\b"),
        (r"\bik (?:ben|heb) (?:helaas )?", 0, r"(?:niet in staat|niet bevoegd|geen (?:toegang|informatie))\b"),
    ),
    "sv, da, no": (
        (r"\b(?:(?:jag|jeg) kan|kan (?:jag|jeg))\b", 30, r"\b(?:inte|ikke)\b[^.!?]{0,30}\b(?:hjälpa|hjælpe|hjelpe|svara|svare|ge|give|gi|besvara|besvare|tillhandahålla)\b"),
    ),
    "es": (
        (r"\bno (?:puedo|podré|me es posible|estoy autorizad[oa] (?:a|para)|soy capaz de) (?:\w+ )?", 0,
         r"(?:ayud|respond|proporcion|cumpl|ofrec|hacer eso|compart|asist|dar|gener|crear|acced|realiz|atend|complet|proces|brind)"),
        (r"\b(?:lamento|siento) no poder ", 0, r"(?:ayud|respond|proporcion|ofrec)"),
        (r"\bno tengo ", 0, r"(?:acceso|información|permiso|la capacidad)\b"),
    ),
    "pt": (
        (r"\bnão (?:posso|consigo|poderei|me é possível|estou autorizad[oa] a|sou capaz de) (?:\w+ )?", 0,
         r"(?:ajud|respond|fornec|cumpr|oferec|fazer isso|compartilh|dar|gerar|criar|acess|realiz|atend|auxili|process)"),
        (r"\bnão tenho ", 0, r"(?:acesso|informaç|permiss|a capacidade)"),
    ),
    "fr": (
        (r"\bje ne (?:peux|pourrai|puis) (?:malheureusement )?pas ", 0, (r"(?:(?:vous |t'|te |l'|le |la |y |lui |en )*)(?:aider|répondre|fournir|donner|faire|accéder|"
         r"traiter|partager|proposer|satisfaire|effectuer|créer|générer|discuter|accéder)\b")),
        (r"\bje (?:ne suis|n'ai) ", 0, r"pas (?:en mesure|autorisée?|capable|accès|d'informations?|la possibilité)\b"),
    ),
    "it": (
        (r"\bnon (?:posso|potrò|sono in grado di|mi è possibile|sono autorizzat[oa] a) (?:\w+ )?", 0,
         r"(?:aiut|rispond|forni|dare|dar|soddisf|condivid|offri|crear|gener|acced|esegu|assist|farlo)"),
        (r"\bnon ho ", 0, r"(?:accesso|informazioni|il permesso)\b"),
    ),
    "pl": (
        (r"\bnie (?:mogę|jestem w stanie|potrafię)\b", 40, r"\b(?:pomóc|odpowiedzieć|udzielić|podać|spełnić|wykonać|zrobić|dostarczyć)\b"),
        (r"\bnie mam ", 0, r"(?:dostępu|informacji|uprawnień)\b"),
    ),
    "cs": ((r"\b(?:nemohu|nemůžu)\b", 40, r"\b(?:pomoci|pomoct|odpovědět|poskytnout|splnit)\b"),),
    "ro": ((r"\bnu (?:te |vă )?pot\b", 20, r"\b(?:ajut|răspund|ofer|furniz)"),),
    "tr": ((r"", 0, r"\b(?:yardımcı ola|yardım ede|yanıtlaya|cevaplaya|sağlaya|yerine getire)m(?:am|em|ıyorum|iyorum)\b"),),
    "ru": (
        (r"\bне (?:могу|смогу|имею возможности|имею права)\b", 40, r"\b(?:помочь|ответить|отвечать|предоставить|предоставлять|выполнить|дать|сделать|обсуждать|поделиться|помогать)\b"),
        (r"\bу меня нет ", 0, r"(?:доступа|информации|возможности)\b"),
    ),
    "uk": ((r"\bне (?:можу|зможу)\b", 40, r"\b(?:допомогти|відповісти|надати|виконати|зробити)\b"),),
    "vi": ((r"\btôi không thể ", 20, r"(?:giúp|hỗ trợ|trả lời|cung cấp|thực hiện)"),),
    "id": ((r"\bsaya (?:tidak|belum) (?:dapat|bisa|mampu) ", 0, r"(?:membantu|menjawab|memberikan|memenuhi|menyediakan)\b"),),
    "th": ((r"ไม่สามารถ", 0, r"(?:ช่วย|ให้|ตอบ|ดำเนินการ)"),),
    "ar": ((r"لا (?:أستطيع|يمكنني|أقدر|يمكننى)", 30, r"(?:مساعد|تقديم|الإجابة|الاجابة|توفير|تنفيذ|إعطاء)"),),
    "hi": ((r"(?:मदद|सहायता|जवाब|उत्तर|जानकारी)", 25, r"नहीं (?:कर|दे) सक"),),
    "ja": ((r"(?:手伝い|答え|応え|回答|対応|提供|教え|案内)", 0, r"(?:する(?:こと|の)|すること)?(?:が|は|も)?(?:でき(?:ません|かねます|ない)|(?:いた)?しかねます|致しかねます)"),),
    "zh": (
        (r"我(?:们)?(?:目前|暂时|暫時|也|并|還|还)?(?:无法|無法|不能|没法|沒法|没有办法|沒有辦法|不便)", 8, r"(?:帮|幫|提供|回答|协助|協助|满足|滿足|完成|处理|處理|回应|回應|讨论|討論|透露|执行|執行)"),
        (r"^\W*(?:(?:很|非常)?抱歉|(?:很|非常)?遗憾|对不起|對不起|不好意思)\W{0,2}(?:但|但是)?", 0, r"(?:无法|無法|不能)(?:为您|为你|給您|给您|幫|帮|提供|回答|协助|協助|满足)"),
    ),
    "ko": ((r"(?:도와\s?드릴|도울|도움을 드릴|답변(?:해 ?드릴|을 드릴|드릴|할)|대답할|제공(?:해 ?드릴|할)|처리(?:해 ?드릴|할)|응할|수행할|알려\s?드릴) ", 0, r"수(?:는|가)? 없"),),
}  # fmt: skip
# Nobody declines without one of these; they are looked for first, for they are found sooner.
_NOT = {
    "en": ("n't", "not", "unable", "declin", "refuse", "nothing", "against"),
    "de": ("nicht", "kein"),
    "nl": ("niet", "geen"),
    "sv, da, no": ("inte", "ikke"),
    "es": ("no puedo", "no poder", "no podré", "no me", "no estoy", "no soy", "no tengo"),
    "pt": ("não",),
    "fr": (" pas",),
    "it": ("non ",),
    "pl": ("nie ",),
    "cs": ("nem",),
    "ro": ("nu ",),
    "tr": ("mam", "mem", "mıyorum", "miyorum"),
    "ru": ("не ", "нет "),
    "uk": ("не ",),
    "vi": ("không thể",),
    "id": ("tidak", "belum"),
    "th": ("ไม่สามารถ",),
    "ar": ("لا ",),
    "hi": ("नहीं",),
    "ja": ("ません", "かねます", "できない"),
    "zh": ("无法", "無法", "不能", "没法", "沒法", "没有办法", "沒有辦法", "不便"),
    "ko": (" 없",),
}
# After all it goes on with what was asked for, and not with what it may do in its place.
_AFTER_ALL = re.compile(
    r"[^.!?\n]{0,80}[,;:\u2014-] ?(?:but|however|although|though) (?!(?:i|we|if|you|feel|please|let|happy|there|here|perhaps|maybe)\b)",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Whether a text declines to do what was asked, or says that it knows nothing of it."""
    if len(text) > _LONGEST:
        return False
    start = _beginning(text)
    found = _declines(start)
    if found is None or len(_QUOTES.findall(start[: found.start()])) % 2:
        return False
    return not _AFTER_ALL.match(start, found.end())


def _beginning(text: str) -> str:
    """The first paragraph, with the next one where it is but an opening; not what it announces with a colon."""
    paragraphs = [part.strip() for part in text[: 2 * _WITHIN].replace("\u2019", "'").split("\n") if part.strip()]
    first = paragraphs[0] if paragraphs else ""
    if len(first) <= _OPENING and not first.endswith(":"):
        first = " ".join(paragraphs[:2])
    return first[:_WITHIN]


def _declines(text: str) -> re.Match[str] | None:
    small = text.lower()
    for language, signs in _NOT.items():
        if any(sign in small for sign in signs) and (found := _declining(language).search(text)):
            return found
    return None


@cache
def _declining(language: str) -> re.Pattern[str]:
    told = (f"(?:{first})[^.!?。！？؟।]{{0,{gap}}}(?:{second})" for first, gap, second in _SAID[language])
    return re.compile("|".join(told), re.IGNORECASE)

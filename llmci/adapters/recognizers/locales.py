"""What a language adds: labels of numbers, dates, and telephone numbers as its countries write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.people import UPPER
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DETECTOR = "structured.locale"
# After a label: a number in groups, with a letter or a prefix now and then.
_NUMBER = r"(?P<found>(?:[A-Z]{1,4}[ -]?)?\d(?:[ ./-]{0,2}\d){1,24}(?:[ -]?[A-Z])?)(?![^\W_])"
_LABEL_END = r"(?:\s?n[°ºo.]{1,2})?(?:\s?(?:[:=#.]|es|is|ist|est|lautet))?[ \t]*[\"']?(?:nhc-)?"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a kind looks like; the group `found` is what is removed."""

    kind: str
    regex: re.Pattern[str]
    score: float = 0.85


def _labelled(labels: str) -> Pattern:
    return Pattern("ID", re.compile(rf"(?<!\w)(?i:{labels}){_LABEL_END}{_NUMBER}"), 0.9)


def _documents(labels: str) -> Pattern:
    """Numbers of documents, which begin with a letter or hold some: behind a label, with a digit at least."""
    return Pattern(
        "ID",
        re.compile(
            rf"(?<!\w)(?i:{labels}){_LABEL_END}(?P<found>(?=[A-Z0-9 -]{{0,8}}\d)[A-Z0-9](?:[ -]?[A-Z0-9]){{4,17}})(?![\w-])"
        ),
        0.9,
    )


# A postcode and the town behind it, after a comma, on a line of their own, or behind the number of a house.
_POSTCODES = Pattern(
    "ZIP_CODE",
    re.compile(
        rf"(?:,[ ]|\n[ ]{{0,4}}|\d[a-z]?[ ])(?:[A-Z]{{1,2}}[ -])?(?P<found>\d{{5}})(?=[ ](?!EUR|Euro|USD|CHF)[{UPPER}][^\W\d_]{{2,}})"
    ),
    0.6,
)


def _dates(months: str, between: str) -> Pattern:
    """Day, month and year in figures or words, month and year, and a year after a word that says so."""
    month, between = rf"(?i:{months})", f"(?:{between})"
    return Pattern(
        "DATE_TIME",
        re.compile(
            r"(?<![\w/.-])(?P<found>"
            r"\d{1,2}[ ]?[/.-]{1,2}[ ]?\d{1,3}[ ]?[/.-]{1,2}[ ]?\d{2,4}|\d{3,5}/\d{4}|\d{4}[/-]\d{1,2}[/-]\d{1,2}"
            rf"|(?:\d{{1,2}}\.?(?:º|er)?(?:\s?-\s?|\s)(?:{between}\s)?)?{month}\.?(?:(?:\s?-\s?|\s)(?:{between}\s)*(?:año\s)?(?:\d{{4}}|\d{{2}}(?!\d)))"
            rf"|\d{{1,2}}\.?\s(?:{between}\s)?{month}"
            r")(?![\w/])"
        ),
        0.7,
    )


def _births(cues: str, months: str) -> Pattern:
    """A date soon after a word for birth, in the same sentence or the next."""
    month = rf"(?i:{months})\.?"
    return Pattern(
        "DATE_OF_BIRTH",
        re.compile(
            rf"(?<!\w)(?i:{cues})(?!\w)[^\d\n]{{0,40}}?(?P<found>\d{{4}}[/.-]\d{{1,2}}[/.-]\d{{1,2}}|\d{{1,2}}[ ]?[/.-][ ]?\d{{1,2}}[ ]?[/.-][ ]?\d{{2,4}}"
            rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er|º)?[ -](?:of |de |du )?{month},?[ -](?:de |del )?\d{{4}}|{month} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
            rf"|(?<![^\W\d_]){month} \d{{1,2}}(?:st|nd|rd|th)?(?![\w])|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{month}(?!\w))(?![\d])"
        ),
        0.9,
    )


def _years(before: str) -> Pattern:
    return Pattern(
        "DATE_TIME",
        re.compile(rf"(?<!\w)(?i:{before})\s(?P<found>(?:año\s|Jahr\s)?(?:19|20)\d\d)(?![\w/%-]|[.,]\d)"),
        0.6,
    )


def _phones(prefix: str, national: str) -> tuple[Pattern, ...]:
    label = r"(?i:tel(?:[eé]?f(?:ono)?s?)?|tfnos?|tlf?nos?|tlfs?|tf|m[oó]vil|telefon(?:nummer)?|handy|mobil|t[eé]l(?:[eé]phone)?|portable|fax|telefax|busca)"
    digits = r"\(?\d(?:[ ./()-]{0,3}\d){6,14}(?:[ ]?(?:ext\.?|x)[ ]?\d{1,6})?"
    return (
        Pattern(
            "PHONE_NUMBER",
            re.compile(rf"(?<!\w){label}\b\.?(?:\s?(?:y|/|und|et)\s?{label}\.?)?[ ]?:?[ ]*\+?[ ]?(?P<found>(?:\+[ ]?)?{digits})(?!\w)"),
            0.9,
        ),
        # A second number after the first.
        Pattern("PHONE_NUMBER", re.compile(rf"\d{{2,3}}(?:[ /]|,[ ]|[ ](?:y|/|-|ó|o|und|et)[ ])[ ]?(?P<found>{national})(?![\w/])"), 0.6),
        Pattern("PHONE_NUMBER", re.compile(rf"(?<![\w/.-])(?P<found>(?:(?:\+|00)[ ]?{prefix}[ .-]{{0,2}})(?:\(0\)[ ]?)?\d(?:[ ./-]{{0,2}}\d){{6,11}})(?!\w)"), 0.9),
    )  # fmt: skip


_EN_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
# A whole date of the last century or of the first years of this one: the birth of somebody, as often as not.
_LONG_PAST = Pattern(
    "DATE_TIME",
    re.compile(
        r"(?<![\w/.-])(?P<found>\d{1,2}[/.-]\d{1,2}[/.-](?:19\d\d|200\d)|(?:19\d\d|200\d)-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?"
        rf"|(?i:{_EN_MONTHS})\.?[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ](?:19\d\d|200\d)|\d{{1,2}}(?:st|nd|rd|th)?[ ](?:of[ ])?(?i:{_EN_MONTHS})\.?,?[ ](?:19\d\d|200\d))(?![\w/-])"
    ),
    0.5,
)
_ES_MONTHS = "enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre"
_DE_MONTHS = "januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember"
_FR_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
LOCALES: Mapping[str, tuple[Pattern, ...]] = {
    "en": (
        _labelled(
            r"mrn|medical record (?:number|no\.?|#)|patient (?:id|no\.?|number)|hospital (?:number|no\.?)|(?:health )?insurance (?:id|number|no\.?)"
            r"|(?:insurance|plan) member (?:id|number)|policy holder (?:id|number)|aadhaar(?: (?:number|no\.?|card))?|tfn|tax file (?:number|no\.?)"
            r"|medicare(?: (?:number|no\.?|card))?|social insurance (?:number|no\.?)|national id(?: (?:number|no\.?))?|ein (?:number|no\.?)"
        ),
        _documents(
            r"(?:licen[cs]e |number |registration )plate(?: (?:number|no\.?))?|plate (?:number|no\.?)|vehicle registration(?: (?:number|no\.?))?|vin(?: (?:number|no\.?))?"
            r"|pan (?:card|number|no\.?)|national insurance (?:number|no\.?)|nino|nric|fin (?:number|no\.?)|emirates id|voter id"
        ),
        _births(r"born|d\.?o\.?b\.?|date of birth|birth ?date|birthday", _EN_MONTHS),
        _LONG_PAST,
    ),
    "es": (
        _labelled(
            r"n\.?h\.?c\.?|cipa|cip|nass|nuss|nss|sip|episodio|n[º°.o]{1,2}\s?col(?:egiad[oa])?\.?|(?:n[º°.o]{1,2}|número)(?: de)? (?:colegiad[oa]"
            r"|historia(?: clínica)?|episodio|expediente|afiliación|paciente|póliza|tarjeta sanitaria|la seguridad social|seguridad social|socio)"
            r"|historia(?: clínica)?|expediente|colegiad[oa]|tarjeta sanitaria|seguridad social|dni|nie|nif|pasaporte"
        ),
        _documents(r"(?:n[º°.o]{1,2}\s?(?:de\s)?)?(?:dni|nie|nif|pasaporte|permiso de conducir|tarjeta sanitaria)(?: (?:de|del) (?:\w+ ){0,2}\w+)?"),
        # Of Mexico: two names, a date, sex, state and a check; and the same of the taxpayer.
        Pattern("ID", re.compile(r"(?<![\w])(?P<found>[A-ZÑ]{4}\d{2}(?:0[1-9]|1[0-2])\d{2}[HMX][A-Z]{5}[A-Z0-9]\d)(?!\w)"), 0.9),
        Pattern("ID", re.compile(r"(?<![\w])(?P<found>[A-ZÑ&]{3,4}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[A-Z0-9]{2}[A0-9])(?!\w)"), 0.8),
        Pattern(
            "ADDRESS",
            re.compile(rf"(?<!\w)(?P<found>(?:C/|C\.|Cl\.|Avda?\.?|Pza\.?|Pl\.|P[ºo]\.?|Ctra\.?|Calle|Avenida|Plaza|Paseo|Carretera|Camino)[ ]?(?:de(?:l| la| los| las)?[ ])?[{UPPER}][\w.'’-]*(?:[ ](?:de(?:l| la)?[ ])?[{UPPER}][\w.'’-]*){{0,4}},?[ ](?:n[º°][ ]?)?\d{{1,4}}[A-Za-z]?(?!\w)(?:,?[ ]\d{{1,2}}[º°ª](?:[ ]?[A-Z](?!\w)|[ ]?(?:izda?|dcha?|izquierda|derecha)\.?)?)?)"),
            0.8,
        ),
        _POSTCODES,
        _births(r"nacimiento|nacid[oa]|f\. ?nac\.?|fecha nac\.?", _ES_MONTHS),
        _dates(_ES_MONTHS, "de|del|de el"),
        _years("en|en el|desde|desde el|hasta|hasta el|del|año|a finales de|finales de|principios de|mediados de|entre|durante"),
        Pattern("DATE_TIME", re.compile(rf"(?i:\bmes de )(?P<found>(?i:{_ES_MONTHS}))(?!\w)"), 0.6),
        *_phones("34", r"[6-9]\d{2}[ -]?\d{2,3}[ -]?\d{2,3}[ -]?\d{0,3}\d"),
        # Nine digits in groups of three, or of three and three times two.
        Pattern("PHONE_NUMBER", re.compile(r"(?<![\w.,/-])(?P<found>[6-9]\d{2}(?:[ -]\d{3}[ -]\d{3}|[ -]\d{2}[ -]\d{2}[ -]\d{2}))(?![\w/-]|[ ]\d|[.,]\d)"), 0.6),
    ),
    "de": (
        _labelled(
            r"patienten-?(?:nummer|nr\.?|id)|fall-?(?:nummer|nr\.?)|versicher(?:ten|ungs)-?(?:nummer|nr\.?)|sozialversicherungs-?(?:nummer|nr\.?)"
            r"|krankenversicherten-?nummer|rentenversicherungs-?nummer|personalausweis-?(?:nummer|nr\.?)?|reisepass-?(?:nummer|nr\.?)?"
            r"|steuer-?(?:id|nummer|identifikationsnummer)|mitglieds-?(?:nummer|nr\.?)|kunden-?(?:nummer|nr\.?)|aktenzeichen"
        ),
        _documents(
            r"personalausweis(?:-?(?:nummer|nr\.?))?|ausweis-?(?:nummer|nr\.?)|reisepass(?:-?(?:nummer|nr\.?))?|pass-?(?:nummer|nr\.?)|führerschein(?:-?(?:nummer|nr\.?))?"
            r"|(?:kfz-)?kennzeichen|(?:renten|sozial)versicherungs-?(?:nummer|nr\.?)|(?:kranken)?versichert(?:en|ungs)-?(?:nummer|nr\.?)|steuer-?id"
        ),
        Pattern("PHONE_NUMBER", re.compile(r"(?<!\w)(?i:durchwahl|dw)\b\.?[ ]?:?[ ]?(?P<found>-?\d{2,6})(?!\w)"), 0.8),
        # Streets that are called after where they are: Am Kirchplatz 12a, Unter den Linden 5.
        Pattern(
            "ADDRESS",
            re.compile(
                rf"(?<!\w)(?P<found>(?:Am|An der|An den|Auf der|Auf dem|Bei der|Beim|Hinter der|Hinter dem|Im|In der|In den|Unter den|Vor dem|Zum|Zur)[ ](?!(?i:{_DE_MONTHS})|\w+tag[ ])"
                rf"(?:[{UPPER}][\w'’-]+[ ]){{1,2}}\d{{1,3}}[ ]?[a-z]?)(?=[ ]?,|[ ]?\n|[.;]?$|[.;][ ])",
            ),
            0.7,
        ),
        _POSTCODES,
        _births(r"geburts(?:tag|datum)|geboren|geb\.", _DE_MONTHS),
        _dates(_DE_MONTHS, "des"),
        _years("im|seit|bis|anfang|ende|mitte|jahr|im jahr"),
        *_phones("49", r"0\d{2,4}[ /-]?\d{3,8}"),
    ),
    "fr": (
        _labelled(
            r"(?:n[°ºo.]{1,2}|num[ée]ro)(?: de)? (?:dossier|patient|s[ée]curit[ée] sociale|carte vitale|adh[ée]rent|assur[ée]|client|passeport|s[ée]jour)"
            r"|nir|ipp|nss|rpps|carte vitale|s[ée]curit[ée] sociale"
        ),
        _documents(r"passeport|permis de conduire|carte (?:nationale )?d['’]identité|titre de séjour|(?:dossier|contrat|adh[ée]rent|patient|client)(?=[ ]?n[°º])"),
        Pattern(
            "ADDRESS",
            re.compile(r"(?<!\w)(?P<found>(?:R[ée]s(?:idence|\.)|Immeuble|Imm\.|B[âa]t(?:iment|\.)|Appt?\.?|Appartement|Escalier|Esc\.)[ ][\w'’.-]{1,24}(?:[ ][\w'’.-]{1,24}){0,3}(?:,[ ]B[âa]t(?:iment|\.)[ ]\w{1,3})?)(?=,[ ]\d|[ ]?\n)"),
            0.7,
        ),
        _POSTCODES,
        # The number of the social security: sex, year, month, département, commune, order and two check digits.
        Pattern("ID", re.compile(r"(?<![\w.])(?P<found>[12][ ]?\d{2}[ ]?(?:0[1-9]|1[0-2])[ ]?(?:\d{2}|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d{2})(?!\w)"), 0.8),
        _births(r"naissance|née?\(?e?\)?", _FR_MONTHS),
        _dates(_FR_MONTHS, "de"),
        _years("en|depuis|jusqu'en|année|fin|début|courant"),
        *_phones("33", r"0[1-9](?:[ .-]?\d{2}){4}"),
    ),
}  # fmt: skip


_DIGIT = re.compile(r"\d")


def of_locales(text: str, locales: Sequence[str]) -> Iterator[Span]:
    """What the patterns of these languages find in a text."""
    if _DIGIT.search(text) is None:
        return
    for locale in locales:
        for pattern in LOCALES.get(locale, ()):
            if pattern is _LONG_PAST and "19" not in text and "200" not in text:
                continue
            for match in pattern.regex.finditer(text):
                yield Span(match.start("found"), match.end("found"), pattern.kind, pattern.score, _DETECTOR)

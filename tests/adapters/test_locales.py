"""What a language adds to what is found."""

from __future__ import annotations

import pytest

from llmci.adapters.recognizers.locales import of_locales


def found(text: str, locale: str) -> set[tuple[str, str]]:
    return {(s.kind, text[s.start : s.end]) for s in of_locales(text, (locale,))}


@pytest.mark.parametrize(
    ("locale", "text", "kind", "value"),
    [
        ("es", "NHC: 4763954.", "ID", "4763954"),
        ("es", "NASS: 47 37584930 84.", "ID", "47 37584930 84"),
        ("es", "CIPA: nhc-123789.", "ID", "123789"),
        ("es", "Médico: Luis Calvo NºCol: 28 31 23567.", "ID", "28 31 23567"),
        ("es", "DNI 12345678Z", "ID", "12345678Z"),
        ("es", "Fecha de nacimiento: 20/05/2000.", "DATE_OF_BIRTH", "20/05/2000"),
        ("es", "En mayo de 2001 acude", "DATE_TIME", "mayo de 2001"),
        ("es", "ingresó el 30-marzo-2004", "DATE_TIME", "30-marzo-2004"),
        ("es", "operado en 1985 de", "DATE_TIME", "1985"),
        ("es", "Tfno: 956 013 059 ext 12", "PHONE_NUMBER", "956 013 059 ext 12"),
        ("es", "Madrid. Tel. y Fax: 961 622 403", "PHONE_NUMBER", "961 622 403"),
        ("es", "el servicio 901 598 663.", "PHONE_NUMBER", "901 598 663"),
        ("de", "Patientennummer: 20 44 817", "ID", "20 44 817"),
        ("de", "geboren am 3. Mai 1980 in Ulm", "DATE_OF_BIRTH", "3. Mai 1980"),
        ("de", "seit Oktober 2012 in Behandlung", "DATE_TIME", "Oktober 2012"),
        ("de", "Telefonnummer: 030/901820-12", "PHONE_NUMBER", "030/901820-12"),
        ("fr", "N° de sécurité sociale : 2 69 05 49 588 157 80", "ID", "2 69 05 49 588 157 80"),
        ("fr", "née le 3 mai 1980", "DATE_OF_BIRTH", "3 mai 1980"),
        ("fr", "Tél. 01 42 68 53 00", "PHONE_NUMBER", "01 42 68 53 00"),
        ("en", "MRN: 00482-771", "ID", "00482-771"),
        ("en", "Tell me your date of birth. It's 4/29/1972", "DATE_OF_BIRTH", "4/29/1972"),
        ("en", "My birthday is May 5th", "DATE_OF_BIRTH", "May 5th"),
    ],
)
def test_it_is_found(locale: str, text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text, locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "flight HAT170 departs 2024-05-24 at 06:00"),
        ("en", "patients 12 and 14 were fine"),
        ("es", "leucocitos 4.860.000/μl, creatinina 1,9 mg/dl"),
        ("es", "una dosis de 250 mg cada 12 horas"),
        ("de", "die Fallhöhe beträgt 20 m"),
        ("fr", "un patient de 45 ans"),
    ],
)
def test_it_is_left_alone(locale: str, text: str) -> None:
    assert found(text, locale) == set()


def test_a_language_without_patterns_adds_nothing() -> None:
    assert found("NHC: 4763954", "pl") == set()

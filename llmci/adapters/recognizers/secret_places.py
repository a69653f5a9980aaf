"""Secrets that are known by their form, or by the place where a password stands."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmci.adapters.recognizers.secret_forms import LONG, LOOSE, LOOSE_BODY, PARTS, SHAPES, TOKENS
from llmci.core.privacy.values import entropy, is_code, is_filler, is_random
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONG, _SHAPES = re.compile(LONG), re.compile("|".join(SHAPES))
_SHORTEST_LONG = 26
# Who logs in with which password, in an address; for anything but a page of the web, at which host too.
_USERINFO = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<web>https?|ftps?|git|wss?)|[A-Za-z][A-Za-z0-9+.-]{1,20})://"
    r"(?P<login>[^\s:/@\"'<>]{0,80}:(?P<secret>[^\s@/\"'<>]{3,200})@(?P<host>[\w.:,%\[\]-]{1,200})?)"
)
# Who logs in with which password where an address is explained.
_NOBODY = frozenset(
    f"{name}:{word}" for name in ("user", "username", "name", "login") for word in ("pass", "password", "passwd", "pwd")
)
_CURL = re.compile(
    r"\bcurl\b(?:[^\n\\]|\\\n?){0,300}?\s(?:-u|--user)[ =]{0,3}(?:\"(?P<a>[^\"\n:]{0,80}:[^\"\n]{0,100})\"|'(?P<b>[^'\n:]{0,80}:[^'\n]{0,100})'"
    r"|(?P<c>[^\s:\"']{0,80}:(?:'[^'\n]{3,100}'|\"[^\"\n]{3,100}\"))|(?P<secret>[^\s:\"']{0,80}:[^\s\"']{1,100}))"
)
# Of an application of Facebook: its number and what only it knows.
_APPLICATION = re.compile(r"(?<![\w|])(?P<secret>\d{15,16}\|[\w-]{27,40})(?![\w-])")
_OPTION = re.compile(
    r"(?:\b(?:mysql|sshpass|mysqldump)\b[^\n]{0,120}?|\s-[uU] (?P<login>[^\s-]\S{0,80}))\s-p\s?[\"']?(?P<secret>[^\s\"'-][^\s\"']{3,80})"
)
_SHORTEST_PASSWORD = 4
_FEWEST_CHARACTERS = 4
_LEAST_ENTROPY = 3.0


def forms(text: str) -> Iterator[Span]:
    """Forms that an issuer documents, where their first letters stand."""
    automaton, known = _automaton()
    for index, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
        how, pattern = known[index]
        if start and how != "part" and (_is_of_token(text[start - 1], text[start], loose=how == "loose")):
            continue
        match = pattern.match(text, end)
        if match is not None:
            yield from _part(start, match) if how == "part" else _token(text, start, match, loose=how == "loose")


def _is_of_token(before: str, first: str, *, loose: bool) -> bool:
    """Whether the letters of a form stand in the midst of something else: of a word, a path, a piece of base64."""
    return first.isalnum() and (before.isalnum() or (loose and before in "./+_-"))


def _token(text: str, start: int, match: re.Match[str], *, loose: bool) -> Iterator[Span]:
    if not _is_filled(text[start : match.end()]) and (is_random(match[0]) if loose else _has_digit(match[0])):
        yield Span(start, match.end(), "SECRET", 0.99, "secrets.rule")


def _part(start: int, match: re.Match[str]) -> Iterator[Span]:
    value = match["secret"]
    if "PRIVATE KEY" in value:
        yield Span(start, match.end(), "SECRET", 0.99, "secrets.rule")
    # The form alone says that it is one, unless it is nothing but crosses.
    elif len(set(value)) > _FEWEST_CHARACTERS and not is_code(value):
        yield Span(match.start("secret"), match.end("secret"), "SECRET", 0.99, "secrets.rule")


def placed(text: str) -> Iterator[Span]:
    """What stands where a password stands: in an address before the host, behind an option of a command."""
    if "://" in text:
        # Whatever it is: the place says that it is a password.
        for match in _USERINFO.finditer(text):
            if not is_code(match["secret"]) and text[match.start("login") : match.end("secret")].lower() not in _NOBODY:
                last = match.end("secret") if match["web"] or not match["host"] else match.end("host")
                yield Span(match.start("login"), last, "SECRET", 0.99, "secrets.rule")
    if "curl" in text:
        for match in _CURL.finditer(text):
            login = match[match.lastgroup or 0]
            name, _, password = login.partition(":")
            if len(login) > _SHORTEST_PASSWORD and not is_filler(password or name) and not is_code(password or name):
                yield Span(*match.span(match.lastgroup or 0), "SECRET", 0.99, "secrets.rule")
    if "|" in text:
        yield from _parts(_APPLICATION, text)
    if " -p" in text:
        yield from _parts(_OPTION, text)


def long(text: str) -> Iterator[Span]:
    """Forms that start with no letters of their own."""
    for found in _LONG.finditer(text) if len(text) >= _SHORTEST_LONG else ():
        match = _SHAPES.fullmatch(found[0].rstrip(".="))
        if match is not None and entropy(match[0]) >= _LEAST_ENTROPY and any(c.isdigit() for c in match[0]):
            yield Span(found.start(), found.start() + match.end(), "SECRET", 0.95, "secrets.rule")


def _has_digit(value: str) -> bool:
    return value.isupper() or any(c.isdigit() for c in value) or is_random(f"{value}0")


def _is_filled(value: str) -> bool:
    # The key id of the documents of AWS ends so.
    if (len(set(value)) <= 6 and is_filler(value)) or re.fullmatch(r"A[A-Z]{3}\w{9}EXAMPLE", value):
        return True
    lower = value.lower()
    return any(run in lower for run in ("xxxxxx", "000000000", "abcdefghijkl", "123456789012"))


def _parts(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        for group in pattern.groupindex:
            if match[group] and not is_filler(match[group]) and not is_code(match[group]):
                yield Span(match.start(group), match.end(group), "SECRET", 0.99, "secrets.rule")


@lru_cache(maxsize=1)
def _automaton() -> tuple[Any, tuple[tuple[str, re.Pattern[str]], ...]]:
    """The first letters of every form, and by their place in it: how strict the form is, and what follows."""
    from ahocorasick_rs import AhoCorasick, Implementation

    loose = re.compile(LOOSE_BODY)
    forms = [
        *(("token", start, re.compile(rest)) for start, rest in TOKENS),
        *(("part", start, re.compile(rest)) for start, rest in PARTS),
        *(("loose", start, loose) for start in LOOSE),
    ]
    # For more than a hundred beginnings it would take a slower one by itself.
    automaton = AhoCorasick([start for _, start, _ in forms], implementation=Implementation.DFA)
    return automaton, tuple((how, rest) for how, _, rest in forms)

"""Values beside a word that calls them secret: assigned, spoken of, or the login that goes with a password."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmci.core.privacy.values import entropy, is_code, is_filler, is_password, is_random, is_uuid
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

# Words of which one is in every name of a secret; each is looked at with the letters around it.
_STEMS = ("pass", "pwd", "secret", "token", "key", "credential", "auth", "_pw", "pin", "signature", "login", "_pat")
# A name of several words counts from the first that says what kind of key it is.
_BEFORE_STEM = re.compile(
    r"(?:(?<![A-Za-z])(?i:api|secret|access|auth|private|public|gpg|pgp|primary|encryption|license|signing|session|client|refresh)[ ])?"
    r"[A-Za-z0-9_.\[\]\"'-]{0,40}$"
)
_NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ASSIGNED = re.compile(
    r"(?P<rest>[A-Za-z0-9_.-]{0,40})\\{0,3}[\"'`\])]{0,2}(?:[ ]\{\s{1,20}default)?"
    r"(?:[ ]{1,3}(?:string|String|str|char)(?=[ ]?=)|[ ]?:[ ]?&?[A-Za-z]{1,20}(?=[ ]?=[ ]?[\"']))?"
    r"(?:,?\s{0,12}(?P<value>[\"']?value[\"']?[ ]{0,3}[:=])"
    r"|[ \t]{0,20}(?P<sign>=>|:{1,3}=|[.?+]=|={1,3}|!={1,2}|::?(?:[ ][|>](?=\n))?|,|\|\||\|)"
    r"|[ \t]{1,3}(?P<word>is|was)\b|(?P<element>>)|\((?=[\"'])|(?=[ ][\"'])|(?P<option>(?=[ \t]\S)))"
    r"(?:[ \t]|\\?[\"'(]?\n[ \t]{0,12})?[ \t]{0,20}(?:[A-Za-z.]{1,20}\(|(?:Token|Api-Token|ApiKey|Key|Bot|OAuth)[ ]{1,2}(?=\w))?"
    r"(?:\\{0,3}(?P<quote>[\"'`])(?P<quoted>[^\"'`\s\n](?:(?!\\{0,3}(?P=quote))[^\n]){0,399})(?=\\{0,3}(?P=quote))"
    r"|(?P<bare>[^\s\"'`,;<>(){}\\\[\]]{3,400}))"
)
_SPOKEN = re.compile(
    r"(?i:(?:(?:code|word|wd|phrase)\b(?:\s(?:is|was|to|should be|for \w{1,20}(?: is)?))?[:=]?|\b(?:\s(?:is|was)|[:=]))\s{1,3}[\"'`]?)"
    r"(?P<secret>[^\s\"'`]{5,60})"
)
# The name that goes with a password, before it or behind it.
_LOGIN = re.compile(
    r"(?i:(?<![A-Za-z])(?:[A-Za-z0-9]{1,20}[_.-]){0,3}(?:user(?:[ _.-]?(?:name|id))?|uid|login)\b[\"'`\])]{0,2})"
    r"(?:[ \t]{0,3}(?:=>|:=|[=:,])[ \t]{0,3}[\"'`]?|[ \t]{1,3}(?:[\"'`]|(?P<blank>)))(?P<login>[^\s\"'`;,<>(){}=]{3,80})"
)
_BESIDE = 120
# Between the login and the password of a connection string, or of the options of a command.
_IN_ONE_STRING = re.compile(r";[ ]?[A-Za-z ]{2,12}=|[ ]--?[A-Za-z]{1,10}[ =]")
# What stands before "login NAME" and "--user NAME", though not before "Login failed".
_BEFORE_LOGIN = re.compile(r"(?:^|\n|-|machine \S{1,80})[ \t]{0,12}$")
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "passcode", "pwd", "pass", "pw", "passwort", "userpass"})
_TOKENS = frozenset(
    {
        "secret",
        "secrets",
        "token",
        "credential",
        "credentials",
        "creds",
        "apikey",
        "authkey",
        "authorization",
        "auth",
        "pat",
    }
)
_KEYED = frozenset(
    """
    api access auth private encryption encrypt signing client secret consumer app application master account service storage
    shared license admin server session deploy webhook user bot jwt hmac aes rsa ssh deployment integration write read subscription
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# Names of what belongs to a secret and is none.
_HARMLESS = frozenset(
    """
    id ids name names length len size url uri path file filename dir directory type label variable var header field prefix
    suffix regex pattern format column hint error message msg title policy rules count counts limit expiry expires
    expiration expired ttl time date algorithm alg public csrf xsrf index sort group usage num total max min
    prompt completion input output endpoint host provider method mode status required enabled version issuer scope
    audience ring store manager names reset change changed forgot validator strength checker tokenizer
    tokens words keyword keywords keyboard monkey turkey hockey donkey keys bucket primary foreign partition idempotency
    publishable gpg pgp fingerprint trial press pressed frame mesh pair selector stone cache object metadata flow request response page form link confirmation strategy arn region profile
    """.split()  # noqa: SIM905  words read more easily without quotes
)
_SHORTEST_TOKEN, _SHORTEST_PASSWORD, _SHORTEST_DRAWN = 8, 4, 16


def told(text: str, min_entropy: float) -> Iterator[Span]:
    """Values that a word beside them calls secret.

    Args:
        text: To be searched.
        min_entropy: Bits per character that a value needs, where nothing but the word beside it speaks for a secret.
    """
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    done = 0
    for index, start, end in _stems().find_matches_as_indexes(lower):
        if start < done:
            continue
        is_password = _STEMS[index] in ("pass", "pwd")
        found = _assigned(text, start, end, min_entropy)
        if found is not None and is_password:
            yield from _login(text, start, found)
        elif found is None and is_password:
            found = _spoken(text, start)
            # A line of .netrc.
            if found is not None and "machine " in text:
                yield from _login(text, start, found)
        if found is not None:
            done = found.end
            yield found


def _assigned(text: str, start: int, end: int, min_entropy: float) -> Span | None:
    match = _ASSIGNED.match(text, end)
    if match is None:
        return None
    before = _BEFORE_STEM.search(text, max(0, start - 40), start)
    name = (before[0] if before else "") + text[start:end] + match["rest"]
    parts = [part.lower() for part in _NAME_PART.findall(name)]
    group = "quoted" if match["quoted"] is not None else "bare"
    value = match[group] if group == "quoted" else match[group].rstrip(".:!?|&")
    begun = start - len(before[0] if before else "")
    if (
        match["sign"] == "||"
        or (match["element"] is not None and text[begun - 1 : begun] != "<")
        or (match["option"] is not None and not _may_be_option(name, value))
        or (group == "bare" and value.isidentifier() and text[match.end(group) : match.end(group) + 1] in ("(", "["))
        or not _is_secret(parts, value, match, min_entropy)
    ):
        return None
    # Of `token=...&channel=...` only the first value is one.
    if "&" in value and group == "bare" and "=" in value:
        value = value[: value.index("&")]
    at = match.start(group)
    return Span(at, at + len(value), "SECRET", 0.96, "secrets.assigned") if value else None


def _is_secret(parts: list[str], value: str, match: re.Match[str], min_entropy: float) -> bool:
    kind = _kind(parts)
    if kind is None or is_filler(value) or is_code(value) or value.lower() == "".join(parts):
        return False
    if kind == "password":
        return _may_be_password(value, match)
    if len(value) < _SHORTEST_TOKEN or " " in value or not _is_placed(match):
        return False
    return kind == "token" if is_uuid(value) else is_random(value) and entropy(value) >= min_entropy


def _may_be_option(name: str, value: str) -> bool:
    """Whether a value behind nothing but a blank is one: of an option, or of an identifier if it is drawn by a machine."""
    return name.startswith("-") or (
        ("_" in name or name.isupper()) and len(value) >= _SHORTEST_DRAWN and is_random(value)
    )


def _may_be_password(value: str, match: re.Match[str]) -> bool:
    quoted, sign = match["quoted"] is not None, match["sign"]
    if len(value) < _SHORTEST_PASSWORD or (not quoted and (" " in value or sign == ",")):
        return False
    assigned = sign not in (None, ",", "|") or any(match[group] is not None for group in ("value", "word", "element"))
    return (assigned and (quoted or sign == "=") and " " not in value.strip()) or is_password(value)


def _is_placed(match: re.Match[str]) -> bool:
    """Whether a value stands where the value of a token does, and not only behind its name in a sentence."""
    if match["sign"] == ",":
        # In a table without spaces it is the cell beside the name.
        return match["quoted"] is not None or match.start("bare") == match.end("sign")
    if match["word"] is not None:
        # In a sentence it has to be long: "the key is a1b2c3d4" may be any key.
        return len(match[match.lastgroup or 0] or "") >= _SHORTEST_DRAWN
    return any(match[group] is not None for group in ("sign", "value", "quoted", "option", "element"))


def _kind(parts: list[str]) -> str | None:
    """What the parts of a name say: a password, a token, something that may be one, or nothing of the kind."""
    if parts[:2] == ["tf", "var"]:
        parts = parts[2:]
    said = set(parts)
    if said <= {"id", "token"} and "token" in said:
        return "token"
    if said & _HARMLESS and not ({"access", "id"} <= said and "key" in said):
        return None
    if said & _PASSWORDS or any(part.endswith(("password", "passwd", "pwd", "passphrase", "pass")) for part in parts):
        return "password"
    if said & _TOKENS or any(part.endswith(("secret", "token", "apikey")) for part in parts):
        return "token"
    if "key" in said or any(part.endswith("key") for part in parts):
        return "token" if said & _KEYED else "key"
    return "key" if said & {"signature", "login"} else None


def _login(text: str, start: int, found: Span) -> Iterator[Span]:
    """Who has the password that is named at `start`; both are one finding where they stand in one connection string."""
    before = [match for match in _LOGIN.finditer(text, max(0, start - _BESIDE), start) if _names_a_login(match)]
    after = (match for match in _LOGIN.finditer(text, found.end, found.end + _BESIDE) if _names_a_login(match))
    match = before[-1] if before else next(after, None)
    if match is None or is_filler(match["login"]) or is_code(match["login"]):
        return
    first, last = match.span("login")
    # An address of mail is found as one.
    if "@" not in match["login"]:
        if _IN_ONE_STRING.fullmatch(text, last, found.start):
            last = found.end
        elif _IN_ONE_STRING.fullmatch(text, found.end, first):
            first = found.start
    yield Span(first, last, "SECRET", 0.9, "secrets.login")


def _names_a_login(match: re.Match[str]) -> bool:
    if match["blank"] is None:
        return True
    return _BEFORE_LOGIN.search(match.string, max(0, match.start() - _BESIDE), match.start()) is not None


def _spoken(text: str, start: int) -> Span | None:
    if start and text[start - 1].isalnum():
        return None
    match = _SPOKEN.match(text, start + len("pwd") if text[start + 1] in "wW" else start + len("pass"))
    if match is None:
        return None
    value = match["secret"].rstrip(".,!?;:")
    if not is_password(value) or is_code(value) or is_filler(value):
        return None
    return Span(match.start("secret"), match.start("secret") + len(value), "SECRET", 0.8, "secrets.spoken")


@lru_cache(maxsize=1)
def _stems() -> Any:  # noqa: ANN401  an AhoCorasick
    from ahocorasick_rs import AhoCorasick

    return AhoCorasick(_STEMS)

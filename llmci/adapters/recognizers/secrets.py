"""Keys, tokens and passwords: known forms behind a keyword gate, and random values beside telling words."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from llmci import seams
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.seams import Leaf, Span

# Raised whenever a rule changes: clean shards are then made anew.
_VERSION = 1
# Keywords, one of which must be there at all, and the form. No pattern repeats a repetition: all are linear.
_RULES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}(?![A-Z0-9])"),
    (("AIza",), r"AIza[\w-]{35}"),
    (("GOCSPX-",), r"GOCSPX-[\w-]{28}"),
    (("ya29.",), r"ya29\.[\w-]{20,2000}"),
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}"),
    (("github_pat_",), r"github_pat_\w{22,255}"),
    (("glpat-", "gldt-", "glrt-", "glptt-", "glsa_"), r"(?<![A-Za-z0-9])(?:gl(?:pat|dt|rt|ptt)-|glsa_)[\w-]{20,200}"),
    (("xox", "xapp-", "xwfp-"), r"(?<![A-Za-z0-9])(?:xox[abeoprs](?:\.xox[bp])?-|xapp-|xwfp-)[A-Za-z0-9-]{10,200}"),
    (("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/+-]{20,200})"),
    (("webhook.office.com",), r"webhook\.office\.com/webhookb?2?/(?P<secret>[\w@/-]{40,300})"),
    (("discord",), r"discord(?:app)?\.com/api/webhooks/(?P<secret>\d{17,20}/[\w-]{60,80})"),
    (("sk-", "lf-"), r"(?<![A-Za-z0-9])(?:sk|pk)-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[\w-]{20,300}"),
    (("_live_", "_test_"), r"(?<![A-Za-z0-9])(?:[srp]k|whsec)_(?:live|test)_[A-Za-z0-9]{10,200}"),
    (("whsec_",), r"whsec_[A-Za-z0-9+/=]{20,100}"),
    (("hf_",), r"(?<![A-Za-z0-9])(?:hf|api_org)_[A-Za-z0-9]{30,60}"),
    (("SG.",), r"(?<![A-Za-z0-9])SG\.[\w-]{16,32}\.[\w-]{16,64}"),
    (("key-",), r"(?<![A-Za-z0-9])key-[0-9a-f]{32}(?![0-9a-f])"),
    (("npm_",), r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}"),
    (("pypi-",), r"pypi-[\w-]{50,1000}"),
    (("rubygems_",), r"rubygems_[a-f0-9]{48}"),
    (("_v1_",), r"(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}"),
    (("shp",), r"(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    (("sq0", "EAAA"), r"(?<![A-Za-z0-9])(?:sq0(?:atp|csp|idp)-[\w-]{22,43}|EAAA[\w-]{60})"),
    (("EAA",), r"(?<![A-Za-z0-9])EAA[A-Z][0-9A-Za-z]{60,300}"),
    (("A3T",), r"(?<![A-Za-z0-9])A3T[A-Z0-9][A-Z0-9]{16}(?![A-Z0-9])"),
    (("GR1348941",), r"GR1348941[\w-]{20}"),
    (("eyJrIjoi",), r"eyJrIjoi[A-Za-z0-9+/=]{60,400}"),
    (("oy2",), r"(?<![A-Za-z0-9])oy2[a-z0-9]{43}(?![a-z0-9])"),
    (("Q~",), r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
    (("oken",), r"[Tt]oken[\s\"':=]{1,4}(?P<secret>[a-z0-9]{6}\.[a-z0-9]{16})(?![a-z0-9])"),
    (("_", "-"), r"(?<![\w-])[a-z]{2,8}[_-](?=[A-Za-z]{0,30}\d)[A-Za-z0-9]{24,80}(?![\w-])"),
    (("SK", "AC"), r"(?<![A-Za-z0-9])(?:SK|AC)[0-9a-f]{32}(?![0-9a-f])"),
    (("dckr_pat_",), r"dckr_pat_[\w-]{20,60}"),
    (("PMAK-",), r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    (("dapi",), r"(?<![A-Za-z0-9])dapi[a-h0-9]{32}(?:-\d)?"),
    (("dp.",), r"(?<![A-Za-z0-9])dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,80}"),
    (("hvs.", "hvb.", "hvr."), r"(?<![A-Za-z0-9])hv[sbr]\.[\w-]{20,300}"),
    (("atlasv1",), r"[\w]{14}\.atlasv1\.[\w=-]{60,70}"),
    (("ATATT", "ATCTT"), r"AT[AC]TT3[\w=-]{50,250}"),
    (("NRAK", "NRJS", "NRII", "NRRA"), r"(?<![A-Za-z0-9])NR(?:AK|JS|II|RA)-[\w-]{19,60}"),
    (("lin_api_", "lin_oauth_"), r"lin_(?:api|oauth)_[A-Za-z0-9]{40,64}"),
    (("ntn_", "secret_"), r"(?<![A-Za-z0-9])(?:ntn|secret)_[A-Za-z0-9]{43,50}"),
    (("figd_", "phc_", "phx_", "rdme_", "pnu_", "sntrys_", "sntryu_", "glc_", "pul-", "tskey-", "nfp_", "fo1_", "FlyV1"),
     r"(?<![A-Za-z0-9])(?:figd_|ph[cx]_|rdme_|pnu_|sntry[su]_|glc_|pul-|tskey-|nfp_|fo1_|FlyV1 fm\d_)[\w=+/.-]{30,500}"),
    (("AGE-SECRET-KEY",), r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    (("sdk-", "api-"), r"(?<![A-Za-z0-9])(?:sdk|api|mob)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    (("AccountKey=", "SharedAccessKey=", "sig="), r"(?:AccountKey|SharedAccessKey|[?&]sig)=(?P<secret>[A-Za-z0-9+/=%]{40,200})"),
    (("eyJ",), r"(?<![A-Za-z0-9])eyJ[\w-]{10,4000}\.[\w-]{10,8000}(?:\.[\w-]{0,2000}){0,3}"),
    (("PRIVATE KEY", "PGP"), r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,20}-----(?:[^-]|-(?!----))*(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,20}-----)?"),
    (("://",), r"(?<![a-z0-9])[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,80}:(?P<secret>[^\s@/\"'<>]{3,200})@"),
    (("earer ",), r"[Bb]earer\s{1,3}(?P<secret>(?=[\w.~+/=-]{0,40}\d)[\w.~+/=-]{14,4000})"),
    (("asic ",), r"(?<![A-Za-z])[Bb]asic\s{1,3}(?P<secret>[A-Za-z0-9+/]{16,400}={0,2})(?![\w])"),
    (("-u ", "--user "), r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)\s[\"']?[^\s:\"']{1,80}:(?P<secret>[^\s\"']{4,100})"),
    (("-p",), r"\b(?:mysql|sshpass|mysqldump)\b[^\n]{0,120}?\s-p\s?[\"']?(?P<secret>[^\s\"'-][^\s\"']{3,80})"),
)  # fmt: skip
# A telling word, something that assigns, and a value.
_TELLING_WORDS = (
    r"passw(?:or)?d|passwd|pwd|passphrase|passcode|secret|token|api[_-]?key|apikey|access[_-]?key|auth[_-]?key|account[_-]?key|"
    r"private[_-]?key|encryption[_-]?key|signing[_-]?key|client[_-]?key|secret[_-]?key|consumer[_-]?key|app[_-]?key|master[_-]?key|"
    r"[_-]key|credential|authorization|x-api-key|client[_-]?secret|auth"
)
_ASSIGNED = re.compile(
    rf"(?i:(?P<word>{_TELLING_WORDS})[a-z0-9_.-]{{0,30}}\\{{0,2}}[\"'\]]{{0,2}}\s{{0,3}}(?P<sign>=>|:=|==|=|:|,|\bis\b|(?=[ ][\"']))\s{{0,3}}"
    r"(?:[a-z]{1,8}\()?\\{0,2}(?P<quote>[\"'`]?))(?P<secret>[^\s\"'`,;<>(){}\\]{4,400})"
)
# One of them is in every telling word.
_STEMS = ("pass", "pwd", "secret", "token", "key", "credential", "auth")
_PASSWORD = re.compile(r"(?i)passw|pwd|passphrase|passcode")
_SPOKEN = re.compile(
    r"(?i:\b(?:password|passcode|passphrase|pwd)\b(?:\s(?:is|was|to|should be|:))?\s[\"'`]?)(?P<secret>[^\s\"'`]{5,60})"
)
# Placeholders and references that name a secret and are none.
_NO_SECRET = re.compile(
    r"(?i)^(?:\$.*|\{.*|<.*|\[.*|%\w+%|[x*.#_-]+|your.*|my[_-].*|example.*|changeme|placeholder|none|null|nil|true|false|undefined|"
    r"string|str|required|optional|process\.env.*|os\.environ.*|os\.getenv.*|getenv.*|env\..*|self\..*|this\..*|config\..*|settings\..*|"
    r"options\..*|params\..*|args\..*|secrets\..*|var\..*|data\..*|request\..*|req\..*|test|dummy|sample|redacted|insert.*|enter.*|"
    r".*\.(?:py|js|json|yml|yaml|txt|pem|key|com|html)|https?://.*|/.*|@.*|abc123|foo.*|bar)$"
)
_MIXED = 3
_LEAST_ENTROPY = 2.0
# xxxxxx and 000000 stand for a secret and are none.
_FILLED = re.compile(r"([xX0*.])\1{5,}")
_LONGEST_WORD = re.compile(r"[a-z]{9,}|[A-Z]?[a-z]{4,}(?:[A-Z][a-z]{3,})+")


class SecretsRecognizer:
    """Finds secrets in text, code, logs and connection strings."""

    class Options(seams.Options):
        """Forms of your own.

        Attributes:
            patterns: Regular expressions of secrets beside the built-in ones; a group called
                `secret` marks the part to remove.
            min_entropy: Bits per character that an assigned value needs, where nothing but the word
                beside it says that it is a secret.
        """

        patterns: tuple[str, ...] = ()
        min_entropy: float = 3.0

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._rules = [re.compile(pattern) for _, pattern in _RULES]
        self._gates = [(keyword, index) for index, (keywords, _) in enumerate(_RULES) for keyword in keywords]
        self._own = [_compiled(pattern, context.name) for pattern in options.patterns]
        self._min_entropy = options.min_entropy

    @property
    def version(self) -> str:
        """See `Recognizer.version`."""
        return f"secrets/{_VERSION}"

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`."""
        return [list(self._find(leaf.text)) for leaf in leaves]

    def _find(self, text: str) -> Iterator[Span]:
        for index in sorted({index for keyword, index in self._gates if keyword in text}):
            found = self._rules[index].finditer(text)
            yield from (_span(match, 0.99, "secrets.rule") for match in found if _is_one(match))
        for pattern in self._own:
            yield from (_span(match, 0.99, "secrets.own") for match in pattern.finditer(text))
        lower = text.lower()
        if not any(stem in lower for stem in _STEMS):
            return
        for match in _ASSIGNED.finditer(text):
            if self._looks_secret(match):
                yield _span(match, 0.96, "secrets.assigned")
        for match in _SPOKEN.finditer(text):
            value = match["secret"].rstrip(".,!?;:")
            if _is_password(value):
                yield seams.Span(
                    match.start("secret"), match.start("secret") + len(value), "SECRET", 0.8, "secrets.spoken"
                )

    def _looks_secret(self, match: re.Match[str]) -> bool:
        value = match["secret"]
        if match["sign"] in (",", "is") and not match["quote"]:
            return False
        if _NO_SECRET.match(value) or len(set(value)) <= _MIXED:
            return False
        if _PASSWORD.search(match["word"]):
            return bool(match["quote"]) or match["sign"] == "=" or _is_password(value)
        digits = any(c.isdigit() for c in value)
        if not digits and (value.islower() or _LONGEST_WORD.search(value)):
            return False
        return len(value) >= 8 and digits and entropy(value) >= self._min_entropy


def entropy(text: str) -> float:
    """Shannon entropy of a text's characters, in bits per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_password(value: str) -> bool:
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    present = sum(any(test(c) for c in value) for test in kinds)
    return len(value) >= 5 and present >= 2 and any(c.isdigit() or c in "!@#$%^&*" for c in value)


def _is_one(match: re.Match[str]) -> bool:
    value = match["secret"] if "secret" in match.re.groupindex else match[0]
    return entropy(value) >= _LEAST_ENTROPY and not _NO_SECRET.match(value) and not _FILLED.search(value)


def _compiled(pattern: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"recognizers.{name}.patterns: a pattern cannot be compiled: {error.msg}.", fix="Correct the expression."
        ) from None


def _span(match: re.Match[str], score: float, detector: str) -> Span:
    group = "secret" if "secret" in match.re.groupindex else 0
    return seams.Span(match.start(group), match.end(group), "SECRET", score, detector)

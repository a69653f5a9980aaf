"""What has no labelled set: numbers of cards and accounts, addresses of mail and of networks, and keys, drawn with a fixed seed and written in the ways that traces have.

    python benchmarks/sanitize_drawn.py

Prints how many are found whole. The ways were written before the rules were looked at; rules have been mended since, so that
this says what kinds are known, and not how many others there are.
"""

from __future__ import annotations

import itertools
import random
import re
import string
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sanitize_speed import a_redactor, line

from llmci.adapters.recognizers.secrets import SecretsRecognizer
from llmci.seams import Leaf, Silent
from llmci.wiring.explain import spans_of

if TYPE_CHECKING:
    from collections.abc import Callable

_IN_LOGS = (
    "{}", "from {} at 10:22", "client_ip={}", '"ip": "{}"', "[{}]", "({})", "X-Real-IP: {}, 10.0.0.1", "<ip>{}</ip>", "'{}'", 'x="{}",y=1',
    "host {}.", "ping {};", "remote {} port 22", '\\"ip\\": \\"{}\\"', "Server {} is down", "{}\n",
)  # fmt: skip
_V4_ALONE = (
    "{}:8080",
    "http://{}/admin",
    "ssh root@{}",
    "blocked {}/24",
    '{} - - [10/Oct/2000:13:55:36 -0700] "GET /"',
)
_V6_ALONE = ("http://[{}]/x", "inet6 {}/64", "[{}]:443")
_NO_ADDRESSES = (
    "version 1.2.3.4", "build 10.0.19041.1", "v2.14.0.1 released", "section 3.1.4.1", "OID 1.3.6.1.4", "pip install foo==1.2.3.4",
    "std::vector::size", "12:30:45", "Python 3.11.7", "0.12.5.1-beta", "rust::mem::swap", "time 10:20:30:40", "scores 1.2.3.4.5",
)  # fmt: skip
_SENTENCES = (
    "it is {}",
    "please use {} for that",
    '"value": "{}"',
    "x={}",
    "[{}]",
    "({})",
    "{}",
    "old: {}, new: none",
    "{}\n",
    "> {}",
    "<td>{}</td>",
    '\\"v\\": \\"{}\\"',
)
# Countries whose accounts are digits, and some whose are not; A stands for a letter.
_IBANS = (
    ("DE", "0" * 18), ("ES", "0" * 20), ("AT", "0" * 16), ("BE", "0" * 12), ("PL", "0" * 24), ("PT", "0" * 21), ("SE", "0" * 20),
    ("GB", "AAAA" + "0" * 14), ("NL", "AAAA" + "0" * 10), ("IE", "AAAA" + "0" * 14), ("FR", "0" * 10 + "0A000000000" + "00"), ("IT", "A" + "0" * 22),
)  # fmt: skip
_NO_NUMBERS = (
    "order ################", "id: 7###############", "tracking 1Z999AA1##########", "build 2024.##.##.####", "2024-05-1# 10:##:##", "part ###-##-##", "ratio #.################",
    "seed #########", "rows ####-####-####", "hash 4a#b#c#d4e5f#a#b", "user@host:~$ ls", "npm i left-pad@1.#.#", "@app.route('/v#')", "git@v#.#", "DE## is a flat", "epoch 17########000",
    "uuid 1234abcd-12ab-34cd-56ef-1234567#####", "lat 52.######, lon 13.######", "0x4#########", "isbn 978-3-16-1484##-0",
)  # fmt: skip
_NAMES = (
    "API_KEY", "datadog_api_key", "client_secret", "clientSecret", "accessToken", "AUTH_TOKEN", "secret_key", "SECRET_KEY_BASE", "private_key",
    "bot_token", "refresh_token", "X-Api-Key", "signing_secret", "encryption_key", "consumer_secret", "deploy_token", "webhook_secret", "apikey",
    "app_secret", "HEROKU_API_KEY", "SNYK_TOKEN", "account_key", "access_key", "license_key", "TF_VAR_api_token", "session_token", "id_token",
    "jwt_secret", "storage_key", "subscription_key",
)  # fmt: skip
_WAYS = (
    "{n}={v}", "{n}: {v}", '{n} = "{v}"', "{n}: '{v}'", '"{n}": "{v}"', "export {n}={v}", '{n}=>"{v}"', "<{n}>{v}</{n}>", "set {n} {v}",
    '-H "{n}: {v}"', "--{n} {v}", "--{n}={v}", '{n} := "{v}"', 'os.environ["{n}"] = "{v}"', "config.{n} = '{v}'", '\\"{n}\\": \\"{v}\\"',
    "?{n}={v}&x=1", 'const {n}: string = "{v}";', '.{n}("{v}")', "| {n} | {v} |", "{n}\t{v}", "{n}:\n  {v}", "ENV {n} {v}",
    "- name: {n}\n  value: {v}", '"name": "{n}", "value": "{v}"', "my {n} is {v}", 'putenv("{n}={v}")', "'{n}' => '{v}',", '{n}="{v}" # prod',
)  # fmt: skip
_ALPHABETS = (
    ("0123456789abcdef", 32), ("0123456789abcdef", 40), ("0123456789abcdef", 64), (string.ascii_letters + string.digits, 20),
    (string.ascii_letters + string.digits, 40), (string.ascii_letters + string.digits + "+/", 43), (string.ascii_lowercase + string.digits, 24),
    (string.ascii_uppercase + string.digits, 26),
)  # fmt: skip


def drawn() -> None:
    """Print all of it."""
    numbers()
    network_addresses()
    keys()


def numbers() -> None:
    """Cards, social security numbers, IBANs and addresses of mail, in sentences, logs, code and JSON, with odd separators."""
    draw = random.Random(5)
    makers: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
        "CREDIT_CARD": (_card, _SENTENCES),
        "US_SSN": (
            _ssn,
            ("ssn {}", "SSN: {}.", "my social security number is {}", '"ssn": "{}"', "social {} thanks", "SSN={}"),
        ),
        "IBAN_CODE": (_iban, _SENTENCES),
        "EMAIL_ADDRESS": (_mail, _SENTENCES),
    }
    for kind, (make, ways) in makers.items():
        texts = [(way, make(draw)) for way, _ in itertools.product(ways, range(300 // len(ways) + 1))]
        said = [(way.format(value), value) for way, value in texts]
        lines: Any = list(
            spans_of([{"id": i, "text": text} for i, (text, _) in enumerate(said)], a_redactor(), Silent())
        )
        found = sum(_is_whole(text, value, of["spans"]) for (text, value), of in zip(said, lines, strict=True))
        line(f"drawn, {kind}", f"recall {found / len(said):.3f} of {len(said)}", "1.000")
    others = [re.sub(r"#", lambda _: draw.choice(string.digits), draw.choice(_NO_NUMBERS)) for _ in range(1000)]
    lines = spans_of([{"id": i, "text": text} for i, text in enumerate(others)], a_redactor(), Silent())
    false = sum(any(span["type"] in makers for span in of["spans"]) for of in lines)
    line("the same kinds in other numbers", f"{false} of {len(others)} taken", "precision >= .99")


def _card(draw: random.Random) -> str:
    start, size = draw.choice([("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16), ("3528", 16)])
    body = start + "".join(draw.choice(string.digits) for _ in range(size - 1 - len(start)))
    doubled = [int(c) * (2 if at % 2 == 0 else 1) for at, c in enumerate(reversed(body))]
    number = f"{body}{-sum(n - 9 if n > 9 else n for n in doubled) % 10}"
    groups = (4, 6, 5) if size == 15 else (4, 4, 4, 4)
    return _grouped(number, groups, draw.choice(["", " ", "-", ".", "\u00a0", "\u2011"]))


def _ssn(draw: random.Random) -> str:
    number = (
        f"{draw.choice([*range(1, 666), *range(667, 900)]):03d}{draw.randint(1, 99):02d}{draw.randint(1, 9999):04d}"
    )
    return _grouped(number, (3, 2, 4), draw.choice(["-", " ", "\u00a0", "\u2010", ""]))


def _iban(draw: random.Random) -> str:
    country, form = draw.choice(_IBANS)
    account = "".join(draw.choice(string.ascii_uppercase if c == "A" else string.digits) for c in form)
    digits = "".join(str(int(c, 36)) for c in f"{account}{country}00")
    number = f"{country}{98 - int(digits) % 97:02d}{account}"
    made = _grouped(number, (4,) * (len(number) // 4 + 1), draw.choice(["", " ", "-", "\u00a0"]))
    return made.lower() if draw.random() < 0.2 else made


def _mail(draw: random.Random) -> str:
    word = lambda: "".join(draw.choice(string.ascii_lowercase) for _ in range(draw.randint(3, 9)))  # noqa: E731
    local = draw.choice(["{0}", "{0}.{1}", "{0}+{1}", "{0}_{1}7", "{0}-{1}", "O'{0}", "{0}99"]).format(word(), word())
    host = draw.choice(["{0}.com", "mail.{0}.co.uk", "{0}.internal", "{0}-{1}.org", "xn--{0}-kva.de"]).format(
        word(), word()
    )
    sign = draw.choice(["@", "@", "@", "%40", "&#64;", " [at] ", "\uff20"])
    return f"{local}{sign}{host}"


def _grouped(number: str, groups: tuple[int, ...], sign: str) -> str:
    parts, at = [], 0
    for size in groups:
        parts.append(number[at : at + size])
        at += size
    return sign.join(filter(None, parts))


def network_addresses() -> None:
    draw = random.Random(11)
    texts = []
    for makes, ways in ((_v4, (*_IN_LOGS, *_V4_ALONE)), (_v6, (*_IN_LOGS, *_V6_ALONE))):
        for way, _ in itertools.product(ways, range(30)):
            value = makes(draw)
            texts.append((way.format(value), value))
    lines: Any = list(spans_of([{"id": i, "text": text} for i, (text, _) in enumerate(texts)], a_redactor(), Silent()))
    found = sum(_is_whole(text, value, of["spans"]) for (text, value), of in zip(texts, lines, strict=True))
    others: Any = spans_of([{"id": i, "text": text} for i, text in enumerate(_NO_ADDRESSES)], a_redactor(), Silent())
    false = sum(any(span["type"] == "IP_ADDRESS" for span in of["spans"]) for of in others)
    line(
        "drawn network addresses",
        f"recall {found / len(texts):.3f} of {len(texts)}; {false} of {len(_NO_ADDRESSES)} versions and the like taken",
        "1.000, precision >= .99",
    )


def _is_whole(text: str, value: str, spans: list[dict[str, Any]]) -> bool:
    at = text.index(value)
    return any(s["start"] <= at and s["end"] >= at + len(value) and s["type"] != "URL" for s in spans)


def _v4(draw: random.Random) -> str:
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def _v6(draw: random.Random) -> str:
    groups = [f"{draw.randrange(1 << 16):x}" for _ in range(8)]
    cut = draw.randint(2, 4)
    return ":".join(groups) if draw.random() < 0.5 else f"{':'.join(groups[:cut])}::{':'.join(groups[cut + 2 :])}"


def keys() -> None:
    draw = random.Random(7)
    context: Any = SimpleNamespace(name="secrets")
    find: Callable[..., Any] = SecretsRecognizer(SecretsRecognizer.Options(), context).find
    found = total = 0
    for name, way in itertools.product(_NAMES, _WAYS):
        alphabet, length = draw.choice(_ALPHABETS)
        value = "".join(draw.choice(alphabet) for _ in range(length))
        text = way.format(n=name, v=value)
        at = text.index(value)
        found += any(s.start <= at and s.end >= at + length for s in find([Leaf(text)])[0])
        total += 1
    line("drawn keys beside their names", f"recall {found / total:.3f} of {total}", ">= .95")


if __name__ == "__main__":
    drawn()

"""What has no labelled set: network addresses and keys, drawn with a fixed seed and written in the ways that traces have.

    python benchmarks/sanitize_drawn.py

Prints how many are found whole. The ways were written before the rules were looked at; rules have been mended since, so that
this says what kinds are known, and not how many others there are.
"""

from __future__ import annotations

import itertools
import random
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
    network_addresses()
    keys()


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

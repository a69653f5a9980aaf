"""Settings, key and recognizers to the redactor that `sanitize` and `bench` use."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from llmci.adapters.recognizers.deadline import Deadline
from llmci.config import Block
from llmci.core.privacy.answers import AnswerCleaner
from llmci.core.privacy.detect import REMEMBERED, Detector
from llmci.core.privacy.manifest import policy_digest
from llmci.core.privacy.policy import DEFAULT_POLICY, policy_of
from llmci.core.privacy.redact import Redactor
from llmci.core.privacy.second_look import SecondLook
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.settings import LOCALES
from llmci.errors import PrivacyStop, UsageError
from llmci.files import read_json, write_json, write_once
from llmci.registry import adapter
from llmci.wiring.build import KEY_FILE, build
from llmci.wiring.vault import vault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmci.config import Config
    from llmci.seams import Recognizer

_KEY_BYTES = 32
# What does not change what a trace becomes.
_UNDIGESTED = ("max_quarantine", "key_env", "vault_key_env", "timeout_s", "canaries")
# Answers that are the same come side by side, and no bench is to grow with what it has cleaned.
_OF_ANSWERS = 1_000_000
_TURNS_FILE = "surrogates.json"
# Of each shard, unless `strict`: the second pass takes as long as the first.
_SECOND_CHARS = 100_000
# Stock patterns, believed without a word beside them.
_EAGER = {"context_free": ["US_PASSPORT", "UK_NHS", "US_ITIN", "US_BANK_NUMBER"]}
_REGIONS = ["US", "GB", "DE", "FR", "ES", "IT", "IN", "AU", "CA", "NL", "SE", "CH", "AT", "PL", "BR", "MX", "JP"]


@dataclass(frozen=True, slots=True)
class Privacy:
    """A redactor, with what the manifest says of it.

    Attributes:
        policy: The settings that decide what a trace becomes, and the options of the recognizers.
        digest: Of policy, recognizers and key.
    """

    redactor: Redactor
    policy: Mapping[str, object]
    recognizers: Mapping[str, str]
    key_fingerprint: str
    digest: str


def cleaner(config: Config, environ: Mapping[str, str]) -> AnswerCleaner:
    """What sanitizes the answers of a system, before they are scored, judged or stored."""
    return AnswerCleaner(privacy_of(config, environ, remembered=_OF_ANSWERS).redactor)


def privacy_of(config: Config, environ: Mapping[str, str], *, remembered: int = REMEMBERED) -> Privacy:
    """Put together what the configuration asks for.

    Args:
        remembered: Characters of texts that are remembered with what was found in them.

    Raises:
        PrivacyStop: There is no recognizer, so that nothing would be removed.
        UsageError: The key cannot be used, a language is not known, or a recognizer's options are wrong.
    """
    settings = config.sanitize
    if not settings.recognizers:
        raise PrivacyStop(
            f"{config.path}: sanitize.recognizers is empty: nothing would be removed.",
            fix="Name recognizers, or leave the line out.",
        )
    for locale in settings.locales:
        if locale not in LOCALES:
            raise UsageError(
                f"{config.path}: sanitize.locales: nothing is known of the language {locale!r}.",
                fix=f"Choose of {', '.join(LOCALES)}.",
            )
    blocks = [_block(config, name) for name in settings.recognizers]
    found: list[Recognizer] = [build("recognizer", block, config, environ) for block in blocks]
    turns = turns_of(config)
    vault = vault_of(config, environ)
    surrogates = Surrogates(key_of(config, environ), turns, vault)
    detector = Detector(
        [Deadline(block.name, recognizer, settings.timeout_s) for block, recognizer in zip(blocks, found, strict=True)],
        max_chars=settings.max_leaf_chars,
        remembered=remembered,
    )
    told = {key: value for key, value in asdict(settings).items() if key not in _UNDIGESTED}
    policy = {
        **told,
        "policy": {**DEFAULT_POLICY, **settings.policy},
        "options": {block.name: block.options.model_dump(mode="json") for block in blocks},
        **({"drawn_anew": turns} if turns else {}),
        **({"vault_key": vault.fingerprint} if vault else {}),
    }
    recognizers = {block.name: recognizer.version for block, recognizer in zip(blocks, found, strict=True)}
    return Privacy(
        redactor=Redactor(detector, policy_of(settings), surrogates),
        policy=policy,
        recognizers=recognizers,
        key_fingerprint=surrogates.fingerprint,
        digest=policy_digest(policy, recognizers, surrogates.fingerprint),
    )


def second_look(config: Config, environ: Mapping[str, str]) -> SecondLook:
    """What looks again at the texts of one shard: every language, more countries, stock patterns, low scores.

    Presidio's national recognizers for other languages than English take seconds to load; they run
    where the project names the language, and with `strict`.
    """
    settings = config.sanitize
    locales = list(LOCALES) if settings.strict else list(dict.fromkeys(("en", *settings.locales)))
    options = {
        "structured": {**_given(config, "structured"), "locales": list(LOCALES), "regions": _REGIONS},
        "presidio": {**_given(config, "presidio"), "locales": locales, **_EAGER},
    }
    blocks = [
        Block(name=kind, kind=kind, options=adapter("recognizer", kind).Options.model_validate(given), given=given)
        for kind, given in options.items()
    ]
    detector = Detector(
        [Deadline(block.name, build("recognizer", block, config, environ), settings.timeout_s) for block in blocks],
        max_chars=settings.max_leaf_chars,
    )
    most = settings.max_residual if settings.strict else None
    return SecondLook(detector, policy_of(settings), None if settings.strict else _SECOND_CHARS, most)


def _given(config: Config, kind: str) -> dict[str, Any]:
    """The options of the project's recognizer of that kind, if it has one."""
    found = next((block for block in config.recognizers.values() if block.kind == kind), None)
    return found.options.model_dump() if found is not None else {}


def turns_of(config: Config) -> dict[str, int]:
    """How often surrogates were drawn anew, by family."""
    try:
        found = read_json(config.state / _TURNS_FILE)
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(turn, int) for turn in found.values()):
        raise UsageError(
            f"{config.state / _TURNS_FILE}: damaged.",
            fix="Delete it and sanitize everything anew; some surrogates will be others than before.",
        )
    return found


def draw_anew(config: Config, families: Iterable[str]) -> dict[str, int]:
    """Have other surrogates for these families from now on; gives the turn of each."""
    turns = turns_of(config)
    turns |= {family: turns.get(family, 0) + 1 for family in families}
    write_json(config.state / _TURNS_FILE, turns)
    return turns


def key_of(config: Config, environ: Mapping[str, str]) -> bytes:
    """The secret that surrogates are derived from: of the environment, or made once and kept.

    Raises:
        UsageError: The file with the key is damaged.
    """
    if given := environ.get(config.sanitize.key_env):
        return given.encode("utf-8", "surrogateescape")
    path = config.state / KEY_FILE
    write_once(path, secrets.token_bytes(_KEY_BYTES))
    key = path.read_bytes()
    if len(key) < _KEY_BYTES:
        raise UsageError(
            f"{path}: the key is damaged: it has {len(key)} bytes.",
            fix="Delete it and sanitize everything anew; surrogates will be others than before.",
        )
    return key


def _block(config: Config, name: str) -> Block:
    """The recognizer's block of the configuration, or one without options; the project's languages unless it names its own."""
    block = config.recognizers.get(name)
    if block is None:
        block = Block(name=name, kind=name, options=adapter("recognizer", name).Options(), given={"kind": name})
    if "locales" in type(block.options).model_fields and "locales" not in block.given:
        options = block.options.model_copy(update={"locales": config.sanitize.locales})
        return replace(block, options=options)
    return block

"""Settings, key and recognizers to the redactor that `sanitize` and `bench` use."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.deadline import Deadline
from llmci.config import Block
from llmci.core.privacy.detect import Detector
from llmci.core.privacy.manifest import policy_digest
from llmci.core.privacy.policy import DEFAULT_POLICY, policy_of
from llmci.core.privacy.redact import Redactor
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.settings import LOCALES
from llmci.errors import PrivacyStop, UsageError
from llmci.files import write_once
from llmci.registry import adapter
from llmci.wiring.build import build

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.config import Config
    from llmci.seams import Recognizer

_KEY_FILE = "privacy.key"
_KEY_BYTES = 32
# What does not change what a trace becomes.
_UNDIGESTED = ("max_quarantine", "key_env", "timeout_s")


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


def privacy_of(config: Config, environ: Mapping[str, str]) -> Privacy:
    """Put together what the configuration asks for.

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
    surrogates = Surrogates(key_of(config, environ))
    detector = Detector(
        [Deadline(block.name, recognizer, settings.timeout_s) for block, recognizer in zip(blocks, found, strict=True)],
        max_chars=settings.max_leaf_chars,
    )
    told = {key: value for key, value in asdict(settings).items() if key not in _UNDIGESTED}
    policy = {
        **told,
        "policy": {**DEFAULT_POLICY, **settings.policy},
        "options": {block.name: block.options.model_dump(mode="json") for block in blocks},
    }
    recognizers = {block.name: recognizer.version for block, recognizer in zip(blocks, found, strict=True)}
    return Privacy(
        redactor=Redactor(detector, policy_of(settings), surrogates),
        policy=policy,
        recognizers=recognizers,
        key_fingerprint=surrogates.fingerprint,
        digest=policy_digest(policy, recognizers, surrogates.fingerprint),
    )


def key_of(config: Config, environ: Mapping[str, str]) -> bytes:
    """The secret that surrogates are derived from: of the environment, or made once and kept.

    Raises:
        UsageError: The file with the key is damaged.
    """
    if given := environ.get(config.sanitize.key_env):
        return given.encode("utf-8", "surrogateescape")
    path = config.state / _KEY_FILE
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

"""The vault of the operator `encrypt`: beside the clean shelf, a file for each shard, never in an eval set."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

from llmci.core.privacy.policy import DEFAULT_POLICY
from llmci.core.privacy.vault import TOKEN, Vault, WrongKeyError
from llmci.errors import UsageError
from llmci.files import read_json, write_json
from llmci.wiring.build import shelf_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Config

_DIRECTORY = "vault"
_TOKEN_BYTES = re.compile(TOKEN.pattern.encode())


def vault_of(config: Config, environ: Mapping[str, str]) -> Vault | None:
    """The vault that the settings ask for; None where nothing is encrypted.

    Raises:
        UsageError: There is no key, or the library is not installed.
    """
    settings = config.sanitize
    if "encrypt" not in {settings.operator, *{**DEFAULT_POLICY, **settings.policy}.values()}:
        return None
    return _vault(config, environ)


def reveal(config: Config, text: str, environ: Mapping[str, str]) -> tuple[str, int]:
    """A text with the original in the place of every token that the vault knows, and how many tokens it does not know.

    Raises:
        UsageError: There is no key, or it is another one than the values were sealed with.
    """
    vault, shelf = _vault(config, environ), shelf_of(config, "clean")
    sealed = {token: hidden for shard_id in shelf.shards() for token, hidden in _read(shelf, shard_id).items()}
    unknown = 0

    def original(match: re.Match[str]) -> str:
        nonlocal unknown
        if match[0] not in sealed:
            unknown += 1
            return match[0]
        return vault.open(match[0], sealed[match[0]])

    try:
        return TOKEN.sub(original, text), unknown
    except WrongKeyError:
        raise UsageError(
            f"the vault was sealed with another key than that of {config.sanitize.vault_key_env}.",
            fix="Set the key of the run that sanitized these traces.",
        ) from None


def keep(shelf: DirectoryShelf, shard_id: str, vault: Vault | None) -> None:
    """Write what was sealed in a shard."""
    if vault is not None and vault.sealed:
        write_json(_file(shelf, shard_id), dict(sorted(vault.sealed.items())))
    else:
        drop(shelf, shard_id)


def move(staging: DirectoryShelf, clean: DirectoryShelf, shard_id: str) -> None:
    """Put the vault of a staged shard in the place of the one before."""
    source, target = _file(staging, shard_id), _file(clean, shard_id)
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    else:
        drop(clean, shard_id)


def drop(shelf: DirectoryShelf, shard_id: str) -> None:
    """Forget what was sealed in a shard."""
    _file(shelf, shard_id).unlink(missing_ok=True)


def prune(shelf: DirectoryShelf, shard_id: str) -> None:
    """Keep only what stands in the shard: after traces were erased from it."""
    sealed = _read(shelf, shard_id)
    if not sealed:
        return
    standing = {
        match[0].decode()
        for batch in shelf.read(shard_id)
        for column in batch.columns
        for buffer in column.buffers()
        if buffer is not None
        for match in _TOKEN_BYTES.finditer(buffer)
    }
    write_json(_file(shelf, shard_id), {token: hidden for token, hidden in sealed.items() if token in standing})


def _vault(config: Config, environ: Mapping[str, str]) -> Vault:
    name = config.sanitize.vault_key_env
    if importlib.util.find_spec("cryptography") is None:
        raise UsageError("encrypt needs the package cryptography.", fix="Run `pip install 'llmci-loop[vault]'`.")
    if not (key := environ.get(name)):
        raise UsageError(
            f"{config.path}: encrypt needs a key in the variable {name}.",
            fix="Set it to a long random secret that is kept elsewhere than these files, such as 32 random bytes in hexadecimal.",
        )
    return Vault(key.encode("utf-8", "surrogateescape"))


def _file(shelf: DirectoryShelf, shard_id: str) -> Path:
    return shelf.path / _DIRECTORY / f"{shard_id}.json"


def _read(shelf: DirectoryShelf, shard_id: str) -> dict[str, str]:
    try:
        found: dict[str, str] = read_json(_file(shelf, shard_id))
    except FileNotFoundError:
        return {}
    return found

"""`encrypt`: tokens in the clean traces, sealed values beside them, and the way back with the key alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import a_trace
from commands import llmci
from sanitize_project import a_project, clean_rows, files_of, run

from llmci.core.privacy.vault import Vault, WrongKeyError
from llmci.errors import UsageError
from llmci.wiring.build import shelf_of
from llmci.wiring.vault import prune, reveal

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("cryptography", reason="needs the extra `vault`")
SETTINGS = "  policy: {PERSON: encrypt, EMAIL_ADDRESS: encrypt}\n"
SAID = "I am Ngozi Adeyemi, write to ngozi.adeyemi@corp.example or call Ngozi Adeyemi"
KEY = {"LLMCI_VAULT_KEY": "kept elsewhere"}


def test_equal_values_keep_equal_tokens_and_the_key_brings_them_back(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"one": [a_trace("t", SAID)]}, SETTINGS)
    run(config, **KEY)

    (text,) = [part["text"] for row in clean_rows(config) for m in row["input"]["messages"] for part in m["parts"]]
    tokens = [word.strip(",") for word in text.split() if word.startswith("[PERSON_")]
    assert len(tokens) == 2
    assert len(set(tokens)) == 1
    assert "Ngozi" not in text
    assert reveal(config, text, KEY) == (SAID, 0)


def test_no_file_of_the_project_holds_the_value_and_the_eval_set_not_even_the_sealed_one(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"one": [a_trace("t", SAID)]}, SETTINGS)
    run(config, **KEY)

    files = {path: content for path, content in files_of(config.state).items() if not path.startswith("raw")}
    assert not [path for path, content in files.items() if b"Adeyemi" in content]
    sealed = [path for path in files if path.startswith("clean/vault/")]
    assert sealed == ["clean/vault/one.json"]


def test_another_key_opens_nothing_and_none_is_an_error(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"one": [a_trace("t", SAID)]}, SETTINGS)
    with pytest.raises(UsageError, match="LLMCI_VAULT_KEY"):
        run(config)
    run(config, **KEY)
    token = next(iter(_sealed(config.state / "clean" / "vault" / "one.json")))

    with pytest.raises(UsageError, match="another key"):
        reveal(config, token, {"LLMCI_VAULT_KEY": "another"})
    assert reveal(config, "[PERSON_0123456789abcdef]", KEY) == ("[PERSON_0123456789abcdef]", 1)


def test_what_was_erased_from_a_shard_leaves_its_vault(tmp_path: Path) -> None:
    rows = [a_trace("t", SAID), a_trace("u", "I am Omar Haddad")]
    config = a_project(tmp_path, {"one": rows}, SETTINGS)
    run(config, **KEY)
    file = config.state / "clean" / "vault" / "one.json"
    before = _sealed(file)
    shelf = shelf_of(config, "clean")
    text = "".join(str(row["input"]) for row in clean_rows(config))
    prune(shelf, "one")
    assert _sealed(file) == {token: hidden for token, hidden in before.items() if token in text}

    gone = a_project(tmp_path, {"one": rows[1:]}, SETTINGS)
    run(gone, **KEY)
    assert len(_sealed(file)) == 1


def test_the_same_key_gives_the_same_bytes_and_an_operator_without_encrypt_writes_no_vault(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        config = a_project(tmp_path / name, {"one": [a_trace("t", SAID)]}, SETTINGS)
        run(config, **KEY)
        written.append((config.state / "clean" / "vault" / "one.json").read_bytes())
    assert written[0] == written[1]

    plain = a_project(tmp_path / "a", {"one": [a_trace("t", SAID)]})
    run(plain)
    assert not (plain.state / "clean" / "vault" / "one.json").exists()


def test_the_command_reads_a_text_and_prints_the_original(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"one": [a_trace("t", SAID)]}, SETTINGS)
    run(config, **KEY)
    token = next(t for t in _sealed(config.state / "clean" / "vault" / "one.json") if t.startswith("[PERSON"))

    done = llmci("sanitize", "--reveal", "-", cwd=tmp_path, environ=KEY, stdin=f"Dear {token}")

    assert (done.returncode, done.stdout.strip()) == (0, "Dear Ngozi Adeyemi")
    assert llmci("sanitize", "--reveal", "missing.txt", cwd=tmp_path, environ=KEY).returncode == 2


def test_a_sealed_value_is_bound_to_its_kind() -> None:
    vault = Vault(b"key")
    token = vault.seal("PERSON", "Mia Li")

    assert vault.open(token, vault.sealed[token]) == "Mia Li"
    with pytest.raises(WrongKeyError):
        vault.open(token.replace("PERSON", "ADDRESS"), vault.sealed[token])


def _sealed(file: Path) -> dict[str, str]:
    import json

    found: dict[str, str] = json.loads(file.read_text())
    return found

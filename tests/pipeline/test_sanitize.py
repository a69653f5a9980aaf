"""Raw shelf to clean shelf: nothing leaks, nothing is skipped, nothing is left half done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from builders import a_message, a_trace
from commands import environment
from sanitize_project import KEY, a_project, add_recognizers, clean_rows, files_of, run

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.core.privacy.manifest import check
from llmci.domain.trace import TRACE
from llmci.errors import PrivacyStop, UsageError
from llmci.wiring.build import shelf_of
from llmci.wiring.clean import clean_digest

CANARIES = (
    "Zebulon",
    "Quagmire",
    "zq.canary77@corp-mail.example",
    "zebulon_quagmire_4471",
    "4417 Canary Wharf Road",
    "90871",
    "1961-07-23",
    "212-867-5309",
    "536-90-4399",
    "4111 1111 1111 1111",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
)


def a_leaky_trace(trace_id: str = "t1", **columns: Any) -> dict[str, Any]:
    """Personal data in every kind of place that a row has."""
    profile = {
        "name": {"first_name": "Zebulon", "last_name": "Quagmire"},
        "email": "zq.canary77@corp-mail.example",
        "address": {"street": "4417 Canary Wharf Road", "zip": "90871", "city": "Boston"},
        "dob": "1961-07-23",
    }
    nested = json.dumps({"status": 200, "body": json.dumps(profile, indent=1)})
    call = {"type": "tool_call", "tool_name": "get", "tool_arguments": '{"user_id": "zebulon_quagmire_4471"}'}
    said = a_message("user", "I am Zebulon Quagmire, call me at 212-867-5309. My SSN is 536-90-4399.")
    row = a_trace(trace_id, answer="Thank you, Zebulon! Your card 4111 1111 1111 1111 is fine.")
    row["input"]["messages"] = [said, {"role": "assistant", "parts": [call]}]
    row["input"]["messages"].append({"role": "tool", "parts": [{"type": "tool_result", "tool_result": nested}]})
    return {
        **row,
        "user_id": "zebulon_quagmire_4471",
        "session_id": f"session-of-{trace_id}",
        "metadata": json.dumps({"token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "Zebulon Quagmire": 1}),
        "tags": ["vip", "zq.canary77@corp-mail.example"],
        "error": "no such user: zebulon_quagmire_4471",
        "documents": [
            {"id": "d1", "content": "Zebulon Quagmire moved to Boston.", "uri": "crm://zebulon_quagmire_4471"}
        ],
        "scores": [{"name": "thumb", "comment": "Zebulon was happy", "author": "zq.canary77@corp-mail.example"}],
        "steps": [{"name": "db", "attributes": '{"db.statement": "email=zq.canary77@corp-mail.example"}'}],
        **columns,
    }


def text_of(row: dict[str, Any]) -> str:
    return orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS).decode()


def test_no_canary_is_left_anywhere_in_a_row(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"s": [a_leaky_trace()]})

    run(config)

    [row] = clean_rows(config)
    assert [canary for canary in CANARIES if canary.lower() in text_of(row).lower()] == []
    assert "Boston" in text_of(row)


def test_no_file_of_the_state_but_the_raw_shelf_holds_a_canary(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"s": [a_leaky_trace()]})

    run(config)

    for name, content in files_of(config.state).items():
        if not name.startswith("raw/") and not name.endswith(".parquet"):
            assert not any(canary.encode() in content for canary in CANARIES), name


def test_json_stays_json_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"s": [a_leaky_trace()]})

    run(config)

    [row] = clean_rows(config)
    body = json.loads(row["input"]["messages"][2]["parts"][0]["tool_result"])["body"]
    assert json.loads(body)["address"]["city"] == "Boston"
    assert body.count("\n") == 12
    assert row["trace_id"] == "t1"
    assert row["start"] == a_trace()["start"]
    assert row["tags"][0] == "vip"


def test_equal_values_stay_equal_and_the_person_stays_one(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"a": [a_leaky_trace("t1")], "b": [a_leaky_trace("t2")]})

    run(config)

    one, two = clean_rows(config)
    assert one["user_id"] == two["user_id"]
    assert one["session_id"] != two["session_id"]
    assert one["tags"] == two["tags"]
    assert one["scores"][0]["author"] == two["scores"][0]["author"]


def test_what_one_trace_of_a_session_tells_is_removed_from_the_others(tmp_path: Path) -> None:
    rows = [
        a_trace("t1", question="Who moves qz81x7lmw?", session_id="s1"),
        a_trace("t2", question="It is login=qz81x7lmw", session_id="s1"),
        a_trace("t3", question="Who moves qz81x7lmw?", session_id="s2"),
    ]
    config = a_project(tmp_path, {"s": rows})

    run(config)

    first, _, third = clean_rows(config)
    assert "qz81x7lmw" not in text_of(first)
    assert "qz81x7lmw" in text_of(third)


def test_the_same_key_gives_the_same_bytes_and_another_key_others(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two", "other")]
    for place in places:
        place.mkdir()
    configs = [a_project(place, {"s": [a_leaky_trace()]}) for place in places]

    run(configs[0])
    run(configs[1])
    run(configs[2], LLMCI_PRIVACY_KEY="another")

    clean = [files_of(config.state / "clean") for config in configs]
    assert clean[0] == clean[1]
    assert clean[0]["s.parquet"] != clean[2]["s.parquet"]


def test_a_pool_of_processes_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmci.wiring import sanitize as wiring

    shards = {name: [a_leaky_trace(f"t-{name}")] for name in "abc"}
    for place in ("one", "pool"):
        (tmp_path / place).mkdir()
    one, pool = (a_project(tmp_path / place, shards) for place in ("one", "pool"))

    run(one)
    monkeypatch.setattr(wiring, "_PARALLEL_BYTES", 0)
    run(pool)

    assert files_of(one.state / "clean") == files_of(pool.state / "clean")


def test_without_a_key_one_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"s": [a_leaky_trace()]})

    first = run(config, LLMCI_PRIVACY_KEY="").key_fingerprint
    second = run(config, LLMCI_PRIVACY_KEY="").key_fingerprint

    assert first == second
    assert (config.state / "privacy.key").stat().st_mode & 0o777 == 0o600


def test_only_what_changed_is_sanitized_again(tmp_path: Path) -> None:
    shards = {"a": [a_trace("t1")], "b": [a_trace("t2")]}
    config = a_project(tmp_path, shards)
    first = run(config)
    before = files_of(config.state / "clean")

    again = run(config)

    assert (first.shards, again.shards, again.shards_unchanged) == (2, 0, 2)
    assert files_of(config.state / "clean") == before

    changed = run(a_project(tmp_path, {**shards, "b": [a_trace("t3")]}))
    assert (changed.shards, changed.shards_unchanged) == (1, 1)
    stricter = run(a_project(tmp_path, shards, settings="  operator: redact\n"))
    assert stricter.shards == 2


def test_a_manifest_that_was_edited_is_written_again(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"a": [a_trace("t1")]})
    run(config)
    shelf = shelf_of(config, "clean")
    shelf.write_manifest({**(shelf.manifest() or {}), "rows": 7})

    run(config)

    assert clean_digest(shelf)


def test_a_shard_that_is_gone_from_the_raw_shelf_is_dropped(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"a": [a_trace("t1")], "b": [a_trace("t2")]})
    run(config)
    DirectoryShelf(config.state / "raw", TRACE).drop("b")

    run(config)

    assert [row["trace_id"] for row in clean_rows(config)] == ["t1"]
    assert clean_digest(DirectoryShelf(config.state / "clean", TRACE))


@pytest.mark.parametrize("recognizer", ["raises", "hangs"])
def test_a_trace_that_a_recognizer_fails_at_is_held_back_without_a_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognizer: str
) -> None:
    add_recognizers(monkeypatch)
    rows = [a_trace("t1"), a_trace("t2", question="TRAP for Zebulon"), a_trace("t3")]
    settings = "  timeout_s: 0.2\n  max_quarantine: 0.5\n"
    config = a_project(tmp_path, {"s": rows}, settings=settings, recognizers=f"structured, {recognizer}")

    summary = run(config)

    assert [row["trace_id"] for row in clean_rows(config)] == ["t1", "t3"]
    [held] = summary.quarantined_first
    assert held.where.startswith("s, row 2 (trace ")
    assert held.why.startswith(f"the recognizer {recognizer} failed: ")
    assert "Zebulon" not in held.where + held.why


def test_a_recognizer_that_answers_too_little_holds_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_recognizers(monkeypatch)
    config = a_project(tmp_path, {"s": [a_trace()]}, recognizers="forgets")

    with pytest.raises(PrivacyStop):
        run(config)


def test_above_the_limit_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_recognizers(monkeypatch)
    config = a_project(tmp_path, {"a": [a_trace("t1")]}, recognizers="raises")
    run(config)
    before = files_of(config.state / "clean")
    config = a_project(tmp_path, {"b": [a_trace("t2", question="TRAP, says Zebulon")]}, recognizers="raises")

    with pytest.raises(PrivacyStop) as stop:
        run(config)

    assert files_of(config.state / "clean") == before
    assert not (config.state / "clean.staging").exists()
    assert "Zebulon" not in stop.value.message + stop.value.fix
    listing = (config.state / "quarantine.jsonl").read_text()
    assert "Zebulon" not in listing
    assert json.loads(listing)["why"] == "the recognizer raises failed: ValueError"


def test_too_long_a_text_holds_its_trace_back(tmp_path: Path) -> None:
    config = a_project(
        tmp_path,
        {"s": [a_trace("t1"), a_trace("t2", question="a" * 5001)]},
        settings="  max_leaf_chars: 5000\n  max_quarantine: 0.5\n",
    )

    assert run(config).quarantined == 1


def test_no_recognizer_at_all_is_refused(tmp_path: Path) -> None:
    config = a_project(tmp_path, {"s": [a_trace()]}, recognizers="")

    with pytest.raises(PrivacyStop):
        run(config)


def test_there_has_to_be_something_to_sanitize(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as stop:
        run(a_project(tmp_path, {}))

    assert stop.value.fix == "Run `llmci pull` first."


@pytest.mark.parametrize("moment", [f"{what} {count}" for what in ("write", "adopt", "manifest") for count in (1, 2)])
def test_a_kill_leaves_nothing_that_passes_for_clean_and_the_next_run_finishes(tmp_path: Path, moment: str) -> None:
    config = a_project(tmp_path, {"a": [a_trace("t1")], "b": [a_trace("t2")]})
    run(config)
    shards = {"a": [a_leaky_trace("t1")], "b": [a_leaky_trace("t2")], "c": [a_leaky_trace("t3")]}
    config = a_project(tmp_path, shards)

    what, count = moment.split()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, what, count, str(tmp_path / "llmci.yaml")],
        env=environment(**KEY),
        cwd=Path(__file__).parent.parent,
        check=False,
        capture_output=True,
    )

    shelf = DirectoryShelf(config.state / "clean", TRACE)
    if (what, count) != ("manifest", "2"):
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        vouched = [row["trace_id"] for row in clean_rows(config)] if _is_vouched(shelf) else None
        assert vouched in (None, ["t1", "t2"])
    run(config)
    assert _is_vouched(shelf)
    assert not any(canary in text_of(row) for row in clean_rows(config) for canary in CANARIES)
    assert [row["trace_id"] for row in clean_rows(config)] == ["t1", "t2", "t3"]
    assert [p.name for p in config.state.rglob("*.tmp")] == []


def _is_vouched(shelf: DirectoryShelf) -> bool:
    try:
        check(shelf.manifest(), shelf.shards())
    except PrivacyStop:
        return False
    return True


# Kills itself at the so-manieth commit of a staged shard, move of one, or writing of the manifest.
_KILLED = """
import os, signal, sys
from llmci.adapters.stores import shelf
from sanitize_project import KEY, run
from llmci.config import load

what, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
name = {"write": "_write_rejected", "adopt": "_rejected", "manifest": "write_manifest"}[what]
calls = 0
before = getattr(shelf.DirectoryShelf, name)

def wrapped(self, *args, **options):
    global calls
    here = what != "adopt" or sys._getframe(1).f_code.co_name == "adopt"
    calls += here
    if here and calls == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return before(self, *args, **options)

setattr(shelf.DirectoryShelf, name, wrapped)
run(load(__import__("pathlib").Path(path)))
"""

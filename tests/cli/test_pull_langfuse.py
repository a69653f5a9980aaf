"""`llmci pull langfuse`, as a new user runs it: keys in the environment, no configuration."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from commands import llmci
from langfuse_server import ENVIRON, SECRET, Langfuse, observation, score
from scripted_server import serving

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)


def some() -> Langfuse:
    ago = NOW - timedelta(days=2)
    rows = [observation(f"t{n}", f"s{n}", ago + timedelta(minutes=n)) for n in range(40)]
    rows[3] |= {"input": "@@@langfuseMedia:type=image/png|id=m|source=base64_data_uri@@@"}
    return Langfuse(rows, [score("c1", "t1", ago)])


def test_a_new_user_pulls_the_last_week(tmp_path: Path) -> None:
    with serving(some().answer) as server:
        environ = {**ENVIRON, "LANGFUSE_HOST": server.url}
        planned = llmci("pull", "langfuse", "--since", "7d", "--dry-run", cwd=tmp_path, environ=environ)
        asked = len(server.asked)
        assert not (tmp_path / ".llmci").exists()
        done = llmci("pull", "langfuse", "--since", "7d", cwd=tmp_path, environ=environ)
        again = llmci("pull", "langfuse", "--since", "7d", "--json", "--sample", "50%", cwd=tmp_path, environ=environ)
    assert planned.returncode == 0
    assert planned.stdout.startswith("langfuse  fetch ")
    assert asked == 0, "a dry run asks nobody"
    assert done.returncode == 0, done.stderr
    assert "40 traces of langfuse" in done.stdout
    assert "fetched 41 records in " in done.stdout
    assert "replay: chat 39, none 1" in done.stdout
    assert "without: media 1" in done.stdout
    assert "not replayable: 1 of 40 (media 1)" in done.stdout
    summary = json.loads(again.stdout)
    assert 5 < summary["traces"] < 35
    assert summary["fetched"]["new"] == 0
    assert SECRET not in done.stderr + again.stderr + done.stdout
    for name in ("landing", "raw"):
        assert stat.S_IMODE((tmp_path / ".llmci" / name).stat().st_mode) == 0o700
    assert (tmp_path / ".llmci" / ".gitignore").read_text() == "*\n"


def test_refused_keys_leave_with_4_and_say_what_to_do(tmp_path: Path) -> None:
    with serving(some().answer) as server:
        environ = {**ENVIRON, "LANGFUSE_HOST": server.url, "LANGFUSE_SECRET_KEY": "sk-wrong"}
        done = llmci("pull", "langfuse", cwd=tmp_path, environ=environ)
    assert done.returncode == 4
    assert "answered 401: the credentials were refused" in done.stderr
    assert "Check LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY" in done.stderr
    assert "sk-wrong" not in done.stderr


@pytest.mark.parametrize("share", ["0", "101%", "half"])
def test_a_share_that_is_none(tmp_path: Path, share: str) -> None:
    done = llmci("pull", "langfuse", "--sample", share, cwd=tmp_path, environ=ENVIRON)
    assert done.returncode == 2
    assert "is not a share" in done.stderr


def test_a_source_that_is_not_there_names_what_is(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("{}")
    done = llmci("pull", "langfus", cwd=tmp_path, environ={})
    assert done.returncode == 2
    assert "langfuse" in done.stderr


def test_a_misspelt_kind_without_a_configuration_names_the_kinds(tmp_path: Path) -> None:
    done = llmci("pull", "langfuze", cwd=tmp_path)
    assert done.returncode == 2
    assert "'langfuze' is nothing that can be pulled without one" in done.stderr
    assert "langfuse, langsmith, mlflow, otlp, " in done.stderr

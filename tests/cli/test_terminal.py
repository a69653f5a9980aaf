"""Text of strangers stays text: in a terminal, in a pipe, in the log of a CI job."""

from __future__ import annotations

import json
import math
import os
import pty
import re
import select
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import environment, python
from hypothesis import given
from hypothesis import strategies as st

from llmci.cli.terminal import safe_text, show, show_json

WORK = """
import time
from llmci.cli.terminal import displays, note, progress
shown = progress(quiet=False)
shown.begin("bench", 20, "answers")
for _ in range(20):
    shown.advance(cost=0.001)
    time.sleep(0.01)
shown.note("[/bad] one case was held back \\x1b[2J")
shown.end()
displays.close()
"""


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x1b[2J\x1b[H", r"\x1b[2J\x1b[H"),
        ("a\rb", r"a\rb"),
        ("a\x00b", r"a\x00b"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202eevil", r"\u202eevil"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\ufeffbom", r"\ufeffbom"),
        ("line\u2028separator", r"line\u2028separator"),
        ("\udc80", r"\udc80"),
        ("\ue000", r"\ue000"),
        ("[/x] [bold]", "[/x] [bold]"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("日本語 عربى 😀", "日本語 عربى 😀"),
        (None, "None"),
        (12.5, "12.5"),
    ],
)
def test_what_could_act_on_a_terminal_is_shown_as_an_escape(hostile: object, harmless: str) -> None:
    assert safe_text(hostile) == harmless


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_gets_a_control_character_through(text: str) -> None:
    kept = set(safe_text(text)) - {"\n", "\t"}

    assert not [
        character for character in kept if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    ]


@pytest.mark.parametrize("hostile", ["::error::x", "a\n::set-output name=x::y", "  ::warning::x", "##[error]x"])
def test_no_text_commands_the_runner_of_a_ci_job(monkeypatch: pytest.MonkeyPatch, hostile: str) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    shown = safe_text(hostile)

    assert not re.search(r"(?m)^\s*::", shown)
    assert "##[" not in shown


def test_a_terminal_breaks_long_lines_between_words_and_a_pipe_gets_them_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"  {'word ' * 30}/a/long/path-{'x' * 60}.html"
    monkeypatch.setenv("COLUMNS", "60")

    show(line)
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    show(line)
    shown = capsys.readouterr().out.splitlines()

    assert piped == f"{line}\n"
    assert " ".join(" ".join(shown).split()) == " ".join(line.split())
    assert all(len(part) <= 60 for part in shown[:-1])
    assert shown[-1].strip().startswith("/a/long/path-")
    assert {part[:4] for part in shown[1:]} == {"    "}


def test_json_is_one_document_and_holds_no_command_for_a_runner(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"text": "##[error]", "nothing": math.nan, "at": datetime(2026, 11, 20, tzinfo=UTC), "in": Path("a/b")})

    out = capsys.readouterr().out
    assert "##[" not in out
    assert json.loads(out) == {"text": "##[error]", "nothing": None, "at": "2026-11-20T00:00:00+00:00", "in": "a/b"}


def test_a_pipe_gets_one_line_for_every_tenth_and_no_escapes(tmp_path: Path) -> None:
    done = python("-c", WORK, cwd=tmp_path, environ={"FORCE_COLOR": "1"})

    lines = done.stderr.splitlines()
    assert "\x1b" not in done.stderr
    assert done.stdout == ""
    assert 8 <= len(lines) <= 12
    assert re.match(r"bench: 2/20 answers, [\d.]+/s, \d+ s left, \$0\.0020$", lines[0])
    assert re.match(r"bench: 20/20 answers, [\d.]+/s, \$0\.0200, done$", lines[-1])
    assert lines[-2] == r"bench: [/bad] one case was held back \x1b[2J"


def test_a_github_job_folds_each_stage(tmp_path: Path) -> None:
    lines = python("-c", WORK, cwd=tmp_path, environ={"GITHUB_ACTIONS": "true"}).stderr.splitlines()

    assert lines[0] == "::group::bench"
    assert lines[-2].endswith("done")
    assert lines[-1] == "::endgroup::"


def on_a_terminal(code: str, cwd: Path, **environ: str) -> str:
    """What a real terminal is sent on stderr."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment(TERM="xterm-256color", **environ),
        stdin=follower,
        stdout=subprocess.DEVNULL,
        stderr=follower,
    ) as process:
        os.close(follower)
        sent = b""
        while select.select([leader], [], [], 30)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            sent += piece
        process.wait()
    os.close(leader)
    return sent.decode()


def test_a_terminal_gets_a_live_line_that_ends_as_a_plain_one(tmp_path: Path) -> None:
    sent = on_a_terminal(WORK, tmp_path)

    assert "\x1b[?25l" in sent  # the cursor is hidden,
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")  # and given back
    assert "/20 answers" in sent
    assert "$0.0" in sent
    assert r"[/bad] one case was held back \x1b[2J" in sent
    assert "\x1b[2J" not in sent
    assert re.search(r"bench: 20/20 answers, [\d.]+/s, \$0\.0200, done\r\n$", sent)


def test_a_terminal_without_colours_gets_none(tmp_path: Path) -> None:
    sent = on_a_terminal(WORK, tmp_path, NO_COLOR="1")

    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", sent)


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    assert "\x1b" not in on_a_terminal(
        WORK.replace("import time", "import os, time; os.environ['TERM'] = 'dumb'"), tmp_path
    )


def test_an_interrupt_gives_the_cursor_back_before_it_is_explained(tmp_path: Path) -> None:
    code = (
        "import sys; from llmci.cli import stops, terminal; shown = terminal.progress(quiet=False)\n"
        "shown.begin('bench', None, 'answers')\n"
        "terminal.displays.close(); stops.explain(KeyboardInterrupt(), [])\n"
    )

    sent = on_a_terminal(code, tmp_path)

    assert sent.index("\x1b[?25h") < sent.index("error: interrupted")

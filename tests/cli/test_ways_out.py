"""Every way out of the command has the exit code of the contract, and says what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from commands import ROOT, environment, llmci, python

if TYPE_CHECKING:
    from pathlib import Path

# A command that is put in the place of `llmci doctor`, so that each way out can be taken.
STAND_IN = """
import sys, types
module = types.ModuleType("llmci.cli.doctor")
exec('''
import typer
from llmci.cli.options import JsonFlag
def doctor(json: JsonFlag = False) -> None:
    "Stand in."
    {body}
''', module.__dict__)
import importlib.machinery
module.__spec__ = importlib.machinery.ModuleSpec("llmci.cli.doctor", None)
sys.modules["llmci.cli.doctor"] = module
sys.argv[0] = "llmci"
from llmci.cli.main import main
main()
"""
SOMEBODY = "maria.lopez@example.org"


def stand_in(body: str) -> str:
    return STAND_IN.replace("{body}", body.replace("\n", "\n    "))


def run(body: str, cwd: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return python("-c", stand_in(body), "doctor", *arguments, cwd=cwd, environ=environ)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("pass", 0, id="the-end"),
        pytest.param("raise typer.Exit(1)", 1, id="a-gate-said-no"),
        pytest.param("raise typer.Exit(3)", 3, id="no-decision"),
        pytest.param("from llmci.errors import UsageError; raise UsageError('a', fix='b')", 2, id="usage"),
        pytest.param("from llmci.errors import NoDecisionError as E; raise E('a', fix='b')", 3, id="undecided"),
        pytest.param("from llmci.errors import OutsideError as E; raise E('a', fix='b')", 4, id="outside"),
        pytest.param("from llmci.errors import PrivacyStop as E; raise E('a', fix='b')", 5, id="privacy"),
        pytest.param("from llmci.errors import Interrupted as E; raise E('a', fix='b')", 130, id="interrupted"),
        pytest.param("raise KeyboardInterrupt", 130, id="ctrl-c"),
        pytest.param("raise typer.Abort", 130, id="ctrl-c-at-a-question"),
        pytest.param("raise typer.BadParameter('a')", 2, id="bad-parameter"),
        pytest.param("raise ValueError('x')", 70, id="uncaught"),
        pytest.param("raise EOFError", 70, id="end-of-a-broken-pickle"),
        pytest.param("import sys; sys.exit(0)", 70, id="a-library-calls-exit-0"),
        pytest.param("import sys; sys.exit(1)", 70, id="a-library-calls-exit-1"),
        pytest.param("import there_is_no_such_module", 70, id="failing-import"),
        pytest.param("raise ExceptionGroup('g', [ValueError()])", 70, id="uncaught-in-a-task"),
        pytest.param(
            "from llmci.errors import OutsideError as E; raise ExceptionGroup('g', [E('a', fix='b')])",
            4,
            id="explained-in-a-task",
        ),
        pytest.param("open('/dev/full', 'w').write('x' * 100000)", 4, id="full-disk"),
        pytest.param("def f(): f()\nf()", 70, id="endless-recursion"),
    ],
)
def test_every_way_out_has_its_exit_code(tmp_path: Path, body: str, code: int) -> None:
    done = run(body, tmp_path)

    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    if code not in (0, 1, 3) or "raise E" in body:
        assert done.stderr.lstrip().startswith("error: ")
        assert "\n  fix: " in done.stderr


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("from llmci.errors import UsageError; raise UsageError('a', fix='b')", 2),
        ("raise ValueError('x')", 70),
        ("raise KeyboardInterrupt", 130),
    ],
)
def test_with_json_an_error_is_one_document_on_stdout(tmp_path: Path, body: str, code: int) -> None:
    done = run(body, tmp_path, "--json")

    assert json.loads(done.stdout)["exit_code"] == done.returncode == code
    assert set(json.loads(done.stdout)) == {"error", "fix", "exit_code"}


def test_a_crash_file_tells_where_and_never_what(tmp_path: Path) -> None:
    body = f"""
answer = "{SOMEBODY}"
try:
    raise KeyError(answer)
except KeyError as error:
    raise ValueError(f"cannot read {{answer}}") from error
"""
    done = run(body, tmp_path)

    [file] = (tmp_path / ".llmci" / "crashes").iterdir()
    report = file.read_text()
    assert str(file) in done.stderr
    assert "ValueError" in report
    assert "KeyError" in report
    assert "command: doctor" in report
    assert "llmci/cli/main.py:" in report
    for text in (report, done.stderr, done.stdout):
        assert SOMEBODY not in text
        assert "cannot read" not in text
    assert str(ROOT) not in report


def test_a_crash_is_reported_even_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / ".llmci").write_text("a file, where the directory would be")

    done = run("raise ValueError", tmp_path, TMPDIR=str(tmp_path / "absent"))

    assert done.returncode == 70
    assert "ValueError" in done.stderr


def test_a_crash_file_lies_with_the_project_and_not_where_the_command_was_typed(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").touch()
    (tmp_path / "docs").mkdir()

    run("raise ValueError", tmp_path / "docs")

    assert list((tmp_path / ".llmci" / "crashes").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_with_130_and_says_that_the_work_is_resumable(tmp_path: Path, number: int) -> None:
    body = "import time, sys\nsys.stderr.write('ready')\nsys.stderr.flush()\ntime.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", stand_in(body), "doctor"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.read(5) == "ready"
        process.send_signal(number)
        told = process.stderr.read()

    assert process.returncode == 130
    assert "resumable" in told
    assert not (tmp_path / ".llmci").exists()


def test_a_thread_that_stops_quotes_nothing(tmp_path: Path) -> None:
    body = f"""
import threading
def work(): raise ValueError("{SOMEBODY}")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    done = run(body, tmp_path)

    assert "ValueError" in done.stderr
    assert SOMEBODY not in done.stderr


def test_libraries_log_nothing_to_stderr(tmp_path: Path) -> None:
    done = run(f"import logging, warnings\nlogging.warning('{SOMEBODY}')\nwarnings.warn('{SOMEBODY}')", tmp_path)

    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said", "fix"),
    [
        (["doctr"], "no command 'doctr'", "Did you mean `llmci doctor`?"),
        (["xyzzy"], "no command 'xyzzy'", "llmci --help"),
        (["\x1b]0;evil\x07"], r"\x1b]0;evil", "llmci --help"),
        (["doctor", "--onlin"], "--onlin", "llmci doctor --help"),
        (["schema", "--output"], "--output", "--help"),
        ([], "no command was given", "llmci --help"),
        (["--config"], "--config", "llmci --help"),
    ],
)
def test_a_mistake_on_the_command_line_leaves_with_2(tmp_path: Path, arguments: list[str], said: str, fix: str) -> None:
    done = llmci(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert fix in done.stderr.splitlines()[-1]
    assert "\x1b" not in done.stderr


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    body = "from llmci.cli.terminal import show\nfor _ in range(5000): show('x' * 80)\nraise typer.Exit(3)"
    with subprocess.Popen(
        [sys.executable, "-c", stand_in(body), "doctor"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()

    assert (process.returncode, told) == (3, b"")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_change_no_exit_code(tmp_path: Path, closed: str) -> None:
    line = f'"{sys.executable}" -m llmci --version {closed}'

    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment(), check=False).returncode == 0


def test_a_result_that_cannot_be_delivered_is_never_green(tmp_path: Path) -> None:
    line = f'"{sys.executable}" -m llmci --help > /dev/full'

    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, check=False)

    assert done.returncode == 4
    assert b"fix: " in done.stderr


def test_a_terminal_that_is_not_utf8_shows_escapes(tmp_path: Path) -> None:
    done = run("from llmci.cli.terminal import show\nshow('5 → 4')", tmp_path, PYTHONIOENCODING="ascii")

    assert done.stdout == "5 \\u2192 4\n"


def test_json_stays_json_where_the_terminal_is_not_utf8(tmp_path: Path) -> None:
    body = "from llmci.cli.terminal import show_json\nshow_json({'a': '→ 😀 ' + chr(0xDC80)})"

    done = run(body, tmp_path, PYTHONIOENCODING="latin-1")

    assert json.loads(done.stdout) == {"a": "→ 😀 \udc80"}


def test_completion_names_the_commands(tmp_path: Path) -> None:
    done = llmci(
        cwd=tmp_path, environ={"_LLMCI_COMPLETE": "complete_bash", "COMP_WORDS": "llmci do", "COMP_CWORD": "1"}
    )

    assert done.returncode == 0
    assert "doctor" in done.stdout.split()


def test_bash_completes_a_command_and_its_flags(tmp_path: Path) -> None:
    """The script that typer installs, run by a real bash with `llmci` on its path."""
    command = tmp_path / "llmci"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m llmci "$@"\n')
    command.chmod(0o755)
    script = llmci(
        "--show-completion", "bash", cwd=tmp_path, environ={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    )
    line = textwrap.dedent("""
        COMP_WORDS=(llmci doctor --on); COMP_CWORD=2; COMP_LINE="llmci doctor --on"
        _llmci_completion llmci
        echo "${COMPREPLY[@]}"
    """)

    done = subprocess.run(
        ["bash", "-c", script.stdout + line],
        cwd=tmp_path,
        env=environment(PATH=f"{tmp_path}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert script.returncode == 0
    assert done.stdout.split() == ["--online"]


def test_completion_for_an_unknown_shell_is_a_usage_error(tmp_path: Path) -> None:
    done = llmci(cwd=tmp_path, environ={"_LLMCI_COMPLETE": "complete_nosuchshell"})

    assert done.returncode == 2


def test_help_costs_at_most_a_quarter_of_a_second(tmp_path: Path) -> None:
    """The best of five, as other work on the machine may slow any one of them."""
    code = "import resource,subprocess,sys; subprocess.run([sys.executable,'-m','llmci','--help'],stdout=-3); r=resource.getrusage(resource.RUSAGE_CHILDREN); print(r.ru_utime+r.ru_stime)"
    seconds = []
    for _ in range(5):
        seconds.append(float(python("-c", code, cwd=tmp_path).stdout))
        if min(seconds) <= 0.25:
            break
        time.sleep(0.2)

    assert min(seconds) <= 0.25

"""Canaries in every place of a trace, and every way out of the process watched: none may leave but by the raw shelf."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import a_message, a_trace
from commands import environment
from sanitize_project import KEY, a_project, add_recognizers, files_of

# Each is found by another recognizer, or by none but memory.
CANARIES = (
    "Zebulon",
    "Quagmire",
    "zq.canary77@corp-mail.example",
    "zebulon_quagmire_4471",
    "212-867-5309",
    "536-90-4399",
    "4111 1111 1111 1111",
    "GB29NWBK60161331926818",
    "81.92.103.114",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "Tr0ub4dor&3xyzzy",
)
# Runs the command with an audit hook: sockets, names looked up, processes, and files opened for writing go to a list.
WATCHED = """
import json, logging, os, sys
events = []
def hook(name, arguments):
    if name.startswith("socket.") and name not in ("socket.__new__", "socket.gethostname"):
        events.append([name, repr(arguments[1:])])
    elif name in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
        events.append([name, repr(arguments)])
    elif name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        events.append(["write", os.path.abspath(os.fsdecode(arguments[0])) if not isinstance(arguments[0], int) else ""])
sys.addaudithook(hook)
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
from sanitize_project import add_recognizers
class Patch:
    def setitem(self, known, name, value): known[name] = value
add_recognizers(Patch())
from llmci.cli.main import main
code = 0
try:
    main()
except SystemExit as stop:
    code = stop.code
finally:
    with open(os.environ["EVENTS"], "w") as file:
        json.dump([event for event in events], file)
sys.exit(code)
"""


def a_leaky_trace(trace_id: str, **columns: Any) -> dict[str, Any]:
    nested = json.dumps({"body": json.dumps({"first_name": "Zebulon", "last_name": "Quagmire", "ip": "81.92.103.114"})})
    said = (
        "I am Zebulon Quagmire, call me at 212-867-5309. My SSN is 536-90-4399, card 4111 1111 1111 1111, "
        "iban GB29NWBK60161331926818. My password is Tr0ub4dor&3xyzzy"
    )
    row = a_trace(trace_id, answer="Thank you, Zebulon!")
    result = {"role": "tool", "parts": [{"type": "tool_result", "tool_result": nested}]}
    row["input"]["messages"] = [a_message("user", said), result]
    secret = {"token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "mail": "zq.canary77@corp-mail.example"}
    return {**row, "user_id": "zebulon_quagmire_4471", "metadata": json.dumps(secret), **columns}


def leaks(content: bytes) -> list[str]:
    """Canaries that stand in some bytes, as they are or as base64, with other case or without separators."""
    lower, bare = content.lower(), content.lower().translate(None, b" -.")
    return [
        canary
        for canary in CANARIES
        if canary.lower().encode() in lower
        or canary.lower().translate(str.maketrans("", "", " -.")).encode() in bare
        or base64.b64encode(canary.encode())[:-4] in content
    ]


@pytest.fixture
def watched(tmp_path: Path) -> Any:
    """Runs a command in the project; gives what it said and everything that the hook saw."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    def run(project: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[bytes], list[list[str]]]:
        events = tmp_path / "events.json"
        tests = Path(__file__).parent.parent
        environ = environment() | KEY | {"EVENTS": str(events), "TMPDIR": str(temporary), "HOME": str(temporary)}
        environ["PYTHONPATH"] = f"{tests.parent}:{tests}"
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, *arguments],
            cwd=project,
            env=environ,
            capture_output=True,
            timeout=60,
            check=False,
        )
        # urllib3, which spaCy imports, asks this machine whether it knows version 6; nobody is talked to.
        return done, [e for e in json.loads(events.read_text()) if e != ["socket.bind", "(('::1', 0),)"]]

    return run


@pytest.mark.parametrize(
    ("recognizers", "code"),
    [
        pytest.param("structured, presidio, secrets", 0, id="all-goes-well"),
        pytest.param("structured, presidio, secrets, raises", 5, id="a-recognizer-raises-with-the-text"),
    ],
)
def test_no_canary_leaves_and_no_connection_is_opened(
    watched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognizers: str, code: int
) -> None:
    add_recognizers(monkeypatch)
    project = tmp_path / "project"
    project.mkdir()
    rows = [a_leaky_trace("t1"), a_leaky_trace("t2", error="TRAP Zebulon Quagmire 536-90-4399")]
    config = a_project(project, {"s": rows}, recognizers=recognizers)
    # Presidio itself runs for a recognizer that the fast way does not know.
    with (project / "llmci.yaml").open("a") as file:
        file.write("recognizers:\n  presidio: {kind: presidio, recognizers: [EmailRecognizer, UrlRecognizer]}\n")

    done, events = watched(project, "sanitize", "--json")

    assert done.returncode == code, done.stderr.decode()[-2000:]
    assert [event for event in events if event[0] != "write"] == []
    assert leaks(done.stdout) == []
    assert leaks(done.stderr) == []
    written = {Path(path) for name, path in events if name == "write" and path.startswith(str(tmp_path))}
    for path in written | set((tmp_path / "tmp").rglob("*")):
        if path.is_file() and path.suffix != ".parquet":
            assert leaks(path.read_bytes()) == [], path
    for name, content in files_of(config.state).items():
        if not name.startswith("raw/") and not name.endswith(".parquet"):
            assert leaks(content) == [], name


def test_explaining_shows_shapes_and_no_canary(watched: Any, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    a_project(project, {"s": [a_leaky_trace("t1")]}, recognizers="structured, presidio, secrets")

    done, events = watched(project, "sanitize", "--explain", "t1")

    assert done.returncode == 0
    assert b"PHONE_NUMBER" in done.stdout
    assert leaks(done.stdout + done.stderr) == []
    assert [event for event in events if event[0] != "write"] == []

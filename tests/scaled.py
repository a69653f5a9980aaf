"""A project of many small shards, the stages over it, and tasks that end their worker; also run in other processes."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders import NOON
from intents import questions

from llmci.config import load
from llmci.seams import Silent, Window
from llmci.wiring import sanitize as sanitizing
from llmci.wiring.engine import with_engine
from llmci.wiring.label import label
from llmci.wiring.pull import pull
from llmci.wiring.sanitize import sanitize

if TYPE_CHECKING:
    from llmci.config import Config
    from llmci.seams import Progress

KEY = {"LLMCI_PRIVACY_KEY": "a key for tests"}


def a_project(root: Path, *, files: int, traces: int, settings: str = "") -> Path:
    """Write llmci.yaml and so many files of so many traces, with people in them, sessions that go over all files, and
    one trace that two files have."""
    (root / "logs").mkdir(parents=True)
    (root / "llmci.yaml").write_text(
        "sources: {prod: {kind: jsonl, path: logs/*.jsonl}}\n"
        "sanitize: {recognizers: [structured, secrets]}\nlabel: {clusters: 4}\n" + settings
    )
    asked = [text for text, _ in questions(files * traces, 3)]
    for file in range(files):
        lines = [a_record(file, n, asked[file * traces + n], (file * traces + n) % 23) for n in range(traces)]
        lines.append(a_record(0, 0, "Where is my order?", 1) | {"id": "twice"})
        (root / "logs" / f"{file}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


def a_record(file: int, number: int, question: str, user: int) -> dict[str, Any]:
    """A trace; the first file tells the secret of each session, which the other files only speak of."""
    word = f"qz81x7lm{user}"
    secret = f"It is login={word}." if file == 0 else f"Who moves {word}?"
    return {
        "id": f"t{file}-{number}",
        "input": f"{question} My name is Zebulon Quagmire, write to zq{user}@corp-mail.example. {secret}",
        "output": "Thank you, Zebulon.",
        "user_id": f"user-{user}",
        "session_id": f"session-{user}",
        "latency_ms": 100 + user,
    }


def opened(root: Path, engine: str | None, *, workers: int | None = None, scheduler: str | None = None) -> Config:
    return with_engine(load(root / "llmci.yaml"), engine, workers=workers, scheduler=scheduler)


def pull_all(config: Config, progress: Progress | None = None) -> Any:
    told: dict[str, Any] = {"sources": (), "window": Window(), "limit": None, "environ": KEY, "now": NOON}
    return pull(config, **told, progress=progress or Silent())


def stages(config: Config, progress: Progress | None = None) -> None:
    """Pull, sanitize and label."""
    progress = progress or Silent()
    pull_all(config, progress)
    sanitize(config, progress=progress, environ=KEY, now=NOON)
    label(config, now=NOON, progress=progress, environ=KEY)


def left_on_shelves(root: Path) -> dict[str, bytes]:
    """Every file that the stages leave, by path; without the archive of groups, and what killed writers were at."""
    state = root / ".llmci"
    found = sorted(p for shelf in ("raw", "clean", "labels") for p in (state / shelf).rglob("*") if p.is_file())
    return {str(p.relative_to(state)): p.read_bytes() for p in found if p.suffix not in (".npz", ".tmp")}


def double(number: int) -> int:
    return 2 * number


def die_once(place: str) -> str:
    """End the worker the first time."""
    path = Path(place)
    if path.suffix == ".trap" and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def die_at_three(number: int) -> int:
    """End the worker at the number 3."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def sanitize_or_die(work: Any) -> int:
    """The work of `sanitize`, but for the shard of the second file."""
    if work.shard_id == os.environ["POISONED"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return sanitizing._sanitize_shard(work)


if __name__ == "__main__":
    stages(opened(Path(sys.argv[1]), sys.argv[2], workers=2))

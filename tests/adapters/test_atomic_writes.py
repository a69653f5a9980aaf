from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from llmci.files import atomic_path, sweep_unfinished, write_bytes

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import sys
from pathlib import Path
from llmci.files import write_bytes
number = 0
while True:
    number += 1
    write_bytes(Path(sys.argv[1]), str(number).encode() * 200_000)
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "state"
    for pause in (0.05, 0.11, 0.17, 0.23):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(pause)
            writer.send_signal(signal.SIGKILL)
        content = target.read_bytes()

        assert content == content[: len(content) // 200_000] * 200_000


def test_a_failure_while_writing_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "state"
    write_bytes(target, b"old")

    def fail_half_way() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_goes_wrong_with_a_file_names_it(tmp_path: Path) -> None:
    target = tmp_path / "state"

    with pytest.raises(OSError, match="No space left on device") as raised, atomic_path(target):
        raise OSError(28, "No space left on device")

    assert raised.value.filename == str(target)


def test_a_new_file_is_as_readable_as_any_other_and_an_old_one_stays_as_private_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    private = tmp_path / "private"
    private.touch(mode=0o600)

    write_bytes(tmp_path / "new", b"")
    write_bytes(private, b"")

    assert (tmp_path / "new").stat().st_mode == (tmp_path / "ordinary").stat().st_mode
    assert private.stat().st_mode & 0o777 == 0o600


def test_what_killed_writers_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".rows.parquet.x1.tmp").write_bytes(b"half")
    (tmp_path / ".v0002.x2.tmp").mkdir()
    (tmp_path / ".v0002.x2.tmp" / "cases.parquet").write_bytes(b"half")
    for kept in ("rows.parquet", ".hidden", "rows.tmp"):
        (tmp_path / kept).write_bytes(b"whole")

    sweep_unfinished(tmp_path, older_s=3600)
    assert len(list(tmp_path.iterdir())) == 5
    sweep_unfinished(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "rows.parquet", "rows.tmp"]
    sweep_unfinished(tmp_path / "not there")

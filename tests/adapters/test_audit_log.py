from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest

from llmci.adapters.stores.audit import AuditLog
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def append(path: Path, number: int) -> None:
    AuditLog(path).append("promote", {"number": number}, at="2026-11-20T12:00:00Z")


def test_every_act_is_read_back_in_order(tmp_path: Path) -> None:
    for number in range(3):
        append(tmp_path / "audit.jsonl", number)

    assert [line["facts"]["number"] for line in AuditLog(tmp_path / "audit.jsonl").lines()] == [0, 1, 2]


@pytest.mark.parametrize("line", [0, 1])
def test_an_edited_line_is_found(tmp_path: Path, line: int) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        append(path, number)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"promote", b"demote!")
    path.write_bytes(b"".join(lines))

    with pytest.raises(UsageError, match="chain is broken"):
        list(AuditLog(path).lines())


def test_a_line_half_written_by_a_kill_is_dropped_by_the_next_act(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    append(path, 0)
    with path.open("ab") as file:
        file.write(b'{"act":"prom')

    append(path, 1)

    assert [line["facts"]["number"] for line in AuditLog(path).lines()] == [0, 1]


def test_processes_that_append_at_once_keep_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(append, [path] * 20, range(20)))

    assert sorted(line["facts"]["number"] for line in AuditLog(path).lines()) == list(range(20))

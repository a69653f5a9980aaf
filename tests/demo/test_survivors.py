"""The demo's own check that nothing planted is left, in every form that text rests in."""

from __future__ import annotations

import base64
import gzip
import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from llmci.demo.survivors import survivors

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = {"marta.okonjo@larkspur-freight.example"}
LEAK = "write to marta.okonjo@larkspur-freight.example"


def test_finds_a_value_in_a_nested_parquet_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"messages": [[{"parts": [{"text": LEAK}]}]]}), tmp_path / "a.parquet")

    assert survivors(PLANTED, [tmp_path]) == [str(tmp_path / "a.parquet")]


def test_finds_a_value_in_what_the_html_report_packs(tmp_path: Path) -> None:
    noise = os.urandom(200).hex()
    block = base64.b64encode(gzip.compress(f'["{LEAK}", "{noise}"]'.encode())).decode()
    (tmp_path / "report.html").write_text(f'<script id="index">{block}</script>')

    assert survivors(PLANTED, [tmp_path / "report.html"]) == [str(tmp_path / "report.html")]


def test_finds_a_value_in_plain_text_below_a_directory(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "CARD.md").write_text(LEAK)

    assert survivors(PLANTED, [tmp_path]) == [str(tmp_path / "deep" / "CARD.md")]


def test_finds_nothing_where_nothing_is(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["clean"]}), tmp_path / "a.parquet")
    (tmp_path / "report.html").write_text(f"<p>{'A' * 90}</p>")

    assert survivors(PLANTED, [tmp_path]) == []

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report_builders import a_report

from llmci.config import parse
from llmci.errors import UsageError
from llmci.wiring.report import write_reports

ROOT = Path(__file__).parents[2]
EVERY_SUFFIX = ("html", "md", "json", "xml", "csv", "parquet")


def a_config(root: Path) -> object:
    return parse("project: shop\n", root / "llmci.yaml")


def test_the_suffix_decides_the_format(tmp_path: Path) -> None:
    outputs = [tmp_path / "new" / f"report.{suffix}" for suffix in EVERY_SUFFIX]

    written = write_reports(a_config(tmp_path), a_report(20), outputs)

    assert written == outputs
    assert [path.read_bytes()[:4] for path in outputs] == [b"<!do", b"<!--", b"{\n  ", b"<?xm", b"case", b"PAR1"]


def test_the_project_names_the_report(tmp_path: Path) -> None:
    write_reports(a_config(tmp_path), a_report(20), [tmp_path / "report.md"])

    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("<!-- llmci:shop -->")


def test_an_unknown_suffix_stops_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.docx") as stopped:
        write_reports(a_config(tmp_path), a_report(5), [tmp_path / "report.md", tmp_path / "report.docx"])

    assert ".html" in stopped.value.fix
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match=r"file/report\.md: cannot be written"):
        write_reports(a_config(tmp_path), a_report(5), [tmp_path / "file" / "report.md"])


def test_a_kill_at_any_instant_leaves_a_whole_report(tmp_path: Path) -> None:
    script = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
from pathlib import Path
from report_builders import a_report
from llmci.config import parse
from llmci.wiring.report import write_reports
config, report = parse("project: shop", Path({str(tmp_path / "llmci.yaml")!r})), a_report(300)
while True:
    write_reports(config, report, [Path({str(tmp_path / "report.html")!r})])
"""
    writer = subprocess.Popen([sys.executable, "-c", script])
    while not (tmp_path / "report.html").exists():
        time.sleep(0.01)
    time.sleep(0.13)

    writer.send_signal(signal.SIGKILL)
    writer.wait()

    assert (tmp_path / "report.html").read_bytes().endswith(b"</html>")

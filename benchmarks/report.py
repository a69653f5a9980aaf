"""The HTML report at 1,000, 10,000 and 100,000 cases: size, memory and time to write, and to use in a headless Chromium.

    python benchmarks/report.py [--cases 1000 10000 100000]

Times in the browser are medians of `RUNS` fresh pages. "interactive" is from the start of navigation to a
list that answers; "open" is a click on a case until its word diff stands; "filter" is the choice of a change
over all cases; "search" is a word typed until every text has been looked through.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from report_builders import a_report

from llmci.adapters.reporters.html import HtmlReporter
from llmci.core.reporting.compose import view_of
from llmci.core.reporting.packing import Packing, case_fields
from llmci.files import write_pieces
from llmci.seams import ReportOptions

RUNS = 5
# Milliseconds until the page can be used, by cases.
TARGETS = {1_000: 250, 10_000: 500, 100_000: 1_500}
OPEN_MS = FILTER_MS = 50
ROW_BYTES = 80
# A case with its texts, of its raw texts.
TEXT_SHARE = 0.5
READY = "() => document.documentElement.dataset.ready !== undefined"
CHANGE = """() => {
  const field = document.getElementById("f-change"), from = performance.now();
  field.selectedIndex = 1;
  field.dispatchEvent(new Event("change"));
  return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() - from))));
}"""
OPEN = """() => {
  const from = performance.now();
  document.querySelector("#list [role=option]").click();
  return new Promise(done => {
    const look = () => document.querySelector("#detail .sides") ? done(performance.now() - from) : setTimeout(look, 1);
    look();
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, nargs="+", default=list(TARGETS))
    sizes = parser.parse_args().cases
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on PATH")
    print(
        f"{'cases':>8} {'MB':>6} {'row B':>9} {'of text':>12} {'texts':>8} {'write s':>8} {'peak MB':>8} {'interactive ms':>15} {'open ms':>8} {'filter ms':>10}"
    )
    for cases in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.html"
            context = multiprocessing.get_context("spawn")
            with context.Pool(1) as pool:
                seconds, (before, rows, peak), row, share, kept = pool.apply(written, (cases, str(path)))
            ready, opened, filtered = in_the_browser(chromium, path)
            target = TARGETS.get(cases)
            print(
                f"{cases:>8,} {path.stat().st_size / 1e6:>6.1f} {row:>5.1f} /{ROW_BYTES} {share:>7.0%} /{TEXT_SHARE:.0%} {kept:>8,} {seconds:>8.1f} {peak:>8.0f} "
                f"{ready:>9.0f} /{target or '-':>4} {opened:>8.0f} {filtered:>10.0f}"
            )
            print(
                f"{'':>8} of the peak, {before:.0f} MB were the runs and the set themselves, {rows - before:.0f} MB a row for each case, "
                f"and {peak - rows:.0f} MB the writing"
            )


def written(cases: int, path: str) -> tuple[float, tuple[float, float, float], float, float, int]:
    """Seconds to write, peak memory in MB (before, with a row for each case, after), bytes of index a row, text share, cases with texts."""
    report = a_report(cases)
    before = _peak()
    view = view_of(report)
    rows = _peak()
    del view
    start = time.perf_counter()
    write_pieces(Path(path), HtmlReporter().pieces(report))
    seconds = time.perf_counter() - start
    peak = _peak()
    view = view_of(report)
    packing = Packing(view, int(ReportOptions().max_mb * 1e6))
    size = sum(map(len, packing.chunks()))
    raw = sum(_characters(case_fields(view.whole(case))) for case in view.cases[: packing.kept])
    return seconds, (before, rows, peak), packing.index_chars / cases, size / raw, packing.kept


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _characters(value: object) -> int:
    """Of all texts within."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_characters, value.values()))
    return sum(map(_characters, value)) if isinstance(value, (list, tuple)) else 0


def in_the_browser(chromium: str, path: Path) -> tuple[float, float, float]:
    """Milliseconds until the page can be used, a case is open, and a filter has been applied."""
    ready, opened, filtered = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(RUNS):
            page = browser.new_page(bypass_csp=True)
            page.add_init_script(
                "new MutationObserver((_, o) => { if (document.documentElement?.dataset.ready !== undefined) "
                "{ window.readyAt = performance.now(); o.disconnect(); } })"
                ".observe(document, { attributes: true, subtree: true, attributeFilter: ['data-ready'] });"
            )
            page.goto(path.as_uri())
            page.wait_for_function(READY)
            ready.append(page.evaluate("window.readyAt"))
            opened.append(page.evaluate(OPEN))
            filtered.append(page.evaluate(CHANGE))
            page.close()
        browser.close()
    return statistics.median(ready), statistics.median(opened), statistics.median(filtered)


if __name__ == "__main__":
    main()

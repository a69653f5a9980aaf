"""Labelled verdicts from a file, or a configured judge and an eval set, for `llmci judge check`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.bench.pace import START
from llmci.core.judging.calibration import calibration_of
from llmci.errors import NoDecisionError, UsageError
from llmci.pipeline.judge_check import Checked, Columns, check_rows, check_scorer
from llmci.wiring.build import build
from llmci.wiring.calibrations import save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from llmci.config import Block, Config
    from llmci.core.judging.labels import Menu
    from llmci.domain.evalset import EvalSet
    from llmci.seams import Progress

Row = dict[str, Any]
# Judges that cannot be asked about the reference answer of a case alone.
_NEEDS_MORE = {
    "pairwise": "compares two answers, and a case has one (with --pairs)",
    "factuality": "compares with the reference, and that is what people have judged",
}


def check_file(path: Path, columns: Columns, menu: Menu) -> Checked:
    """Calibrate on verdicts in a JSON Lines, CSV or Parquet file.

    Raises:
        UsageError: The file cannot be read, or lacks a column.
        NoDecisionError: No row has a person's verdict.
    """
    rows = _rows(path)
    there = {name for row in rows for name in row}
    for name in (*columns.human, columns.judge, *columns.answers, columns.by, columns.item, columns.swapped):
        if name is not None and name not in there:
            raise UsageError(
                f"{path}: there is no column {name!r}.", fix=f"Columns: {', '.join(sorted(there)) or 'none'}."
            )
    return _some(check_rows(rows, columns, menu), str(path))


def check_configured(
    config: Config,
    name: str,
    menu: Menu,
    *,
    environ: Mapping[str, str],
    progress: Progress,
    evalset: EvalSet | None = None,
    repeat: int = 1,
) -> Checked:
    """Ask a configured judge about the reference answers of the eval set that people have judged.

    Raises:
        UsageError: There is no such judge, or it does not say where people's verdicts are.
        NoDecisionError: No case has one.
    """
    block = judge_block(config, name)
    if block.kind in _NEEDS_MORE:
        raise UsageError(
            f"scorers.{name} {_NEEDS_MORE[block.kind]}.",
            fix="Check it on a file of its verdicts beside people's: FILE --human --judge --scorer.",
        )
    if block.options.human is None:
        raise UsageError(
            f"scorers.{name}: `human` does not say which expectation holds people's verdicts.",
            fix="Add `human:` with its name.",
        )
    if getattr(block.options, "scale", None) != "binary" and menu.cut is None:
        raise UsageError(f"scorers.{name} gives grades: it is not said which is a pass.", fix="Say it with --cut.")
    if evalset is None:
        from llmci.wiring.evalset_store import store

        evalset = store(config).load(config.evalset.name)
    scorer = build("scorer", block, config, environ)
    checked = asyncio.run(
        check_scorer(
            scorer,
            evalset.cases,
            block.options.human,
            menu,
            concurrency=config.bench.concurrency or START,
            progress=progress,
            repeat=repeat,
        )
    )
    return _some(checked, f"the eval set {evalset.name}")


def kept(
    config: Config, name: str, checked: Checked, *, asked: bool, now: datetime, environ: Mapping[str, str]
) -> Path:
    """Keep what a check has found, under the judge's digest; raises `UsageError` if there is no such judge."""
    scorer = build("scorer", judge_block(config, name), config, environ)
    [digest] = scorer.judge_digests()
    found = calibration_of(
        checked.overall,
        judge=digest,
        scorer=name,
        model=scorer.metric().judge,
        checked_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        asked=asked,
        slices=checked.groups if len(checked.groups) > 1 else {},
    )
    return save(config, found)


def judge_block(config: Config, name: str) -> Block:
    """The block of a judge; raises `UsageError` if there is none of that name."""
    judges = {
        other: block
        for other, block in config.scorers.items()
        if getattr(block.options, "model", None) and hasattr(block.options, "human")
    }
    if name not in judges:
        raise UsageError(f"there is no judge called {name!r}.", fix=f"Judges: {', '.join(judges) or 'none'}.")
    return judges[name]


def _some(checked: Checked, where: str) -> Checked:
    if not checked.overall.labels and checked.overall.consistency is None and checked.overall.position is None:
        raise NoDecisionError(
            f"{where}: no person's verdict can be read.",
            fix="Spell passes and fails with --pass and --fail, or grades with --cut.",
        )
    return checked


def _rows(path: Path) -> Sequence[Row]:
    import pyarrow as pa

    suffix = path.suffix.lower()
    try:
        if suffix in (".jsonl", ".ndjson"):
            return [
                _object(line, f"{path}:{number}")
                for number, line in enumerate(path.read_bytes().splitlines(), 1)
                if line.strip()
            ]
        if suffix == ".csv":
            from pyarrow import csv

            return _listed(csv.read_csv(path))
        if suffix == ".parquet":
            from pyarrow import parquet

            return _listed(parquet.read_table(path))
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path}: cannot be read ({type(error).__name__}).", fix="Mend the file.") from None
    raise UsageError(f"{path}: {suffix or 'no suffix'} is not read.", fix="Use .jsonl, .csv or .parquet.")


def _listed(table: Any) -> list[Row]:  # noqa: ANN401  an Arrow table
    rows: list[Row] = table.to_pylist()
    return rows


def _object(line: bytes, where: str) -> Row:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise UsageError(f"{where}: not a JSON object.", fix="Write one object a line.")
    return value

"""Runs in a directory: one folder a run, immutable once its manifest is there.

<runs>/<run_id>/answers.parquet   one row an answer
<runs>/<run_id>/scores.parquet    one row a score
<runs>/<run_id>/covariates.parquet   one row a case and metric, where the run holds what earlier ones scored
<runs>/<run_id>/manifest.json     the rest of the run, and the SHA-256 of the others; written last: the commit
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, fields
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from llmci.adapters.stores.rows import ANSWER, COVARIATE, SCORE, Row, answer_of, answer_row, score_of, score_row
from llmci.domain.run import SCHEMA_NAME, Covariate, Looks, Metric, PastScores, Run
from llmci.domain.system import SystemSpec
from llmci.errors import UsageError
from llmci.files import atomic_path, read_json, sha256_of, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

MANIFEST = "manifest.json"
_TABLES = ("answers.parquet", "scores.parquet")
_COVARIATES = "covariates.parquet"
_BATCH = 1024
_BLOCK = 1 << 20


class DirectoryRuns:
    """See `llmci.seams.RunStore`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, run: Run) -> None:
        """See `RunStore.save`; a run that is there is never written again."""
        folder = self.path / run.run_id
        if (folder / MANIFEST).exists():
            raise UsageError(f"{folder}: this run is already stored.", fix="Store it under another id.")
        manifest = manifest_of(run)
        manifest["files"] = {
            _TABLES[0]: _write(folder / _TABLES[0], ANSWER, (answer_row(answer) for answer in run.answers)),
            _TABLES[1]: _write(folder / _TABLES[1], SCORE, (score_row(score) for score in run.scores)),
        }
        if run.covariates:
            manifest["files"][_COVARIATES] = _write(folder / _COVARIATES, COVARIATE, covariate_rows(run.covariates))
        write_json(folder / MANIFEST, {"schema": SCHEMA_NAME, **manifest})

    def load(self, run_id: str) -> Run:
        """See `RunStore.load`."""
        folder = self.path / run_id
        manifest = self._manifest(run_id)
        try:
            schema, stated = manifest.pop("schema"), manifest.pop("files")
            if schema != SCHEMA_NAME:
                raise UsageError(
                    f"{folder / MANIFEST}: schema {schema} is not {SCHEMA_NAME}.", fix="Use the llmci that wrote it."
                )
            answers, scores = (_read(folder / name, stated[name]) for name in _TABLES)
            earlier = _read(folder / _COVARIATES, stated[_COVARIATES]) if _COVARIATES in stated else ()
            return run_of(manifest, answers, scores, earlier)
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(folder / MANIFEST, type(error).__name__) from None

    def list(self) -> Sequence[str]:
        """See `RunStore.list`."""
        return sorted((manifest.parent.name for manifest in self.path.glob(f"*/{MANIFEST}")), reverse=True)

    def past(self, like: Run, most: int, *, but: Sequence[str] = ()) -> tuple[PastScores, ...]:
        """Scores of the newest runs on the same set under the same metrics; no answer is read.

        Args:
            like: Its set and the digests of its metrics have to be the same.
            most: Runs; twice as many manifests are looked at, and no more.
            but: Ids that are left out.
        """
        wanted = {metric.name: metric.digest for metric in like.metrics}
        found: list[PastScores] = []
        fitting = 0
        for run_id in [known for known in self.list() if known not in but][: 2 * most]:
            # One that is damaged is no reason to write no report.
            with contextlib.suppress(UsageError):
                manifest = self._manifest(run_id)
                known = {metric["name"]: metric["digest"] for metric in manifest.get("metrics", ())}
                same = [name for name, digest in wanted.items() if known.get(name) == digest]
                if manifest.get("evalset_digest") != like.evalset_digest or not same:
                    continue
                found += self._scores(run_id, manifest, same)
                if (fitting := fitting + 1) == most:
                    break
        return tuple(found)

    def _scores(self, run_id: str, manifest: dict[str, Any], names: Sequence[str]) -> Iterator[PastScores]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path / run_id / _TABLES[1]
        try:
            # `read_table` and `group_by` would load pyarrow's datasets, and pandas with them.
            with pq.ParquetFile(path) as file:
                table = file.read(columns=["case_id", "metric", "value"])
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, type(error).__name__) from None
        means = _means(table)
        for name in names:
            yield PastScores(
                run_id=run_id,
                system=str(manifest["system"]["name"]),
                finished_at=str(manifest["finished_at"]),
                metric=name,
                values=means.get(name, {}),
            )

    def _manifest(self, run_id: str) -> dict[str, Any]:
        path = self.path / run_id / MANIFEST
        try:
            found: dict[str, Any] = read_json(path)
        except (FileNotFoundError, NotADirectoryError):
            known = ", ".join(self.list()[:5]) or "none"
            raise UsageError(
                f"there is no run {run_id!r} in {self.path}.", fix=f"The newest runs are: {known}."
            ) from None
        except ValueError:
            raise _damaged(path, "not JSON") from None
        if not isinstance(found, dict):
            raise _damaged(path, "not an object")
        return found


def _means(table: pa.Table) -> dict[str, dict[str, float]]:
    """By metric and case the mean of what was scored."""
    import numpy as np
    import pyarrow.compute as pc

    table = table.filter(pc.is_valid(table["value"]))
    # To make an empty array, arrow would load pandas.
    if not table.num_rows:
        return {}
    # As numbers: comparing with a text would load pandas, too.
    metrics, cases = (table[name].combine_chunks().dictionary_encode() for name in ("metric", "case_id"))
    ids = cases.dictionary.to_pylist()
    of, at, values = (_numbers(column) for column in (metrics.indices, cases.indices, table["value"].combine_chunks()))
    means = {}
    for code, name in enumerate(metrics.dictionary.to_pylist()):
        mine = of == code
        counts = np.bincount(at[mine], minlength=len(ids))
        sums = np.bincount(at[mine], weights=values[mine], minlength=len(ids))
        means[name] = {ids[one]: float(sums[one] / counts[one]) for one in np.flatnonzero(counts)}
    return means


def _numbers(column: pa.Array) -> np.ndarray:
    """The numbers of a column without gaps, as they lie in memory: `to_numpy` would load pandas."""
    import numpy as np

    kind = np.dtype(str(column.type).replace("double", "float64"))
    if not len(column):
        return np.zeros(0, dtype=kind)
    return np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)]


def manifest_of(run: Run) -> dict[str, Any]:
    """All of a run but what it holds of each case, as JSON can hold it."""
    manifest: dict[str, Any] = {field.name: getattr(run, field.name) for field in fields(run)}
    for name in ("answers", "scores", "looks", "covariates"):
        del manifest[name]
    manifest["system"], manifest["metrics"] = asdict(run.system), [asdict(metric) for metric in run.metrics]
    manifest["environment"] = dict(run.environment)
    # Absent from runs that know of none, as from those that an older llmci stored.
    manifest |= {"looks": asdict(run.looks)} if run.looks else {}
    manifest |= {"covariates": {one.metric: list(one.runs) for one in run.covariates}} if run.covariates else {}
    return manifest


def covariate_rows(covariates: Iterable[Covariate]) -> Iterator[Row]:
    """What earlier runs scored, a row a case."""
    for one in covariates:
        yield from ({"case_id": case_id, "metric": one.metric, "value": value} for case_id, value in one.values.items())


def run_of(manifest: dict[str, Any], answers: Iterable[Row], scores: Iterable[Row], earlier: Iterable[Row] = ()) -> Run:
    """The run again; raises `KeyError`, `TypeError` or `ValueError` if it is none."""
    values: dict[str, dict[str, float]] = {metric: {} for metric in manifest.get("covariates") or {}}
    for row in earlier:
        values[row["metric"]][row["case_id"]] = row["value"]
    manifest["covariates"] = tuple(
        Covariate(metric=metric, runs=tuple(runs), values=values[metric])
        for metric, runs in (manifest.get("covariates") or {}).items()
    )
    manifest["system"] = SystemSpec(**manifest["system"])
    manifest["metrics"] = tuple(Metric(**metric) for metric in manifest["metrics"])
    manifest["case_ids"] = tuple(manifest["case_ids"])
    if looks := manifest.pop("looks", None):
        manifest["looks"] = Looks(**{**looks, "planned": tuple(looks["planned"])})
    return Run(
        **manifest,
        answers=tuple(answer_of(row) for row in answers),
        scores=tuple(score_of(row) for row in scores),
    )


def _write(path: Path, schema: pa.Schema, rows: Iterable[Row]) -> str:
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as file:
            for lines in _in_batches(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows):
                file.write_table(_table(lines, schema))
        return sha256_of(temporary)


def _in_batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    remaining = iter(lines)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _table(lines: list[bytes], schema: pa.Schema) -> pa.Table:
    """Rows in JSON as a table: arrow reads that itself, where Python objects would make it load pandas first."""
    import pyarrow as pa
    from pyarrow import json

    table = json.read_json(
        pa.BufferReader(b"".join(lines)),
        # A row must not be longer than a block.
        read_options=json.ReadOptions(use_threads=False, block_size=_BLOCK + 2 * max(map(len, lines))),
        parse_options=json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )
    return table.select(schema.names).cast(schema)


def _read(path: Path, sha256: str) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if sha256_of(path) != sha256:
            raise _damaged(path, "its SHA-256 is not the one in the manifest")
        # `read_table` would load pyarrow's datasets, and pandas with them.
        with pq.ParquetFile(path) as file:
            rows: list[Row] = file.read().to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, type(error).__name__) from None
    return rows


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(f"{path}: damaged ({why}).", fix="Delete the folder of this run and run `llmci bench` again.")

"""`sanitize` put together: the raw shelf, the clean shelf, and a staging shelf between them."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import orjson

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.core.privacy.batch import Tally
from llmci.core.privacy.canaries import Recall, measured
from llmci.core.privacy.evidence import Second, evidence, second_of
from llmci.core.privacy.flatten import texts_of
from llmci.core.privacy.manifest import check, manifest_of
from llmci.core.privacy.permutation import Keyed
from llmci.core.privacy.spread import Spread, spread_of
from llmci.domain.trace import TRACE
from llmci.errors import PrivacyStop, UsageError
from llmci.files import read_json, remove_tree, write_bytes, write_json
from llmci.pipeline.sanitize import Known, Plan, SanitizeSummary, plan, quarantined_share, sanitize_shard
from llmci.seams import Rejected, WorkerDied
from llmci.wiring import vault
from llmci.wiring.build import alone_at, place_of, shelf_of
from llmci.wiring.credentials import for_workers
from llmci.wiring.engine import Crew, engine_of
from llmci.wiring.privacy import draw_anew, key_of, privacy_of, second_look, turns_of
from llmci.wiring.sanitize_report import REPORT, Pace, write_report
from llmci.wiring.sanitize_work import GIVEN_UP, Passes, Work, privacy_at
from llmci.wiring.sessions import keep_marks, kept_marks, learnt, named_in, noted, told_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from llmci.config import Config
    from llmci.seams import Progress, ShardInfo

# Below this, starting processes takes longer than they save.
_PARALLEL_BYTES = 16 << 20
_SHOWN_QUARANTINED = 5
_COUNTS = "counts"
# So often surrogates are drawn anew before there are too many values for them.
_MOST_DRAWS = 4
_CANARY_SHARDS, _CANARY_ROWS = 8, 64


def sanitize(config: Config, *, progress: Progress, environ: Mapping[str, str], now: datetime) -> SanitizeSummary:
    """Sanitize what is new or has changed on the raw shelf.

    Shards are written to a staging shelf and moved to the clean one when all of them are done and
    few enough traces were held back; the manifest is written last. A killed run is finished by the
    next one.

    Raises:
        PrivacyStop: More traces than allowed would be held back; the clean shelf is as it was.
        UsageError: There is nothing to sanitize, or another run is at it.
    """
    with alone_at(config, "sanitize") as alone:
        if not alone:
            raise UsageError(
                f"another run is sanitizing {config.state}.", fix="Wait until it has ended, then sanitize again."
            )
        return _Sanitize(config, environ, progress, now).run()


def planned(config: Config, environ: Mapping[str, str]) -> Plan:
    """What `sanitize` would do, for `--dry-run`."""
    digest = privacy_of(config, environ).digest
    clean, contents = shelf_of(config, "clean"), _contents(config)
    marks = kept_marks(clean, contents, digest)
    if marks is None:
        spread = spread_of({name: named_in(config, name, environ) for name in contents})
        marks = _marks(spread, contents)
    return plan(_wanted(contents, digest, marks), _present(clean))


class _Sanitize:
    def __init__(self, config: Config, environ: Mapping[str, str], progress: Progress, now: datetime) -> None:
        self._config, self._environ, self._progress, self._now = config, environ, progress, now
        self._privacy = privacy_of(config, environ)
        self._clean = shelf_of(config, "clean")
        self._staging = _staging(config)
        self._quarantine = config.state / "quarantine.jsonl"

    def run(self) -> SanitizeSummary:
        for _ in range(_MOST_DRAWS):
            started = time.monotonic()
            summary = self._run(started)
            if summary is not None:
                return summary
            self._privacy = privacy_of(self._config, self._environ)
        raise PrivacyStop(
            f"two values became one surrogate in each of {_MOST_DRAWS} draws of {', '.join(sorted(turns_of(self._config)))}: "
            "there are too many of them. Nothing was written.",
            fix="Set sanitize.policy to hash for IP_ADDRESS, US_SSN, or what else is named.",
        )

    def _run(self, started: float) -> SanitizeSummary | None:
        """None: two values became one surrogate, and all of their family are to be drawn anew."""
        contents, digest = _contents(self._config), self._privacy.digest
        if not contents:
            raise UsageError("there are no raw traces to sanitize.", fix="Run `llmci pull` first.")
        marks = kept_marks(self._clean, contents, digest)
        todo = plan(_wanted(contents, digest, marks or {}), _present(self._clean))
        if marks is None or todo.stale:
            marks, todo = self._work(contents)
        if met := _met(self._clean, todo.unchanged, self._staging, todo.stale):
            remove_tree(self._staging.path)
            draw_anew(self._config, met)
            return None
        self._stop_if_too_many(todo)
        for shard_id in todo.gone:
            self._clean.drop(shard_id)
            _counts_file(self._clean, shard_id).unlink(missing_ok=True)
            vault.drop(self._clean, shard_id)
        for shard_id in todo.stale:
            _move(self._staging, self._clean, shard_id)
        remove_tree(self._staging.path)
        keep_marks(self._clean, contents, digest, marks)
        self._quarantine.unlink(missing_ok=True)
        return self._summary(todo, started)

    def _work(self, contents: Mapping[str, str]) -> tuple[dict[str, str], Plan]:
        """Stage every shard that is not as it should be; gives what sessions decide of each, and what was to be done."""
        raw, digest, present = shelf_of(self._config, "raw"), self._privacy.digest, _present(self._clean)
        rows = {name: info.rows for name, info in raw.shards().items()}
        new = [name for name, mark in _wanted(contents, digest, {}).items() if not _is_of(present.get(name), mark)]
        sizes = [raw.size(name) for name in new or contents]
        # The key goes with the work: where it is a file, workers on other machines have none.
        key = key_of(self._config, self._environ).decode("utf-8", "surrogateescape")
        environ = {**for_workers(self._config, self._environ), self._config.sanitize.key_env: key}
        engine = engine_of(self._config, "sanitize", self._environ, sizes, worth=_PARALLEL_BYTES)
        with Crew(engine, self._progress) as crew:
            passes = Passes(self._config, environ, self._staging, crew, self._progress, rows)
            spread = passes.spread(contents)
            marks = _marks(spread, contents)
            wanted = _wanted(contents, digest, marks)
            todo = plan(wanted, present)
            staged = plan({shard: wanted[shard] for shard in todo.stale}, _present(self._staging))
            works, unheard = passes.told(staged.stale, spread, wanted)
            if unheard:
                self._progress.note(f"{len(unheard)} shards ended their worker: sessions that they share are held back")
            self._progress.begin("sanitize", sum(rows[work.shard_id] for work in works), "traces")
            for work, outcome in crew.each(_sanitize_shard, works):
                self._progress.advance(self._hold_back(work) if isinstance(outcome, WorkerDied) else outcome)
            self._progress.end()
        return marks, todo

    def _hold_back(self, work: Work) -> int:
        """Stage a shard that ends its workers as one whose traces are all held back; the next run tries it again."""
        info = shelf_of(self._config, "raw").info(work.shard_id)
        rows = info.rows if info else 0
        with self._staging.writer(work.shard_id, GIVEN_UP) as writer:
            for number in range(rows):
                why = "the shard ended its worker twice: it was killed, or ran out of memory"
                writer.reject(Rejected(where=f"{work.shard_id}, row {number + 1}", why=why))
        write_json(_counts_file(self._staging, work.shard_id), _counts(Tally(), Second(), {}, set()))
        return rows

    def _stop_if_too_many(self, todo: Plan) -> None:
        clean, staged = self._clean.shards(), self._staging.shards()
        infos = [*(clean[name] for name in todo.unchanged), *(staged[name] for name in todo.stale)]
        share, most = quarantined_share(infos), self._config.sanitize.max_quarantine
        if share <= most:
            return
        held = sum(info.rejected for info in infos)
        write_bytes(self._quarantine, b"".join(orjson.dumps(asdict(r)) + b"\n" for r in self._staging.rejected()))
        why = next(self._staging.rejected()).why if held else ""
        remove_tree(self._staging.path)
        raise PrivacyStop(
            f"{held} of {sum(info.rows for info in infos) + held} traces cannot be made clean ({share:.1%}; at most {most:.1%} may be held back): "
            f"{why}, for one. Nothing was written.",
            fix=f"Read {self._quarantine}: it says where and why. Then mend the traces, or raise sanitize.max_quarantine.",
        )

    def _canaries(self, todo: Plan) -> Sequence[Recall]:
        """Of this run; of the last one where nothing has changed since."""
        before = self._clean.manifest() or {}
        known = before.get("canaries")
        each = self._config.sanitize.canaries
        if not (todo.stale or todo.gone) and isinstance(known, list) and {c["planted"] for c in known} <= {each}:
            return [Recall(**found) for found in known]
        keyed = Keyed(key_of(self._config, self._environ))
        return measured(self._privacy.redactor, keyed, _messages(shelf_of(self._config, "raw")), each) if each else ()

    def _summary(self, todo: Plan, started: float) -> SanitizeSummary:
        shards = self._clean.shards()
        rows, rejected = sum(i.rows for i in shards.values()), sum(i.rejected for i in shards.values())
        tally, second = _tally(self._clean, shards), _second(self._clean, shards)
        canaries = self._canaries(todo)
        manifest = manifest_of(
            policy=self._privacy.policy,
            recognizers=self._privacy.recognizers,
            key_fingerprint=self._privacy.key_fingerprint,
            shards=shards,
            tally=tally,
            looked=evidence(tally, second, canaries),
            now=self._now,
        )
        if not _is_same(self._clean.manifest(), manifest):
            self._clean.write_manifest(manifest)
        done = sum(shards[name].rows + shards[name].rejected for name in todo.stale)
        write_report(
            self._config.state / REPORT,
            manifest,
            second.shapes(),
            self._clean.rejected(),
            Pace(traces=done, seconds=time.monotonic() - started),
        )
        return SanitizeSummary(
            shards=len(todo.stale),
            shards_unchanged=len(todo.unchanged),
            traces=rows,
            quarantined=rejected,
            quarantined_first=tuple(islice(self._clean.rejected(), _SHOWN_QUARANTINED)),
            counts=dict(tally.kinds.most_common()),
            detectors=dict(tally.detectors.most_common()),
            suspected=second.by_kind(),
            canaries=tuple(canaries),
            key_fingerprint=self._privacy.key_fingerprint,
            digest=check(manifest, shards),
        )


def _is_same(before: Mapping[str, object] | None, after: Mapping[str, object]) -> bool:
    """Whether only the time differs."""
    return before is not None and {**before, "sanitized_at": 0} == {
        **orjson.loads(orjson.dumps(after)),
        "sanitized_at": 0,
    }


def _staging(config: Config) -> DirectoryShelf:
    return DirectoryShelf(place_of(config, "clean.staging"), TRACE, private=True)


def _contents(config: Config) -> dict[str, str]:
    """Digest of the raw rows of each shard."""
    return {name: info.sha256 for name, info in shelf_of(config, "raw").shards().items()}


def _marks(spread: Spread, contents: Mapping[str, str]) -> dict[str, str]:
    return {name: spread.mark(name, contents) for name in contents if name in spread.split}


def _wanted(contents: Mapping[str, str], digest: str, marks: Mapping[str, str]) -> dict[str, str]:
    """The fingerprint that each clean shard should have: of the raw rows and of all that changes them."""
    return {
        name: f"{sha256}-{digest[:32]}" + (f"-{marks[name]}" if name in marks else "")
        for name, sha256 in contents.items()
    }


def _is_of(info: ShardInfo | None, mark: str) -> bool:
    """Whether a clean shard is of these raw rows and rules, whatever other shards tell."""
    return info is not None and info.fingerprint.startswith(mark)


def _sanitize_shard(work: Work) -> int:
    raw, staging = shelf_of(work.config, "raw"), _staging(work.config)
    redactor = privacy_at(work).redactor
    redactor.surrogates.forget()
    second = second_look(work.config, work.environ)
    sessions = learnt(work.config, work.shard_id, work.told, work.split, work.unknown, work.environ)
    known = Known(
        sessions=sessions, notes=noted(work.config, told_file(staging, work.shard_id, work.fingerprint), work.environ)
    )
    done = sanitize_shard(raw, staging, work.shard_id, work.fingerprint, redactor, known, second)
    seen = Second(second.counts(), len(second.looked_at), len(second.passed_over))
    counts = _counts(done.tally, seen, redactor.surrogates.drawn, redactor.surrogates.met)
    vault.keep(staging, work.shard_id, redactor.surrogates.vault)
    write_json(_counts_file(staging, work.shard_id), counts)
    return done.rows + done.rejected


def _counts(
    tally: Tally, seen: Second, drawn: Mapping[str, Mapping[str, str]], met: Iterable[str]
) -> dict[str, object]:
    """What is kept beside a shard of what was found in it; no value of it."""
    return {
        "kinds": dict(tally.kinds),
        "detectors": dict(tally.detectors),
        "fields": dict(tally.fields),
        "kept": {user: sorted(attributes) for user, attributes in sorted(tally.kept.items())},
        "second": seen.as_json(),
        "drawn": {family: dict(sorted(values.items())) for family, values in drawn.items()},
        "met": sorted(met),
    }


def _present(shelf: DirectoryShelf) -> dict[str, ShardInfo]:
    """Shards whose counts are there too; a kill may come between the two."""
    return {name: info for name, info in shelf.shards().items() if _counts_file(shelf, name).exists()}


def _move(staging: DirectoryShelf, clean: DirectoryShelf, shard_id: str) -> None:
    target = _counts_file(clean, shard_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    _counts_file(staging, shard_id).replace(target)
    vault.move(staging, clean, shard_id)
    clean.adopt(staging, shard_id)


def _counts_file(shelf: DirectoryShelf, shard_id: str) -> Path:
    return shelf.path / _COUNTS / f"{shard_id}.json"


def _tally(shelf: DirectoryShelf, shards: Iterable[str]) -> Tally:
    total = Tally()
    for shard_id in shards:
        counts = read_json(_counts_file(shelf, shard_id))
        kept = {user: {(kind, value) for kind, value in found} for user, found in counts["kept"].items()}
        total.merge(Tally(Counter(counts["kinds"]), Counter(counts["detectors"]), Counter(counts["fields"]), kept))
    return total


def _second(shelf: DirectoryShelf, shards: Iterable[str]) -> Second:
    total = Second()
    for shard_id in shards:
        total.merge(second_of(read_json(_counts_file(shelf, shard_id))["second"]))
    return total


def _met(clean: DirectoryShelf, unchanged: Iterable[str], staging: DirectoryShelf, stale: Iterable[str]) -> set[str]:
    """Families of kinds of which two values became one surrogate, anywhere in the project.

    Held at once: 16 bytes for each value of each shard, for there may be as many as traces.
    """
    files = [_counts_file(clean, name) for name in unchanged] + [_counts_file(staging, name) for name in stale]
    met: set[str] = set()
    drawn: dict[str, list[NDArray[np.uint64]]] = {}
    for file in files:
        counts = read_json(file)
        met.update(counts["met"])
        for family, values in counts["drawn"].items():
            pairs = [(int(made, 16), int(value, 16)) for made, value in values.items()]
            drawn.setdefault(family, []).append(np.array(pairs, np.uint64).reshape(-1, 2))
    return met | {family for family, parts in drawn.items() if _meet(np.concatenate(parts))}


def _meet(drawn: NDArray[np.uint64]) -> bool:
    """Whether one surrogate stands for two values; shape (drawn, 2)."""
    made, value = drawn.T[:, np.lexsort((drawn[:, 1], drawn[:, 0]))]
    return bool(((made[1:] == made[:-1]) & (value[1:] != value[:-1])).any())


def _messages(raw: DirectoryShelf) -> list[str]:
    """Some texts that users wrote, from every shard if they are few: what canaries are planted into."""
    found: list[str] = []
    shards = sorted(raw.shards())
    for shard_id in shards[:: max(1, len(shards) // _CANARY_SHARDS)]:
        for batch in islice(raw.read(shard_id), 1):
            rows = batch.slice(0, _CANARY_ROWS).to_pylist()
            found += [
                text.text for row in rows for text in texts_of(row) if text.role == "user" and text.column == "text"
            ]
    return list(dict.fromkeys(found))

"""`forget`: a person is taken out of everything that llmci keeps, and what it cannot reach is named."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from llmci.adapters.stores.erasure import (
    erase_cases,
    erase_from_cache,
    erase_from_run,
    erase_inputs,
    erase_lines,
    erase_rows,
    erase_spans,
    reference_digest,
)
from llmci.adapters.stores.evalsets import DirectoryEvalSets
from llmci.adapters.stores.labelled import LabelledShelf
from llmci.core.evalsets.cases import COLUMNS, case_of
from llmci.core.privacy.manifest import with_shards
from llmci.core.privacy.surrogate import Surrogates
from llmci.domain.label import HELD_BACK
from llmci.errors import UsageError
from llmci.files import is_stored, read_json, remove_tree, write_json
from llmci.pipeline.label.summary import label_fingerprint
from llmci.wiring.acts import audit_of
from llmci.wiring.build import alone_at, keep_from_git, place_of, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.evalset_store import sets_at
from llmci.wiring.forgotten import erase_from_landings, erase_landed, forgotten_of, remember
from llmci.wiring.privacy import key_of
from llmci.wiring.pull_plan import is_remote
from llmci.wiring.pull_remote import with_implied
from llmci.wiring.review import READABLE, REVIEW
from llmci.wiring.runs import runs_of
from llmci.wiring.vault import prune

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Config

_PENDING = "forget.pending"
_STAGES = ("pull", "sanitize", "label")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, or would be.

    Attributes:
        user: The hash.
        counts: What went, by where.
        evalsets: Versions that changed, with the digest before and after.
        remains: What llmci cannot reach, in words.
    """

    user: str
    counts: Mapping[str, int]
    evalsets: tuple[Mapping[str, object], ...]
    remains: tuple[str, ...]


def hash_of(config: Config, user_id: str, environ: Mapping[str, str]) -> str:
    """What stands for a user on the clean shelf."""
    return f"id-{Surrogates(key_of(config, environ)).hashed('identity', user_id)}"


def forget(config: Config, user: str, *, dry_run: bool, environ: Mapping[str, str], now: datetime) -> Erased:
    """Erase a person by the keyed hash of their id.

    A killed run is finished by the next one: the ids of the traces are kept until all is done.

    Raises:
        UsageError: The text is no such hash, or a stage is running.
    """
    if not (user.startswith("id-") and user[3:].isalnum() and user.isascii()):
        raise UsageError(
            "that is no hash of a user.",
            fix="Take `user_id` of the clean shelf (id-...), or give the id itself with --user -.",
        )
    keep_from_git(config.state)
    with ExitStack() as stack:
        for stage in _STAGES:
            if not stack.enter_context(alone_at(config, stage)):
                raise UsageError(
                    f"{stage} is writing to {config.shelves or config.state}.",
                    fix="Wait until it has ended, then try again.",
                )
        return _Forget(config, user, environ).run(dry_run=dry_run, now=now)


@dataclass
class _Forget:
    config: Config
    user: str
    environ: Mapping[str, str]
    counts: dict[str, int] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)

    def run(self, *, dry_run: bool, now: datetime) -> Erased:
        config = self.config
        self.forgotten = forgotten_of(config, self.environ, self.user)
        if not dry_run:
            self._sets().finish_rewrites()
        traces = self._traces()
        cases = self._cases(traces)
        self.references = self._references(traces)
        if dry_run:
            self._count("traces", len(traces))
            changed = self._evalsets(cases, traces, write=False)
            return Erased(self.user, self.counts, tuple(changed), self._remains())
        remember(config, self.forgotten.hashes)
        write_json(
            config.state / _PENDING,
            {"traces": sorted(traces), "cases": sorted(cases), "references": sorted(self.references)},
        )
        # What was received without a block is there, too.
        known = with_implied(config, ["otlp"])
        self._count("landed traces", len(erase_landed(known, list(known.sources), self.forgotten, self.environ)))
        self._count("landed records", erase_from_landings(config, traces))
        for path in (config.state / "landing").glob("*received/*.jsonl"):
            self._count("received spans", erase_spans(path, traces))
        self._shelves(traces)
        changed = self._evalsets(cases, traces)
        self._runs(cases, {str(one["from"]): str(one["to"]) for one in changed})
        self._reports(cases)
        shelf_of(config, "raw").sweep()
        remove_tree(place_of(config, "clean.staging"))
        facts = {"user": self.user, "counts": self.counts, "evalsets": changed}
        audit_of(config).append("forget", facts, at=now.isoformat())
        (config.state / _PENDING).unlink()
        return Erased(self.user, self.counts, tuple(changed), self._remains())

    def _count(self, what: str, number: int) -> None:
        if number:
            self.counts[what] = self.counts.get(what, 0) + number

    def _pending(self, what: str) -> set[str]:
        try:
            return set(read_json(self.config.state / _PENDING).get(what, ()))
        except FileNotFoundError:
            return set()

    def _traces(self) -> set[str]:
        """Ids of all the traces that are known to be theirs; a trace keeps its id when it is sanitized."""
        found = self._pending("traces")
        for name, holds in (("raw", self.forgotten.holds), ("clean", self.user.__eq__)):
            for batch in shelf_of(self.config, name).batches(("trace_id", "user_id")):
                rows = batch.to_pydict()
                found |= {t for t, user in zip(rows["trace_id"], rows["user_id"], strict=True) if user and holds(user)}
        return found

    def _cases(self, traces: set[str]) -> set[str]:
        sets, found = self._sets(), self._pending("cases")
        for name in sets.names():
            for version in sets.versions(name):
                found |= {c.case_id for c in sets.load(name, version).cases if c.origin.trace_id in traces}
        return found | self._judged(traces)

    def _references(self, traces: set[str]) -> set[str]:
        """References that traces of theirs gave, by digest: later versions may hold them with a trace of somebody else."""
        sets, found = self._sets(), self._pending("references")
        for name in sets.names():
            for version in sets.versions(name):
                given = (case for case in sets.load(name, version).cases if case.origin.trace_id in traces)
                found |= {reference_digest(case) for case in given if case.reference is not None}
        return found

    def _judged(self, traces: set[str]) -> set[str]:
        """Cases that were made of traces for judges to look at, and are in no set; their verdicts are cached."""
        clean = shelf_of(self.config, "clean")
        if not clean.shards() or not traces:
            return set()
        clean_digest(clean)
        labels: dict[str, dict[str, object]] = {trace_id: {"cluster_name": "", "flags": []} for trace_id in traces}
        found = LabelledShelf(clean, clean).some(labels, COLUMNS)
        settings = replace(self.config.evalset, reference=None)
        return {case.case_id for trace in found if (case := case_of(trace, settings)) is not None}

    def _sets(self) -> DirectoryEvalSets:
        return DirectoryEvalSets(sets_at(self.config))

    def _shelves(self, traces: set[str]) -> None:
        raw, clean, labels = (shelf_of(self.config, name) for name in ("raw", "clean", "labels"))
        before = {shard: info.sha256 for shard, info in raw.shards().items()}
        for shelf, what in ((raw, "raw traces"), (clean, "clean traces"), (labels, "labels")):
            for shard in shelf.shards():
                self._count(
                    what, erase_rows(shelf, shard, lambda rows: [t in traces for t in rows["trace_id"]], ["trace_id"])
                )
        for shard in clean.shards():
            prune(clean, shard)
        self._vouch(raw, clean, before)
        manifest: Mapping[str, Any] | None = labels.manifest()
        vouching = clean.manifest()
        if manifest is not None and vouching is not None:
            run, schema = str(manifest.get("digest")), str(manifest.get("schema"))
            for shard, info in clean.shards().items():
                found = labels.info(shard)
                if found is not None and found.fingerprint != HELD_BACK:
                    _refingerprint(labels, shard, label_fingerprint(run, info.sha256, schema))
            labels.write_manifest({**manifest, "clean": vouching["digest"]})

    def _vouch(self, raw: DirectoryShelf, clean: DirectoryShelf, before: Mapping[str, str]) -> None:
        """Clean shards are still those of the raw ones, and the manifest vouches for them as they are."""
        present = clean.shards()
        for shard, info in raw.shards().items():
            made_of, _, rules = present[shard].fingerprint.partition("-") if shard in present else ("", "", "")
            if made_of == before[shard]:
                _refingerprint(clean, shard, f"{info.sha256}-{rules}")
        if (manifest := clean.manifest()) is not None:
            clean.write_manifest(with_shards(manifest, clean.shards()))

    def _evalsets(self, cases: set[str], traces: set[str], *, write: bool = True) -> list[dict[str, object]]:
        sets, changed = self._sets(), []
        for name in sets.names():
            for version in sets.versions(name):
                before = sets.load(name, version)
                asked = sets.traffic(name, version)
                after, left = erase_cases(before, traces, self.references), erase_inputs(asked, traces, self.user)
                # Somebody else may have said the same.
                cases.difference_update(case.case_id for case in before.cases if case.origin.trace_id not in traces)
                if after is not None or left is not None:
                    after, left = after or before, asked if left is None else left
                    if write:
                        sets.rewrite(after, left)
                    self._count("cases", len(before.cases) - len(after.cases))
                    self._count("inputs kept for drift", len(asked) - len(left))
                    changed.append({"set": name, "version": version, "from": before.digest, "to": after.digest})
            if not write:
                continue
            review = sets.path / name / REVIEW
            if erase_lines(review, lambda line: line.get("trace_id") in traces or line.get("case_id") in cases):
                # Holds the beginning of each input; `promote` writes it anew.
                (review.parent / READABLE).unlink(missing_ok=True)
        return changed

    def _runs(self, cases: set[str], digests: Mapping[str, str]) -> None:
        runs = runs_of(self.config)
        for run_id in runs.list():
            self._count("answers and scores", erase_from_run(runs.path / run_id, cases, digests))
        for cache in (self.config.state / "cache").glob("*.sqlite"):
            self._count("cached answers", erase_from_cache(cache, cases))
        for journal in (self.config.state / "journal").glob("*.jsonl"):
            gone = erase_lines(journal, lambda line: next(iter(line.values()))["case_id"] in cases)
            self._count("journal lines", gone)

    def _reports(self, cases: set[str]) -> None:
        marks = [case_id.encode() for case_id in cases]
        for name in self.config.report:
            path = self.config.root / name
            if path.is_file() and any(mark in path.read_bytes() for mark in marks):
                path.unlink()
                self._count("reports, to be made again", 1)

    def _remains(self) -> tuple[str, ...]:
        config = self.config
        found = []
        for name, block in config.sources.items():
            where = "the server" if is_remote(block.kind) else "the files"
            found.append(f"source {name}: {where} still hold their traces; they are not pulled again")
        if config.shelves is not None and is_stored(config.shelves):
            found.append(f"{config.shelves}: earlier versions of its objects, where the store keeps them")
        if (config.root / ".git").exists() and not is_stored(sets_at(config)):
            found.append(f"git: earlier commits of {config.evalset.directory}/ hold the cases that were in them")
        if any((config.state / "labels").glob("groups.npz")):
            found.append("groups: fitted on inputs of all users; `llmci label --recluster` fits them anew")
        found.append("cassettes and other copies that were made with --record or by hand")
        found.append("reports, comments and artifacts that left this directory, and backups of it")
        found.append("cases of traces that left the shelf before: nothing ties them to a person any more")
        return tuple(found)


def _refingerprint(shelf: DirectoryShelf, shard: str, fingerprint: str) -> None:
    sidecar = shelf.path / f"{shard}.json"
    told = read_json(sidecar)
    if told["fingerprint"] != fingerprint:
        write_json(sidecar, {**told, "fingerprint": fingerprint})

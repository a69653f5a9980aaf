"""`llmci.yaml` to frozen dataclasses: the only parser, and every mistake has a line and a fix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema

from llmci import registry
from llmci.core.configuration.document import Document, Loc, Mistake, read
from llmci.core.configuration.document import path as words
from llmci.core.configuration.extends import extended
from llmci.core.configuration.mistakes import nearest, note_all, shown
from llmci.domain.settings import BenchSettings, CanarySettings, EvalsetSettings, LabelSettings, SanitizeSettings
from llmci.domain.verdict import FailOn, OnInconclusive, Role, Rule
from llmci.errors import UsageError
from llmci.storage import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE_NAME = "llmci.yaml"


@dataclass(frozen=True, slots=True)
class Block:
    """One adapter's part of the configuration.

    Attributes:
        kind: Name of the adapter in the registry.
        options: Instance of the adapter's `Options`.
        given: The block as it was written (after `extends`), for digests and manifests.
    """

    name: str
    kind: str
    options: Any
    given: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Config:
    """A whole `llmci.yaml`, checked.

    Attributes:
        root: Its directory; relative paths start there.
        state: Directory of llmci's own state.
        shelves: Where raw and clean traces and labels are, perhaps in an object store; None is `state`.
        engine: Where shards are worked on; None chooses by how much there is to do.
    """

    path: Path
    root: Path
    state: Path
    project: str
    sources: Mapping[str, Block]
    recognizers: Mapping[str, Block]
    embedders: Mapping[str, Block]
    models: Mapping[str, Block]
    systems: Mapping[str, Block]
    scorers: Mapping[str, Block]
    gates: tuple[Rule, ...]
    sanitize: SanitizeSettings
    label: LabelSettings
    evalset: EvalsetSettings
    bench: BenchSettings
    canary: CanarySettings
    report: tuple[str, ...]
    engine: Block | None = None
    shelves: Path | None = None


def tolerance_of(value: object) -> object:
    """Read "5pt" as 0.05 and "10%" as 0.10; numbers are taken as fractions.

    Raises:
        ValueError: It is a text of another form.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(pt|pts|points?|%)\s*", value)
    if match is None:
        raise ValueError(f"{value!r} is not a tolerance: write 5pt, 10% or a fraction such as 0.05")
    return float(match[1]) / 100


class _Gate(BaseModel):
    """A gate as written: `Rule` with a tolerance for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    role: Role = "primary"
    tolerance: Annotated[
        float,
        BeforeValidator(tolerance_of),
        Field(gt=0, le=1),
        WithJsonSchema({"type": ["number", "string"], "examples": ["5pt", "10%", 0.05]}),
    ]
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    fail_on: FailOn = "any-drop"
    on_inconclusive: OnInconclusive = "error"
    slice_by: tuple[str, ...] = ()
    critical: bool = False
    min_cases: int = Field(default=10, ge=1)


class File(BaseModel):
    """The file's top level; adapter blocks are checked against their own adapter afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str = "main"
    state: str = ".llmci"
    shelves: str | None = None
    sources: dict[str, dict[str, Any]] = {}
    recognizers: dict[str, dict[str, Any]] = {}
    embedders: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    systems: dict[str, dict[str, Any]] = {}
    scorers: dict[str, dict[str, Any]] = {}
    gates: list[_Gate] = []
    sanitize: SanitizeSettings = SanitizeSettings()
    label: LabelSettings = LabelSettings()
    evalset: EvalsetSettings = EvalsetSettings()
    bench: BenchSettings = BenchSettings()
    canary: CanarySettings = CanarySettings()
    report: list[str] = ["llmci-report.html"]
    engine: dict[str, Any] | None = None


# Section of the file to seam of the registry.
SECTIONS = {
    "sources": "source",
    "recognizers": "recognizer",
    "embedders": "embedder",
    "models": "model",
    "systems": "system",
    "scorers": "scorer",
}


def found_above(start: Path) -> Path | None:
    """The `llmci.yaml` in a directory or above it, if there is one."""
    candidates = (directory / FILE_NAME for directory in (start, *start.parents))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def discover(start: Path) -> Path:
    """Find `llmci.yaml` in a directory or above it.

    Raises:
        UsageError: There is none.
    """
    found = found_above(start)
    if found is None:
        raise UsageError(
            f"there is no {FILE_NAME} in {start} or in any directory above it.",
            fix="Run `llmci init` to write one, or name one with --config.",
        )
    return found


def load(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        UsageError: It cannot be read, or holds mistakes; all of them are listed with their lines.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.", fix="Run `llmci init` to write one.") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        what = f"{path}:{line}: byte {error.start} is 0x{content[error.start]:02x}, which is not UTF-8."
        raise UsageError(what, fix="Save the file as UTF-8.") from None
    except OSError as error:
        fix = "Name a file that this user can read."
        raise UsageError(f"{path}: cannot be read: {error.strerror}.", fix=fix) from None
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Check the text of a configuration file; see `load`."""
    document = read(text)
    # A section whose keys are all commented out is a section that is not there.
    given = {key: value for key, value in document.value.items() if value is not None}
    file: File | None = None if document.mistakes else _validated(File, given, (), document)
    if file is None:
        raise _as_error(document.mistakes, path)
    blocks = {section: _blocks(section, seam, getattr(file, section), document) for section, seam in SECTIONS.items()}
    _check_names(file, document)
    _check_canary(file.canary, document)
    engine = _engine(file.engine, document)
    shelves = _place(("shelves",), file.shelves, path.resolve().parent, document)
    _place(("evalset", "directory"), file.evalset.directory, path.resolve().parent, document)
    if document.mistakes:
        raise _as_error(document.mistakes, path)
    root = path.resolve().parent
    return Config(
        path=path,
        root=root,
        state=root / file.state,
        project=file.project,
        **blocks,
        gates=tuple(Rule(**gate.model_dump()) for gate in file.gates),
        sanitize=file.sanitize,
        label=file.label,
        evalset=file.evalset,
        bench=file.bench,
        canary=file.canary,
        report=tuple(file.report),
        engine=engine,
        shelves=shelves,
    )


def _blocks(section: str, seam: str, given: Mapping[str, dict[str, Any]], document: Document) -> dict[str, Block]:
    blocks = {}
    for name in given:
        merged = extended(name, given, document) if section == "systems" else dict(given[name])
        if merged is None:
            continue
        kind = merged.pop("kind", None)
        options = _options((section, name), seam, kind, document)
        checked = options and _validated(options, merged, (section, name), document)
        if checked is not None:
            blocks[name] = Block(name=name, kind=str(kind), options=checked, given={"kind": kind, **merged})
    return blocks


def _engine(given: Mapping[str, Any] | None, document: Document) -> Block | None:
    if given is None:
        return None
    told = dict(given)
    kind = told.pop("kind", None)
    options = _options(("engine",), "engine", kind, document)
    checked = options and _validated(options, told, ("engine",), document)
    return Block(name="engine", kind=str(kind), options=checked, given=given) if checked is not None else None


def _place(at: Loc, given: str | None, root: Path, document: Document) -> Path | None:
    try:
        return place(given, root) if given is not None else None
    except UsageError as error:
        document.wrong(at, f"{words(at)}: {error.message.rstrip('.')}", error.fix)
        return None


def _options(at: Loc, seam: str, kind: object, document: Document) -> Any:  # noqa: ANN401  a subclass of Options
    if kind is None:
        document.wrong(at, f"{words(at)} has no kind", f"Add `kind:`, one of: {', '.join(registry.names(seam))}.")
        return None
    try:
        return registry.adapter(seam, str(kind)).Options
    except UsageError as error:
        document.wrong((*at, "kind"), f"{words(at)}.kind: {error.message.rstrip('.')}", error.fix)
        return None


def _check_names(file: File, document: Document) -> None:
    """Names that one section gives and another uses."""

    def check(loc: Loc, name: str | None, known: Iterable[str], what: str) -> None:
        if name is not None and name not in known:
            document.wrong(loc, f"{words(loc)}: there is no {what} called {name!r}", nearest(name, list(known)))

    for index, gate in enumerate(file.gates):
        check(("gates", index, "metric"), gate.metric, file.scorers, "scorer")
    for role in ("baseline", "candidate"):
        if ("bench", role) in document.lines and file.systems:
            check(("bench", role), getattr(file.bench, role), file.systems, "system")
    known = {*file.recognizers, *registry.names("recognizer")}
    for index, name in enumerate(file.sanitize.recognizers):
        check(("sanitize", "recognizers", index), name, known, "recognizer")
    check(("label", "embedder"), file.label.embedder, {*file.embedders, *registry.names("embedder")}, "embedder")


def _check_canary(canary: CanarySettings, document: Document) -> None:
    if list(canary.shares) != sorted(set(canary.shares)):
        shares = list(canary.shares)
        document.wrong(
            ("canary", "shares"),
            f"canary.shares is {shown(shares)}, which does not rise",
            "Write each share above the one before.",
        )
    for share in set(canary.approvers) - set(canary.shares):
        document.wrong(
            ("canary", "approvers"),
            f"canary.approvers names the share {share:g}, which is none of canary.shares",
            "Name a share that the rollout goes through.",
        )
    _check_stages(canary, document)
    if bool(canary.segments) != (canary.segment is not None):
        document.wrong(
            ("canary", "segment"),
            "canary.segment and canary.segments need each other",
            "Write both, such as `segment: metadata.platform` and `segments: [mobile, desktop]`.",
        )
    for name, criterion in canary.criteria.items():
        at = ("canary", "criteria", name)
        if criterion.segment is not None and criterion.segment not in canary.segments:
            document.wrong(
                at,
                f"{words(at)}.segment is {criterion.segment!r}, which is none of canary.segments",
                "Add it to `segments:`, and say with `segment:` where it is found.",
            )
        for kind, what in (("score", "score to watch"), ("judge", "judge"), ("flag", "flag")):
            if criterion.kind == kind and getattr(criterion, kind) is None:
                document.wrong(at, f"{words(at)}.{kind} is missing", f"Add `{kind}:`, the name of the {what}.")
    if canary.rollout is not None:
        given = dict(canary.rollout)
        options = _options(("canary", "rollout"), "rollout", given.pop("kind", None), document)
        if options is not None:
            _validated(options, given, ("canary", "rollout"), document)


def _check_stages(canary: CanarySettings, document: Document) -> None:
    if canary.stages and (canary.shares != CanarySettings().shares or canary.approvers):
        document.wrong(
            ("canary", "stages"),
            "canary.stages says what canary.shares and canary.approvers say",
            "Keep `stages:` alone, with `share:` and `approver:` in each.",
        )
    everyone: list[float] = []
    for index, stage in enumerate(canary.stages):
        at = ("canary", "stages", index)
        for name in set(stage.only) - set(canary.segments):
            document.wrong(
                at, f"{words(at)}.only names {name!r}, which is none of canary.segments", "Add it to `segments:`."
            )
        for name in set(stage.criteria) - set(canary.criteria):
            document.wrong(
                at, f"{words(at)}.criteria names {name!r}, which is none of canary.criteria", "Add it to `criteria:`."
            )
        if stage.only and stage.share == 1:
            document.wrong(
                at,
                f"{words(at)} gives all of {', '.join(stage.only)} to the candidate, which leaves nobody to compare with",
                "Write a share below 1, such as 0.5.",
            )
        if stage.only and everyone:
            document.wrong(at, f"{words(at)} is for some segments, after one for everyone", "Put it first.")
        if not stage.only and everyone and stage.share <= everyone[-1]:
            document.wrong(
                at, f"{words(at)}.share is not above the one before", "Write each share above the one before."
            )
        everyone += [] if stage.only else [stage.share]


def _validated(kind: Any, value: object, at: Loc, document: Document) -> Any:  # noqa: ANN401  any model or dataclass
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        note_all(error.errors(include_url=False), kind, at, document)
        return None


def _as_error(mistakes: list[Mistake], path: Path) -> UsageError:
    ordered = sorted(mistakes, key=lambda mistake: mistake.line)
    if len(ordered) == 1:
        return UsageError(f"{path}:{ordered[0].line}: {ordered[0].what}.", fix=ordered[0].fix)
    lines = [f"{path}:{mistake.line}: {mistake.what}. {mistake.fix}" for mistake in ordered]
    return UsageError("\n".join(lines), fix=f"Correct these {len(ordered)} places.")

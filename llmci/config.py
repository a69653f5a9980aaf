"""`llmci.yaml` to frozen dataclasses: the only parser, and every mistake has a line and a fix."""

from __future__ import annotations

import difflib
import re
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Union

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema

from llmci import registry
from llmci.domain.settings import BenchSettings, CanarySettings, EvalsetSettings, LabelSettings, SanitizeSettings
from llmci.domain.verdict import FailOn, OnInconclusive, Role, Rule
from llmci.errors import UsageError

if typing.TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "llmci.yaml"

Loc = tuple[str | int, ...]


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


def _tolerance(value: object) -> object:
    """Read "5pt" as 0.05 and "10%" as 0.10; numbers are taken as fractions."""
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
        BeforeValidator(_tolerance),
        Field(gt=0, le=1),
        WithJsonSchema({"type": ["number", "string"], "examples": ["5pt", "10%", 0.05]}),
    ]
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    fail_on: FailOn = "any-drop"
    on_inconclusive: OnInconclusive = "error"
    slice_by: tuple[str, ...] = ()
    critical: bool = False
    min_cases: int = Field(default=10, ge=1)


class _File(BaseModel):
    """The file's top level; adapter blocks are checked against their own adapter afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: str = "main"
    state: str = ".llmci"
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


# Section of the file to seam of the registry.
SECTIONS = {
    "sources": "source",
    "recognizers": "recognizer",
    "embedders": "embedder",
    "models": "model",
    "systems": "system",
    "scorers": "scorer",
}


@dataclass(frozen=True, slots=True)
class _Mistake:
    line: int
    what: str
    fix: str


@dataclass(slots=True)
class _Located:
    """A YAML document as plain values, and the line of every path in it."""

    value: Any
    lines: dict[Loc, int]
    mistakes: list[_Mistake] = field(default_factory=list)

    def line(self, loc: Loc) -> int:
        """The line of a path, or of its nearest parent that is in the file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)


def discover(start: Path) -> Path:
    """Find `llmci.yaml` in a directory or above it.

    Raises:
        UsageError: There is none.
    """
    for directory in (start, *start.parents):
        if (candidate := directory / FILE_NAME).is_file():
            return candidate
    raise UsageError(
        f"there is no {FILE_NAME} in {start} or in any directory above it.",
        fix="Run `llmci init` to write one, or name one with --config.",
    )


def load(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        UsageError: It cannot be read, or holds mistakes; all of them are listed with their lines.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.", fix="Run `llmci init` to write one.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is not UTF-8.", fix="Save the file as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.", fix="Check the file's permissions.") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Check the text of a configuration file; see `load`."""
    document = _compose(text, path)
    file = _validated(_File, document.value, (), document)
    blocks = {
        section: _blocks(section, seam, getattr(file, section) if file else {}, document)
        for section, seam in SECTIONS.items()
    }
    if file is not None and not document.mistakes:
        _check_names(file, blocks, document)
    if file is None or document.mistakes:
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
    )


def json_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of the whole file, with the options of every adapter."""
    schema = _File.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    for section, seam in SECTIONS.items():
        variants: list[dict[str, Any]] = []
        for name in registry.names(seam):
            model = registry.adapter(seam, name).Options
            options: dict[str, Any] = model.model_json_schema(ref_template="#/$defs/{model}")
            definitions.update(options.pop("$defs", {}))
            options["properties"] = {"kind": {"const": name}, **_extends(section), **options.get("properties", {})}
            options["required"] = ["kind", *options.get("required", [])]
            definitions[f"{seam}-{name}"] = options
            variants.append({"$ref": f"#/$defs/{seam}-{name}"})
        if section == "systems":
            variants.append({"type": "object", "required": ["extends"], "properties": {"extends": {"type": "string"}}})
        schema["properties"][section]["additionalProperties"] = {"anyOf": variants} if variants else {}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = FILE_NAME
    return schema


def _extends(section: str) -> dict[str, Any]:
    return {"extends": {"type": "string"}} if section == "systems" else {}


def _compose(text: str, path: Path) -> _Located:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        located = _Located(value={}, lines={(): 1})
        if node is not None:
            located.value = _plain(loader, node, (), located)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: not YAML: {error.problem}.", fix="Mend the syntax at that line.") from None
    except yaml.YAMLError as error:
        raise UsageError(
            f"{path}: not YAML: {type(error).__name__}.", fix="Save the file as plain UTF-8 text."
        ) from None
    finally:
        loader.dispose()
    if not isinstance(located.value, dict):
        raise UsageError(f"{path}:1: the file must hold keys and values.", fix="Start with `llmci init`.")
    return located


def _plain(loader: yaml.SafeLoader, node: yaml.Node, loc: Loc, out: _Located) -> Any:  # noqa: ANN401  YAML holds anything
    out.lines[loc] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*loc, index), out) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node, deep=True)
    loader.flatten_mapping(node)
    value: dict[str, Any] = {}
    for key_node, item in node.value:
        key = str(loader.construct_object(key_node))
        line = key_node.start_mark.line + 1
        if key in value and line > out.lines[(*loc, key)]:
            fix = f"Keep one of them; the first is on line {out.lines[(*loc, key)]}."
            out.mistakes.append(_Mistake(line, f"{_path((*loc, key))} is given twice", fix))
        value[key] = _plain(loader, item, (*loc, key), out)
        out.lines[(*loc, key)] = line
    return value


def _blocks(section: str, seam: str, given: Mapping[str, dict[str, Any]], document: _Located) -> dict[str, Block]:
    blocks = {}
    for name in given:
        merged = _extended(section, name, given, document, seen=())
        if merged is None:
            continue
        kind = merged.pop("kind", None)
        if not isinstance(kind, str):
            known = ", ".join(registry.names(seam))
            document.mistakes.append(
                _Mistake(
                    document.line((section, name)), f"{section}.{name} has no kind", f"Add `kind:`, one of: {known}."
                )
            )
            continue
        try:
            options = registry.adapter(seam, kind).Options
        except UsageError as error:
            line = document.line((section, name, "kind"))
            document.mistakes.append(_Mistake(line, f"{section}.{name}.kind: {error.message}", error.fix))
            continue
        checked = _validated(options, merged, (section, name), document)
        if checked is not None:
            blocks[name] = Block(name=name, kind=kind, options=checked, given={"kind": kind, **merged})
    return blocks


def _extended(
    section: str, name: str, given: Mapping[str, dict[str, Any]], document: _Located, *, seen: tuple[str, ...]
) -> dict[str, Any] | None:
    """The block laid over the one that it extends, if it does; mappings are merged key by key."""
    block = dict(given[name])
    if section != "systems" or "extends" not in block:
        return block
    parent = block.pop("extends")
    line = document.line((section, name, "extends"))
    if parent in (*seen, name):
        document.mistakes.append(_Mistake(line, f"{section}.{name} extends itself", "Break the circle."))
        return None
    if parent not in given:
        document.mistakes.append(
            _Mistake(
                line, f"{section}.{name} extends {parent!r}, which is not there", _nearest(str(parent), list(given))
            )
        )
        return None
    below = _extended(section, parent, given, document, seen=(*seen, name))
    return None if below is None else _overlay(below, block)


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged


def _check_names(file: _File, blocks: Mapping[str, Mapping[str, Block]], document: _Located) -> None:
    """Names that one section gives and another uses."""
    for index, gate in enumerate(file.gates):
        if gate.metric not in blocks["scorers"]:
            what = f"gates[{index}].metric: there is no scorer called {gate.metric!r}"
            document.mistakes.append(
                _Mistake(
                    document.line(("gates", index, "metric")), what, _nearest(gate.metric, list(blocks["scorers"]))
                )
            )
    if blocks["systems"]:
        for role in ("baseline", "candidate"):
            name = getattr(file.bench, role)
            stated = ("bench", role) in document.lines
            if stated and name not in blocks["systems"]:
                what = f"bench.{role}: there is no system called {name!r}"
                document.mistakes.append(
                    _Mistake(document.line(("bench", role)), what, _nearest(name, list(blocks["systems"])))
                )


def _validated(kind: Any, value: object, at: Loc, document: _Located) -> Any:  # noqa: ANN401  any model or dataclass
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            document.mistakes.append(_mistake(kind, detail, at, document))
        return None


def _mistake(kind: Any, detail: Any, at: Loc, document: _Located) -> _Mistake:  # noqa: ANN401
    loc: Loc = (*at, *detail["loc"])
    line = document.line(loc)
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _known_keys(kind, detail["loc"][:-1])
        return _Mistake(line, f"unknown key {_path(loc)}", _nearest(str(loc[-1]), known))
    if detail["type"] in ("missing", "missing_keyword_only_argument"):
        return _Mistake(line, f"{_path(loc)} is missing", f"Add `{loc[-1]}:` there.")
    message = detail["msg"].removeprefix("Value error, ")
    return _Mistake(
        line, f"{_path(loc)} is {_shown(detail['input'])}: {message[0].lower()}{message[1:]}", "Correct the value."
    )


def _known_keys(kind: Any, loc: Loc) -> list[str]:  # noqa: ANN401
    """Keys that are allowed at a path inside a model or a dataclass."""
    for step in loc:
        if isinstance(step, int) or (isinstance(kind, type) and not _keys(kind)):
            kind = _inside(kind)
            continue
        hints = _hints(kind)
        kind = _inside(hints[step]) if step in hints else _inside(kind)
    return sorted(_keys(kind))


def _keys(kind: Any) -> list[str]:  # noqa: ANN401
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [info.alias or name for name, info in kind.model_fields.items()]
    return [item.name for item in fields(kind)] if is_dataclass(kind) else []


def _hints(kind: Any) -> dict[str | int, Any]:  # noqa: ANN401
    hints: dict[str | int, Any] = {}
    if _keys(kind):
        hints.update(typing.get_type_hints(kind))
    return hints


def _inside(kind: Any) -> Any:  # noqa: ANN401
    """The model within `tuple[Model, ...]`, `dict[str, Model]`, `Model | None` or `Annotated`."""
    origin = typing.get_origin(kind)
    if origin is None:
        return kind
    if origin in (Union, types.UnionType):
        return next((_inside(arg) for arg in typing.get_args(kind) if _keys(_inside(arg))), kind)
    arguments = [arg for arg in typing.get_args(kind) if arg is not Ellipsis]
    return _inside(arguments[0] if origin is Annotated else arguments[-1])


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Choose one of: {', '.join(sorted(known))}." if known else "Define it first."


def _path(loc: Loc) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _as_error(mistakes: list[_Mistake], path: Path) -> UsageError:
    ordered = sorted(mistakes, key=lambda mistake: mistake.line)
    if len(ordered) == 1:
        return UsageError(f"{path}:{ordered[0].line}: {ordered[0].what}.", fix=ordered[0].fix)
    lines = [f"{path}:{mistake.line}: {mistake.what}. {mistake.fix}" for mistake in ordered]
    return UsageError("\n".join(lines), fix=f"Correct these {len(ordered)} places.")

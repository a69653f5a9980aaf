"""The published JSON schemas: of `llmci.yaml`, and of a report in JSON."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from llmci import registry
from llmci.config import FILE_NAME, SECTIONS, File
from llmci.errors import UsageError
from llmci.files import write_json
from llmci.wiring.sanitize_report import report_schema as sanitize_schema

if TYPE_CHECKING:
    from pathlib import Path


def report_schema() -> dict[str, Any]:
    """Of what `llmci report -o result.json` writes, JSON Schema 2020-12."""
    text = files("llmci.adapters.reporters").joinpath("report.schema.json").read_bytes()
    schema: dict[str, Any] = orjson.loads(text)
    return schema


def write_schema(target: Path | None, *, report: bool = False, sanitize: bool = False) -> dict[str, Any]:
    """Make a schema, and write it to `target` where one is named.

    Args:
        target: A file, or None.
        report: The schema of reports rather than that of `llmci.yaml`.
        sanitize: The schema of `.llmci/sanitize.json` instead.
    """
    document = sanitize_schema() if sanitize else report_schema() if report else json_schema()
    if target is not None:
        try:
            write_json(target, document)
        except OSError as error:
            raise UsageError(
                f"{target}: cannot be written: {error.strerror}.", fix="Name a file in a directory you may write to."
            ) from None
    return document


def json_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of the whole file, with the options of every adapter."""
    schema = File.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    for section, seam in SECTIONS.items():
        names = [_define(seam, name, definitions) for name in registry.names(seam)]
        variants: list[dict[str, Any]] = [{"$ref": f"#/$defs/{name}"} for name in names]
        if section == "systems":
            variants.append({"type": "object", "required": ["extends"], "properties": {"extends": {"type": "string"}}})
        if section == "scorers":
            # Any that says yes or no, negated; which options it takes is checked when the file is read.
            kind = {"type": "string", "pattern": "^not-"}
            variants.append({"type": "object", "required": ["kind"], "properties": {"kind": kind}})
        schema["properties"][section]["additionalProperties"] = {"anyOf": variants}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = FILE_NAME
    return schema


def _define(seam: str, name: str, definitions: dict[str, Any]) -> str:
    """Add the options of an adapter to the schema's definitions; returns their name there."""
    options: dict[str, Any] = registry.adapter(seam, name).Options.model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(options.pop("$defs", {}))
    extends = {"extends": {"type": "string"}} if seam == "system" else {}
    options["properties"] = {"kind": {"const": name}, **extends, **options.get("properties", {})}
    options["required"] = ["kind", *options.get("required", [])]
    definitions[f"{seam}-{name}"] = options
    return f"{seam}-{name}"

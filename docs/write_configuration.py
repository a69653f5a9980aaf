"""Writes `configuration.md` from the settings themselves: `python docs/write_configuration.py`.

Every key, its default and its meaning stand once, in the docstring of the class that takes it;
a test keeps the page equal to them.
"""

from __future__ import annotations

import inspect
import re
import typing
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from llmci import registry
from llmci.config import SECTIONS
from llmci.domain import settings
from llmci.domain.verdict import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_name("configuration.md")

OPENING = """# llmci.yaml

<!-- Written by docs/write_configuration.py; a test keeps it so. -->

The file is looked for in the working directory and above it; `--config` or `LLMCI_CONFIG` names another. Relative paths
start at the file's own directory. Every section may be left out. A mistake is told with its line and its fix.

An editor completes and checks the file while you type:

```
llmci schema -o llmci.schema.json
```

with `# yaml-language-server: $schema=llmci.schema.json` as the file's first line. Secrets never stand in the file: keys
that end in `_env` hold the *name* of an environment variable.

## Top level

| key | default | meaning |
|---|---|---|
| `project` | `main` | Name of the project. |
| `state` | `.llmci` | Directory of llmci's own state: raw and clean traces, labels, runs. Keep it out of git. |
| `shelves` | none | Where raw and clean traces and labels are, if not in `state`: a directory, or a URI such as `s3://bucket/prefix?region=eu-west-1`. |
| `report` | `[llmci-report.html]` | Reports that `bench` and `report` write where no `-o` names others; the suffix decides the format. |
"""

ENGINE = """One block with its `kind:`; `--engine`, `--workers` and `--scheduler` stand above it. Without it, processes are started
where there is enough to do for them. [At scale](scale.md) says more.
"""

STAGES = {
    "sanitize": settings.SanitizeSettings,
    "label": settings.LabelSettings,
    "evalset": settings.EvalsetSettings,
    "bench": settings.BenchSettings,
    "canary": settings.CanarySettings,
    "canary.criteria.<name>": settings.CriterionSettings,
}
BLOCKS = {
    "sources": "where traces come from",
    "recognizers": "what finds personal data and secrets; each works without a block",
    "models": "chat models, for judges",
    "embedders": "what turns texts into vectors, for `label.embedder`",
    "systems": "what answers cases; `extends: <name>` takes another system and says only what differs",
    "scorers": "what turns an answer into a number; the block's name is the metric's",
}


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for section, what in BLOCKS.items():
        parts.append(f"## {section}: {what}\n")
        parts.append(f"`{section}:` holds one block a name, each with its `kind:`.\n")
        seam = SECTIONS[section]
        for kind in registry.names(seam):
            adapter = registry.adapter(seam, kind)
            parts.append(f"### {section} of kind `{kind}`\n\n{about(adapter)}\n{table(adapter.Options)}")
    parts.append(
        "## gates: what decides\n\nA list; each gate watches one metric.\n\n"
        + table(Rule, {"tolerance": "required; `5pt`, `10%` or a fraction"})
    )
    parts.append("## engine: where pull, sanitize, label and build work\n\n" + ENGINE)
    for kind in registry.names("engine"):
        adapter = registry.adapter("engine", kind)
        parts.append(f"### engine of kind `{kind}`\n\n{about(adapter)}\n{table(adapter.Options)}")
    parts += [f"## {name}\n\n{about(kind)}\n{table(kind)}" for name, kind in STAGES.items()]
    return "\n".join(parts)


def about(kind: type) -> str:
    """The first paragraph of a class's docstring, or of its module's where the class has none of its own."""
    own = inspect.cleandoc(kind.__doc__ or "")
    text = own if own and not own.startswith("See `") else inspect.getdoc(inspect.getmodule(kind)) or ""
    return " ".join(text.split("\n\n")[0].split()) + "\n"


def table(kind: type, defaults: dict[str, str] | None = None) -> str:
    """The keys of a class, as rows."""
    told = meanings(kind)
    rows = [f"| `{key}` | {(defaults or {}).get(key, default)} | {told.get(key, '')} |" for key, default in keys(kind)]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows, ""]) if rows else "No keys.\n"


def keys(kind: type) -> Iterator[tuple[str, str]]:
    """Each key with its default, in order."""
    if issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            default = info.get_default(call_default_factory=True)
            yield info.alias or name, worded(default, required=default is PydanticUndefined)
        return
    for item in fields(typing.cast("Any", kind)):
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        yield item.name, worded(default, required=default is MISSING)


def worded(value: object, *, required: bool) -> str:
    """A default as it would stand in the file."""
    if required:
        return "required"
    if value is None or value in ((), [], {}):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (tuple, list)):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, dict):
        return f"`{{{', '.join(f'{key}: {item}' for key, item in value.items())}}}`"
    return f"`{value}`"


def meanings(kind: type) -> dict[str, str]:
    """What the `Attributes:` of the docstrings say, those of inherited options included."""
    told: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        attributes = inspect.cleandoc(owner.__doc__ or "").partition("Attributes:\n")[2]
        for name, text in re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", attributes, flags=re.MULTILINE):
            told[name.rstrip("_")] = " ".join(text.split()).replace("|", "\\|")
    return told


if __name__ == "__main__":
    PAGE.write_text(page())

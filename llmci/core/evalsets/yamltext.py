"""YAML that a user wrote to plain values: no aliases, which can fill the memory, and dates stay text."""

from __future__ import annotations

from typing import Any

import yaml

from llmci.errors import UsageError


class _Loader(yaml.SafeLoader):
    """Safe, and without aliases and timestamps."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401  PyYAML's signature
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias", event.start_mark)
        return super().compose_node(parent, index)


def yaml_of(content: bytes, name: str) -> object:
    """The values of a document.

    Raises:
        UsageError: It is not YAML, or uses aliases; with file and line.
    """
    try:
        return yaml.load(content, Loader=_Loader)  # noqa: S506  a safe loader
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(
            f"{name}{line}: not YAML that can be read ({error.problem}).", fix="Mend the line; aliases are not taken."
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{name}: not YAML that can be read ({type(error).__name__}).", fix="Mend the file.") from None

"""The share of traffic as the weights of two deployments in a LiteLLM proxy's configuration.

Weights of `simple-shuffle`, the router's default (https://docs.litellm.ai/docs/routing). Only the two
numbers in the file are rewritten: comments and order stay. The router picks for each request anew, so
one user sees both variants; assign users with flags where that matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from llmci import seams
from llmci.errors import UsageError
from llmci.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_WHOLE = 10_000


class LiteLLMRollout:
    """Keeps `litellm_params.weight` of the control's and the treatment's deployment."""

    class Options(seams.Options):
        """Which deployments share a model's traffic.

        Attributes:
            path: The proxy's `config.yaml`, from the configuration's directory.
            model: `model_name` that callers ask for.
            control: `model_info.id` or `litellm_params.model` of the baseline's deployment.
            treatment: The same of the candidate's.
        """

        path: str
        model: str
        control: str
        treatment: str

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._path: Path = context.root / options.path
        self._options = options

    def share(self) -> float:
        """See `Rollout.share`."""
        before, after = (float(node.value) for node in self._weights(self._read()))
        if before < 0 or after < 0 or before + after <= 0:
            raise UsageError(f"{self._path}: the weights do not add up to traffic.", fix="Write weights from 0 up.")
        return after / (before + after)

    def only(self) -> tuple[str, ...]:
        """See `Rollout.only`."""
        return ()

    def set_share(self, share: float, only: Sequence[str] = ()) -> None:
        """See `Rollout.set_share`."""
        if only:
            raise UsageError(
                "the router of LiteLLM picks for each request, and knows no segments.",
                fix="Keep `only` out of canary.stages, or let flags assign users: `rollout: {kind: flagd, ...}`.",
            )
        text = self._read()
        treatment = round(share * _WHOLE)
        edits = zip(self._weights(text), (_WHOLE - treatment, treatment), strict=True)
        for node, weight in sorted(edits, key=lambda edit: -edit[0].start_mark.index):
            text = f"{text[: node.start_mark.index]}{weight}{text[node.end_mark.index :]}"
        write_bytes(self._path, text.encode())

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self._path}: cannot be read ({type(error).__name__}).", fix="Name the proxy's config.yaml."
            ) from None

    def _weights(self, text: str) -> list[yaml.ScalarNode]:
        """The two numbers' places in the file, the control's first."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError:
            raise UsageError(f"{self._path}: not YAML.", fix="Mend the file; nothing was changed.") from None
        deployments = [
            item for item in _items(_at(root, "model_list")) if _word(item, "model_name") == self._options.model
        ]
        return [self._weight(deployments, name) for name in (self._options.control, self._options.treatment)]

    def _weight(self, deployments: list[yaml.Node], name: str) -> yaml.ScalarNode:
        for item in deployments:
            params = _at(item, "litellm_params")
            if name in (_word(_at(item, "model_info"), "id"), _word(params, "model")):
                weight = _at(params, "weight")
                if isinstance(weight, yaml.ScalarNode) and weight.tag.endswith((":int", ":float")):
                    return weight
                raise UsageError(
                    f"{self._path}:{item.start_mark.line + 1}: the deployment {name!r} has no weight.",
                    fix="Add `weight: 0` to its litellm_params.",
                )
        raise UsageError(
            f"{self._path}: {self._options.model!r} has no deployment {name!r}.",
            fix="Name it by its `model_info.id` or its `litellm_params.model`.",
        )


def _items(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value


def _at(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                found: yaml.Node = value
                return found
    return None


def _word(node: yaml.Node | None, key: str) -> str | None:
    found = _at(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else None

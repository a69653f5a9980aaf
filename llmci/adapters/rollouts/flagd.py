"""The share of traffic as the weights of a flag in a flagd definition, which any OpenFeature SDK reads.

The format: flagd's flag definitions (https://flagd.dev/reference/flag-definitions/) with the
`fractional` operation, which assigns by a hash of the flag's key and the targeting key. A user keeps
their variant while the share grows: the candidate comes last, so its range only widens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmci import seams
from llmci.adapters.rollouts.document import document_of
from llmci.errors import UsageError
from llmci.files import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_EXAMPLE = '{"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {}}'
# Shares are kept to a hundredth of a percent.
_WHOLE = 10_000


class FlagdRollout:
    """Keeps the two weights of a flag; all else in the file is left as it is."""

    class Options(seams.Options):
        """Where the flag is.

        Attributes:
            path: The file with the flag definitions, from the configuration's directory.
            flag: Key of the flag.
            control: Variant that the baseline answers; a variant's value is its name where the flag is new.
            treatment: Variant that the candidate answers.
            bucket_by: Property of the evaluation context that keeps its variant; the user, by default.
            only: Properties and the values that they must have for the candidate to answer, such as
                `{platform: [mobile]}`; everyone else gets the control. Used where the flag is new.
            segment: Property that says which segment a user is of; needed where a stage is for some segments only.
        """

        path: str
        flag: str
        control: str = "baseline"
        treatment: str = "candidate"
        bucket_by: str = "targetingKey"
        only: dict[str, list[str]] = Field(default_factory=dict)
        segment: str | None = None

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._path: Path = context.root / options.path
        self._options = options

    def share(self) -> float:
        """See `Rollout.share`; 0 where the flag does not split its traffic."""
        flag = self._flag()
        weights = self._weights(flag.get("targeting"))
        if weights is None:
            return 1.0 if flag.get("defaultVariant") == self._options.treatment else 0.0
        before, after = (float(pair[1]) for pair in weights)
        return after / (before + after)

    def only(self) -> tuple[str, ...]:
        """See `Rollout.only`."""
        kept = self._kept(self._flag().get("targeting"))
        return () if kept is None else kept[0]

    def set_share(self, share: float, only: Sequence[str] = ()) -> None:
        """See `Rollout.set_share`; a flag that is not there is made."""
        if only and self._options.segment is None:
            raise UsageError(
                "canary.rollout does not say which property of a user is the segment.",
                fix="Add `segment:` to it, such as `segment: platform`.",
            )
        document = document_of(self._path, _EXAMPLE)
        flags = document.setdefault("flags", {})
        flag = flags.setdefault(self._options.flag, self._new_flag())
        weights = self._weights(flag.get("targeting"))
        if weights is None:
            flag["targeting"], weights = self._new_targeting()
        weights[1][1] = round(share * _WHOLE)
        weights[0][1] = _WHOLE - weights[1][1]
        kept = self._kept(flag["targeting"])
        rule = flag["targeting"] if kept is None else kept[1]
        # Whatever rules the flag has stay inside.
        inside = {"in": [{"var": self._options.segment}, list(only)]}
        flag["targeting"] = {"if": [inside, rule, self._options.control]} if only else rule
        write_json(self._path, document)

    def _flag(self) -> dict[str, Any]:
        flag = document_of(self._path, _EXAMPLE).get("flags", {}).get(self._options.flag)
        if not isinstance(flag, dict):
            raise UsageError(
                f"{self._path}: there is no flag {self._options.flag!r}.",
                fix="Let `llmci canary start` write it, or name another flag.",
            )
        return flag

    def _kept(self, targeting: object) -> tuple[tuple[str, ...], Any] | None:
        """The segments of the present stage and the rule for them; None where the stage is for everyone."""
        match targeting:
            case {"if": [{"in": [{"var": name}, [*segments]]}, rule, _]} if name == self._options.segment:
                return tuple(map(str, segments)), rule
        return None

    def _weights(self, targeting: object) -> list[list[Any]] | None:
        """The flag's own [variant, weight] pairs, control first; None where it does not split its traffic."""
        found = _fractional(targeting)
        if found is None:
            return None
        pairs = [item for item in found if isinstance(item, list)]
        named = {pair[0]: pair for pair in pairs if len(pair) == 2 and isinstance(pair[1], int)}
        wanted = (self._options.control, self._options.treatment)
        if set(named) != set(wanted) or len(pairs) != len(wanted) or sum(pair[1] for pair in pairs) <= 0:
            raise UsageError(
                f"{self._path}: flag {self._options.flag!r} does not split between {wanted[0]!r} and {wanted[1]!r} alone.",
                fix=f'Write its "fractional" as [..., ["{wanted[0]}", 95], ["{wanted[1]}", 5]].',
            )
        return [named[variant] for variant in wanted]

    def _new_flag(self) -> dict[str, Any]:
        variants = {name: name for name in (self._options.control, self._options.treatment)}
        return {"state": "ENABLED", "variants": variants, "defaultVariant": self._options.control}

    def _new_targeting(self) -> tuple[dict[str, Any], list[list[Any]]]:
        weights = [[self._options.control, _WHOLE], [self._options.treatment, 0]]
        bucket = {"cat": [{"var": "$flagd.flagKey"}, {"var": self._options.bucket_by}]}
        split: dict[str, Any] = {"fractional": [bucket, *weights]}
        if not self._options.only:
            return split, weights
        matches = [{"in": [{"var": name}, values]} for name, values in self._options.only.items()]
        return {"if": [{"and": matches}, split, self._options.control]}, weights


def _fractional(targeting: object) -> list[Any] | None:
    """The arguments of the first `fractional` in a targeting rule, wherever it stands."""
    if isinstance(targeting, dict):
        if isinstance(found := targeting.get("fractional"), list):
            return found
        targeting = list(targeting.values())
    if isinstance(targeting, list):
        return next((found for item in targeting if (found := _fractional(item)) is not None), None)
    return None

"""The share of traffic as a number in a JSON file that the application reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci import seams
from llmci.adapters.rollouts.document import document_of
from llmci.errors import UsageError
from llmci.files import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_EXAMPLE = '{"share": 0.05}'


class JsonRollout:
    """Keeps `{"share": 0.05}` in a file, at any key path; other keys of the file are left as they are."""

    class Options(seams.Options):
        """Where the number is.

        Attributes:
            path: The file, from the configuration's directory.
            key: Dotted path of the number in it.
            only_key: Dotted path of the list of segments that a stage is for; empty where it is for everyone.
        """

        path: str
        key: str = "share"
        only_key: str | None = None

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._path: Path = context.root / options.path
        self._keys = options.key.split(".")
        self._only = options.only_key.split(".") if options.only_key else None

    def share(self) -> float:
        """See `Rollout.share`."""
        value = _at(document_of(self._path, _EXAMPLE), self._keys)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise UsageError(
                f"{self._path}: {'.'.join(self._keys)} is not a share between 0 and 1.",
                fix="Write the candidate's present share of traffic there.",
            )
        return float(value)

    def only(self) -> tuple[str, ...]:
        """See `Rollout.only`."""
        value = None if self._only is None else _at(document_of(self._path, _EXAMPLE), self._only)
        if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
            raise UsageError(
                f"{self._path}: {'.'.join(self._only or ())} is not a list of segments.",
                fix="Write the segments that the candidate is for, or [] for everyone.",
            )
        return tuple(value or ())

    def set_share(self, share: float, only: Sequence[str] = ()) -> None:
        """See `Rollout.set_share`."""
        if only and self._only is None:
            raise UsageError(
                "canary.rollout does not say where the segments of a stage are kept.", fix="Add `only_key:` to it."
            )
        document = document_of(self._path, _EXAMPLE)
        for keys, value in ((self._keys, share), (self._only, list(only))):
            place = document
            for key in (keys or ())[:-1]:
                place = place.setdefault(key, {})
            if keys:
                place[keys[-1]] = value
        write_json(self._path, document)


def _at(value: Any, keys: Sequence[str]) -> Any:  # noqa: ANN401  what is in the file
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value

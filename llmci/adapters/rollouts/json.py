"""The share of traffic as a number in a JSON file that the application reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci import seams
from llmci.adapters.rollouts.document import document_of
from llmci.errors import UsageError
from llmci.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

_EXAMPLE = '{"share": 0.05}'


class JsonRollout:
    """Keeps `{"share": 0.05}` in a file, at any key path; other keys of the file are left as they are."""

    class Options(seams.Options):
        """Where the number is.

        Attributes:
            path: The file, from the configuration's directory.
            key: Dotted path of the number in it.
        """

        path: str
        key: str = "share"

    def __init__(self, options: Options, context: seams.Context) -> None:
        self._path: Path = context.root / options.path
        self._keys = options.key.split(".")

    def share(self) -> float:
        """See `Rollout.share`."""
        value: Any = document_of(self._path, _EXAMPLE)
        for key in self._keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise UsageError(
                f"{self._path}: {'.'.join(self._keys)} is not a share between 0 and 1.",
                fix="Write the candidate's present share of traffic there.",
            )
        return float(value)

    def set_share(self, share: float) -> None:
        """See `Rollout.set_share`."""
        document = document_of(self._path, _EXAMPLE)
        place = document
        for key in self._keys[:-1]:
            place = place.setdefault(key, {})
        place[self._keys[-1]] = share
        write_json(self._path, document)

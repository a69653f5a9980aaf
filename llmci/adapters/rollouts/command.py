"""The share of traffic behind two commands of the user's: for flag services with an API or a CLI of their own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from llmci import seams
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACE, _SEGMENTS, _ONLY = "{share}", "{only}", "only="
_SECONDS = 60.0


class CommandRollout:
    """Asks one command for the share, and tells it to another; no shell is involved."""

    class Options(seams.Options):
        """The commands, as words.

        Attributes:
            get: Prints the candidate's share of traffic, in [0, 1], as its last word; before it `only=internal,staff`
                where it is for some segments only.
            set: Sets it; `{share}` stands for the number, such as 0.25, and `{only}` for the segments, such as
                internal,staff.
            timeout_s: Longest time for either, in seconds.
        """

        get: list[str]
        set: list[str]
        timeout_s: float = _SECONDS

    def __init__(self, options: Options, context: seams.Context) -> None:
        if not any(_PLACE in word for word in options.set):
            raise UsageError(
                "canary.rollout.set does not say where the share goes.", fix="Put {share} among its words."
            )
        self._options = options
        self._root = context.root
        self._environ = {**os.environ, **context.environ}

    def share(self) -> float:
        """See `Rollout.share`."""
        words = self._run(self._options.get).split()
        try:
            share = float(words[-1])
        except (IndexError, ValueError):
            share = -1.0
        if not 0 <= share <= 1:
            raise OutsideError(
                f"{self._options.get[0]} printed no share between 0 and 1.", fix="Let it print a number such as 0.05."
            )
        return share

    def only(self) -> tuple[str, ...]:
        """See `Rollout.only`."""
        said = [word.removeprefix(_ONLY) for word in self._run(self._options.get).split() if word.startswith(_ONLY)]
        return tuple(name for name in said[-1].split(",") if name) if said else ()

    def set_share(self, share: float, only: Sequence[str] = ()) -> None:
        """See `Rollout.set_share`; the command must be atomic by itself."""
        words = [word.replace(_PLACE, f"{share:g}").replace(_SEGMENTS, ",".join(only)) for word in self._options.set]
        if only and not any(_SEGMENTS in word for word in self._options.set):
            raise UsageError(
                "canary.rollout.set does not say where the segments of a stage go.", fix="Put {only} among its words."
            )
        self._run(words)

    def _run(self, words: list[str]) -> str:
        try:
            done = subprocess.run(  # noqa: S603  the user's own command
                words,
                cwd=self._root,
                env=self._environ,
                capture_output=True,
                timeout=self._options.timeout_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError(
                f"{words[0]} did not run ({type(error).__name__}).",
                fix="Try the command by hand, from the project's directory.",
            ) from None
        if done.returncode:
            # What it printed may hold a key.
            raise OutsideError(
                f"{words[0]} left with {done.returncode}; the share may not have changed.",
                fix="Run the command by hand to see why.",
            )
        return done.stdout.decode(errors="replace")

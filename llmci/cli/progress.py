"""How long work shows itself: a live line on a terminal, plain lines in a log; see `llmci.seams.Progress`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.cli.terminal import note, safe_text
from llmci.core.durations import lasting

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from llmci.seams import Unit

_QUIET_S = 30.0
_STEP = 0.1
# Columns from which there is room for a bar beside the words.
_WIDE = 110


@dataclass(slots=True)
class Tally:
    """What is done of a stage, in words."""

    stage: str
    total: int | None
    unit: Unit
    done: int = 0
    cost: float | None = None
    budget: float | None = None
    standing: str = ""
    started: float = field(default_factory=time.monotonic)

    def add(self, done: int, cost: float | None) -> None:
        """Count more work; a cost that is not known adds nothing and does not become 0."""
        self.done += done
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost

    @property
    def share(self) -> float:
        """Done of the total, in [0, 1]; 0 where the total is not known."""
        return self.done / self.total if self.total else 0.0

    def line(self) -> str:
        """Such as "bench: 30/300 answers, 12/s, 23 s left, $0.1200, 1 better, 4 worse, verdict open"."""
        seconds = max(time.monotonic() - self.started, 1e-9)
        return ", ".join(filter(None, (f"{self.stage}: {self.counted()}", *self.pace(seconds), self.standing)))

    def counted(self) -> str:
        """Such as "30/300 answers"."""
        return f"{self.done}/{self.total} {self.unit}" if self.total else f"{self.done} {self.unit}"

    def pace(self, seconds: float) -> list[str]:
        """Rate, time left and cost, as far as they are known after so many seconds."""
        rate = self.done / seconds
        words = [f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
        if self.total and 0 < self.done < self.total:
            words.append(f"{lasting((self.total - self.done) / rate)} left")
        if self.cost is not None or self.budget is not None:
            most = "" if self.budget is None else f" of ${self.budget:.2f}"
            words.append(f"${self.cost or 0.0:.4f}{most}")
        return words


class LineProgress:
    """Plain lines for logs and pipes: one for every tenth of the work, or every 30 seconds.

    Args:
        grouped: Fold each stage in the log of a GitHub job.
    """

    def __init__(self, *, grouped: bool = False) -> None:
        self._grouped = grouped
        self._tally: Tally | None = None
        self._shown_at = self._shown_share = 0.0

    def begin(self, stage: str, total: int | None, unit: Unit, *, budget: float | None = None) -> None:
        """See `Progress.begin`."""
        self.close()
        self._tally = Tally(stage, total, unit, budget=budget)
        self._shown_at, self._shown_share = time.monotonic(), 0.0
        if self._grouped:
            note(f"::group::{stage}")

    def advance(self, done: int = 1, *, cost: float | None = None) -> None:
        """See `Progress.advance`."""
        if self._tally is None:
            return
        self._tally.add(done, cost)
        now, share = time.monotonic(), self._tally.share
        if share < 1 and (share - self._shown_share >= _STEP or now - self._shown_at >= _QUIET_S):
            self._shown_at, self._shown_share = now, share
            note(self._tally.line())

    def stand(self, words: str) -> None:
        """See `Progress.stand`."""
        if self._tally is not None:
            self._tally.standing = words

    def note(self, message: str) -> None:
        """See `Progress.note`."""
        note(f"{self._tally.stage}: {safe_text(message)}" if self._tally else safe_text(message))

    def end(self) -> None:
        """See `Progress.end`."""
        if self._tally is not None:
            note(f"{self._tally.line()}, done")
        self.close()

    def close(self) -> None:
        """Forget the stage, finished or not."""
        if self._tally is not None and self._grouped:
            note("::endgroup::")
        self._tally = None


class LiveProgress:
    """One line that renews itself while a stage runs, and stays as a plain line when it ends."""

    def __init__(self) -> None:
        self._tally: Tally | None = None
        self._live: RichProgress | None = None
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int | None, unit: Unit, *, budget: float | None = None) -> None:
        """See `Progress.begin`."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
        from rich.table import Column

        self.close()
        self._tally = Tally(stage, total, unit, budget=budget)
        # Stage names and numbers are ours; nothing foreign reaches rich, which passes escapes through.
        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False))
        console = Console(stderr=True)
        # The words need the room of a narrow terminal, where they take two lines.
        bar: tuple[ProgressColumn, ...] = (BarColumn(bar_width=24),) if console.width >= _WIDE else ()
        self._live = Progress(SpinnerColumn(), words, *bar, console=console, transient=True, redirect_stdout=False)
        self._task = self._live.add_task(self._tally.line(), total=total)
        self._live.start()

    def advance(self, done: int = 1, *, cost: float | None = None) -> None:
        """See `Progress.advance`."""
        if self._tally is None or self._live is None or self._task is None:
            return
        self._tally.add(done, cost)
        self._live.update(self._task, advance=done, description=self._tally.line())

    def stand(self, words: str) -> None:
        """See `Progress.stand`."""
        if self._tally is not None:
            self._tally.standing = words

    def note(self, message: str) -> None:
        """See `Progress.note`."""
        text = f"{self._tally.stage}: {safe_text(message)}" if self._tally else safe_text(message)
        if self._live is None:
            note(text)
        else:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """See `Progress.end`."""
        tally = self._tally
        self.close()
        if tally is not None:
            note(f"{tally.line()}, done")

    def close(self) -> None:
        """Take the live line down and give the cursor back."""
        if self._live is not None:
            self._live.stop()
        self._live = self._task = self._tally = None

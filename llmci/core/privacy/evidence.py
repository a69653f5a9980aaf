"""What a run found out about itself, for the manifest and for `sanitize.json`: canaries, second pass, rare attributes."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from llmci.core.privacy.quasi import rare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmci.core.privacy.batch import Tally
    from llmci.core.privacy.canaries import Recall

_MOST_SHAPES = 200


@dataclass(slots=True)
class Second:
    """What the second pass saw.

    Attributes:
        candidates: By kind and masked shape: in how many distinct texts.
        texts: Distinct texts of the output that it looked at, shard by shard.
        passed_over: Those that it did not look at.
    """

    candidates: Counter[tuple[str, str]] = field(default_factory=Counter)
    texts: int = 0
    passed_over: int = 0

    def merge(self, other: Second) -> None:
        """Add another shard's."""
        self.candidates.update(other.candidates)
        self.texts += other.texts
        self.passed_over += other.passed_over

    def as_json(self) -> dict[str, object]:
        """For a file of counts; see `second_of`."""
        shapes = [[kind, shape, count] for (kind, shape), count in sorted(self.candidates.items())]
        return {"candidates": shapes, "texts": self.texts, "passed_over": self.passed_over}

    def by_kind(self) -> dict[str, int]:
        """Candidates of each kind."""
        kinds: Counter[str] = Counter()
        for (kind, _), count in self.candidates.items():
            kinds[kind] += count
        return dict(kinds.most_common())

    def shapes(self) -> list[dict[str, object]]:
        """The most frequent masked shapes."""
        ordered = sorted(self.candidates.items(), key=lambda item: (-item[1], item[0]))
        return [{"kind": kind, "shape": shape, "texts": count} for (kind, shape), count in ordered[:_MOST_SHAPES]]


def second_of(told: Mapping[str, object]) -> Second:
    """Read what `Second.as_json` wrote."""
    shapes: Iterable[tuple[str, str, int]] = told["candidates"]  # type: ignore[assignment]
    return Second(
        Counter({(kind, shape): count for kind, shape, count in shapes}),
        int(str(told["texts"])),
        int(str(told["passed_over"])),
    )


def evidence(tally: Tally, second: Second, canaries: Iterable[Recall]) -> dict[str, object]:
    """The fields of the manifest."""
    return {
        "canaries": [asdict(found) for found in canaries],
        "second_pass": {"texts": second.texts, "passed_over": second.passed_over, "candidates": second.by_kind()},
        "rare_attributes": [{**asdict(found), "kinds": list(found.kinds)} for found in rare(tally.kept)],
    }

"""What the sanitizer says of itself, as the page on privacy shows it: counts, masked shapes and bounds, no value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core import wording
from llmci.core.privacy.canaries import lowest_share
from llmci.core.reporting import numbers
from llmci.core.reporting.bars import Bar, Tally, bounded, tallies
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.stored import items, mapping, number, objects, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.evalset import EvalSet

_TEXT = 200
_MOST_SHAPES, _MOST_HELD = 50, 100
_LISTS = (("By type", "counts"), ("By detector", "detectors"), ("By field", "fields"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A value that the second pass suspects, letters as A and a and digits as 0, in so many texts."""

    kind: str
    shape: str
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """Kinds of values that were kept; `few` of the users share theirs with fewer than four others, `alone` with nobody."""

    kinds: str
    users: int
    few: int
    alone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyView:
    """What was removed, what was checked, and what is left to look at.

    Attributes:
        headline: One sentence.
        tone: bad where a canary survived, unsure where something was held back or is suspected, else good.
        warnings: What a reader has to know, a sentence each.
        removed: Counts under a heading: by type, detector and field.
        canaries: Share of the planted values that was removed, with its exact 95 % range.
        suspected: By type; `shapes` are these masked, `more_shapes` are not listed.
        reasons: Why traces were held back, with how many; `held` names them, `more_held` are not listed.
        facts: Policy, recognizers, engines and digests.
    """

    headline: str
    tone: str = "none"
    warnings: tuple[str, ...] = ()
    removed: tuple[tuple[str, tuple[Tally, ...]], ...] = ()
    canaries: tuple[Bar, ...] = ()
    second_pass: str = ""
    suspected: tuple[Tally, ...] = ()
    shapes: tuple[Shape, ...] = ()
    more_shapes: int = 0
    rare: tuple[Rare, ...] = ()
    reasons: tuple[Tally, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    more_held: int = 0
    facts: tuple[tuple[str, str], ...] = ()


def privacy_view(sanitizing: Mapping[str, object] | None, evalset: EvalSet | None = None) -> PrivacyView | None:
    """What is known of how texts were sanitized; None if nothing is.

    Args:
        sanitizing: Manifest of the clean traces, with what `sanitize.json` adds where it is about the same
            run. Every part may be missing: an older version wrote less.
        evalset: The set that a report is about.
    """
    if sanitizing is None:
        by_hand = evalset is not None and evalset.sanitize_digest is None
        return PrivacyView(headline="Every case was written by hand.") if by_hand else None
    canaries = tuple(_canary(found) for found in objects(sanitizing.get("canaries")))
    second = mapping(sanitizing.get("second_pass"))
    shapes, held = objects(sanitizing.get("residual")), objects(sanitizing.get("quarantine"))
    return PrivacyView(
        headline=_headline(sanitizing),
        tone=_tone(sanitizing),
        warnings=tuple(_warnings(sanitizing, evalset)),
        removed=tuple((title, found) for title, name in _LISTS if (found := tallies(sanitizing.get(name)))),
        canaries=canaries,
        second_pass=_second_pass(second),
        suspected=tallies(second.get("candidates")),
        shapes=tuple(_shape(row) for row in shapes[:_MOST_SHAPES]),
        more_shapes=max(0, len(shapes) - _MOST_SHAPES),
        rare=tuple(_rare(row) for row in objects(sanitizing.get("rare_attributes"))),
        reasons=tallies(dict(Counter(one_line(str(row.get("why", "")), _TEXT) for row in held))),
        held=tuple(
            (one_line(str(row.get("where", "")), _TEXT), one_line(str(row.get("why", "")), _TEXT))
            for row in held[:_MOST_HELD]
        ),
        more_held=max(0, max(whole(sanitizing.get("rejected")), len(held)) - _MOST_HELD) if held else 0,
        facts=tuple(_facts(sanitizing)),
    )


def _headline(told: Mapping[str, object]) -> str:
    removed = sum(count for count in mapping(told.get("counts")).values() if isinstance(count, int))
    held = whole(told.get("rejected"))
    back = "none was held back" if not held else f"{held:,} {'was' if held == 1 else 'were'} held back"
    clean = wording.count(whole(told.get("rows")), "trace is clean", "traces are clean")
    return f"{clean}: {wording.count(removed, 'value was', 'values were')} replaced, {back}."


def _tone(told: Mapping[str, object]) -> str:
    if any(whole(row.get("removed")) < whole(row.get("planted")) for row in objects(told.get("canaries"))):
        return "bad"
    suspected = mapping(mapping(told.get("second_pass")).get("candidates"))
    return "unsure" if whole(told.get("rejected")) or suspected else "good"


def _warnings(told: Mapping[str, object], evalset: EvalSet | None) -> list[str]:
    said = []
    survived = sum(whole(row.get("planted")) - whole(row.get("removed")) for row in objects(told.get("canaries")))
    if survived > 0:
        said.append(f"{wording.count(survived, 'planted value')} survived: such values may be in the texts.")
    digest = told.get("manifest_digest") or told.get("digest")
    if evalset is not None and evalset.sanitize_digest not in (None, digest):
        said.append("The set was built from an earlier run of the sanitizer; these are the figures of the last one.")
    if "residual" not in told:
        said.append("sanitize.json is not at hand, or of another run: shapes and the quarantine list are not shown.")
    return said


def _canary(found: Mapping[str, object]) -> Bar:
    removed, planted = whole(found.get("removed")), whole(found.get("planted"))
    low = number(found.get("low"))
    # The exact range is symmetric in hits and misses.
    high = 1.0 - lowest_share(planted - removed, planted) if planted else 1.0
    return Bar(
        name=one_line(str(found.get("kind", "")), 60),
        words=f"{removed:,} of {planted:,}; at least {numbers.rate(low)} of all such values",
        low=bounded(low),
        value=bounded(removed / planted) if planted else 0.0,
        high=bounded(high),
    )


def _second_pass(second: Mapping[str, object]) -> str:
    if not second:
        return ""
    suspected = sum(count for count in mapping(second.get("candidates")).values() if isinstance(count, int))
    looked, over = whole(second.get("texts")), whole(second.get("passed_over"))
    found = "suspects nothing" if not suspected else f"suspects {wording.count(suspected, 'value')}"
    rest = f" and left {over:,} out, for it has a limit" if over else ""
    return f"A second pass with other settings, which would rather suspect too much, looked at {looked:,} texts of the output{rest}; it {found}."


def _shape(row: Mapping[str, object]) -> Shape:
    return Shape(
        kind=one_line(str(row.get("kind", "")), 60),
        shape=one_line(str(row.get("shape", "")), 80),
        texts=whole(row.get("texts")),
    )


def _rare(row: Mapping[str, object]) -> Rare:
    return Rare(
        kinds=" and ".join(one_line(str(kind), 40) for kind in items(row.get("kinds"))),
        users=whole(row.get("users")),
        few=whole(row.get("few")),
        alone=whole(row.get("alone")),
    )


def _facts(told: Mapping[str, object]) -> list[tuple[str, str]]:
    policy, pace = mapping(told.get("policy")), mapping(told.get("throughput"))
    actions = {one_line(str(kind), 40): str(action) for kind, action in mapping(policy.get("policy")).items()}
    kept = sorted(kind for kind, action in actions.items() if action == "keep")
    others = sorted(f"{kind} ({one_line(action, 20)})" for kind, action in actions.items() if action != "keep")
    given = (
        ("sanitized", numbers.moment(str(told["sanitized_at"])) if "sanitized_at" in told else ""),
        ("values become", one_line(str(policy.get("operator", "")), 40)),
        ("but", ", ".join(others)),
        ("kept as they are", ", ".join(kept)),
        ("locales", ", ".join(map(str, items(policy.get("locales"))))),
        ("never removed", _entries(policy, "allow")),
        ("always removed", _entries(policy, "deny")),
        ("recognizers", ", ".join(map(str, mapping(told.get("recognizers")).values()))),
        ("engines", ", ".join(f"{name} {found}" for name, found in mapping(told.get("engines")).items())),
        ("pace", f"{number(pace['traces_per_s']):,.1f} traces a second" if "traces_per_s" in pace else ""),
        ("policy digest", str(told.get("policy_digest", ""))[:12]),
        ("key fingerprint", str(told.get("key_fingerprint", ""))),
        ("manifest digest", str(told.get("manifest_digest") or told.get("digest") or "")[:12]),
    )
    return [(term, one_line(words, _TEXT)) for term, words in given if words]


def _entries(policy: Mapping[str, object], name: str) -> str:
    """How long a list of the policy is; what stands in it may be personal data."""
    found = len(items(policy.get(name)))
    return f"{wording.count(found, 'entry', 'entries')} of the {name} list" if found else ""

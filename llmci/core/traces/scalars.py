"""Values as they come in the wild to text, numbers, times and JSON text; what cannot be read is None."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import orjson

# Far enough for any log; beyond it a number is not a time.
_LAST_SECOND = 4_102_444_800  # 2100-01-01
_OPENS = ("{", "[", '"')
_UNITS = (1.0, 1e-3, 1e-6, 1e-9)


class Unreadable(ValueError):
    """A record that cannot become a trace; the text says why and holds no user text."""


def json_text(value: object, *, sort: bool = False) -> str:
    """Compact JSON of any value; what JSON has no word for becomes its `str`.

    Raises:
        Unreadable: It is nested more than about 250 levels deep, or holds a number beyond 64 bits.
    """
    option = orjson.OPT_NON_STR_KEYS | (orjson.OPT_SORT_KEYS if sort else 0)
    try:
        return orjson.dumps(value, default=str, option=option).decode()
    except TypeError as error:
        deep = "recursion" in str(error).lower()
        raise Unreadable("nested too deeply" if deep else f"cannot be written as JSON: {str(error).lower()}") from None


def decoded(value: object) -> Any:  # noqa: ANN401  JSON holds anything
    """The object or list inside a JSON string, however often it was encoded; anything else as it is."""
    if not isinstance(value, str):
        return value
    inner: Any = value
    while isinstance(inner, str) and inner.startswith(_OPENS):
        try:
            inner = orjson.loads(inner)
        except orjson.JSONDecodeError:
            break
    return inner if isinstance(inner, (dict, list)) else value


def text_of(value: object) -> str | None:
    """Text of a value: strings as they are, nothing for None and "", JSON for the rest."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, date):
        return value.isoformat()
    return json_text(value)


def float_of(value: object) -> float | None:
    """A finite number, also out of text; a boolean is 0 or 1; lists, one item a turn, are summed."""
    if value is None:
        return None
    if isinstance(value, list):
        numbers = [number for number in map(float_of, value) if number is not None]
        return sum(numbers) if numbers else None
    try:
        number = float(value)  # type: ignore[arg-type]  # that is the question
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def int_of(value: object) -> int | None:
    """A count that fits 64 bits; see `float_of`."""
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        # Not by way of a float: nanoseconds since 1970 have more digits than one holds.
        value = int(value)
    if value is None:
        return None
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else None
    number = float_of(decoded(value))
    return int(number) if number is not None and abs(number) < 2**63 else None


def time_of(value: object) -> datetime | None:
    """A moment in UTC: ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970.

    A time without a zone is taken for UTC.
    """
    if isinstance(value, bool):
        return None
    try:
        found = value
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            found = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(found, datetime):
            zone = found.tzinfo
            return found if zone is UTC else found.replace(tzinfo=UTC) if zone is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    number = float_of(value)
    if number is None or number <= 0:
        return None
    for unit in _UNITS:
        if number * unit < _LAST_SECOND:
            return datetime.fromtimestamp(round(number * unit, 6), UTC)
    return None


def boolean_of(value: object) -> bool | None:
    """True or false, also as text."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def list_of(value: object) -> list[Any]:
    """A list: itself, also out of JSON text; comma-separated text split; one value alone; nothing for None."""
    value = decoded(value)
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [item for item in map(str.strip, value.split(",")) if item]
    return [] if value is None else [value]

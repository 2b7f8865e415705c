"""Values of a JSON document as an item's fields: of the type that is asked for, or nothing.

- What no field tells stays for `raw`: as values, or as JSON if it holds what cannot travel as
  values (a number that is not finite or over 64 bits, or deep nesting).
- Seconds and milliseconds since 1970 are instants within the years 1 to 9999; no offset is written.

Source: docs/spec/43-chats-and-media.md section 3.
"""

import json
import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant

MAX_DEPTH = 32  # of what is kept as values
MAX_TITLE = 1_024  # characters of a name that many items repeat
_LARGEST = 1 << 63
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999
_EMPTY: tuple[Plain, ...] = (None, "", [], {})
_UNTOLD: tuple[object, ...] = (None, False)


def text_in(value: Plain) -> str | None:
    """Return a text that says something, to the letter."""
    return value if isinstance(value, str) and value.strip() else None


def title_in(value: Plain) -> str | None:
    """Return the name of what many items lie in, no longer than names are.

    Each item bears it, so that a long one would make much of a little file.
    """
    found = text_in(value)  # THREAT T441: what is repeated is short
    return found[:MAX_TITLE] if found else None


def name_in(value: Plain) -> str | None:
    """Return a name: a text, or a whole number as a text."""
    if type(value) is int and -_LARGEST <= value < _LARGEST:
        return str(value)
    return text_in(value)


def whole_in(value: Plain) -> int | None:
    """Return a whole number of 64 bits."""
    return value if type(value) is int and -_LARGEST <= value < _LARGEST else None


def list_in(value: Plain) -> list[Plain]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def object_in(value: Plain) -> dict[str, Plain]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects_in(value: Plain) -> Iterator[dict[str, Plain]]:
    """Yield the objects of a list."""
    return (each for each in list_in(value) if isinstance(each, dict))


def are_texts(value: Plain) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def only(value: Plain, keys: AbstractSet[str]) -> bool:
    """Whether a value is a list of objects with these keys and no other."""
    return isinstance(value, list) and all(
        isinstance(each, dict) and each.keys() <= keys for each in value
    )


def seconds_in(value: Plain) -> Instant | None:
    """Return an instant written as seconds since 1970, with or without a fraction."""
    if type(value) not in (int, float) or not math.isfinite(value):
        return None
    return millis_in(value * 1000 if type(value) is int else round(value * 1000))


def millis_in(value: Plain) -> Instant | None:
    """Return an instant written as whole milliseconds since 1970."""
    is_time = type(value) is int and _FIRST <= value <= _LAST
    return Instant(value) if is_time else None


def left(value: dict[str, Plain], told: Mapping[str, object]) -> Plain:
    """Return the members that say something and that no field tells, or None.

    Args:
        value: an object as it was read.
        told: key of a member to what a field has of it; the member is told if that is something.
    """
    rest = {
        key: each for key, each in value.items() if each not in _EMPTY and told.get(key) in _UNTOLD
    }
    if not rest:
        return None
    return rest if can_travel(rest, MAX_DEPTH) else written(rest)


def written(value: Plain) -> str:
    """Return a value as JSON."""
    try:
        return json.dumps(value)
    except RecursionError:
        return "a value nested too deep to be written"


def can_travel(value: Plain, depth: int) -> bool:
    """Whether a value holds only what an item may hold, nested at most so deep."""
    kind = type(value)
    if kind is int:
        return bool(-_LARGEST <= value < _LARGEST)
    if kind is float:
        return math.isfinite(value)
    if kind is not dict and kind is not list:
        return True
    inner = value.values() if kind is dict else value
    return depth > 0 and all(can_travel(each, depth - 1) for each in inner)

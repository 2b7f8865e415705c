"""Masks: what leaves of a field's value where its whole is not needed.

- The owner lays a mask down with the field, and the purposes that get the whole; every other
  purpose of the field gets what the mask leaves. A yes then binds whoever opens to mask.
- A mask leaves nothing of a value that is too short for it, and the same where nothing is left.
- By a field that is masked for a purpose nobody is found for it: a value could be tried.

Source: docs/spec/24-people.md section 4.1.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from sealhold.model.ids import FieldName
from sealhold.model.people import Mask, Value
from sealhold.policy.decision import Decision
from sealhold.policy.profiles import NO_MASKS

Masks = Mapping[FieldName, Mask]
GONE: Final = "***"  # in place of what does not leave
LEAST: Final = 8  # characters of a value of which four may leave
TAIL: Final = 4
YEAR: Final = re.compile(r"(\d{4})-\d\d-\d\d")


def masked(mask: Mask, value: Value) -> Value:
    """Return what a mask leaves of a value, as text."""
    text = str(value)
    match mask:
        case Mask.NONE:
            return value
        case Mask.HIDDEN:
            return GONE
        case Mask.TAIL:
            return GONE + text[-TAIL:] if len(text) >= LEAST else GONE
        case Mask.INITIAL:
            return text[0] + GONE if len(text) > 1 else GONE
        case Mask.DOMAIN:
            _, at, domain = text.rpartition("@")
            return GONE + at + domain if at else GONE
        case Mask.YEAR:
            found = YEAR.fullmatch(text)
            return found[1] if found else GONE
        case _:
            assert_never(mask)


def masks_of(decision: Decision) -> Masks:
    """Return what a yes binds to mask."""
    return decision.obligations.masks if decision.obligations else NO_MASKS


def read_as(decision: Decision, fields: Iterable[FieldName]) -> str:
    """Return the log's word for a read of `fields`: that it was masked, if it was."""
    return "read masked" if masks_of(decision).keys() & set(fields) else "read"

"""Calls that are taken at once: what of each can go on together, and what came of each.

Source: docs/spec/25-records-of-people.md section 5.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sealhold.model.errors import SealholdError

Wanted = TypeVar("Wanted")
Formed = TypeVar("Formed")


def each_of(
    wanted: Sequence[Wanted], form: Callable[[Wanted], Formed]
) -> tuple[list[Any], list[int], list[Formed]]:
    """Return a place for what comes of each, errors in theirs; which have none; and their forms."""
    came: list[Any] = [None] * len(wanted)
    nths, formed = [], []
    for nth, one in enumerate(wanted):
        try:
            formed.append(form(one))
            nths.append(nth)
        except SealholdError as err:
            came[nth] = err
    return came, nths, formed


def merged(came: list[Any], nths: Sequence[int], found: Sequence[Any]) -> list[Any]:
    """Return `came` with what was found for those of `nths`."""
    for nth, one in zip(nths, found, strict=True):
        came[nth] = one
    return came

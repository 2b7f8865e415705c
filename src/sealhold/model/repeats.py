"""A request that may come again: by which key it is known, and what was answered to it.

Source: docs/spec/25-records-of-people.md section 10.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Also = Callable[[Any, Any], Sequence[Any]]  # reason: only the vault knows keys and operations
Told = Callable[[Any], bytes]  # reason: only a route knows what it shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that is to be carried out once, however often it comes."""

    route: str  # method and path, as the table of routes has it
    key: str  # 1 to 64 visible ASCII characters, chosen by who asks
    body: bytes  # all of the request that may not be another when it comes again
    told: Told  # makes the answer that is kept of what came of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request under a key that nobody else carries out meanwhile."""

    answer: bytes | None  # what was answered before; then nothing is carried out
    also: Also  # what goes into the commit that carries it out: the person's keys, what comes of it
    release: Callable[[], None]  # to be called in the end

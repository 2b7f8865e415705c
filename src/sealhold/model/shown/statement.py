"""The statement of a month, as a vault makes it and faces show it: lines, what stands, the page.

- Ids are in hex, times are instants, costs micro-bits; names of apps and sources stand beside.
- How lines come from the log, and what they prove, is below `node`.

Source: docs/spec/40-statement.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sealhold.model.quantities import Instant


class Part(StrEnum):
    """What a line tells of."""

    USE = "use"  # an app, or one of its people, did or got something
    ASK = "ask"  # a request, and what was decided on it
    SOURCE = "source"  # data came in, or where from changed
    OWN = "own"  # the owner's own reading
    UPKEEP = "upkeep"  # keys, backups, people signing in, and all else
    ERASED = "erased"  # nobody can tell any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a set of entries adds up to."""

    part: Part
    of: tuple[str, ...]  # what tells it from others of its part
    sums: Mapping[str, int]
    kinds: Mapping[str, int]  # how often what happened
    reasons: Mapping[str, int]  # why something was refused or failed
    sets: Mapping[str, tuple[str, ...]]  # names that the entries name, in their order
    runs: str  # the entries: `4-9,11`
    root: str  # 64 hex digits, over the entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One thing that stands, or ended in the month."""

    what: str  # grant | request | source | left
    id: str  # hex; of `left` empty
    app: str  # hex; of a source or `left` empty
    purpose: str
    state: str  # of a grant `in_force` or how it ended; of a source the newest word on it
    since: Instant  # when it was given, asked or added
    last: Instant  # when it was used or reached last, or ended
    amount: int  # micro-bits, of `left`
    marks: tuple[str, ...]  # new | renewed | ended | unused | broken | stale
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """Something that is worth a look."""

    rule: str  # new_field | new_hour | rate | refused | budget
    app: str  # hex; of `budget` empty
    at: Instant
    about: str  # a field, an hour, a number
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Who used what for what purpose, as the page has it."""

    app: str  # hex; empty: nobody that could be told, or the rest
    purpose: str
    answers: int
    refused: int
    cost: int  # micro-bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is read in a minute."""

    rows: tuple[Row, ...]  # at most ten
    rest: Row | None  # the others, in one
    others: int  # how many rows are in the rest
    total: Row
    out: Mapping[str, int]  # how many `answers`, `exports` and `backups` left
    to: tuple[tuple[str, str], ...]  # to whom answers were sealed: app and key digest, in hex
    bytes_out: int  # that left in answers
    marks: Mapping[str, int]  # how many grants are new, unused ...; sources broken, stale
    waiting: int  # requests that wait
    odd: int
    is_quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a month comes to."""

    month: str
    first: int  # entries of the log before the month
    last: int  # and at its end
    lines: tuple[Line, ...]
    earlier: Mapping[str, int]  # the sums of the month before, of `use` and `ask`
    erased: str  # runs of the entries before the month that nobody can open any more
    standings: tuple[Standing, ...]
    odd: tuple[Odd, ...]
    page: Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The log at one size."""

    size: int
    root: str  # 64 hex digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a vault says of a month."""

    drawn: Drawn
    made: Instant
    over: bool  # whether the month was over when it was made
    log: str  # the log's verifier key
    begin: Mark  # the log before the month
    end: Mark  # and at its end, or so far
    note: str  # the checkpoint at the end; empty if the log had no entry
    names: Mapping[str, str]  # of apps and sources, by id in hex

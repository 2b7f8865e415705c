"""Adding up a stretch of the log: each entry belongs to one line, and a line names its entries.

- Pure: entries in, lines out; the same entries give the same lines on any machine.
- A line's root is over its entries' numbers and hashes: one that is left out or put in shows.
- An entry that nobody can open any more has a line of its own.

Source: docs/spec/40-statement.md section 3.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from sealhold.audit.event import Actor, Event, EventKind, Logged, Outcome
from sealhold.crypto.digest import sha256
from sealhold.crypto.merkle import root
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.shown.statement import Line, Part

_number = struct.Struct(">Q").pack


class Noted(NamedTuple):
    """An entry of the log in its place."""

    seq: int
    leaf: bytes  # 32 bytes: its hash in the tree
    logged: Logged | None  # None: nobody can open it any more


SUMS = (
    "entries",
    "times",
    "answers",
    "refused",
    "failed",
    "rows_read",
    "rows_out",
    "bytes_out",
    "cost",
)
SETS = ("fields", "collections", "destinations", "grants", "tasks")

_K = EventKind
_USES = {_K.CHARGE, _K.RUN, _K.RELEASE, _K.PREVIEW, _K.DECISION, _K.READ}
_ASKS = {_K.REQUEST, _K.APPROVE, _K.REFUSE, _K.REVOKE, _K.PAUSE}
_RULED = {_K.POLICY, _K.COMPONENT}  # what rules say to an app, and what a grant lets a source run
_SOURCES = {_K.SOURCE, _K.JOB, _K.INGEST}
_OWN = {_K.READ, _K.SEARCH, _K.QUERY, _K.PREVIEW, _K.EXPORT}
_BY_OTHERS = {Actor.APP, Actor.PERSON}

Place = tuple[Part, tuple[str, ...]]


@dataclass(slots=True)
class _Open:
    sums: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    sets: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in SETS})
    noted: list[tuple[int, bytes]] = field(default_factory=list)  # number and leaf hash


def place_of(noted: Noted) -> Place:
    """Return the line that an entry belongs to."""
    if noted.logged is None:
        return Part.ERASED, ()
    event = noted.logged.event
    kind = event.kind.name.lower()
    asked = event.app.hex() if event.app is not None else "", event.purpose or ""
    if event.kind in _ASKS or (event.app is not None and event.kind in _RULED):
        return Part.ASK, asked
    if event.actor in _BY_OTHERS or (event.app is not None and event.kind in _USES):
        return Part.USE, asked
    if event.kind in _SOURCES:
        return Part.SOURCE, (event.source.hex() if event.source is not None else "", kind)
    is_own = event.actor is Actor.OWNER and event.kind in _OWN
    return Part.OWN if is_own else Part.UPKEEP, (kind,)


def root_over(noted: Iterable[tuple[int, bytes]]) -> str:
    """Return the root, in hex, over entries, each with its number and its leaf hash."""
    return root([sha256(b"\0", _number(seq), leaf) for seq, leaf in noted]).hex()


class Adding:
    """Takes entries in their order, and keeps of each no more than number and hash."""

    def __init__(self) -> None:
        self._found: dict[Place, _Open] = {}

    def enter(self, noted: Noted) -> None:
        """Take the next entry."""
        _count(self._found.setdefault(place_of(noted), _Open()), noted)

    def lines(self) -> tuple[Line, ...]:
        """Return the lines, in their order."""
        return tuple(_line(place, self._found[place]) for place in sorted(self._found, key=_order))


def add_up(entries: Iterable[Noted]) -> tuple[Line, ...]:
    """Return the lines of some entries, in their order."""
    adding = Adding()
    for noted in entries:
        adding.enter(noted)
    return adding.lines()


def totals(lines: Iterable[Line], parts: Sequence[Part] = tuple(Part)) -> dict[str, int]:
    """Return the sums of the lines of some parts."""
    found: dict[str, int] = dict.fromkeys(map(str, SUMS), 0)
    for line in lines:
        if line.part in parts:
            for name in SUMS:
                found[name] += line.sums[name]
    return found


def is_answer(event: Event) -> bool:
    """Return whether an answer left."""
    return event.kind is EventKind.RELEASE and event.outcome is Outcome.DONE


def is_refusal(event: Event) -> bool:
    """Return whether somebody was refused."""
    return event.outcome is Outcome.DENIED or event.kind is EventKind.REFUSE


def write_runs(indices: Sequence[int]) -> str:
    """Return ascending numbers as runs: `4-9,11`."""
    runs: list[list[int]] = []
    for each in indices:
        if runs and runs[-1][1] == each - 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in runs)


def read_runs(text: str, size: int) -> list[int]:
    """Return the numbers that `write_runs` wrote, all of them below `size`.

    Raises:
        InvalidEncodingError: it wrote none such.
    """
    found: list[int] = []
    try:
        for run in text.split(",") if text else ():
            low, _, high = run.partition("-")
            if int(high or low) >= size:
                raise InvalidEncodingError(f"a line names entries that are none of {size}")
            found.extend(range(int(low), int(high or low) + 1))
    except ValueError as err:
        raise InvalidEncodingError("not a list of entries") from err
    ascends = all(low < high for low, high in pairwise(found))
    if not ascends or write_runs(found) != text:
        raise InvalidEncodingError("not the one form of a list of entries")
    return found


def _order(place: Place) -> tuple[int, tuple[str, ...]]:
    return list(Part).index(place[0]), place[1]


def _count(line: _Open, noted: Noted) -> None:
    line.noted.append((noted.seq, noted.leaf))
    line.sums["entries"] += 1
    if noted.logged is None:
        line.sums["times"] += 1
        return
    event = noted.logged.event
    times = 1 + event.more
    line.sums["times"] += times
    line.sums["answers"] += times if is_answer(event) else 0
    line.sums["refused"] += times if is_refusal(event) else 0
    line.sums["failed"] += times if event.outcome is Outcome.FAILED else 0
    for name in ("rows_read", "rows_out", "bytes_out", "cost"):
        line.sums[name] += getattr(event, name)
    line.kinds[event.kind.name.lower()] += times
    if event.reason and event.outcome is not Outcome.DONE:
        line.reasons[event.reason] += times
    line.sets["fields"].update(event.fields)
    for name, value in (("collections", event.collection), ("destinations", event.destination),
                        ("grants", event.grant), ("tasks", event.task)):  # fmt: skip
        if value:
            line.sets[name].add(value if isinstance(value, str) else value.hex())


def _line(place: Place, found: _Open) -> Line:
    part, of = place
    return Line(
        part=part,
        of=of,
        sums={name: found.sums[name] for name in SUMS},
        kinds=dict(found.kinds),
        reasons=dict(found.reasons),
        sets={name: tuple(sorted(found.sets[name])) for name in SETS},
        runs=write_runs([seq for seq, _ in found.noted]),
        root=root_over(found.noted),
    )

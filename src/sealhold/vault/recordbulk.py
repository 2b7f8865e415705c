"""Loading many records of people at once: decided for each person, committed in portions.

- A line holds for itself: what is wrong with one is told in its place, and the others are kept.
- Lines of one person in one portion are one unit with one entry for each collection: all of them
  are durable, or none. Several people share a commit.
- While one portion is made durable the next is sealed. A record is known to be there only when its
  outcome says so.

Source: docs/spec/25-records-of-people.md section 6.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import structs

from sealhold.audit.event import Outcome
from sealhold.crypto.entropy import at_once
from sealhold.crypto.seal import KEY_BYTES
from sealhold.model.clock import Entropy
from sealhold.model.collecting import uncollected
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    InvalidError,
    SealholdError,
    StaleError,
)
from sealhold.model.ids import AppId, RecordId, SubjectId
from sealhold.model.personrecords import Content
from sealhold.policy.contents import check_types
from sealhold.stores.spec import Expect, Found, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.keyblocks import Held, KeyBlocks
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For, Slot
from sealhold.vault.personrecords import At, stands_at
from sealhold.vault.personrows import RECORDS, seal_new
from sealhold.vault.recordasking import TOO_BUSY, Asking, RecordUse, RecordUses
from sealhold.vault.recordwriting import Before, Fresh, before_change, put_ops, until
from sealhold.vault.steps import TRIES
from sealhold.vault.writer import Work

PORTION_LINES = 1_000  # a log entry names each
PORTION_BYTES = 2_097_152  # of content
UNIT_BYTES = 5_242_880  # of rows that are put, older versions among them
AHEAD = 3  # portions that may wait for the writer

NOTHING = Before(None, ())  # is there of a new record
_There = Mapping[int, Found | None]  # by the number of a line
Came = int | SealholdError  # the record's version, or why there is none
Also = Callable[[SubjectKeys, Mapping[int, Came]], Sequence[Op]]


@dataclass(frozen=True, slots=True)
class Line:
    """A record that is to be kept."""

    asking: Asking
    at: At
    content: Content
    plain: bytes  # `content`, packed
    expected: int | None  # the version that it replaces; None: it is new
    is_drawn: bool = False  # its id was drawn for it, so nothing is there

    @property
    def key(self) -> tuple[SubjectId, str, RecordId]:
        """Which record it is, among all of the vault."""
        return (self.asking.subject, self.at.collection, self.at.record)


class _Ready(NamedTuple):
    """A line that may be kept, with what is there before it."""

    nth: int
    line: Line
    before: Before
    kept: int  # older versions that stay

    @property
    def size(self) -> int:
        """Bytes of the rows that are put."""
        found = self.before.found
        return len(self.line.plain) + (len(found.row[-1]) if found and self.kept else 0)


@dataclass(frozen=True, slots=True)
class _Flight:
    """Lines of one person that the writer has."""

    lines: Mapping[int, Line]
    versions: Mapping[int, int]
    done: Future[list[int]]


class RecordBulk:
    """Loads records of the people of one vault's apps; several threads may call."""

    def __init__(self, core: Core, uses: RecordUses, blocks: KeyBlocks) -> None:
        self._core = core
        self._uses = uses
        self._blocks = blocks

    def load(self, lines: Sequence[Line]) -> list[Came]:
        """Keep records, and return what came of each line, in their order."""
        with uncollected():
            return self._load(lines)

    def _load(self, lines: Sequence[Line]) -> list[Came]:
        came: dict[int, Came] = {}
        waiting: deque[Sequence[_Flight]] = deque()
        # of one person together, and each person's in their order: one decision and few blocks
        ordered = sorted(enumerate(lines), key=lambda each: each[1].asking.subject)
        for portion in _portions(dict(ordered)):
            while waiting and (len(waiting) == AHEAD or _meet(portion, waiting)):
                self._land(waiting.popleft(), came)
            waiting.append(self._launch(portion, came))
        while waiting:
            self._land(waiting.popleft(), came)
        return [came[nth] for nth in range(len(lines))]

    def load_once(self, lines: Sequence[Line], also: Also) -> list[Came]:
        """Keep records of one person in one commit, with what `also` makes of the outcome.

        If no line can be kept there is no commit.

        Raises:
            InvalidError: they do not fit one commit, or name a record twice; none was kept.
            BusyError: others change the same without a pause; none was kept.
            AuditUnavailableError: the log cannot be written; none was kept.
        """
        portions = list(_portions(dict(enumerate(lines))))
        if len(portions) != 1 or len({line.asking.subject for line in lines}) != 1:
            raise InvalidError(
                f"at most {PORTION_LINES} records of one person and {PORTION_BYTES} bytes, none"
                " of them twice, are loaded under one key"
            )
        for _ in range(TRIES):
            came: dict[int, Came] = {}
            try:
                there = self._there(portions[0])
                entropy = self._keys_for(portions[0])
                for flight in self._of_one(portions[0], there, came, entropy, also):
                    flight.done.result()
                    came.update(flight.versions)
            except ConflictError:
                continue
            return [came[nth] for nth in range(len(lines))]
        raise BusyError(TOO_BUSY)

    def _launch(self, portion: Mapping[int, Line], came: dict[int, Came]) -> list[_Flight]:
        alike: dict[tuple[AppId, SubjectId, str], dict[int, Line]] = {}
        for nth, line in portion.items():
            asking = line.asking
            alike.setdefault((asking.app, asking.subject, asking.purpose), {})[nth] = line
        there = self._there(portion)
        entropy = self._keys_for(portion)
        flights: list[_Flight] = []
        for lines in alike.values():
            try:
                flights += self._of_one(lines, there, came, entropy)
            except SealholdError as err:
                came.update({nth: err for nth in lines if nth not in came})
        return flights

    def _land(self, flights: Sequence[_Flight], came: dict[int, Came]) -> None:
        """Wait for flights; what was decided on rows that have changed is decided anew."""
        for _ in range(TRIES):
            again: list[_Flight] = []
            for flight in flights:
                try:
                    flight.done.result()
                except ConflictError:
                    again.append(flight)
                except SealholdError as err:
                    came.update(dict.fromkeys(flight.lines, err))
                else:
                    came.update(flight.versions)
            flights = [one for each in again for one in self._launch(each.lines, came)]
        for flight in flights:
            came.update(dict.fromkeys(flight.lines, BusyError(TOO_BUSY)))

    def _there(self, lines: Mapping[int, Line]) -> _There:
        """Return what is there of the records of all lines, read in one go."""
        asked = {nth: line.key for nth, line in lines.items() if not line.is_drawn}
        found = self._core.store.get(RECORDS.name, [*asked.values()]) if asked else []
        return dict(zip(asked, found, strict=True))

    def _keys_for(self, lines: Mapping[int, Line]) -> Entropy:
        """Return where keys of so many lines come from: drawn at once, for this thread."""
        return at_once(self._core.entropy, KEY_BYTES * len(lines))

    def _of_one(
        self,
        lines: Mapping[int, Line],
        there: _There,
        came: dict[int, Came],
        entropy: Entropy,
        also: Also | None = None,
    ) -> list[_Flight]:
        """Decide on lines of one person, and hand to the writer what may be kept.

        Raises:
            InvalidError: it does not fit the one commit that it must.
            AuditUnavailableError: the log cannot be written.
            BusyError: too much waits already.
            SealholdError: nothing could be handed in.
        """
        uses = self._decided(lines, came)
        permitted = {n: each for n, each in lines.items() if each.at.collection in uses}
        units = list(_units(self._ready(uses, permitted, there, came)))
        if also is not None and len(units) > 1:
            raise InvalidError("what would be replaced is too large for one commit")
        flights: list[_Flight] = []
        for unit in units:
            try:
                flights.append(self._sent(uses, unit, came, entropy, also))
            except SealholdError as err:  # of the units before the writer tells what came
                if not flights:
                    raise
                came.update({each.nth: err for each in unit})
        return flights

    def _decided(self, lines: Mapping[int, Line], came: dict[int, Came]) -> dict[str, RecordUse]:
        """Return a permitted use for each collection; refusals are in the log by then.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        uses: dict[str, RecordUse] = {}
        by_name: dict[str, list[int]] = {}
        for nth, line in lines.items():
            by_name.setdefault(line.at.collection, []).append(nth)
        for name, nths in by_name.items():
            use = self._uses.of(lines[nths[0]].asking, name)
            if use.decision.permit:
                uses[name] = use
                continue
            told = use.event(use.decision.code.value, outcome=Outcome.DENIED)
            entry = use.entry(structs.replace(told, more=len(nths) - 1))
            self._core.writer.commit(Work((), (entry,)))
            came.update(dict.fromkeys(nths, DeniedError("denied")))
        return uses

    def _ready(
        self,
        uses: Mapping[str, RecordUse],
        lines: Mapping[int, Line],
        there: _There,
        came: dict[int, Came],
    ) -> list[_Ready]:
        """Return those lines that fit their collection and what is there of the record."""
        store, now = self._core.store, self._core.clock()
        rules = {name: use.rule_of.rule for name, use in uses.items()}
        ready: list[_Ready] = []
        for nth, line in lines.items():
            rule, found = rules[line.at.collection], there.get(nth)
            live = Before(found, ()).live(now) if found else None
            try:
                check_types(rule.fields, line.content)
                if live is not None or line.expected is not None:
                    _check_stands(stands_at(live, line.expected))
            except SealholdError as err:
                came[nth] = err
                continue
            before = before_change(store, found, rule, now) if found else NOTHING
            ready.append(_Ready(nth, line, before, rule.versions if live else 0))
        return ready

    def _sent(
        self,
        uses: Mapping[str, RecordUse],
        unit: Sequence[_Ready],
        came: Mapping[int, Came],
        entropy: Entropy,
        also: Also | None,
    ) -> _Flight:
        """Seal lines of one person into one piece of work, and hand it to the writer."""
        _, keys = next(iter(uses.values())).use.whole()
        held = self._held(keys, [slot for each in unit for slot in each.before.slots()], len(unit))
        try:
            ops, versions = self._sealed(uses, keys, held, unit, entropy)
            ops += held.ops()
            if also is not None:
                ops += also(keys, {**came, **versions})
            done = self._core.writer.submit([_work(uses, ops, unit)])
        except BaseException:
            held.release()
            raise
        # INVARIANT: who waits for these blocks waits for the writer, and never for this thread
        done.add_done_callback(lambda over: _let_go(held, over))
        return _Flight({each.nth: each.line for each in unit}, versions, done)

    def _sealed(
        self,
        uses: Mapping[str, RecordUse],
        keys: SubjectKeys,
        held: Held,
        unit: Sequence[_Ready],
        entropy: Entropy,
    ) -> tuple[list[Op], dict[int, int]]:
        now, ops, versions = self._core.clock(), list[Op](), dict[int, int]()
        laids = {name: use.rule_of for name, use in uses.items()}
        seals = {
            name: seal_new(keys, laid.name, until(laid.rule, now), now)
            for name, laid in laids.items()
        }
        for nth, line, before, kept in unit:
            if before is NOTHING:
                dek = entropy(KEY_BYTES)
                place = held.put(dek, For.CURRENT)
                row = seals[line.at.collection](line.at.record, place, dek, line.plain)
                ops.append(Put(RECORDS.name, row, Expect.ABSENT))
                versions[nth] = 1
                continue
            laid = laids[line.at.collection]
            fresh = Fresh(laid.name, line.at.record, line.plain, until(laid.rule, now), now)
            stand, more = put_ops(self._core, keys, held, before, fresh, kept, entropy)
            ops += more
            versions[nth] = stand.version
        return ops, versions

    def _held(self, keys: SubjectKeys, places: Sequence[Slot], wanted: int) -> Held:
        while True:
            held = self._blocks.hold(keys, places, wanted)
            if isinstance(held, Held):
                return held
            held.result()


def _work(uses: Mapping[str, RecordUse], ops: Sequence[Op], unit: Sequence[_Ready]) -> Work:
    """Return one piece of work with the guards and entries of all collections."""
    ids: dict[str, list[RecordId]] = {}
    for each in unit:
        ids.setdefault(each.line.at.collection, []).append(each.line.at.record)
    works = [uses[name].work((), uses[name].event("loaded", some)) for name, some in ids.items()]
    guards = dict.fromkeys(op for work in works for op in (*work.on, *work.ops))
    entries = tuple(entry for work in works for entry in work.entries)
    return Work((*guards, *ops), entries, size=sum(each.size for each in unit))


def _check_stands(holds: bool) -> None:  # noqa: FBT001  # reason: it is the question itself
    if not holds:
        raise StaleError("the record is at another version, or is there, or is not")


def _let_go(held: Held, over: Future[list[int]]) -> None:
    if over.exception() is None:
        held.kept()
    held.release()


def _meet(portion: Mapping[int, Line], waiting: Iterable[Sequence[_Flight]]) -> bool:
    """Return whether a record of `portion` is under way already."""
    named = {line.key for line in portion.values() if not line.is_drawn}
    return bool(named) and any(
        line.key in named
        for flights in waiting
        for each in flights
        for line in each.lines.values()
        if not line.is_drawn
    )


def _portions(lines: Mapping[int, Line]) -> Iterator[dict[int, Line]]:
    """Yield which lines go together: as many as a commit can hold, and no record twice."""
    portion: dict[int, Line] = {}
    seen: set[tuple[SubjectId, str, RecordId]] = set()
    size = 0
    for nth, line in lines.items():
        is_full = len(portion) == PORTION_LINES or size + len(line.plain) > PORTION_BYTES
        key = None if line.is_drawn else line.key  # nobody else names what was drawn
        if portion and (is_full or key in seen):
            yield portion
            portion, seen, size = {}, set(), 0
        portion[nth] = line
        if key is not None:
            seen.add(key)
        size += len(line.plain)
    if portion:
        yield portion


def _units(ready: Sequence[_Ready]) -> Iterator[list[_Ready]]:
    """Yield which lines of one person are put together: as many as a commit can hold."""
    unit: list[_Ready] = []
    size = 0
    for each in ready:
        if unit and size + each.size > UNIT_BYTES:
            yield unit
            unit, size = [], 0
        unit.append(each)
        size += each.size
    if unit:
        yield unit

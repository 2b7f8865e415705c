"""Loading many records of people at once: decided for each person, committed in portions.

- A line holds for itself: what is wrong with one is told in its place, and the others are kept.
- Lines of one person in one portion are one unit with one entry for each collection: all of them
  are durable, or none. Several people share a commit.
- While one portion is made durable the next is sealed. A record is known to be there only when its
  outcome says so.

Source: docs/spec/25-records-of-people.md section 6.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from msgspec import structs

from sealhold.audit.event import Outcome
from sealhold.crypto.entropy import at_once
from sealhold.crypto.seal import KEY_BYTES
from sealhold.model.clock import Entropy
from sealhold.model.collecting import uncollected
from sealhold.model.contents import LONG_CONTENT
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    InvalidError,
    SealholdError,
    StaleError,
)
from sealhold.model.ids import AppId, RecordId, SubjectId
from sealhold.policy.contents import check_types
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.keyblocks import Held, KeyBlocks
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For, Slot
from sealhold.vault.personrecords import stands_at
from sealhold.vault.personrows import RECORDS, is_left_out, seal_new
from sealhold.vault.recordasking import TOO_BUSY, RecordUse, RecordUses
from sealhold.vault.recordportions import (
    PORTION_BYTES,
    PORTION_LINES,
    Line,
    Ready,
    There,
    parts,
    portions,
    units,
)
from sealhold.vault.recordwriting import Before, Fresh, before_change, put_ops, until
from sealhold.vault.steps import TRIES
from sealhold.vault.writer import Work

AHEAD = 3  # portions that may wait for the writer
TOO_LARGE = "what would be replaced is too large for one commit"

NOTHING = Before(None, ())  # is there of a new record
Came = int | SealholdError  # the record's version, or why there is none
Also = Callable[[SubjectKeys, Mapping[int, Came]], Sequence[Op]]


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
        for portion in portions(dict(ordered)):
            while waiting and (len(waiting) == AHEAD or _meet(portion, waiting)):
                self._land(waiting.popleft(), came)
            there = self._there(portion)
            for part in parts(portion, there):
                while len(waiting) >= AHEAD:
                    self._land(waiting.popleft(), came)
                waiting.append(self._launch(part, there, came))
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
        found = list(portions(dict(enumerate(lines))))
        if len(found) != 1 or len({line.asking.subject for line in lines}) != 1:
            raise InvalidError(
                f"at most {PORTION_LINES} records of one person and {PORTION_BYTES} bytes, none"
                " of them twice, are loaded under one key"
            )
        for _ in range(TRIES):
            came: dict[int, Came] = {}
            try:
                there = self._there(found[0])
                if len([*parts(found[0], there)]) > 1:
                    raise InvalidError(TOO_LARGE)
                there = self._whole(found[0], there)
                entropy = self._keys_for(found[0])
                for flight in self._of_one(found[0], there, came, entropy, also):
                    flight.done.result()
                    came.update(flight.versions)
            except ConflictError:
                continue
            return [came[nth] for nth in range(len(lines))]
        raise BusyError(TOO_BUSY)

    def _launch(
        self, portion: Mapping[int, Line], there: There, came: dict[int, Came]
    ) -> list[_Flight]:
        alike: dict[tuple[AppId, SubjectId, str], dict[int, Line]] = {}
        for nth, line in portion.items():
            asking = line.asking
            alike.setdefault((asking.app, asking.subject, asking.purpose), {})[nth] = line
        there = self._whole(portion, there)
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
            flights = [one for each in again for one in self._launched_anew(each, came)]
        for flight in flights:
            came.update(dict.fromkeys(flight.lines, BusyError(TOO_BUSY)))

    def _there(self, lines: Mapping[int, Line]) -> There:
        """Return what is there of the records of all lines, read in one go; no long content."""
        asked = {nth: line.key for nth, line in lines.items() if not line.is_drawn}
        if not asked:
            return {}
        found = self._core.store.get(RECORDS.name, [*asked.values()], most=LONG_CONTENT)
        return dict(zip(asked, found, strict=True))

    def _whole(self, lines: Mapping[int, Line], there: There) -> There:
        """Return the same with the long contents of these lines, which move to older versions."""
        long = [nth for nth in lines if is_left_out(there.get(nth))]
        if not long:
            return there
        found = self._core.store.get(RECORDS.name, [lines[nth].key for nth in long])
        return {**there, **dict(zip(long, found, strict=True))}

    def _launched_anew(self, flight: _Flight, came: dict[int, Came]) -> list[_Flight]:
        return self._launch(flight.lines, self._there(flight.lines), came)

    def _keys_for(self, lines: Mapping[int, Line]) -> Entropy:
        """Return where keys of so many lines come from: drawn at once, for this thread."""
        return at_once(self._core.entropy, KEY_BYTES * len(lines))

    def _of_one(
        self,
        lines: Mapping[int, Line],
        there: There,
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
        several = list(units(self._ready(uses, permitted, there, came)))
        if also is not None and len(several) > 1:
            raise InvalidError(TOO_LARGE)
        flights: list[_Flight] = []
        for unit in several:
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
        there: There,
        came: dict[int, Came],
    ) -> list[Ready]:
        """Return those lines that fit their collection and what is there of the record."""
        store, now = self._core.store, self._core.clock()
        rules = {name: use.rule_of.rule for name, use in uses.items()}
        ready: list[Ready] = []
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
            ready.append(Ready(nth, line, before, rule.versions if live else 0))
        return ready

    def _sent(
        self,
        uses: Mapping[str, RecordUse],
        unit: Sequence[Ready],
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
        unit: Sequence[Ready],
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


def _work(uses: Mapping[str, RecordUse], ops: Sequence[Op], unit: Sequence[Ready]) -> Work:
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

"""Sealing anew what a hold keeps of a person: opened at the one door, and put under another key.

- Fields, records in force and their attachments, as the hold names them; older versions of a record
  go. What was kept as long as it may be is not there for a hold, either.
- Rows are written some at a time, before anything says that they are held.
- What is opened for it leaves with nobody: it goes from one seal into another.

Source: docs/spec/32-holds.md section 3.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sealhold.crypto.seal import KEY_BYTES
from sealhold.model.errors import TamperedError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import Instant
from sealhold.policy.decision import Decision
from sealhold.policy.holds import decide_keeping
from sealhold.stores.spec import Expect, Found, Op, Put, ReadView, Row
from sealhold.vault.attachments import (
    ATTACHMENTS,
    Attached,
    Paper,
    of_record,
    put_packs,
    seal_paper,
)
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_attachment, open_profile, open_records
from sealhold.vault.holds import Hold
from sealhold.vault.identifiable import FIELDS, is_over, seal_field
from sealhold.vault.keyblocks import Held, KeyBlocks, block_rows, holding
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For
from sealhold.vault.personpacks import PersonPacks
from sealhold.vault.personrows import RECORDS, Stand, packed, seal_version
from sealhold.vault.steps import done
from sealhold.vault.subjects import Person
from sealhold.vault.writer import Work

ENOUGH_ROWS, ENOUGH_BYTES = 100, 1_048_576  # of one commit
ROOM = 16  # keys that are made room for at a time
NO_END = Instant(0)  # a held row has no term of its own: the hold has one


class FromTo(NamedTuple):
    """Under which keys what is held lies, and will lie."""

    of: SubjectKeys
    to: SubjectKeys


@dataclass(frozen=True, slots=True)
class Made:
    """What was sealed anew."""

    fields: dict[FieldName, int] = field(default_factory=dict)  # the version of each
    items: Counter[str] = field(default_factory=Counter)  # named as in receipts
    lost: list[str] = field(default_factory=list)  # what did not open, named likewise


def reseal(core: Core, blocks: KeyBlocks, hold: Hold, person: Person, keys: FromTo) -> Made:
    """Put what a hold names of a person under other keys, and say what that was.

    Raises:
        StoreUnavailableError: a pack or row cannot be read or kept now.
        AuditUnavailableError: rows cannot be written.
    """
    names = hold.scope.fields & person.fields.keys()
    decision = decide_keeping(hold.until, core.clock(), frozenset(names))
    work = _Resealing(core, blocks, keys, decision)
    with_rows = records_of(core.store, hold, person, core.clock())
    try:
        work.fields(person)
        for found in with_rows:
            work.record(found)
        work.write()
    finally:
        work.release()
    return work.made


def items_of(view: ReadView, hold: Hold, person: Person, now: Instant) -> Counter[str]:
    """Return what a hold names of a person, counted as in receipts; nothing is opened."""
    names = sorted(hold.scope.fields & person.fields.keys())
    rows = view.get(FIELDS.name, [(person.id, name) for name in names])
    there = sum(row is not None and not is_over(row, now) for row in rows)
    items = Counter({FIELDS.name: there})
    for found in records_of(view, hold, person, now):
        items[_named(RECORDS.name, found.row)] += 1
        items.update(_named(ATTACHMENTS.name, each.row) for each in _attached(view, found, now))
    return +items


def records_of(view: ReadView, hold: Hold, person: Person, now: Instant) -> Iterator[Found]:
    """Yield the row of each record that a hold names and that is there."""
    scope = hold.scope
    for name in sorted(scope.collections):
        cursor, ends = None, ((person.id, name), (person.id, name + " "))
        while True:
            page = view.scan(RECORDS.name, "key", *ends, after=cursor)
            yield from (found for found in page.rows if not Stand.of(found).is_over(now))
            cursor = page.cursor
            if cursor is None:
                break
    apart = sorted(each for each in scope.records if each[0] not in scope.collections)
    for each in apart:  # one by one, since each may be long
        (row,) = view.get(RECORDS.name, [(person.id, *each)])
        if row is not None and not Stand.of(row).is_over(now):
            yield row


class _Resealing:
    """One keeping on its way."""

    def __init__(self, core: Core, blocks: KeyBlocks, keys: FromTo, decision: Decision) -> None:
        self.made = Made()
        self._core = core
        self._blocks = blocks
        self._of, self._to = keys
        self._decision = decision
        self._ops: list[Op] = []
        self._size = 0
        self._held: Held | None = None

    def fields(self, person: Person) -> None:
        names = sorted(self._decision.fields)
        rows = self._core.store.get(FIELDS.name, [(person.id, name) for name in names])
        for name, row in zip(names, rows, strict=True):
            if is_over(row, self._core.clock()):
                continue
            try:
                value = open_profile(self._decision, person, self._of, {name: row})[name]
            except TamperedError:
                self.made.lost.append(FIELDS.name)
                continue
            version, entropy = person.fields[name], self._core.entropy
            self.made.fields[name] = version
            self.made.items[FIELDS.name] += 1
            self._add(0, seal_field(self._to, name, version, value, NO_END, entropy))

    def record(self, found: Found) -> None:
        name, now = _named(RECORDS.name, found.row), self._core.clock()
        try:
            self._add_record(found)
        except TamperedError:
            self.made.lost.append(name)
            return
        self.made.items[name] += 1
        for each in _attached(self._core.store, found, now):
            name = _named(ATTACHMENTS.name, each.row)
            try:
                self._add_attachment(each)
            except TamperedError:
                self.made.lost.append(name)
                continue
            self.made.items[name] += 1

    def write(self) -> None:
        """Write what was sealed so far, with the keys of it."""
        ops = [*self._ops, *(self._held.ops() if self._held else ())]
        if ops:
            work = Work(tuple(ops), (), size=self._size, right=True)
            self._core.writer.submit([work]).result()
        if self._held:
            self._held.kept()
        self.release()
        self._ops, self._size = [], 0

    def release(self) -> None:
        """Let go of the blocks of keys."""
        if self._held:
            self._held.release()
        self._held = None

    def _add_record(self, found: Found) -> None:
        stand, core = Stand.of(found), self._core
        blocks = block_rows(core.store, self._of, [stand.key])
        (content,) = open_records(self._decision, self._of, For.CURRENT, [found], blocks)
        dek = core.entropy(KEY_BYTES)
        place = self._room().put(dek, For.CURRENT)
        row = seal_version(
            self._to, stand._replace(key=place, retain_until=NO_END), dek, packed(content)
        )
        self._add(len(row[-1]), Put(RECORDS.name, row, Expect.ABSENT))

    def _add_attachment(self, found: Found) -> None:
        attached, core = Attached.of(found), self._core
        blocks = block_rows(core.store, self._of, [attached.key])
        whole = (0, attached.size)
        media, pieces = open_attachment(
            self._decision, self._of, core.objects, found, blocks, whole
        )
        content = b"".join(pieces)
        to_packs = PersonPacks(core.objects, self._to).put(content, core.entropy)
        dek = core.entropy(KEY_BYTES)
        place = self._room().put(dek, For.ATTACHED)
        moved = attached._replace(key=place, retain_until=NO_END)
        row = seal_paper(self._to, moved, dek, Paper(media, to_packs.parts))
        put = Put(ATTACHMENTS.name, row, Expect.ABSENT)
        self._add(len(row[-1]), put, *put_packs(self._to.subject, moved, to_packs))

    def _add(self, size: int, *ops: Op) -> None:
        self._ops += ops
        self._size += size
        if len(self._ops) >= ENOUGH_ROWS or self._size >= ENOUGH_BYTES:
            self.write()

    def _room(self) -> Held:
        if self._held is None:
            self._held = done(holding(self._blocks, self._to, (), ROOM), self._core.writer)
        return self._held


def _attached(view: ReadView, found: Found, now: Instant) -> Iterator[Found]:
    stand = Stand.of(found)
    rows = of_record(view, found.row[0], stand.collection, stand.record)
    return (each for each in rows if not Attached.of(each).is_over(now))


def _named(table: str, row: Row) -> str:
    return f"{table}/{row[1]}"

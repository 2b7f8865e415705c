"""What a change of records does to rows: puts, replaces and takes out, with the keys of each.

- A version that is replaced moves to the older ones, and its key is marked as that of an older one.
- What goes for good goes with its key: its slot is emptied in the same commit.
- Whoever changes a record holds the blocks of all keys that the change touches.

Source: docs/spec/25-records-of-people.md sections 2 and 3.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sealhold.crypto.seal import KEY_BYTES
from sealhold.model.clock import Entropy
from sealhold.model.ids import Collection, RecordId, SubjectId
from sealhold.model.personrecords import CollectionRule
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import MAX_PAGE, Delete, Expect, Found, Op, Put, ReadView
from sealhold.vault.keyblocks import For, Held, Slot
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.personrows import OLDER, RECORDS, Stand, seal_version


class Before(NamedTuple):
    """What is there of a record before it changes."""

    found: Found | None  # the version in force; also one whose term is over
    doomed: Sequence[Found]  # older versions that go with the change

    def slots(self) -> Iterator[Slot]:
        """Yield where the keys are that the change touches."""
        for each in (self.found, *self.doomed):
            if each is not None:
                yield Stand.of(each).key

    def live(self, now: Instant) -> Found | None:
        """Return the version in force, unless its term is over."""
        if self.found is None or Stand.of(self.found).is_over(now):
            return None
        return self.found


class Fresh(NamedTuple):
    """What a record becomes."""

    collection: Collection
    record: RecordId
    plain: bytes  # packed content
    retain_until: Instant
    written: Instant


def until(rule: CollectionRule, now: Instant) -> Instant:
    """Return when the term of a version ends that is written now; 0 is without end."""
    return Instant(now + rule.retention_days * DAY if rule.retention_days else 0)


def older_rows(
    view: ReadView, subject: SubjectId, collection: str, record: bytes, below: int | None = None
) -> list[Found]:
    """Return the older versions of a record, of those numbered below `below` if it is given."""
    start = (subject, collection, record)
    end = (*start[:2], record + b"\0") if below is None else (*start, below)
    found: list[Found] = []
    cursor = None
    while True:
        page = view.scan(OLDER.name, "key", start, end, after=cursor, limit=MAX_PAGE)
        found += page.rows
        cursor = page.cursor
        if cursor is None:
            return found


def doomed_by_change(
    view: ReadView, found: Found | None, rule: CollectionRule, now: Instant
) -> list[Found]:
    """Return which older versions go when a record gets another version."""
    if found is None:
        return []
    stand = Stand.of(found)
    if stand.is_over(now):
        return older_rows(view, found.row[0], stand.collection, stand.record)
    below = stand.version - rule.versions + 1
    if below <= 1:
        return []
    return older_rows(view, found.row[0], stand.collection, stand.record, below)


def put_ops(  # a change has these sides
    keys: SubjectKeys,
    held: Held,
    before: Before,
    fresh: Fresh,
    kept: int,
    entropy: Entropy,
) -> tuple[Stand, list[Op]]:
    """Return where a record's next version stands, and the operations that put it there.

    Args:
        keys: those of the person.
        held: the blocks of `before.slots()`, and room for one key.
        before: what is there.
        fresh: what the record becomes.
        kept: how many older versions stay; 0 if the version in force is over.
        entropy: draws the key.
    """
    found, doomed = before
    ops = gone_ops(held, doomed)
    version = 1
    if found is not None:
        version = Stand.of(found).version + 1
        ops += _replaced(held, found, kept)
    dek = entropy(KEY_BYTES)
    stand = Stand(
        fresh.collection,
        fresh.record,
        version,
        held.put(dek, For.CURRENT),
        fresh.retain_until,
        fresh.written,
    )
    row = seal_version(keys, stand, dek, fresh.plain)
    return stand, [*ops, Put(RECORDS.name, row, found.v if found else Expect.ABSENT)]


def gone_ops(held: Held, doomed: Sequence[Found]) -> list[Op]:
    """Return the operations that take older versions out for good."""
    ops: list[Op] = []
    for each in doomed:
        held.free(Stand.of(each).key)
        ops.append(Delete(OLDER.name, each.row[:4], each.v))
    return ops


def taken_out(held: Held, before: Before) -> list[Op]:
    """Return the operations that take a record out with all its versions."""
    ops = gone_ops(held, before.doomed)
    if before.found is not None:
        held.free(Stand.of(before.found).key)
        ops.append(Delete(RECORDS.name, before.found.row[:3], before.found.v))
    return ops


def _replaced(held: Held, found: Found, kept: int) -> list[Op]:
    place = Stand.of(found).key
    if not kept:
        held.free(place)
        return []
    held.turn(place, For.OLDER)
    return [Put(OLDER.name, found.row, Expect.ABSENT)]

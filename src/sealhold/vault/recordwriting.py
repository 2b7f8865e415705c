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
from sealhold.model.ids import Collection, Id16, RecordId, SubjectId
from sealhold.model.personrecords import CollectionRule
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Delete, Expect, Found, Op, Put, ReadView
from sealhold.vault.attachments import Attached, detached, of_record
from sealhold.vault.core import Core
from sealhold.vault.keyblocks import Held
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For, Slot
from sealhold.vault.personrows import OLDER, RECORDS, Stand, seal_version


class Before(NamedTuple):
    """What is there of a record before it changes."""

    found: Found | None  # the version in force; also one whose term is over
    doomed: Sequence[Found]  # older versions that go with the change
    attached: Sequence[Found] = ()  # attachments that go with it

    def slots(self) -> Iterator[Slot]:
        """Yield where the keys are that the change touches."""
        for each in (self.found, *self.doomed):
            if each is not None:
                yield Stand.of(each).key
        for each in self.attached:
            yield Attached.of(each).key

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
    """Return the older versions of a record, of those numbered below `below` if it is given.

    Their contents are left out: a hundred versions could have a hundred megabytes.
    """
    start = (subject, collection, record)
    end = (*start[:2], record + b"\0") if below is None else (*start, below)
    found: list[Found] = []
    cursor = None
    while True:
        page = view.scan(OLDER.name, "key", start, end, after=cursor, most=0)
        found += page.rows
        cursor = page.cursor
        if cursor is None:
            return found


def before_change(
    view: ReadView, found: Found | None, rule: CollectionRule, now: Instant
) -> Before:
    """Return what is there before a record gets another version, and what goes then.

    Of a record whose term is over all goes, attachments included.
    """
    if found is None:
        return Before(None, ())
    stand, subject = Stand.of(found), SubjectId(Id16(found.row[0]))
    place = (subject, stand.collection, stand.record)
    if stand.is_over(now):
        return Before(found, older_rows(view, *place), of_record(view, *place))
    below = stand.version - rule.versions + 1
    return Before(found, older_rows(view, *place, below) if below > 1 else ())


def put_ops(  # a change has these sides
    core: Core,
    keys: SubjectKeys,
    held: Held,
    before: Before,
    fresh: Fresh,
    kept: int,
    entropy: Entropy | None = None,
) -> tuple[Stand, list[Op]]:
    """Return where a record's next version stands, and the operations that put it there.

    The packs of attachments that go are swept when the vault is opened.

    Args:
        core: the vault.
        keys: those of the person.
        held: the blocks of `before.slots()`, and room for one key.
        before: what is there.
        fresh: what the record becomes.
        kept: how many older versions stay; 0 if the version in force is over.
        entropy: draws the key; that of the vault if none is given.
    """
    found = before.found
    ops = [*gone_ops(held, before.doomed), *detached(core.store, held, before.attached)[0]]
    version = 1
    if found is not None:
        version = Stand.of(found).version + 1
        ops += _replaced(held, found, kept)
    dek = (entropy or core.entropy)(KEY_BYTES)
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


def taken_out(view: ReadView, held: Held, before: Before) -> tuple[list[Op], list[bytes]]:
    """Return the operations that take a record out whole, and the packs that go then."""
    ops, packs = detached(view, held, before.attached)
    ops += gone_ops(held, before.doomed)
    if before.found is not None:
        held.free(Stand.of(before.found).key)
        ops.append(Delete(RECORDS.name, before.found.row[:3], before.found.v))
    return ops, packs


def _replaced(held: Held, found: Found, kept: int) -> list[Op]:
    place = Stand.of(found).key
    if not kept:
        held.free(place)
        return []
    held.turn(place, For.OLDER)
    return [Put(OLDER.name, found.row, Expect.ABSENT)]

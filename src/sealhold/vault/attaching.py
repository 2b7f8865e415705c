"""Attachments of records: kept, read in part or whole, listed and taken out; each decided.

- An attachment is used as its record is: under the same collection, for the same purposes.
- Content is sealed into packs before the commit that names them. What a commit that failed leaves
  is deleted; what a kill leaves, or a commit that was not answered, is swept at the next opening.
- Of a read only the chunks that are touched are opened, when their bytes are taken.

Source: docs/spec/25-records-of-people.md section 7.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn, TypeVar

from sealhold.audit.event import Outcome
from sealhold.crypto.seal import KEY_BYTES
from sealhold.model.errors import InvalidError, RangeError, StaleError, TooLargeError
from sealhold.model.personrecords import AttachmentHead, AttachmentsView, AttachmentView, Span
from sealhold.stores.spec import Expect, Found, Guard, Op, Put
from sealhold.vault.attachments import (
    ATTACHMENTS,
    Attached,
    Paper,
    detached,
    drop_rows,
    of_record,
    packs_of,
    put_packs,
    seal_paper,
)
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_attachment
from sealhold.vault.keyblocks import Held, KeyBlocks, block_rows, holding
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For
from sealhold.vault.personpacks import Packed, PersonPacks, drop_packs
from sealhold.vault.personrecords import At
from sealhold.vault.personrows import RECORDS, Stand
from sealhold.vault.pieces import is_unwritten
from sealhold.vault.recordasking import ABSENT, Asking, RecordUse, RecordUses, begun_use, refused
from sealhold.vault.recordwriting import until
from sealhold.vault.steps import Once, Steps

MOST = 100  # of one record
MAX_SIZE = 67_108_864  # bytes
MEDIA = re.compile(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,62}")

Done = TypeVar("Done")


class Of(NamedTuple):
    """An attachment's name within its person."""

    at: At
    number: int


class Given(NamedTuple):
    """Content that is to be attached."""

    media: str
    content: bytes


class _There(NamedTuple):
    """What is there of a record and one of its attachments."""

    record: Found | None  # none if its term is over
    attached: Found | None


class Attachments:
    """The attachments of the people of one vault's apps; several threads may call."""

    def __init__(self, core: Core, uses: RecordUses, blocks: KeyBlocks) -> None:
        self._core = core
        self._uses = uses
        self._blocks = blocks

    def put(self, asking: Asking, of: Of, given: Given, expected: int | None) -> AttachmentHead:
        """Attach content to a record, over version `expected`; if None, as a new attachment.

        Raises:
            DeniedError: the record is not there, or nothing may be kept.
            StaleError: the attachment is at another version, or there is one.
            InvalidError: too many, too large, or no media type.
            AuditUnavailableError: the log cannot be written; nothing was kept.
        """
        _check(of, given)
        keys = self._done(lambda: self._looked(asking, of, expected))
        packed = PersonPacks(self._core.objects, keys).put(given.content, self._core.entropy)
        try:
            head, gone = self._done(lambda: self._put(asking, of, given, packed, expected))
        except BaseException as err:
            if is_unwritten(err):
                drop_packs(self._core.objects, packed.packs)
            raise
        drop_packs(self._core.objects, gone)
        return head

    def get(self, asking: Asking, of: Of, span: Span = (None, None)) -> AttachmentView:
        """Return an attachment, or of its bytes those of `span`.

        Args:
            asking: who wants it.
            of: which one.
            span: first and last byte; without a first one, the last so many bytes.

        Raises:
            DeniedError: it is not there, or may not be had; nothing was opened.
            RangeError: it has no such bytes; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """
        return self._done(lambda: self._get(asking, of, span))

    def listed(self, asking: Asking, at: At) -> AttachmentsView:
        """Return the attachments of a record, without content.

        Raises:
            DeniedError: the record is not there, or may not be had.
            AuditUnavailableError: the log cannot be written.
        """

        def once() -> Once[AttachmentsView]:
            use = yield from self._uses.permitted(asking, at.collection, reads=True)
            found = self._record(asking, at)
            if found is None:
                return (yield from refused(use, ABSENT))
            now = self._core.clock()
            rows = map(Attached.of, of_record(self._core.store, asking.subject, *at))
            live = [each for each in rows if not each.is_over(now)]
            guard = Guard(RECORDS.name, found.row[:3], found.v)
            if not (yield use.work([guard], use.event("attachments listed", [at.record]))):
                return None
            return AttachmentsView(attachments=tuple(each.head(asking.subject) for each in live))

        return self._done(once)

    def delete(self, asking: Asking, of: Of, expected: int) -> AttachmentHead:
        """Take an attachment out, if it stands at version `expected`.

        Raises:
            DeniedError: it is not there, or may not be taken out.
            StaleError: it is at another version.
            AuditUnavailableError: the log cannot be written; nothing was taken out.
        """
        head, gone = self._done(lambda: self._delete(asking, of, expected))
        drop_packs(self._core.objects, gone)
        return head

    def _done(self, once: Callable[[], Once[Done]]) -> Done:
        return begun_use(once, self._core.writer).wait()

    def _looked(self, asking: Asking, of: Of, expected: int | None) -> Once[SubjectKeys]:
        """Return the person's keys, if content may be put in place now; nothing is kept yet."""
        use, there = yield from self._there(asking, of)
        if not _stands_at(there.attached, expected):
            return (yield from _told_stale(use, of))
        _, keys = use.use.whole()
        return keys

    def _put(
        self, asking: Asking, of: Of, given: Given, packed: Packed, expected: int | None
    ) -> Once[tuple[AttachmentHead, list[bytes]]]:
        use, there = yield from self._there(asking, of)
        (_, keys), now, laid = use.use.whole(), self._core.clock(), use.rule_of
        found = self._row(asking, of)  # also one whose term is over
        if not _stands_at(there.attached, expected) or there.record is None:
            return (yield from _told_stale(use, of))
        changed = [Attached.of(found).key] if found is not None else []
        held = yield from holding(self._blocks, keys, changed, 1)
        try:
            ops, gone = self._replaced(held, found)
            dek = self._core.entropy(KEY_BYTES)
            attached = Attached(
                laid.name,
                of.at.record,
                of.number,
                Attached.of(found).version + 1 if found is not None else 1,
                held.put(dek, For.ATTACHED),
                len(given.content),
                until(laid.rule, now),
                now,
            )
            row = seal_paper(keys, attached, dek, Paper(given.media, packed.parts))
            # INVARIANT: who takes the record out meanwhile knows this attachment, or fails
            record = Put(RECORDS.name, there.record.row, there.record.v)
            # THREAT T243: the row that the change was decided on is put over at its own version
            put = Put(ATTACHMENTS.name, row, found.v if found is not None else Expect.ABSENT)
            ops += [record, put, *put_packs(keys.subject, attached, packed), *held.ops()]
            event = use.event("attached", [of.at.record])
            if not (yield use.work(ops, event, releases=False)):
                return None
            held.kept()
        finally:
            held.release()
        return attached.head(asking.subject), gone

    def _replaced(self, held: Held, found: Found | None) -> tuple[list[Op], list[bytes]]:
        if found is None:
            return [], []
        packs = packs_of(self._core.store, found)
        held.free(Attached.of(found).key)
        return drop_rows(found, packs), packs

    def _get(self, asking: Asking, of: Of, span: Span) -> Once[AttachmentView]:
        use, there = yield from self._there(asking, of, reads=True)
        if there.attached is None or there.record is None:
            return (yield from refused(use, ABSENT))
        found, attached = there.attached, Attached.of(there.attached)
        start, end = _bounds(span, attached.size)
        _, keys = use.use.whole()
        blocks = block_rows(self._core.store, keys, [attached.key])
        guards = [
            Guard(ATTACHMENTS.name, found.row[:4], found.v),
            Guard(RECORDS.name, there.record.row[:3], there.record.v),
        ]
        if not (yield use.work(guards, use.event("attachment read", [of.at.record]))):
            return None
        media, pieces = open_attachment(
            use.decision, keys, self._core.objects, found, blocks, (start, end)
        )
        return AttachmentView(
            head=attached.head(asking.subject), media=media, start=start, end=end, pieces=pieces
        )

    def _delete(
        self, asking: Asking, of: Of, expected: int
    ) -> Once[tuple[AttachmentHead, list[bytes]]]:
        use, there = yield from self._there(asking, of)
        if there.attached is None:
            return (yield from refused(use, ABSENT))
        if not _stands_at(there.attached, expected):
            return (yield from _told_stale(use, of))
        (_, keys), attached = use.use.whole(), Attached.of(there.attached)
        held = yield from holding(self._blocks, keys, [attached.key])
        try:
            ops, gone = detached(self._core.store, held, [there.attached])
            event = use.event("attachment taken out", [of.at.record])
            if not (yield use.work([*ops, *held.ops()], event, releases=False)):
                return None
            held.kept()
        finally:
            held.release()
        return attached.head(asking.subject), gone

    def _there(
        self, asking: Asking, of: Of, *, reads: bool = False
    ) -> Steps[tuple[RecordUse, _There]]:
        """Return a permitted use and what is there; without the record it is refused."""
        use = yield from self._uses.permitted(asking, of.at.collection, reads=reads)
        record = self._record(asking, of.at)
        if record is None:
            return (yield from refused(use, ABSENT))
        attached, now = self._row(asking, of), self._core.clock()
        if attached is not None and Attached.of(attached).is_over(now):
            attached = None
        return use, _There(record, attached)

    def _record(self, asking: Asking, at: At) -> Found | None:
        found = self._core.store.get(RECORDS.name, [(asking.subject, *at)])[0]
        is_live = found is not None and not Stand.of(found).is_over(self._core.clock())
        return found if is_live else None

    def _row(self, asking: Asking, of: Of) -> Found | None:
        return self._core.store.get(ATTACHMENTS.name, [(asking.subject, *of.at, of.number)])[0]


def _check(of: Of, given: Given) -> None:
    if not 1 <= of.number <= MOST:
        raise InvalidError(f"attachments of a record have the numbers 1 to {MOST}")
    if len(given.content) > MAX_SIZE:
        raise TooLargeError(f"an attachment has at most {MAX_SIZE} bytes")
    if not MEDIA.fullmatch(given.media):
        raise InvalidError("a media type is such as `image/png`")


def _stands_at(found: Found | None, expected: int | None) -> bool:
    if found is None or expected is None:
        return found is None and expected is None
    return Attached.of(found).version == expected


def _told_stale(use: RecordUse, of: Of) -> Steps[NoReturn]:
    """Write into the log that a change was made for another version.

    Raises:
        StaleError: always.
    """
    yield use.work((), use.event("stale", [of.at.record], Outcome.FAILED))
    raise StaleError("the attachment is at another version, or is there, or is not")


def _bounds(span: Span, size: int) -> tuple[int, int]:
    """Return where the wanted bytes begin, and where they have ended.

    Raises:
        RangeError: there are none.
    """
    first, last = span
    if first is None:
        start, end = (0, size) if last is None else (max(0, size - last), size)
    else:
        start, end = first, size if last is None else min(last + 1, size)
    if start >= end and not (span == (None, None) and not size):
        raise RangeError(f"the attachment has {size} bytes", size)
    return start, end

"""Reading what is held of people who were erased: by officers alone, for the hold's purpose alone.

- Each read is decided by `policy/holds.py` and written into the log, with guards on hold and
  keeping in the same commit; only then is anything opened. A refusal is an entry, too.
- The entries lie under the log's own key and name nobody: the receipt of the erasure is the only
  thing that joins them to what was erased.

Source: docs/spec/32-holds.md section 4.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from msgspec import structs

from sealhold.audit.event import Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    NotFoundError,
    UnknownPurposeError,
)
from sealhold.model.holds import HeldProfile
from sealhold.model.ids import Collection, Id16, Purpose, RecordId
from sealhold.model.personrecords import (
    AttachmentsView,
    AttachmentView,
    RecordPage,
    RecordView,
)
from sealhold.policy import dpv
from sealhold.policy.decision import Decision
from sealhold.policy.holds import HeldUse, decide_held
from sealhold.stores.spec import Found
from sealhold.vault.attachments import ATTACHMENTS, Attached, of_record
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_attachment, open_profile, open_records
from sealhold.vault.holds import Hold, Holds
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keepings import Keeping, Keepings
from sealhold.vault.keyblocks import block_rows
from sealhold.vault.keyslots import For
from sealhold.vault.personrows import RECORDS, Stand
from sealhold.vault.stories import By
from sealhold.vault.writer import Work

TRIES = 8  # how often a read is decided anew because a hold changed in its very moment

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAsk:
    """Who wants to read what is held, and what for."""

    by: By
    keeping: Id16
    purpose: str


@dataclass(frozen=True, slots=True)
class _Use:
    """One read that was decided."""

    keeping: Keeping
    hold: Hold
    decision: Decision
    event: Event


class HeldReading:
    """Reads what is held in one vault; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._holds = Holds(core)
        self._keepings = Keepings(core)

    def profile(self, ask: HeldAsk) -> HeldProfile:
        """Return the held fields of a profile.

        Raises:
            DeniedError: nothing is held, or it may not be read for this; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """

        def once() -> HeldProfile | None:
            use = self._decided(ask, "profile read", lambda kept: bool(kept.fields))
            names = sorted(use.keeping.fields)
            found = self._core.store.get(FIELDS.name, [(use.keeping.id, name) for name in names])
            event = structs.replace(use.event, fields=tuple(names))
            if not self._told(use, event):
                return None
            keys, rows = self._core.keyring.subject(use.keeping.id), zip(names, found, strict=True)
            opened = open_profile(use.decision, use.keeping.person(), keys, dict(rows))
            return HeldProfile(id=use.keeping.id, fields=opened)

        return _until_done(once)

    def records(
        self, ask: HeldAsk, collection: str, after: RecordId | None, limit: int
    ) -> RecordPage:
        """Return up to `limit` held records of a collection, in the order of their ids.

        Raises:
            DeniedError: none are held, or they may not be read for this; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """

        def once() -> RecordPage | None:
            use = self._decided(ask, "records read", _has(RECORDS.name, collection))
            store, at = self._core.store, use.keeping.id
            start = (at, collection, after + b"\0" if after is not None else b"")
            page = store.scan(RECORDS.name, "key", start, (at, collection + " "), limit=limit)
            rows, keys = page.rows, self._core.keyring.subject(at)
            blocks = block_rows(store, keys, (Stand.of(each).key for each in rows))
            event = structs.replace(
                use.event, collection=Collection(collection), rows_out=len(rows)
            )
            if not self._told(use, event):
                return None
            contents = open_records(use.decision, keys, For.CURRENT, rows, blocks)
            views = (
                RecordView(head=Stand.of(each).head(at), content=content)
                for each, content in zip(rows, contents, strict=True)
            )
            last = RecordId(Id16(rows[-1].row[2])) if page.cursor is not None else None
            return RecordPage(records=tuple(views), after=last)

        return _until_done(once)

    def attachments(self, ask: HeldAsk, collection: str, record: RecordId) -> AttachmentsView:
        """Return the held attachments of a held record, without content.

        Raises:
            DeniedError: the record is not held, or may not be read for this.
            AuditUnavailableError: the log cannot be written.
        """

        def once() -> AttachmentsView | None:
            use = self._decided(ask, "attachments listed", self._is_record(collection, record))
            at = use.keeping.id
            rows = of_record(self._core.store, at, collection, record)
            event = structs.replace(
                use.event, collection=Collection(collection), rows_out=len(rows)
            )
            if not self._told(use, event):
                return None
            return AttachmentsView(attachments=tuple(Attached.of(each).head(at) for each in rows))

        return _until_done(once)

    def attachment(
        self, ask: HeldAsk, collection: str, record: RecordId, number: int
    ) -> AttachmentView:
        """Return a held attachment, whose bytes are opened as they are taken.

        Raises:
            DeniedError: it is not held, or may not be read for this; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """

        def once() -> AttachmentView | None:
            store, rows = self._core.store, list[Found]()

            def has_it(kept: Keeping) -> bool:
                if f"{ATTACHMENTS.name}/{collection}" in kept.items:
                    of_one = of_record(store, kept.id, collection, record)
                    rows.extend(each for each in of_one if Attached.of(each).number == number)
                return bool(rows)

            use = self._decided(ask, "attachment read", has_it)
            found = rows[0]
            attached, keys = Attached.of(found), self._core.keyring.subject(use.keeping.id)
            blocks = block_rows(store, keys, [attached.key])
            event = structs.replace(use.event, collection=Collection(collection), rows_out=1)
            if not self._told(use, event):
                return None
            whole, objects = (0, attached.size), self._core.objects
            media, pieces = open_attachment(use.decision, keys, objects, found, blocks, whole)
            head = attached.head(use.keeping.id)
            return AttachmentView(head=head, media=media, start=0, end=whole[1], pieces=pieces)

        return _until_done(once)

    def _is_record(self, collection: str, record: RecordId) -> Callable[[Keeping], bool]:
        def found(kept: Keeping) -> bool:
            if f"{RECORDS.name}/{collection}" not in kept.items:
                return False
            key = (kept.id, collection, record)
            return self._core.store.get(RECORDS.name, [key])[0] is not None

        return found

    def _decided(self, ask: HeldAsk, what: str, has_it: Callable[[Keeping], bool]) -> _Use:
        """Return a read that is permitted; a refusal is in the log.

        Raises:
            DeniedError: it is refused; the same for every reason.
        """
        keeping = self._keepings.get(ask.keeping)
        hold = self._holds.find(keeping.hold) if keeping else None
        receipt = self._keepings.receipt_of(keeping) if keeping else None
        purpose = _known(ask.purpose)
        event = Event(
            kind=EventKind.HELD,
            actor=ask.by.actor,
            app=keeping.app if keeping else None,
            purpose=purpose or None,
            reason=what,
            receipt=receipt,
        )
        if keeping is None or hold is None:
            self._refuse(event, "nothing_held")
        wanted = HeldUse(
            is_there=receipt is not None,
            is_standing=not hold.is_ending,
            until=hold.until,
            ground=hold.ground,
            has_it=has_it(keeping),
        )
        decision = decide_held(wanted, purpose, self._core.clock(), frozenset(keeping.fields))
        if not decision.permit:
            self._refuse(event, decision.code.value)
        return _Use(keeping, hold, decision, event)

    def _refuse(self, event: Event, reason: str) -> NoReturn:
        """Write a refusal into the log.

        Raises:
            DeniedError: always.
        """
        refused = structs.replace(event, outcome=Outcome.DENIED, reason=reason)
        self._core.writer.commit(Work((), (Entry(event=refused),)))
        raise DeniedError("denied")

    def _told(self, use: _Use, event: Event) -> bool:
        """Write a read into the log; false if hold or keeping changed since it was decided."""
        # THREAT T319: no read is committed behind the end of its hold
        guards = (use.hold.guard, use.keeping.guard)
        try:
            self._core.writer.commit(Work(guards, (Entry(event=event),), releases=True))
        except ConflictError:
            return False
        return True


def _has(table: str, collection: str) -> Callable[[Keeping], bool]:
    return lambda kept: f"{table}/{collection}" in kept.items


def _until_done(once: Callable[[], Done | None]) -> Done:
    for _ in range(TRIES):
        with suppress(NotFoundError):  # the key went in this very moment
            done = once()
            if done is not None:
                return done
    raise BusyError("the hold changes without a pause")


def _known(purpose: str) -> Purpose:
    try:
        return dpv.require(purpose)
    except UnknownPurposeError:
        return Purpose("")

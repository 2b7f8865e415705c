"""Erasing a person: marked, keys destroyed, rows and receipt in one commit with the entry.

- From the mark on every use is refused; from the keys' end on nothing of them can be read, whatever
  rows are left. A process that dies between ends it when the vault is opened again.
- The commit marks the epoch, which is closed soon: then older copies of the keys open nothing.
- The entries about an erasure lie under the log's own key and name nobody: the receipt's number
  joins them to the receipt, and nothing to the person.

Source: docs/spec/24-people.md section 6.
"""

from threading import Lock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError
from sealhold.model.ids import AppId, ReceiptId, SubjectId, random_id
from sealhold.model.people import ErasedView
from sealhold.policy.facts import Standing
from sealhold.policy.profiles import Parties, decide_person
from sealhold.stores.spec import Delete, DeleteWhere, Expect, Found
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.epochs import noted
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.lookups import LOOKUPS
from sealhold.vault.passkeyrows import no_passkeys
from sealhold.vault.personrows import OLDER, RECORDS
from sealhold.vault.principals import tokens_of
from sealhold.vault.subjects import SUBJECTS, Subjects
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

OF_A_PERSON = (  # tables whose rows go with a person, and an index that begins with the person
    (FIELDS.name, "key"),
    (LOOKUPS.name, "subject"),
    (KEY_BLOCKS.name, "key"),
    (RECORDS.name, "key"),
    (OLDER.name, "key"),
)


class Leaving:
    """Erases people."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self._uses = uses
        self._subjects = Subjects(core)
        self._one = Lock()  # each ending counts up the epoch's mark

    def erase(self, app: AppId, subject: SubjectId) -> ErasedView | None:
        """Erase a person and return the receipt; None if others changed them meanwhile.

        Raises:
            DeniedError: not one of this app's people, and never was.
        """
        use = self._uses.of(app, None)  # no key is needed: what does not open can be erased too
        found = self._subjects.found(app, subject)
        receipt = None
        if found is None and use.schema is not None:
            receipt = self._subjects.receipt(app, subject)
        is_known = found is not None or receipt is not None
        standing = Standing.ACTIVE if is_known else Standing.UNKNOWN
        parties = Parties(app=use.without_person.app, subject=standing)
        self._uses.need(use, decide_person(parties), EventKind.ERASE)
        if found is None:
            told = use.event(EventKind.PERSON, "erased_before")
            self._core.writer.commit(Work(use.guards(()), (Entry(event=told),), releases=True))
            return receipt
        if not self._subjects.is_marked(found) and not self._mark(use, found):
            return None
        return self._finish(found, Actor.APP)

    def finish_all(self) -> int:
        """End what was begun here and not ended; return how many."""
        # THREAT T236: a row that somebody else edited into a mark erases nobody
        begun = [each for each in self._subjects.leaving() if self._subjects.is_marked(each)]
        for found in begun:
            self._finish(found, Actor.VAULT)
        return len(begun)

    def _mark(self, use: Use, found: Found) -> bool:
        told = use.event(EventKind.PERSON, "leaving")
        ops = (*use.guards(()), self._subjects.marked(found))
        try:
            self._core.writer.commit(Work(ops, (Entry(event=told),), right=True))
        except ConflictError:
            return False
        return True

    def _finish(self, found: Found, actor: Actor) -> ErasedView | None:
        with self._one:
            return self._end(found, actor)

    def _end(self, found: Found, actor: Actor) -> ErasedView | None:
        core = self._core
        subject, app = SubjectId(found.row[0]), AppId(found.row[1])
        # THREAT T235: first the keys, then the rows: whatever is left over can be read by nobody
        core.keyring.erase_subject(app, subject)
        view = ErasedView(
            receipt=ReceiptId(random_id(core.entropy)),
            at=core.clock(),
            fields=sum(1 for _ in rows_of(core.store, FIELDS, "key", subject)),
            lookups=sum(1 for _ in rows_of(core.store, LOOKUPS, "subject", subject)),
        )
        ops = (
            noted(core, items=0),
            Delete(SUBJECTS.name, (subject,), Expect.PRESENT),
            *tokens_of(core, subject),
            *no_passkeys(core, subject),
            *(DeleteWhere(table, index, (subject,)) for table, index in OF_A_PERSON),
            self._subjects.keep_receipt(app, subject, view),
        )
        event = Event(
            kind=EventKind.ERASE, actor=actor, app=app, rows_out=view.fields, receipt=view.receipt
        )
        try:
            core.writer.commit(Work(ops, (Entry(event=event),), releases=True, right=True))
        except ConflictError:  # another thread ended it, and its receipt counts
            return None
        return view

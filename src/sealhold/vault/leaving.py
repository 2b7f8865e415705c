"""Erasing a person: marked, keys destroyed, rows and receipt in one commit with the entry.

- From the mark on every use is refused; from the keys' end on nothing of them can be read, whatever
  rows are left. A process that dies between ends it when the vault is opened again.
- What holds bind is sealed anew under keys of its own before the person's keys go; all else goes.
- The commit marks the epoch, which is closed soon: then older copies of the keys open nothing.
- The entries about an erasure lie under the log's own key and name nobody: the receipt's number
  joins them to the receipt, and nothing to the person.

Source: docs/spec/24-people.md section 6.
"""

from collections import Counter
from threading import Lock

from sealhold.audit.erasure import Facts, GoneKey, key_name, person_name
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError
from sealhold.model.ids import AppId, Id16, ReceiptId, SubjectId, random_id
from sealhold.model.people import ErasedView
from sealhold.policy.facts import Standing
from sealhold.policy.profiles import Parties, decide_person
from sealhold.stores.spec import Delete, DeleteWhere, Expect, Found, Op
from sealhold.vault.attachments import ATTACHED_PACKS, ATTACHMENTS, all_packs
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_in
from sealhold.vault.epochs import noted
from sealhold.vault.erasures import Erasures, Kept
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.leases import PEOPLE
from sealhold.vault.lookups import LOOKUPS
from sealhold.vault.objects import PACKS
from sealhold.vault.passkeyrows import no_passkeys
from sealhold.vault.personloginrows import no_person_logins
from sealhold.vault.personpacks import drop_packs
from sealhold.vault.personrows import OLDER, RECORDS
from sealhold.vault.recipients import Recipients, Why
from sealhold.vault.repeats import REPEATS
from sealhold.vault.says import SAID, said_by
from sealhold.vault.subjects import SUBJECTS, Mark, Subjects
from sealhold.vault.tokenrows import tokens_of
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

SALT_BYTES = 32
OF_A_PERSON = (  # tables whose rows go with a person, and an index that begins with the person
    (FIELDS.name, "key"),
    (LOOKUPS.name, "subject"),
    (KEY_BLOCKS.name, "key"),
    (RECORDS.name, "key"),
    (OLDER.name, "key"),
    (ATTACHMENTS.name, "key"),
    (ATTACHED_PACKS.name, "key"),
    (REPEATS.name, "subject"),
    (SAID.name, "key"),
    (PEOPLE.name, "subject"),
)
OF_COLLECTIONS = frozenset(
    {RECORDS.name, OLDER.name, ATTACHMENTS.name}
)  # the column behind the person names one


class Leaving:
    """Erases people."""

    def __init__(self, core: Core, uses: Uses, recipients: Recipients) -> None:
        self._core = core
        self._uses = uses
        self._subjects = Subjects(core)
        self._erasures = Erasures(core)
        self._recipients = recipients
        from sealhold.vault.holds import Holds  # noqa: PLC0415  # reason: this module is in each
        from sealhold.vault.keepings import Keepings  # noqa: PLC0415  # reason: vault; those, few

        self._holds = Holds(core)
        self._keepings = Keepings(core)
        self._one = Lock()  # each ending counts up the epoch's mark

    def erase(
        self, app: AppId, subject: SubjectId, actor: Actor = Actor.APP, guards: tuple[Op, ...] = ()
    ) -> ErasedView | None:
        """Erase a person and return the receipt; None if others changed them meanwhile.

        Owner and officers get it whole, and may erase a person of an app that is suspended.

        Raises:
            DeniedError: not one of this app's people, and never was.
        """
        # no key is needed: what does not open can be erased too
        use = self._uses.of(app, None, actor=actor)
        is_whole = actor in {Actor.OWNER, Actor.OFFICER}
        use = use.owed if is_whole else use
        shown = self._erasures.whole if is_whole else self._erasures.app_copy
        found = self._subjects.found(app, subject)
        before = None
        if found is None and use.schema is not None:
            before = self._erasures.of_person(app, subject)
        is_known = found is not None or before is not None
        standing = Standing.ACTIVE if is_known else Standing.UNKNOWN
        parties = Parties(app=use.without_person.app, subject=standing)
        decision = self._uses.standing(guards, decide_person(parties))
        self._uses.need(use, decision, EventKind.ERASE)
        if found is None:
            told = use.event(EventKind.PERSON, "erased_before")
            self._core.writer.commit(Work(use.guards(()), (Entry(event=told),), releases=True))
            return shown(before) if before else None
        since = 0
        if self._subjects.mark(found) is None:
            marked = self._mark(use, found, guards)
            if marked is None:
                return None
            found, since = marked
        kept = self._finish(found, actor, since)
        return shown(kept) if kept else None

    def finish_all(self) -> int:
        """End what was begun here and not ended; return how many."""
        # THREAT T236: a row that somebody else edited into a mark erases nobody
        leaving = self._subjects.leaving()
        begun = [each for each in leaving if self._subjects.mark(each) is not None]
        for found in begun:
            self._finish(found, Actor.VAULT, 0)
        return len(begun)

    def _mark(self, use: Use, found: Found, guards: tuple[Op, ...]) -> tuple[Found, int] | None:
        """Return the row with the mark, and the log's index of it."""
        told, app = use.event(EventKind.PERSON, "leaving"), use.app_id
        unchanged = self._holds.guard(app)
        holds = self._holds.of(app, SubjectId(Id16(found.row[0])))
        mark = self._subjects.marked(found, (each.id for each in holds))
        # THREAT T318: the holds of this very moment bind; one that is declared later finds nobody
        ops = (*guards, unchanged, *use.guards(()), mark)
        try:
            work = Work(ops, (Entry(event=told),), right=True)
            seq = self._core.writer.commit(work)
        except ConflictError:
            return None
        return Found(mark.row, found.v + 1), seq

    def _finish(self, found: Found, actor: Actor, since: int) -> Kept | None:
        with self._one:
            return self._end(found, actor, since)

    def _end(self, found: Found, actor: Actor, since: int) -> Kept | None:
        core = self._core
        subject, app = SubjectId(Id16(found.row[0])), AppId(Id16(found.row[1]))
        mark = self._subjects.mark(found) or Mark(versions=())
        # THREAT T317: sealed anew and durable before the key goes that opens it; then nothing can
        held = self._keepings.keep(found, mark)
        # THREAT T235: first the keys, then the rows: whatever is left over can be read by nobody
        core.keyring.erase_subject(app, subject)
        out = self._recipients.put_out(app, subject, Why.ERASED)
        facts = Facts(
            receipt=ReceiptId(random_id(core.entropy)),
            app=app,
            person=person_name(subject),
            at=core.clock(),
            salt=core.entropy(SALT_BYTES),
            keys=tuple(
                GoneKey(name=key_name(subject, each), version=each) for each in mark.versions
            ),
            rows=self._counted(subject),
            told=out.told,
            held=held,
        )
        kept = self._erasures.kept(facts, since)
        packs = all_packs(core.store, subject)
        ops = (
            noted(core, items=0),
            Delete(SUBJECTS.name, (subject,), Expect.PRESENT),
            *said_by(core, subject),
            *tokens_of(core, subject),
            *no_passkeys(core, subject),
            *no_person_logins(core, subject),
            *(DeleteWhere(table, index, (subject,)) for table, index in OF_A_PERSON),
            *(Delete(PACKS.name, (pack,)) for pack in packs),
            *out.ops,
            self._erasures.put(subject, kept),
        )
        event = Event(
            kind=EventKind.ERASE,
            actor=actor,
            app=app,
            rows_out=sum(facts.rows.values()),
            receipt=facts.receipt,
            digest=facts.digest,
        )
        try:
            core.writer.commit(Work(ops, (Entry(event=event),), releases=True, right=True))
        except ConflictError:  # another thread ended it, and its receipt counts
            return None
        drop_packs(core.objects, packs)
        return kept

    def _counted(self, subject: SubjectId) -> dict[str, int]:
        """Return how many rows go, by table; those of records by collection, too."""
        counts: Counter[str] = Counter()
        for table, index in OF_A_PERSON:
            for found in rows_in(self._core.store, table, index, subject):
                counts[f"{table}/{found.row[1]}" if table in OF_COLLECTIONS else table] += 1
        return dict(sorted(counts.items()))

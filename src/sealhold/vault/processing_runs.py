"""Runs of processings: they begin, read, ask who permits, and end.

- Each read is decided anew, from what the person says at that moment, and is bound to it: the
  commit holds guards on app, schema, person, processing, run, and all that the person said.
- Each read names its run in the log; a refusal is an entry too.

Source: docs/spec/26-processings.md sections 4 and 7.
"""

from collections.abc import Iterator

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import BusyError, ConflictError, ExhaustedError
from sealhold.model.ids import (
    AppId,
    FieldName,
    GrantId,
    Id16,
    ProcessingId,
    RunId,
    SubjectId,
    canonical,
)
from sealhold.model.people import ProfileView
from sealhold.model.processing import LeaseView, Permitting, ProcessingState, RunEnded
from sealhold.model.underway import Underway
from sealhold.policy.decision import Reason, refused
from sealhold.policy.masks import read_as
from sealhold.policy.processing import is_settled, no_stops
from sealhold.stores.spec import Found
from sealhold.vault.core import Core
from sealhold.vault.firewall import open_profile
from sealhold.vault.identifiable import FIELDS, is_over
from sealhold.vault.leases import Lease, Leases, Run
from sealhold.vault.processing_facts import Wanted, all_of, under
from sealhold.vault.processings import Processing
from sealhold.vault.says import CHOICES, Says
from sealhold.vault.steps import Once, begun
from sealhold.vault.steps import until_done as steps_until_done
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.using import Use, Uses, until_done
from sealhold.vault.writer import Work

PAGE = 100  # people of one answer
LOOK = 1_000  # people who are looked at for it
TOO_BUSY = "others change the same person without a pause"


class ProcessingRuns:
    """The runs of one vault; several threads may call."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self._uses = uses
        self._says = Says(core)
        self._leases = Leases(core)

    def begin(self, app: AppId, processing: ProcessingId, code: str, reads: int) -> LeaseView:
        """Begin a run of the program with this digest, and return the lease that reads for it.

        Raises:
            DeniedError: it is not this app's, not active, not assessed, or another program.
            InvalidError: no number of reads that a run may make.
            BusyError: as many of its runs as there may be have not ended.
            ConflictError: something changed in this very moment; nothing began.
            AuditUnavailableError: the log cannot be written; nothing began.
        """
        use = self._uses.of(app, None)
        found = self._uses.processings.find(app, processing)
        if found is None:
            self._uses.refuse(use, Reason.PROCESSING_NOT_ACTIVE, EventKind.PROCESSING)
        reason = _cannot_begin(found, code)
        if reason is not None:
            self._uses.refuse(use, reason, EventKind.PROCESSING)
        self._sweep()
        if self._leases.is_crowded(processing):
            raise BusyError("as many runs as there may be have not ended")
        run, lease, ops = self._leases.begun(found, reads)
        told = run_event(use, found, run.id, "begun")
        guards = (*use.guards(()), found.guard)
        self._core.writer.commit(Work((*guards, *ops), (Entry(event=told),), releases=True))
        return LeaseView(run=run.id, lease=lease, until=run.until, reads=reads)

    def get(
        self,
        app: AppId,
        lease: str,
        subject: SubjectId,
        purpose: str = "",
        fields: frozenset[FieldName] | None = None,
    ) -> ProfileView:
        """Return fields of a profile to a run; without `fields` all that it may have.

        Raises:
            DeniedError: the lease does not hold, or the person does not permit it now.
            AuditUnavailableError: the log cannot be written; nothing was opened.
            SealBrokenError: a row is not as it was written.
        """
        return self.begin_get(app, lease, subject, purpose, fields).wait()

    def begin_get(
        self,
        app: AppId,
        lease: str,
        subject: SubjectId,
        purpose: str = "",
        fields: frozenset[FieldName] | None = None,
    ) -> Underway[ProfileView]:
        """Do as `get` does, in steps."""
        steps = steps_until_done(lambda: self._get(app, lease, subject, purpose, fields), TOO_BUSY)
        return begun(steps, self._core.writer)

    def people(self, app: AppId, run: RunId, after: SubjectId | None = None) -> Permitting:
        """Return some of the people who permit the run now; each read asks anew.

        Raises:
            DeniedError: no open run of this app.
            AuditUnavailableError: the log cannot be written.
        """
        use, held = self._begun(app, run)
        found = self._uses.processings.get(held.processing)
        permitting: list[SubjectId] = []
        last = None
        for seen, subject in enumerate(self._candidates(found, after), 1):
            if self._permits(found, held, subject):
                permitting.append(subject)
            if len(permitting) == PAGE or seen == LOOK:
                last = subject
                break
        told = run_event(use, found, run, "people_listed")
        told = structs.replace(told, rows_out=len(permitting))
        self._core.writer.commit(Work((held.guard,), (Entry(event=told),), releases=True))
        return Permitting(people=tuple(permitting), after=canonical(last) if last else "")

    def end(self, app: AppId | None, run: RunId, actor: Actor) -> RunEnded:
        """End a run, without a result. `app` is whose it must be; None for anybody's.

        Raises:
            DeniedError: there is no such open run.
            BusyError: it goes on reading without a pause.
        """

        def once() -> RunEnded | None:
            use, held = self._begun(app, run)
            reads, people = self._leases.counts(run)
            found = self._uses.processings.get(held.processing)
            told = structs.replace(run_event(use, found, run, "ended"), actor=actor)
            work = Work(self._leases.ended(held, "ended"), (Entry(event=told),), releases=True)
            try:
                self._core.writer.commit(work)
            except ConflictError:
                return None
            return RunEnded(run=run, state="ended", reads=reads, people=people)

        return until_done(once)

    def _begun(self, app: AppId | None, run: RunId) -> tuple[Use, Run]:
        held = self._leases.open(run)
        of = app or (held.app if held else self._core.app)
        use = self._uses.of(of, None)
        if held is None or held.app != of:
            self._uses.refuse(use, Reason.NO_LEASE, EventKind.PROCESSING)
        return use, held

    def _get(
        self,
        app: AppId,
        text: str,
        subject: SubjectId,
        purpose: str,
        fields: frozenset[FieldName] | None,
    ) -> Once[ProfileView]:
        use, lease = self._uses.of(app, subject, purpose), self._leases.check(app, text)
        if lease is None:
            yield from self._uses.needed(use, refused(Reason.NO_LEASE), EventKind.PROFILE)
            return None
        found = self._uses.processings.get(lease.run.processing)
        use = under(use, found, purpose, lease.run)
        named = all_of(use, found, lease) if fields is None else fields
        rows = self._rows(use, named)
        over = {name for name, row in rows.items() if is_over(row, use.now)}
        wanted = self._wanted(use, found, named, lease)
        # THREAT T253: decided at each read, from what the person says now
        decision = wanted.decided(self._says, over)
        yield from self._uses.needed(use, decision, EventKind.PROFILE, named)
        person, keys = use.whole()
        came = rows.keys() - over
        event = use.event(EventKind.PROFILE, read_as(decision, came), came)
        ops = (*wanted.guards(), *self._leases.counted(lease, subject))
        try:
            if not (yield Work(ops, (use.entry(event),), releases=True)):
                return None
        except ExhaustedError:  # somebody else took the last read
            return None
        return ProfileView(
            version=person.version, fields=open_profile(decision, person, keys, rows)
        )

    def _wanted(
        self, use: Use, found: Processing, fields: frozenset[FieldName], lease: Lease
    ) -> Wanted:
        reads, _ = self._leases.counts(lease.run.id)
        return Wanted(
            use=use, found=found, fields=fields, code=lease.run.code, lease=lease, reads=reads
        )

    def _rows(self, use: Use, fields: frozenset[FieldName]) -> dict[FieldName, Found | None]:
        person = use.person
        if person is None:
            return {}
        names = sorted(fields & person.fields.keys())
        found = self._core.store.get(FIELDS.name, [(person.id, name) for name in names])
        return dict(zip(names, found, strict=True))

    def _candidates(self, found: Processing, after: SubjectId | None) -> Iterator[SubjectId]:
        """Yield whoever may permit: those who said something, or all, if a no does not stop it."""
        table, index, at = SUBJECTS.name, "key", 0
        low: tuple[bytes, ...] = (after,) if after else ()
        high: tuple[bytes, ...] = ()
        if no_stops(found.terms):
            table, index = CHOICES.name, "processing"
            low, high = (found.id, *low), (_next(found.id),)
        cursor = None
        while True:
            page = self._core.store.scan(table, index, low, high, after=cursor)
            for each in page.rows:
                if each.row[at] != after:
                    yield SubjectId(Id16(each.row[at]))
            cursor = page.cursor
            if cursor is None:
                return

    def _permits(self, found: Processing, run: Run, subject: SubjectId) -> bool:
        use = under(self._uses.of(found.app, subject), found, "", run)
        return whole(use, found, run.code).decided(self._says).permit

    def _sweep(self) -> None:
        """End the runs whose hour is over."""
        for run in self._leases.overdue():
            event = Event(
                kind=EventKind.PROCESSING,
                actor=Actor.VAULT,
                app=run.app,
                reason="over",
                grant=GrantId(run.id),
            )
            work = Work(self._leases.ended(run, "over"), (Entry(event=event),))
            try:
                self._core.writer.commit(work)
            except ConflictError:
                continue  # somebody else ended it


def whole(use: Use, found: Processing, code: str) -> Wanted:
    """Return all that a processing may want of one person."""
    collection = min(found.terms.collections, default=None) if not found.terms.fields else None
    return Wanted(use=use, found=found, fields=found.terms.fields, code=code, collection=collection)


def run_event(use: Use, found: Processing, run: RunId, reason: str) -> Event:
    """Return what the log tells of a run as a whole."""
    return structs.replace(
        use.event(EventKind.PROCESSING, reason),
        purpose=found.terms.purpose,
        digest=bytes.fromhex(found.terms.code),
        grant=GrantId(run),
    )


def _cannot_begin(found: Processing, code: str) -> Reason | None:
    if found.state is not ProcessingState.ACTIVE:
        return Reason.PROCESSING_NOT_ACTIVE
    # THREAT T251: a lease is for the program that was registered, byte by byte
    if code != found.terms.code:
        return Reason.OTHER_CODE
    return None if is_settled(found.terms, found.outcome) else Reason.NOT_ASSESSED


def _next(key: bytes) -> bytes:
    """Return the first key behind `key`, of the same length."""
    return (int.from_bytes(key) + 1).to_bytes(len(key))

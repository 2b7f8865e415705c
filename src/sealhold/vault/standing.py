"""Sources that stand: added under a name, read again and again, kept here or left in place.

- Adding looks at the place first; nothing is kept of one that cannot be read.
- A change of mode is one commit: before it all items are here or all are there, and so behind it.
- One pull of a source at a time; whoever comes meanwhile is told so.

Source: docs/spec/36-sources.md.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Lock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors import schedules
from sealhold.connectors.pulling import Health, Pullers, Where
from sealhold.connectors.shaping import dataset_plain
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    LoginNeededError,
    NotFoundError,
    SealholdError,
    SourceAwayError,
    UnreadableSourceError,
)
from sealhold.model.ids import SourceId, timed_id
from sealhold.model.quantities import Instant
from sealhold.stores.spec import DeleteWhere, Op
from sealhold.vault.accounts import Accounts
from sealhold.vault.catalogue import ARCHIVE, FEDERATE, LEFT, UNDONE, Catalogue, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.index import SEGMENTS, Index
from sealhold.vault.objects import Objects
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.placed import PLACED, placing
from sealhold.vault.pulling import Looking, check_declared, declared
from sealhold.vault.pushers import ends
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.sourcestates import (
    AWAY,
    BROKEN,
    NEEDS_LOGIN,
    PAUSED,
    asked_anew,
    check_mode,
    failed,
    is_removed,
    reached,
    removed,
    removed_from,
)
from sealhold.vault.taking import Taken, Taking
from sealhold.vault.telling import Teller
from sealhold.vault.volumes import judged
from sealhold.vault.writer import Work

KEPT = frozenset({"place", "dataset", "datasets", "shape"})  # settings of every kind


class Standing:
    """The named sources of a vault's owner."""

    def __init__(
        self,
        core: Core,
        index: Index,
        objects: Objects,
        looking: Looking,
        pullers: Pullers,
        turn: Lock,
    ) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._looking = looking
        self._pullers = pullers
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._accounts = Accounts(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)
        self._turn = turn  # that of imports
        self._turns: dict[SourceId, Lock] = {}
        self._drops: list[SourceRow] | None = None  # known until a source is changed
        self.came_back: Callable[[], None] = lambda: None  # told whenever a source is there again
        for each in self._catalogue.sources():
            self._know(each)

    def check(self, kind: str, settings: Mapping[str, Plain], secret: str = "") -> Health:
        """Look whether a place can be read; nothing is kept.

        Raises:
            InvalidError: no such kind, or settings that it does not take.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        puller = self._pullers(kind)
        if unknown := settings.keys() - puller.options.keys() - KEPT:
            known = ", ".join(f"`{each}`" for each in sorted(puller.options)) or "none"
            raise InvalidError(f"`{min(unknown)}` is no option of `{kind}`; there are: {known}")
        return puller.check(Where(settings=settings, secret=secret))

    def add(
        self,
        name: str,
        kind: str,
        settings: Mapping[str, Plain],
        secret: str = "",
        *,
        mode: str = ARCHIVE,
        schedule: str = "",
    ) -> SourceRow:
        """Add a place under a name, once it was seen that it can be read.

        Raises:
            ConflictError: another source has the name, or its dataset means something else here.
            InvalidError: no such kind, no such mode, or settings that the kind does not take.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        check_mode(mode)
        schedules.check_schedule(schedule)
        if any(each.name == name and not is_removed(each) for each in self._catalogue.sources()):
            raise ConflictError(f"a source is called `{name}` already")
        self._check_can(kind, mode)
        health = self.check(kind, settings, secret)
        kept = dict(health.settings)
        core = self._core
        before = removed_from(self._catalogue.sources(), kind, kept.get("place"))
        if health.dataset is not None:
            check_declared(core, self._catalogue.sources(), health.dataset, before)
            kept["dataset"] = dataset_plain(health.dataset)
        source = SourceRow(
            id=before.id if before else SourceId(timed_id(core.clock(), core.entropy)),
            name=name,
            connector=kind,
            kind=kind,
            mode=mode,
            settings=kept,
            schedule=schedule,
            reached=core.clock(),
        )
        ops: list[Op] = [self._catalogue.put_source(source)]
        if secret:
            ops.append(self._accounts.put(source.id, secret))
        self._commit(source, "added", *ops)
        self._know(source)
        return source

    def find(self, name: str) -> SourceRow:
        """Return the named source that is called so.

        Raises:
            NotFoundError: there is none.
        """
        for each in self._catalogue.sources():
            if each.named and each.name == name:
                return each
        raise NotFoundError(f"no source is called `{name}`")

    def every(self) -> list[SourceRow]:
        """Return the named sources, in the order in which they were added."""
        named = (each for each in self._catalogue.sources() if each.named)
        return sorted(named, key=lambda each: each.id)

    def change(self, source: SourceRow, reason: str, **fields: object) -> SourceRow:
        """Keep other values of a source's fields; `reason` stands in the log."""
        changed = replace(source, **fields)  # type: ignore[arg-type]  # reason: names of fields
        self._commit(changed, reason, self._catalogue.put_source(changed))
        if changed.state not in AWAY:
            self._heard(source)
        return changed

    def _heard(self, before: SourceRow) -> None:
        """Tell that a source is there again, if it was not."""
        if before.state in AWAY:
            self.came_back()

    def schedule(self, source: SourceRow, schedule: str) -> SourceRow:
        """Say when a source is read by itself; empty: when it is told to.

        Raises:
            InvalidError: it is no schedule.
        """
        schedules.check_schedule(schedule)
        return self.change(source, "schedule", schedule=schedule, due=None)

    def pause(self, source: SourceRow) -> SourceRow:
        """Read a source no more until it is resumed."""
        return self.change(source, PAUSED, state=PAUSED, why="", due=None)

    def resume(self, source: SourceRow) -> SourceRow:
        """Go on reading a source.

        Raises:
            ConflictError: it is not paused.
        """
        if source.state != PAUSED:
            raise ConflictError(f"`{source.name}` is not paused")
        return self.change(source, "resumed", state="", why="", tries=0)

    def login(self, source: SourceRow, secret: str) -> SourceRow:
        """Take the secret of an account anew, once the place takes it.

        Raises:
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        self.check(source.kind, source.settings, secret)
        back = reached(source, self._core.clock())
        ops = (self._catalogue.put_source(back), self._accounts.put(source.id, secret))
        self._commit(back, "login", *ops)
        self._heard(source)
        return back

    def accept(self, source: SourceRow) -> SourceRow:
        """Take the shape that a place has now for the right one; it is read whole next time.

        Raises:
            ConflictError: its dataset has other columns in another source.
            InvalidError: an option of it does not fit the new shape.
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
        """
        asked = asked_anew(source, self._pullers(source.kind))
        health = self.check(source.kind, asked, self._looking.where(source).secret)
        kept = dict(health.settings)
        if health.dataset is not None:
            check_declared(self._core, self._catalogue.sources(), health.dataset, source)
            kept["dataset"] = dataset_plain(health.dataset)
        with self._alone(source):
            now = self._core.clock()
            back = reached(self.find(source.name), now, settings=kept, cursor="", shape=None)
            self._commit(back, "accepted", self._catalogue.put_source(back))
        self._heard(source)
        self._know(back)
        return back

    def pull(self, source: SourceRow) -> Taken:
        """Take in what came since the last pull; a source left in place is only looked at.

        Raises:
            ConflictError: it is paused, or is being read at this moment.
            SourceAwayError: it cannot be reached; it is tried again by itself.
            LoginNeededError: it refuses the account.
            SourceChangedError: it has another shape; it is read again once that is accepted.
            UnreadableSourceError: what it gives is not what its kind is; tried again by itself.
        """
        if source.state == PAUSED:
            raise ConflictError(f"`{source.name}` is paused; resume it first")
        with self._alone(source):
            source = self.find(source.name)
            try:
                taken = self._take(source) if source.mode == ARCHIVE else self._look(source)
            except (SourceAwayError, LoginNeededError, UnreadableSourceError) as err:
                self._failed(source, err)
                raise
        self._heard(source)
        return taken

    def due(self) -> list[SourceRow]:
        """Return the sources that are to be read by now, by their schedule or tried again."""
        now = self._core.clock()
        return [each for each in self.every() if self._is_due(each, now)]

    def _is_due(self, source: SourceRow, now: Instant) -> bool:
        if source.mode != ARCHIVE or source.state in (PAUSED, NEEDS_LOGIN, BROKEN):
            return False
        if source.due is not None:
            return source.due <= now
        at = schedules.due(source.schedule, source.reached, now, source.id[-1] / 256)
        return at is not None and at <= now

    def set_mode(self, source: SourceRow, mode: str) -> SourceRow:
        """Keep a source's items here, or leave them where they lie.

        Raises:
            InvalidError: no such mode.
            ConflictError: it is being read at this moment.
            SourceAwayError: to keep them they must be read, and it cannot be reached.
            LoginNeededError: the same, and it refuses the account.
            UnreadableSourceError: the same, and a piece of it cannot be read to its end.
        """
        check_mode(mode)
        if mode == source.mode:
            return source
        self._check_can(source.kind, mode)
        with self._alone(source):
            source = self.find(source.name)
            if mode == ARCHIVE:
                with self._turn:
                    taken = self._taking(replace(source, cursor="")).whole()
                if taken.broken:
                    raise UnreadableSourceError(taken.broken[0])
                source = self.find(source.name)
                return self.change(source, "archive", mode=ARCHIVE, reached=self._core.clock())
            return self._leave(source)

    def remove(self, source: SourceRow) -> None:
        """Forget a place and its account; items that were kept from it stay, asked as before.

        Added again, it is the same source: what it brought before is recognised.
        """
        with self._alone(source):
            ops: list[Op] = [self._accounts.drop(source.id), *ends(self._core, source.id)]
            ops += [DeleteWhere(PLACED.name, "source", (source.id,))]
            has_jobs = bool(self._catalogue.jobs_of_source(source.id))
            if has_jobs:  # its items name it
                ops.append(self._catalogue.put_source(removed(source)))
            else:
                ops.append(self._catalogue.drop_source(source.id))
            self._commit(source, "removed", *ops)

    def _take(self, source: SourceRow) -> Taken:
        is_whole = not source.cursor and self._pullers(source.kind).is_whole
        taking = self._taking(source)
        with self._turn:
            taken = taking.whole() if is_whole else taking.since()
        jobs = self._catalogue.jobs_of_source(source.id)
        after = judged(self.find(source.name), jobs, self._core.clock())
        self._commit(after, after.state or "reached", self._catalogue.put_source(after))
        return taken

    def _taking(self, source: SourceRow) -> Taking:
        return Taking(self._core, self._index, self._objects, self._looking, source)

    def _look(self, source: SourceRow) -> Taken:
        health = self.check(source.kind, source.settings, self._looking.where(source).secret)
        row = reached(source, self._core.clock())
        self._commit(row, "reached", self._catalogue.put_source(row))
        return Taken(what=health.sentence)

    def _failed(self, source: SourceRow, err: SealholdError) -> None:
        """Note that a place was not read, and when it is tried again."""
        with suppress(SealholdError):  # the log cannot be written: it is tried again anyway
            row = failed(self.find(source.name), err, self._core.clock())
            self._commit(row, row.state, self._catalogue.put_source(row))

    def _leave(self, source: SourceRow) -> SourceRow:
        """Turn what is kept of a source to what is only known of it."""
        jobs = [each for each in self._catalogue.jobs_of_source(source.id) if each.state != UNDONE]
        with self._core.keys.turning.kept():
            for job in jobs:
                for ops in placing(self._core, source, job):
                    self._commit(source, "placing", *ops)
        gone = (SEGMENTS.name, IDENTITIES.name, RECORDS.name, OLDER.name)
        left = replace(source, mode=FEDERATE, cursor="")
        ops = [DeleteWhere(table, "job", (job.id,)) for job in jobs for table in gone]
        ended = [self._catalogue.put_job(replace(job, state=LEFT)) for job in jobs]
        # THREAT T383: until this one commit all items are here, and from it on all are there
        self._commit(left, "federate", *ops, *ended, self._catalogue.put_source(left))
        self._index.forget()
        return left

    def _check_can(self, kind: str, mode: str) -> None:
        if mode == FEDERATE and not self._pullers(kind).can_stay:
            raise InvalidError(f"what a source of kind `{kind}` brings cannot be left in place")

    def waiting(self) -> list[SourceRow]:
        """Return the folders that are emptied as soon as something lies in them."""
        if self._drops is None:
            self._drops = [each for each in self.every() if each.kind == "drop" and not each.state]
        return self._drops

    def has_waiting(self, source: SourceRow) -> bool:
        """Return whether something lies in a folder that is emptied."""
        pieces = self._pullers(source.kind).pull(self._looking.where(source), None)
        return next(pieces, None) is not None

    def _know(self, source: SourceRow) -> None:
        """Let queries and tasks know the dataset that a source declares."""
        dataset = declared(source)
        if dataset is not None:
            self._core.datasets[dataset.name] = dataset

    def is_read(self, source: SourceRow) -> bool:
        """Return whether a source is being read at this moment."""
        return source.id in self._turns and self._turns[source.id].locked()

    @contextmanager
    def _alone(self, source: SourceRow) -> Iterator[None]:
        turn = self._turns.setdefault(source.id, Lock())
        if not turn.acquire(blocking=False):
            raise ConflictError(f"`{source.name}` is being read at this moment")
        try:
            yield
        finally:
            turn.release()

    def _commit(self, source: SourceRow, reason: str, *ops: Op) -> None:
        self._drops = None
        event = Event(
            kind=EventKind.SOURCE,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            source=source.id,
            reason=reason,
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),)))

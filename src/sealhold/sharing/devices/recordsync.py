"""The records of the vault and their collection kept equal: what changed goes out, what came in.

- A portion that goes out is one commit of operations, keys and rows, and so is one that comes in:
  a kill costs a second look, and no record is given or taken in twice.
- What came here is not given back: its row says to which version the record is equal.
- Records are written by the door that imports use, and read for devices at the firewall.

Source: docs/spec/50-vault-in-sync.md sections 2 and 4.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sealhold.model.errors import (
    CarrierAwayError,
    DeniedError,
    InvalidEncodingError,
    NoEpochError,
    NotFoundError,
    TamperedError,
)
from sealhold.model.ids import Id16, JobId, RecordId, SourceId
from sealhold.sharing.devices import recordpapers as papers
from sealhold.sharing.devices.conflict import Version
from sealhold.sharing.devices.contents import Kind
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import GONE, Draft
from sealhold.sharing.devices.erasing import erase
from sealhold.sharing.devices.keeping import Step
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.recordrows import RecordRow, RecordRows
from sealhold.stores.spec import Op
from sealhold.vault.firewall import Firewall
from sealhold.vault.recordfeed import RecordFeed, Stood
from sealhold.vault.synced import Became, Came, Synced

NAME = "vault"  # of the collection
SOURCE, JOB, ERASE = "source", "job", "erase"  # kinds of notes
PORTION = 500  # records of one commit
PORTION_BYTES = 16_000_000  # of content that is held in memory at once
Tell = Callable[[str], None]  # what is being done


@dataclass(slots=True)
class Moved:
    """What came of a look in one direction."""

    changed: int = 0  # records that are new or another version
    removed: int = 0
    troubles: list[str] = field(default_factory=list)  # each a sentence

    def __add__(self, other: "Moved") -> "Moved":
        told = [each for each in self.troubles if each not in other.troubles]
        return Moved(
            self.changed + other.changed, self.removed + other.removed, [*told, *other.troubles]
        )


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of the vault that records pass."""

    feed: RecordFeed
    firewall: Firewall
    synced: Synced
    erase: Callable[[RecordId], None]  # one record, with all that tells of it


class RecordSync:
    """One collection of records and the vault that it is kept equal to. For one thread."""

    def __init__(self, devices: Devices, opened: Open, doors: Doors) -> None:
        self.opened = opened
        self._devices = devices
        self._doors = doors
        self._digests = Digests(opened.about.secret)
        self._rows = RecordRows(devices.keeping, opened.about.id)

    @property
    def is_new(self) -> bool:
        """Whether vault and collection never were equal."""
        return not len(self._rows)

    # --- out ---

    def give(
        self, tell: Tell = lambda _what: None, after: Callable[[], object] = lambda: None
    ) -> Moved:
        """Write down what changed in the vault, portion by portion; each is durable.

        Args:
            tell: is called as it goes on.
            after: is called after each portion, so that it can be given on.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing was opened.
        """
        done = Moved()
        try:
            self._give_all(done, tell, after)
        except NoEpochError as err:
            self._rows.load()
            done.troubles.append(f"changed records wait in this vault: {err}")
        return done

    def _give_all(self, done: Moved, tell: Tell, after: Callable[[], object]) -> None:
        rows, feed = self._rows, self._doors.feed
        since = feed.since(rows.cursor)
        fresh = (each for each in feed.changed(since) if self._is_news(each))
        for portion in _portions(fresh):
            tell(f"reading records: {done.changed}")
            done.changed += self._give(portion)
            after()
        if since.may_lack:
            self._give_removed(done)
        if since.size != rows.cursor:
            self._save([rows.reached(since.size)])
            rows.cursor = since.size

    def _is_news(self, stood: Stood) -> bool:
        rows = self._rows.of(stood.record)
        return not rows or any(row.number != stood.version for row in rows)

    def _give(self, portion: Sequence[Stood]) -> int:
        """Write some records down, durably."""
        draft, jobs = Draft(self.opened.replica), {each.record: each.job for each in portion}
        made: list[RecordRow] = []
        with self.opened.bodies.packer() as packer:
            pending = []
            for record in self._doors.firewall.for_own_devices([_id(each) for each in portion]):
                told = papers.encoded(record)
                digest = self._digests.start()
                digest.update(told)
                of = (record.id, record.version, record.provenance)
                pending.append((*of, packer.take(iter([told])), digest.digest()))
            packer.finish()
            for record_id, number, origin, taken, digested in pending:
                self._note(draft, origin.source, origin.job)
                content = packer.content(taken, digested, Kind.RECORD)
                for row in self._rows.of(record_id) or [self._fresh()]:
                    known = [row.version] if row.version in self.opened.replica.state else []
                    version = draft.put(row.thing, content, known)
                    now = replace(row, record=record_id, number=number, job=jobs[record_id])
                    made.append(replace(now, version=version))
        draft.commit(Step(beside=self._rows.writing(made)))
        for row in made:
            self._rows.put(row)
        return len(pending)

    def _fresh(self) -> RecordRow:
        devices = self._devices
        return RecordRow(thing=devices.entropy(16), author=devices.me.id, version=b"")

    def _note(self, draft: Draft, source: SourceId, job: JobId) -> None:
        """Tell of a source and an import that nobody told of yet."""
        synced, told = self._doors.synced, draft.notes
        state = self.opened.replica.state
        for kind, id_ in ((SOURCE, source), (JOB, job)):
            if (kind, id_) in told or state.note(kind, id_) is not None:
                continue
            if kind == SOURCE and (of := synced.source(source)) is not None:
                draft.note(SOURCE, source, papers.source_told(of))
            elif kind == JOB and (by := synced.job(job)) is not None:
                draft.note(JOB, job, papers.job_told(by))

    def _give_removed(self, done: Moved) -> None:
        """Tell of records that are here no more, and give those whose version went back."""
        state, rows = self.opened.replica.state, self._rows
        had = [row for row in rows.all() if row.record]
        here = self._doors.feed.standing([row.record for row in had])
        back = {row.record for row in had if _number(here, row) not in (0, row.number)}
        for portion in _portions(here[record] for record in sorted(back)):
            done.changed += self._give(portion)
        draft, made, erased = Draft(self.opened.replica), list[RecordRow](), list[bytes]()
        for row in had:
            if row.record in here:
                continue
            if self._doors.feed.is_withdrawn(Stood(row.record, row.number, row.job)):
                follows = [row.version] if row.version in state else []
                version = draft.put(row.thing, GONE, follows)
                made.append(replace(row, version=version, record=b"", number=0))
            else:
                erased.append(row.thing)
        draft.commit(Step(beside=rows.writing(made)))
        for row in made:
            rows.put(row)
        if erased:
            self._erase_everywhere(erased)
        done.removed += len(made) + len(erased)

    def _erase_everywhere(self, things: Sequence[bytes]) -> None:
        """Have records erased on all devices: here by an admin, else by a note that asks one."""
        state, rows = self.opened.replica.state, self._rows
        known = {name.object for name in state.keys}
        fresh = [each for each in things if each not in state.erased and each in known]
        try:
            if fresh:
                erase(self._devices, self.opened, fresh)
        except DeniedError:
            draft = Draft(self.opened.replica)
            for thing in fresh:
                draft.note(ERASE, thing, 1)
            draft.commit(Step(beside=rows.writing((), fresh)))
        self._save(rows.writing((), things))
        for thing in things:
            rows.drop(thing)

    # --- in ---

    def take(self, tell: Tell = lambda _what: None) -> Moved:
        """Make the vault equal to what the collection shows.

        Raises:
            AuditUnavailableError: the log cannot be written; what was not kept comes again.
        """
        done = Moved()
        try:
            self._take_erased(done)
            for portion in _loaded(self._wanted(done)):
                tell(f"writing records: {done.changed}")
                done.changed += self._write(portion, done)
            self._take_removed(done)
        except BaseException:
            self._rows.load()
            raise
        return done

    def _wanted(self, done: Moved) -> Iterator[tuple[Came, Version, int]]:
        """Yield what is to be written, with its version and how many bytes it has."""
        state, rows = self.opened.replica.state, self._rows
        asked = {key for key, _ in state.notes(ERASE)}
        here = self._doors.feed.standing([row.record for row in rows.all() if row.record])
        for thing in state.versions.objects():
            shown, row = state.versions.standing(thing).shown, rows.get(thing)
            if shown is None or thing in asked or (row is not None and row.version == shown.id):
                continue
            if row is not None and _number(here, row) != row.number:
                continue  # changed here since it was given: that goes out first
            try:
                yield self._came(thing, shown, row), shown, state.content(shown.id).size
            except (InvalidEncodingError, TamperedError, NotFoundError) as err:
                done.troubles.append(f"a record that came was refused: {err}")
            except CarrierAwayError:
                done.troubles.append("a record that came has its content at no place that answers")

    def _came(self, thing: bytes, shown: Version, row: RecordRow | None) -> Came:
        state = self.opened.replica.state
        content = state.content(shown.id)
        if content.kind is not Kind.RECORD or content.size > papers.MAX_RECORD:
            raise InvalidEncodingError("a version that is no record")
        told = papers.read(b"".join(self.opened.bodies.read(content)))
        job, source = state.note(JOB, told.job), state.note(SOURCE, told.source)
        if job is None or source is None:
            raise NotFoundError("nobody told of its import")
        first = min(state.versions.of(thing), key=lambda each: each.order)
        return Came(
            thing=thing,
            author=first.device,
            item=told.item,
            version=told.version,
            job=papers.read_job(told.job, job.told),
            source=papers.read_source(told.source, source.told),
            record=row.record if row is not None and row.record else None,
        )

    def _write(self, portion: Sequence[tuple[Came, Version, int]], done: Moved) -> int:
        """Take some records in, durably."""
        rows, versions = self._rows, {came.thing: shown.id for came, shown, _ in portion}

        def beside(became: Sequence[Became]) -> list[Op]:
            made = [
                RecordRow(
                    thing=each.came.thing,
                    author=each.came.author,
                    version=versions[each.came.thing],
                    record=each.record,
                    number=each.version,
                    job=each.came.job.id,
                )
                for each in became
            ]
            for row in made:
                rows.put(row)
            return rows.writing(made)

        try:
            return len(self._doors.synced.take([c for c, _, _ in portion], rows.is_had, beside))
        except InvalidEncodingError as err:
            rows.load()
            done.troubles.append(f"records that came were refused: {err}")
            return 0

    def _take_removed(self, done: Moved) -> None:
        state = self.opened.replica.state
        for row in self._rows.all():
            standing = state.versions.standing(row.thing)
            if not row.record or not standing.is_deleted:
                continue
            gone = replace(row, version=standing.deletes[0].id, record=b"", number=0)
            alone = len(self._rows.of(row.record)) == 1
            here = self._doors.feed.standing([row.record])
            if alone and _number(here, row) == row.number:
                # THREAT T522: what was changed here since is an edit that the delete did not know
                self._doors.synced.remove(RecordId(Id16(row.record)), *self._rows.writing([gone]))
                done.removed += 1
            elif alone and here:
                continue
            else:
                self._save(self._rows.writing([gone]))
            self._rows.put(gone)

    def _take_erased(self, done: Moved) -> None:
        """Erase here what was erased elsewhere, and everywhere what a device asks to."""
        state, rows = self.opened.replica.state, self._rows
        asked = [key for key, _ in state.notes(ERASE) if key not in state.erased]
        if asked:
            known = {name.object for name in state.keys}
            asked = [key for key in asked if key in known]
        if asked:
            with suppress(DeniedError, NoEpochError):  # an admin that has all it needs does
                erase(self._devices, self.opened, asked)
        gone = [*state.erased, *asked]
        for row in [row for thing in gone if (row := rows.get(thing)) is not None]:
            if row.record and self._doors.feed.standing([row.record]):
                # THREAT T523: erased once, a record goes wherever it lies, whatever was edited
                self._doors.erase(RecordId(Id16(row.record)))
                done.removed += 1
            self._save(rows.writing((), [row.thing]))
            rows.drop(row.thing)

    # --- inside ---

    def _save(self, ops: Iterable[Op]) -> None:
        self._devices.keeping.save(self.opened.about.id, Step(beside=list(ops)))


def _id(stood: Stood) -> RecordId:
    return RecordId(Id16(stood.record))


def _number(here: dict[bytes, Stood], row: RecordRow) -> int:
    """Return the version of a row's record that stands; 0 if none does."""
    found = here.get(row.record)
    return 0 if found is None else found.version


def _portions(stood: Iterable[Stood]) -> Iterator[list[Stood]]:
    portion: list[Stood] = []
    for each in stood:
        portion.append(each)
        if len(portion) == PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _loaded(
    came: Iterable[tuple[Came, Version, int]],
) -> Iterator[list[tuple[Came, Version, int]]]:
    portion: list[tuple[Came, Version, int]] = []
    size = 0
    for each in came:
        if portion and (len(portion) == PORTION or size + each[2] > PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += each[2]
    if portion:
        yield portion

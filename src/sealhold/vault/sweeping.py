"""Destroying older versions of subject keys, once nothing that can be read lies under them.

- That is looked up in the rows each time; no note of a job can bring it about. What still lies
  under an old version is re-wrapped first.
- While a row that did not open is listed, nothing is destroyed, until the owner gave the row up.
- The entry in the log is durable before the keys go.

Source: docs/spec/28-rotation.md section 5.
"""

from contextlib import suppress

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError, NotFoundError, TamperedError
from sealhold.model.ids import Id16, JobId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Key, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.jobs import Jobs, Left
from sealhold.vault.keyturns import JOB, KeyTurns
from sealhold.vault.passes import NOT_OPEN
from sealhold.vault.rewrapping import UNDER_SUBJECTS
from sealhold.vault.wraps import SUBJECT
from sealhold.vault.writer import Work

PEOPLE = 100  # whose keys are destroyed with one entry; meanwhile no key is made or read
DESTROYED = "old_keys_destroyed"
Places = set[tuple[str, Key]]
Version = tuple[SubjectId, int]


class Sweeping:
    """Destroys what is over."""

    def __init__(self, core: Core, jobs: Jobs, turns: KeyTurns) -> None:
        self._core = core
        self._jobs = jobs
        self._turns = turns

    def sweep(self, now: Instant) -> int:
        """Destroy each older version whose end has come, and return how many they were.

        Raises:
            TamperedError: the list of rows that did not open was edited; nothing was destroyed.
            StoreUnavailableError: the disk refuses.
        """
        given_up = self._given_up()
        # THREAT T275: a key that a row still waits for goes only by its owner's word
        if given_up is None:
            return 0
        due, destroyed = list(self._turns.due(now)), 0
        for first in range(0, len(due), PEOPLE):
            with self._core.keys.turning.kept(), self._core.keyring.still():
                destroyed += self._destroy(due[first : first + PEOPLE], given_up)
        return destroyed

    def _destroy(self, due: list[Version], given_up: Places) -> int:
        """Destroy versions that nothing lies under, while nobody seals for the owner."""
        # THREAT T273: what a job is said to have done counts for nothing here
        busy = self._busy(set(due), given_up)
        ended = [each for each in due if each not in busy]
        if not ended:
            return 0
        event = Event(kind=EventKind.KEY, actor=Actor.VAULT, reason=DESTROYED, rows_out=len(ended))
        self._core.writer.commit(Work((), (Entry(event=event),)))
        self._turns.destroy(ended)
        if any(subject == self._core.owner for subject, _ in ended):
            self._core.keys.turning.now = self._turns.versions(self._core.owner)
        return len(ended)

    def _busy(self, due: set[Version], given_up: Places) -> set[Version]:
        """Return the versions that a row lies under; each such row is re-wrapped, or listed."""
        subjects = sorted({subject for subject, _ in due})
        busy, ops = set[Version](), list[Op]()
        for under in UNDER_SUBJECTS:
            if not under.index and self._core.owner not in subjects:
                continue
            for found in under.rows(self._core.store, subjects):
                at = SubjectId(Id16(found.row[under.subject_at])), found.row[under.version_at]
                key = under.key(found.row)
                if at not in due or (under.spec.name, key) in given_up:
                    continue
                busy.add(at)
                try:
                    keys = self._turns.versions(at[0])
                    row = under.rewrapped(keys, found.row, self._core.entropy)
                    ops.append(Put(under.spec.name, row, found.v))
                except (NotFoundError, TamperedError):
                    ops.append(self._listed(at[0], Left(under.spec.name, key, NOT_OPEN)))
        for op in ops:  # what changed in this very moment is looked at the next time
            with suppress(ConflictError):
                self._core.writer.submit([Work((op,), ())]).result()
        return busy

    def _listed(self, subject: SubjectId, left: Left) -> Op:
        """Return the operation that lists a row, with the job that turned its key over."""
        job = JobId(Id16(self._turns.rows_of(subject)[-1][JOB]))
        number = max((known for known, _ in self._jobs.left(job)), default=-1) + 1
        return self._jobs.list_left(job, number, left)

    def _given_up(self) -> Places | None:
        """Return the rows that were given up; None if one is listed that was not, and is there."""
        left = list(self._jobs.all_left())
        given_up = {(each.table, each.key) for _, _, each in left if each.given_up}
        blocked = False
        for job, number, each in left:
            if (each.table, each.key) in given_up:
                continue
            if self._stands(each):
                blocked = True
            else:
                ops = tuple(self._jobs.unlist(job, [number]))
                self._core.writer.submit([Work(ops, ())]).result()
        return None if blocked else given_up

    def _stands(self, left: Left) -> bool:
        """Return whether a row that did not open is still the one that it was."""
        if left.table == SUBJECT.name:
            return self._core.keyring.lies_in.store.get(left.table, [left.key])[0] is not None
        found = self._core.store.get(left.table, [left.key])[0]
        under = next((each for each in UNDER_SUBJECTS if each.spec.name == left.table), None)
        if found is None or under is None:
            return found is not None
        try:
            keys = self._turns.versions(SubjectId(Id16(found.row[under.subject_at])))
            under.rewrapped(keys, found.row, self._core.entropy)
        except (NotFoundError, TamperedError):
            return True
        return False

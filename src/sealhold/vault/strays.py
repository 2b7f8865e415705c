"""Keys of a person whom no row names: how they come about, and how they go.

- A person's key is written before their row, in another database. A process that dies in between
  leaves a key, under which nothing lies that anybody could name.
- Such keys are looked for a portion at a time. One that somebody here is about to name is none; and
  the entry in the log, which is durable before a key goes, is held to there being no row.

Source: docs/spec/24-people.md section 6.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import MAX_PAGE, Expect, Guard, Key
from sealhold.vault.core import Core
from sealhold.vault.holdrows import KEEPINGS
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.pieces import is_unwritten
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.wraps import SUBJECT
from sealhold.vault.writer import Work

PAGES = 20  # of keys in one portion: 20,000, some tenths of a second
AT_ONCE = 100  # keys that go with one entry
DESTROYED = "stray_keys_destroyed"


@contextmanager
def about_to_name(core: Core, app: AppId, subject: SubjectId) -> Iterator[SubjectKeys]:
    """Make the keys of a new person, whose row the block is to commit.

    If the block ends with an error that wrote nothing, the keys go again.
    """
    ring = core.keyring
    ring.add_subject(app, subject)  # first the key: a person without one is none
    try:
        yield ring.subject(subject)
    except BaseException as err:
        if is_unwritten(err):  # else the person may be there, and needs the key
            ring.erase_subject(app, subject)
        raise
    finally:
        ring.unnamed.discard(subject)


class Strays:
    """Looks for keys of nobody in the key set of one open vault, portion by portion."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._from: Key = ()  # behind the last key that was looked at
        self._next = Instant(0)  # when to begin again from the first key

    def sweep(self) -> int:
        """Look at a portion, destroy what is of nobody in it, and return how many keys that were.

        Once all were looked at, nothing is done for a day.

        Raises:
            StoreUnavailableError: the disk refuses.
            AuditUnavailableError: the log cannot be written; nothing was destroyed.
        """
        if not self._from and self._core.clock() < self._next:
            return 0
        gone = 0
        for _ in range(PAGES):
            page = self._core.keyring.lies_in.store.scan(
                SUBJECT.name, "key", self._from, (), limit=MAX_PAGE
            )
            apps = {SubjectId(Id16(each.row[0])): AppId(Id16(each.row[2])) for each in page.rows}
            strays = sorted(self._unnamed(apps))
            for first in range(0, len(strays), AT_ONCE):
                some = strays[first : first + AT_ONCE]
                gone += self._destroy({each: apps[each] for each in some})
            self._from = _behind(max(apps)) if page.cursor is not None else ()
            if not self._from:
                self._next = Instant(self._core.clock() + DAY)
                break
        return gone

    def _unnamed(self, apps: dict[SubjectId, AppId]) -> set[SubjectId]:
        """Return those without a row, whom nobody is about to name."""
        people = sorted(apps.keys() - {self._core.owner})
        with self._core.store.snapshot() as view:  # past what the store remembers
            found = view.get(SUBJECTS.name, [(each,) for each in people])
            # what is held of the erased has a key, too, and no row of a person
            held = view.get(KEEPINGS.name, [(each,) for each in people])
        rows = zip(people, found, held, strict=True)
        without = {each for each, *either in rows if either == [None, None]}
        # THREAT T328: the key of somebody who is being made is a person's, though no row says so
        return without - self._core.keyring.unnamed

    def _destroy(self, apps: dict[SubjectId, AppId]) -> int:
        # whoever got their row since the look fails this, also behind a commit without an answer
        tables = (SUBJECTS.name, KEEPINGS.name)
        guards = tuple(Guard(name, (each,), Expect.ABSENT) for name in tables for each in apps)
        event = Event(kind=EventKind.KEY, actor=Actor.VAULT, reason=DESTROYED, rows_out=len(apps))
        try:
            self._core.writer.commit(Work(guards, (Entry(event=event),)))
        except ConflictError:
            return 0  # the next look finds those that are left
        for subject, app in apps.items():
            self._core.keyring.erase_subject(app, subject)
        return len(apps)


def _behind(subject: SubjectId) -> Key:
    """Return where the keys of the next subject begin; empty behind the last there can be."""
    number = int.from_bytes(subject) + 1
    return (number.to_bytes(len(subject)),) if number < 1 << 8 * len(subject) else ()

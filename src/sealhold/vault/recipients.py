"""Recipients of an app's data, and the notices that tell them of an erasure or a rectification.

- A notice is put out in the very commit that it tells of, so none is forgotten. It waits until
  whoever delivers it says that it arrived; until then it is given out again and again.
- It names the person by their id under the app, sealed under the app's base key. Once it arrived,
  the id goes, and the hash of it stays.
- Of changes of one person one notice waits for each recipient, however often they change. With the
  person it goes, also if its recipient was taken out meanwhile.

Source: docs/spec/27-rights.md section 10; Regulation (EU) 2016/679, article 19.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sealhold.audit.erasure import Told, person_name
from sealhold.audit.event import Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.digest import framed
from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.errors import DeniedError, InvalidError, NotFoundError
from sealhold.model.ids import AppId, Id16, SubjectId, random_id
from sealhold.model.quantities import Instant
from sealhold.model.rights import RecipientNoticeView, RecipientView
from sealhold.policy.names import has_hidden
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.registry import App, Registry
from sealhold.vault.stories import By
from sealhold.vault.writer import Work

RECIPIENTS = TableSpec(
    name="recipient",
    columns={"id": ColumnKind.ID16, "app": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
NOTICES = TableSpec(
    name="outnotice",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "at": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"app": ("app", "state", "id")},
)
MAX_TEXT = 400  # characters of a name, and of a contact
WAITING, DELIVERED = "waiting", "delivered"
BEHIND = WAITING + " "  # behind each state in the order of the index


class Why(StrEnum):
    """What a recipient is told."""

    ERASED = "erased"
    RECTIFIED = "rectified"


@dataclass(frozen=True, slots=True)
class Out:
    """Notices that are put out: the operations, and who is told."""

    ops: tuple[Op, ...]
    told: tuple[Told, ...]


class Recipients:
    """The recipients of one vault's apps; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: tuple[int, Mapping[AppId, tuple[RecipientView, ...]]] = (-1, {})

    def add(self, by: By, app: App, name: str, contact: str) -> RecipientView:
        """Enter a recipient of an app's data.

        Raises:
            InvalidError: a text is empty, too long, or hides something.
        """
        texts = [_clear(each) for each in (name, contact)]
        self._core.keyring.add_app(app.id)  # notices lie under its key
        clear = (random_id(self._core.entropy), app.id)
        paper = self._core.papers.seal(RECIPIENTS.name, clear, texts)
        ops = (Registry.guard(app), Put(RECIPIENTS.name, (*clear, paper), Expect.ABSENT))
        self._tell(by, app.id, "entered", ops)
        return RecipientView(id=clear[0], app=app.id, name=texts[0], contact=texts[1])

    def remove(self, by: By, recipient: Id16) -> RecipientView:
        """Take a recipient out; notices that wait for it stay.

        Raises:
            NotFoundError: there is none.
        """
        found = self._core.deciding.get(RECIPIENTS.name, recipient)
        if found is None:
            raise NotFoundError("no such recipient")
        view = self._recipient(found)
        if view is None:
            raise NotFoundError("no such recipient")
        # only its id stays: by that its notices about somebody are found, when they are erased
        clear = (view.id, view.app)
        row = (*clear, self._core.papers.seal(RECIPIENTS.name, clear, []))
        self._tell(by, view.app, "taken_out", (Put(RECIPIENTS.name, row, found.v),))
        return view

    def all(self) -> tuple[RecipientView, ...]:
        """Return all recipients, by app and name."""
        found = (self._recipient(each) for each in self._core.deciding.all(RECIPIENTS.name))
        there = (each for each in found if each is not None)
        return tuple(sorted(there, key=lambda each: (each.app, each.name)))

    def put_out(self, app: AppId, subject: SubjectId, why: Why) -> Out:
        """Return the notices to each recipient of an app."""
        mine = self._of_app(app)
        ops = [self._notice(each, subject, why) for each in mine]
        if why is Why.ERASED:
            ops += self.untold(app, subject)
        return Out(tuple(ops), tuple(Told(recipient=each.id, name=each.name) for each in mine))

    def untold(self, app: AppId, subject: SubjectId) -> tuple[Op, ...]:
        """Return what takes out the notices of changes of a person; nobody needs to hear of them.

        Once the person's keys are gone, no notice but that of the erasure may name them.
        """
        # THREAT T329: a notice to who was taken out since names the person, too
        names = (self._name(each, app, subject, Why.RECTIFIED) for each in self._ever_of_app(app))
        return tuple(Delete(NOTICES.name, (each,)) for each in names)

    def waiting(self, app: AppId | None = None) -> Iterator[RecipientNoticeView]:
        """Yield the notices that did not arrive yet, of one app or (None) of all.

        Those to recipients that were taken out are among them.

        Raises:
            SealBrokenError: one is not as it was written.
        """
        for each in self._apps() if app is None else (app,):
            yield from (self.shown(found) for found in self._rows(each))

    def delivered(self, by: By, notice: Id16, app: AppId | None = None) -> RecipientNoticeView:
        """Note that a notice arrived; of an app, if it is given. Twice is no error.

        Raises:
            DeniedError: the app has no such notice.
            NotFoundError: there is none.
            SealBrokenError: it is not as it was written.
        """
        found = self._core.store.get(NOTICES.name, [(notice,)])[0]
        # THREAT T264: an app hears of notices about its own people, and ends no other's
        if app is not None and (found is None or found.row[1] != app):
            raise DeniedError("denied")
        if found is None:
            raise NotFoundError("no such notice")
        whose = AppId(Id16(found.row[1]))
        if found.row[2] == DELIVERED:
            return self.shown(found)
        clear = (notice, whose, DELIVERED, found.row[3])
        paper = {**self._opened(found), "subject": b"", "arrived": self._core.clock()}
        put = Put(NOTICES.name, (*clear, self._sealed(clear, paper)), found.v)
        self._tell(by, whose, "told", (put,))
        return self.shown(Found(put.row, found.v + 1))

    def _of_app(self, app: AppId) -> tuple[RecipientView, ...]:
        now = self._core.deciding.turn(RECIPIENTS.name)
        turn, known = self._known
        if turn != now:  # else as it was: asked for at each change of a profile
            found: dict[AppId, tuple[RecipientView, ...]] = {}
            for each in self.all():
                found[each.app] = (*found.get(each.app, ()), each)
            known = found
            self._known = now, known
        return known.get(app, ())

    def _ever_of_app(self, app: AppId) -> tuple[Id16, ...]:
        """Return the recipients of an app, with those that were taken out."""
        rows = (found.row for found in self._core.deciding.all(RECIPIENTS.name))
        return tuple(Id16(recipient) for recipient, whose, _ in rows if whose == app)

    def _name(self, to: Id16, app: AppId, subject: SubjectId, why: Why) -> Id16:
        """Return the one name of such a notice to a recipient about a person."""
        place = framed(NOTICES.name.encode(), to, subject, why.value.encode())
        return Id16(self._core.keyring.app(app).erased.mac16(place))

    def _notice(self, to: RecipientView, subject: SubjectId, why: Why) -> Op:
        # one notice of changes waits for each recipient and person, and is put over itself
        clear = (self._name(to.id, to.app, subject, why), to.app, WAITING, self._core.clock())
        paper = {
            "recipient": to.id,
            "name": to.name,
            "contact": to.contact,
            "why": why.value,
            "subject": subject,
            "person": person_name(subject),
        }
        return Put(NOTICES.name, (*clear, self._sealed(clear, paper)))

    def _apps(self) -> Iterator[AppId]:
        """Yield each app that a notice was put out for."""
        low: tuple[bytes | str, ...] = ()
        while page := self._core.store.scan(NOTICES.name, "app", low, (), limit=1).rows:
            app = AppId(Id16(page[0].row[1]))
            yield app
            low = (app, BEHIND)

    def _rows(self, app: AppId) -> Iterator[Found]:
        cursor = None
        while True:
            page = self._core.store.scan(
                NOTICES.name, "app", (app, WAITING), (app, BEHIND), after=cursor
            )
            yield from page.rows
            cursor = page.cursor
            if cursor is None:
                return

    def shown(self, found: Found) -> RecipientNoticeView:
        """Return the notice of a row.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        paper = self._opened(found)
        subject = paper["subject"]
        return RecipientNoticeView(
            id=Id16(found.row[0]),
            app=AppId(Id16(found.row[1])),
            recipient=Id16(paper["recipient"]),
            name=paper["name"],
            contact=paper["contact"],
            why=paper["why"],
            subject=SubjectId(Id16(subject)) if subject else None,
            person=paper["person"].hex(),
            at=Instant(found.row[3]),
        )

    def _opened(self, found: Found) -> dict[str, Plain]:
        *clear, sealed = found.row
        keys = self._core.keyring.app(AppId(Id16(found.row[1])))
        paper: dict[str, Plain] = unpack_own(keys.receipts.open(sealed, _place(tuple(clear))))
        return paper

    def _sealed(self, clear: tuple[Plain, ...], paper: Plain) -> bytes:
        keys = self._core.keyring.app(clear[1])
        return keys.receipts.seal(pack(paper), _place(clear), self._core.entropy)

    def _recipient(self, found: Found) -> RecipientView | None:
        """Return the recipient of a row; None if it was taken out."""
        recipient, app, sealed = found.row
        paper = self._core.papers.open(RECIPIENTS.name, (recipient, app), sealed)
        if not paper:
            return None
        name, contact = paper
        return RecipientView(id=Id16(recipient), app=AppId(Id16(app)), name=name, contact=contact)

    def _tell(self, by: By, app: AppId, reason: str, ops: tuple[Op, ...]) -> None:
        event = Event(kind=EventKind.RECIPIENT, actor=by.actor, app=app, reason=reason)
        self._core.writer.commit(Work(ops, (Entry(event=event),), releases=True))


def _clear(text: str) -> str:
    if has_hidden(text) or not 0 < len(text.strip()) <= MAX_TEXT:
        raise InvalidError(f"a recipient's name and contact have 1 to {MAX_TEXT} characters")
    return text.strip()


def _place(clear: tuple[Plain, ...]) -> bytes:
    return framed(NOTICES.name.encode(), pack(list(clear)))

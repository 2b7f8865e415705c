"""The door for holds: officers and the owner declare and end them; officers alone read the held.

- With no token it is the owner who asks, whom the front end has signed in; what keeps or destroys
  takes the passphrase as well. An officer's token is enough.
- What would stay of a person is told to themselves, to officers and to the owner; to no app.

Source: docs/spec/32-holds.md section 7.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from sealhold.audit.event import Actor
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    InvalidIdError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.holds import (
    HeldProfile,
    HoldPlan,
    HoldShown,
    HoldView,
    HoldWish,
    KeepingView,
)
from sealhold.model.ids import (
    ID_BYTES,
    Collection,
    FieldName,
    Id16,
    Kind,
    RecordId,
    SubjectId,
    parse_id,
)
from sealhold.model.personrecords import AttachmentsView, AttachmentView, RecordPage
from sealhold.model.staying import StayView
from sealhold.policy.holds import ground_of, stay_of
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.heldback import items_of
from sealhold.vault.heldreading import HeldAsk, HeldReading
from sealhold.vault.holdends import HoldEnds
from sealhold.vault.holds import Hold, Holds, Scope
from sealhold.vault.keepings import Keepings
from sealhold.vault.principals import Principals
from sealhold.vault.registry import Registry
from sealhold.vault.stories import By
from sealhold.vault.subjects import ACTIVE, SUBJECTS, Person, Subjects

OWNER = By(actor=Actor.OWNER)


class HoldsDoor:
    """What officers, the owner and people do about holds."""

    def __init__(
        self,
        core: Core,
        registry: Registry,
        principals: Principals,
        verify: Callable[[str], bool],
    ) -> None:
        self._core = core
        self._registry = registry
        self._principals = principals
        self._verify = verify
        self._subjects = Subjects(core)
        self._holds = Holds(core)
        self._keepings = Keepings(core)
        self._ends = HoldEnds(core)
        self._reading = HeldReading(core)

    def plan(self, wish: HoldWish) -> HoldPlan:
        """Return what a hold would cover today; nothing changes.

        Raises:
            NotFoundError: no such app or person.
            InvalidError: it is none that can be declared.
        """
        return self._plan(self._planned(wish))

    def add(self, token: str, wish: HoldWish, passphrase: str) -> HoldView:
        """Declare a hold.

        Raises:
            WrongPassphraseError: the owner is not proven.
            NotFoundError: no such app or person.
            InvalidError: it is none that can be declared.
            ConflictError: another hold of the app changed at this very moment.
        """
        by = self._proven(token, passphrase)
        return self._holds.add(by, self._registry.find(wish.app), self._planned(wish)).view()

    def all(self) -> tuple[HoldView, ...]:
        """Return all holds, those that end first before the others."""
        return tuple(each.view(self._keepings.count(each.id)) for each in self._holds.all())

    def show(self, id_text: str) -> HoldShown:
        """Return a hold and what is held under it; a short form of its id will do.

        Raises:
            NotFoundError: there is none.
            InvalidIdError: `id_text` is no id.
        """
        hold = self._hold(id_text)
        keepings = tuple(self._kept(hold))
        return HoldShown(hold=hold.view(len(keepings)), keepings=keepings)

    def lift(self, token: str, id_text: str, passphrase: str) -> HoldShown:
        """End a hold: all that is held under it goes for good. Return what that was.

        Raises:
            WrongPassphraseError: the owner is not proven.
            NotFoundError: there is none.
            ConflictError: it changed at this very moment.
        """
        by = self._proven(token, passphrase)
        shown = self.show(id_text)
        self._ends.lift(by, self._holds.get(shown.hold.id))
        return shown

    def staying(self, token: str, id_text: str) -> tuple[StayView, ...]:
        """Return what would stay of a person who is erased now, and on what ground.

        Raises:
            DeniedError: a person asks for another, or an app does.
            NotFoundError: the owner or an officer asks, and there is none.
        """
        subject = SubjectId(_whole(Kind.SUBJECT, id_text))
        is_person = bool(token) and not self._is_officer(token)
        if is_person and self._principals.person(token).subject != subject:
            raise DeniedError("denied")
        return tuple(self._staying(subject))

    def of_mine(self, token: str) -> tuple[StayView, ...]:
        """Return what would stay of whoever holds a token.

        Raises:
            DeniedError: it does not hold.
        """
        return tuple(self._staying(self._principals.person(token).subject))

    def profile(self, token: str, id_text: str, purpose: str) -> HeldProfile:
        """Return held fields of a profile.

        Raises:
            DeniedError: not an officer, not held, or not for this purpose.
        """
        return self._reading.profile(self._ask(token, id_text, purpose))

    def records(  # reason: who asks, for what, of which, and where to go on
        self, token: str, id_text: str, purpose: str, collection: str, after: str, limit: int
    ) -> RecordPage:
        """Return held records of a collection.

        Raises:
            DeniedError: not an officer, not held, or not for this purpose.
        """
        behind = RecordId(_whole(Kind.RECORD, after)) if after else None
        ask = self._ask(token, id_text, purpose)
        return self._reading.records(ask, collection, behind, limit)

    def attachments(
        self, token: str, id_text: str, purpose: str, collection: str, record: str
    ) -> AttachmentsView:
        """Return the held attachments of a record, without content.

        Raises:
            DeniedError: not an officer, not held, or not for this purpose.
        """
        name = RecordId(_whole(Kind.RECORD, record))
        return self._reading.attachments(self._ask(token, id_text, purpose), collection, name)

    def attachment(  # reason: who asks, for what, and which one
        self, token: str, id_text: str, purpose: str, collection: str, record: str, number: int
    ) -> AttachmentView:
        """Return a held attachment.

        Raises:
            DeniedError: not an officer, not held, or not for this purpose.
        """
        ask, name = self._ask(token, id_text, purpose), RecordId(_whole(Kind.RECORD, record))
        return self._reading.attachment(ask, collection, name, number)

    def end_over(self) -> int:
        """End the holds whose day has come, and those that a process began to end; how many."""
        return self._ends.end_all()

    def _ask(self, token: str, id_text: str, purpose: str) -> HeldAsk:
        # THREAT T319: who answers for data protection reads it, and nobody else, the owner included
        officer = self._principals.officer(token)
        by = By(actor=Actor.OFFICER, officer=officer)
        return HeldAsk(by=by, keeping=_whole(Kind.HOLD, id_text), purpose=purpose)

    def _planned(self, wish: HoldWish) -> Hold:
        subject = SubjectId(_whole(Kind.SUBJECT, wish.subject)) if wish.subject else None
        scope = Scope(
            subject=subject,
            collections=frozenset(map(Collection, wish.collections)),
            records=frozenset(map(_record, wish.records)),
            fields=frozenset(map(FieldName, wish.fields)),
        )
        app = self._registry.find(wish.app)
        return self._holds.planned(app, scope, ground_of(wish.ground), wish.law, wish.until)

    def _plan(self, hold: Hold) -> HoldPlan:
        items: Counter[str] = Counter()
        people = 0
        for person in self._people(hold):
            people += 1
            items += items_of(self._core.store, hold, person, self._core.clock())
        return HoldPlan(hold=hold.view(), people=people, items=dict(sorted(items.items())))

    def _people(self, hold: Hold) -> Iterator[Person]:
        """Yield whoever a hold is about and is here, of those who open."""
        only = hold.scope.subject
        if only is not None:
            found = self._subjects.found(hold.app, only)
            rows = iter([found] if found is not None else [])
        else:
            rows = scan_all(self._core.store, SUBJECTS)
        for row in rows:
            if row.row[1] == hold.app and row.row[2] == ACTIVE:
                yield self._subjects.opened(row)[0]

    def _staying(self, subject: SubjectId) -> Iterator[StayView]:
        app = self._subjects.app_of(subject)
        for hold in self._holds.of(app, subject):
            found = self._subjects.found(app, subject)
            if found is None or found.row[2] != ACTIVE:
                return
            person, _ = self._subjects.opened(found)
            items = items_of(self._core.store, hold, person, self._core.clock())
            if items:
                yield stay_of(hold.ground, hold.law, hold.until, dict(sorted(items.items())))

    def _kept(self, hold: Hold) -> Iterator[KeepingView]:
        for each in self._keepings.of(hold.id):
            if each is not None:
                yield each.view(hold, self._keepings.receipt_of(each))

    def _hold(self, id_text: str) -> Hold:
        wanted = parse_id(Kind.HOLD, id_text)
        found = [each for each in self._holds.all() if each.id.endswith(wanted)]
        if len(found) != 1:
            raise NotFoundError("no such hold")
        return found[0]

    def _is_officer(self, token: str) -> bool:
        try:
            self._principals.officer(token)
        except DeniedError:
            return False
        return True

    def _proven(self, token: str, passphrase: str) -> By:
        """Return who acts; the owner says the passphrase.

        Raises:
            WrongPassphraseError: the owner is not proven.
            DeniedError: the token is no officer's.
        """
        if token:
            return By(actor=Actor.OFFICER, officer=self._principals.officer(token))
        if not self._verify(passphrase):
            raise WrongPassphraseError
        return OWNER


def _record(text: str) -> tuple[Collection, RecordId]:
    name, slash, record = text.partition("/")
    if not slash:
        raise InvalidError("a record is named by `collection/id`")
    return Collection(name), RecordId(_whole(Kind.RECORD, record))


def _whole(kind: Kind, text: str) -> Id16:
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError(f"whole {kind.name.lower()}", text)
    return Id16(found)

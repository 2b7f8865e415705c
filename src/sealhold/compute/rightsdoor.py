"""The door for the rights of people: who may ask, who answers, and what anybody sees of it.

- An officer or the owner enters, answers and closes; a person enters and sees their own.
- Receipts of erasures: owner and officers see the log's place in them, the person's app does not.

Source: docs/spec/27-rights.md.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from threading import BoundedSemaphore
from uuid import UUID

from sealhold.audit.event import Actor
from sealhold.model.errors import (
    BusyError,
    DeniedError,
    InvalidError,
    InvalidIdError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import ID_BYTES, AppId, Id16, Kind, ReceiptId, SubjectId, parse_id
from sealhold.model.people import ErasedView
from sealhold.model.quantities import Instant
from sealhold.model.rights import (
    BreachView,
    BroughtView,
    Reason,
    RecipientNoticeView,
    RecipientView,
    RightsStep,
    RightsView,
    RightsWish,
)
from sealhold.policy.deadlines import Calendar
from sealhold.vault.breaches import BreachRegister
from sealhold.vault.bringing import Bringing
from sealhold.vault.core import Core
from sealhold.vault.erasures import Erasures
from sealhold.vault.exporting import Exports, Running, Wanted
from sealhold.vault.people import People
from sealhold.vault.principals import Principals
from sealhold.vault.registry import Registry
from sealhold.vault.rights import RightsRegister
from sealhold.vault.ropa import Ropa
from sealhold.vault.stories import By
from sealhold.vault.subjects import Subjects
from sealhold.vault.using import Uses

EXPORTS = 4  # at once: each holds a thread and a snapshot
OWNER = By(actor=Actor.OWNER)


class Rights:
    """The rights of people, as officers, the owner, people and apps meet them."""

    def __init__(  # reason: the parts that rights are made of
        self,
        core: Core,
        registry: Registry,
        principals: Principals,
        uses: Uses,
        people: People,
        calendar: Calendar,
        verify: Callable[[str], bool],
    ) -> None:
        self._registry = registry
        self._principals = principals
        self._subjects = Subjects(core)
        self._verify = verify
        self._exports = Exports(core, uses)
        self._people = people
        self._recipients = people.recipients
        self._ropa = Ropa(core, registry, principals, people.recipients)
        self._bringing = Bringing(core, uses, people)
        self._running = BoundedSemaphore(EXPORTS)
        self._erasures = Erasures(core)
        self._requests = RightsRegister(core, calendar)
        self._breaches = BreachRegister(core)

    def receipt(self, token: str, id_text: str) -> ErasedView:
        """Return the receipt of an erasure, whole for an officer; with no token for the owner.

        Raises:
            DeniedError: the holder is an app, and the person was not its own.
            NotFoundError: an officer or the owner asks, and there is none.
            InvalidIdError: `id_text` is no whole id.
        """
        kept = self._erasures.of_receipt(ReceiptId(_whole(Kind.RECEIPT, id_text)))
        if token and not self._is_officer(token):
            app = self._principals.app(token)
            # THREAT T261: an app has receipts of its own people, and its copy of them
            if kept is None or kept.facts.app != app.id:
                raise DeniedError("denied")
            return self._erasures.app_copy(kept)
        if kept is None:
            raise NotFoundError("no such receipt")
        return self._erasures.whole(kept)

    def export(self, token: str, id_text: str, passphrase: str) -> Iterator[bytes]:
        """Return all that is kept of a person, as a ZIP that is made while it is read.

        For themselves, an officer, or the owner, who says the passphrase.

        Raises:
            DeniedError: a person asks for another, or there is none.
            WrongPassphraseError: the owner is not proven.
            NotFoundError: the owner or an officer asks, and there is none.
            BusyError: too many exports are under way.
            InvalidIdError: `id_text` is no whole id.
        """
        wanted = self._wanted(token, SubjectId(_whole(Kind.SUBJECT, id_text)), passphrase)
        if not self._running.acquire(blocking=False):
            raise BusyError("other exports are under way")
        try:
            return Running(self._exports.begin(wanted), self._running.release)
        except BaseException:
            self._running.release()
            raise

    def erase(self, token: str, id_text: str, passphrase: str) -> ErasedView:
        """Erase a person: themselves, by an officer, or by the owner, who says the passphrase.

        Raises:
            DeniedError: a person names another, or has a passkey and comes by a link.
            WrongPassphraseError: the owner is not proven.
            NotFoundError: the owner or an officer asks, and there is none.
            InvalidIdError: `id_text` is no whole id.
        """
        subject = SubjectId(_whole(Kind.SUBJECT, id_text))
        try:
            wanted = self._wanted(token, subject, passphrase)
        except NotFoundError:
            before = self._erasures.of_any((each.id for each in self._registry.all()), subject)
            if before is None:
                raise
            return self._erasures.whole(before)
        # THREAT T298: a link that the app could use itself erases nobody once there is a passkey
        if wanted.actor is Actor.PERSON and not self._principals.person(token).may_choose:
            raise DeniedError("denied")
        return self._people.erase(wanted.app, wanted.subject, wanted.actor, wanted.guards)

    def bring(self, app_text: str, data: bytes, key_text: str) -> BroughtView:
        """Take in an export as a new person of an app; `key_text` is who signed it, in hex digits.

        Raises:
            NotFoundError: no such app.
            InvalidError: no key, no export, not what it signed, or it does not fit the schema.
            DeniedError: the app may keep nobody.
        """
        app = self._registry.find(app_text).id
        try:
            key = bytes.fromhex(key_text)
        except ValueError as err:
            raise InvalidError("a key is written in hex digits") from err
        return self._bringing.bring(app, data, key)

    def _wanted(self, token: str, subject: SubjectId, passphrase: str) -> Wanted:
        if token and not self._is_officer(token):
            acting = self._principals.acting(token, subject)
            # THREAT T264: an app reads what it may, for a purpose; the whole is the person's
            if acting.actor is not Actor.PERSON:
                raise DeniedError("denied")
            return Wanted(app=acting.app, subject=subject, actor=acting.actor, guards=acting.guards)
        if not token and not self._verify(passphrase):
            raise WrongPassphraseError
        app = self._subjects.app_of(subject)
        return Wanted(app=app, subject=subject, actor=self._by(token).actor)

    def ask(self, token: str, wish: RightsWish) -> RightsView:
        """Enter what a person asks for: by themselves, by an officer, or by the owner.

        Raises:
            InvalidError: no such right.
            NotFoundError: no such app or person.
            DeniedError: a person names another one, or another day.
        """
        if token and not self._is_officer(token):
            person = self._principals.person(token)
            if (wish.app, wish.subject, wish.received_at) != ("", "", None):
                raise DeniedError("denied")
            by = By(actor=Actor.PERSON)
            return self._requests.open(by, person.app, person.subject, wish.right)
        app = self._registry.find(wish.app).id
        subject = SubjectId(_whole(Kind.SUBJECT, wish.subject)) if wish.subject else None
        return self._requests.open(self._by(token), app, subject, wish.right, wish.received_at)

    def requests(self, token: str) -> tuple[RightsView, ...]:
        """Return all rights requests, or the person's own.

        Raises:
            DeniedError: the token does not hold.
        """
        if token and not self._is_officer(token):
            person = self._principals.person(token)
            return self._requests.all_of(person.app, person.subject)
        return self._requests.all()

    def request(self, token: str, id_text: str) -> RightsView:
        """Return one rights request.

        Raises:
            DeniedError: a person asks for another's.
            NotFoundError: there is none.
            InvalidIdError: `id_text` is no whole id.
        """
        name = _whole(Kind.REQUEST, id_text)
        if token and not self._is_officer(token):
            person = self._principals.person(token)
            return self._requests.of(person.app, person.subject, name)
        return self._requests.get(name)

    def step(self, token: str, id_text: str, step: RightsStep) -> RightsView:
        """Enter what was done about a rights request.

        Raises:
            NotFoundError: there is none.
            InvalidError: no such step, or it lacks what it needs.
            OutOfOrderError: it may not follow.
        """
        return self._requests.step(self._by(token), _whole(Kind.REQUEST, id_text), step)

    def breaches(self) -> tuple[BreachView, ...]:
        """Return all breaches."""
        return self._breaches.all()

    def breach(self, id_text: str) -> BreachView:
        """Return one breach.

        Raises:
            NotFoundError: there is none.
            InvalidIdError: `id_text` is no whole id.
        """
        return self._breaches.get(_whole(Kind.BREACH, id_text))

    def enter_breach(self, token: str, about: str, aware_at: Instant | None) -> BreachView:
        """Enter a breach.

        Raises:
            InvalidError: the words say nothing.
            OutOfOrderError: awareness is in the future.
        """
        return self._breaches.open(self._by(token), about, aware_at)

    def scope(
        self,
        token: str,
        id_text: str,
        app_text: str,
        since: Instant,
        until: Instant,
        stolen: str = "",
    ) -> BreachView:
        """Compute how far a breach reached by an app, or by the token `stolen` of a person.

        Raises:
            NotFoundError: no such breach, app or token.
            InvalidError: the time ends before it begins.
        """
        app: AppId = self._registry.find(app_text).id
        which = _whole(Kind.RECEIPT, stolen) if stolen else None
        name = _whole(Kind.BREACH, id_text)
        return self._breaches.scope(self._by(token), name, app, since, until, which)

    def notify(
        self, token: str, id_text: str, notice: str, reasons: tuple[Reason, ...]
    ) -> BreachView:
        """Enter that a notice of a breach went out.

        Raises:
            NotFoundError: no such breach.
            InvalidError: no such notice.
            OutOfOrderError: it may not follow.
            UnjustifiedError: it is late, and nothing says why.
        """
        name = _whole(Kind.BREACH, id_text)
        return self._breaches.notify(self._by(token), name, notice, reasons)

    def spare(
        self, token: str, id_text: str, addressee: str, reasons: tuple[Reason, ...]
    ) -> BreachView:
        """Enter that authority or persons need not be told of a breach.

        Raises:
            NotFoundError: no such breach.
            InvalidError: no such addressee, or not one reason.
            OutOfOrderError: it may not follow.
            UnjustifiedError: the reason does not carry it.
        """
        name = _whole(Kind.BREACH, id_text)
        return self._breaches.spare(self._by(token), name, addressee, reasons)

    def close_breach(self, token: str, id_text: str, *, again: bool) -> BreachView:
        """Enter that nothing remains to be done, or, `again`, that something came to light.

        Raises:
            NotFoundError: no such breach.
            OutOfOrderError: it may not follow.
        """
        name, by = _whole(Kind.BREACH, id_text), self._by(token)
        return self._breaches.reopen(by, name) if again else self._breaches.close(by, name)

    def recipients(self) -> tuple[RecipientView, ...]:
        """Return all recipients."""
        return self._recipients.all()

    def add_recipient(self, token: str, app_text: str, name: str, contact: str) -> RecipientView:
        """Enter a recipient of an app's data.

        Raises:
            NotFoundError: no such app.
            InvalidError: a text is empty, too long, or hides something.
        """
        app = self._registry.find(app_text)
        return self._recipients.add(self._by(token), app, name, contact)

    def remove_recipient(self, token: str, id_text: str) -> RecipientView:
        """Take a recipient out.

        Raises:
            NotFoundError: there is none.
        """
        return self._recipients.remove(self._by(token), _whole(Kind.RECEIPT, id_text))

    def notices(self, token: str, limit: int) -> tuple[RecipientNoticeView, ...]:
        """Return notices that did not arrive yet: all, or those of the app that asks."""
        app = None if not token or self._is_officer(token) else self._principals.app(token).id
        return tuple(islice(self._recipients.waiting(app), limit))

    def delivered(self, token: str, id_text: str) -> RecipientNoticeView:
        """Note that a notice arrived.

        Raises:
            DeniedError: an app says so of another's notice.
            NotFoundError: there is none.
        """
        name = _notice_id(id_text)
        if not token or self._is_officer(token):
            return self._recipients.delivered(self._by(token), name)
        app = self._principals.app(token).id
        return self._recipients.delivered(By(actor=Actor.APP), name, app)

    def ropa(self, role: str, *, as_csv: bool) -> bytes:
        """Return the record of processing activities, as JSON-LD or as a table.

        Raises:
            InvalidError: `role` is neither controller nor processor, nor empty.
        """
        if role not in {"", "controller", "processor"}:
            raise InvalidError("a role is `controller` or `processor`")
        make = self._ropa.as_csv if as_csv else self._ropa.as_json_ld
        return make(processor=role == "processor")

    def overdue(self) -> tuple[str, ...]:
        """Return a sentence for each register in which something is overdue."""
        found = (
            (self._requests.overdue(), "rights requests that are overdue"),
            (self._breaches.overdue(), "breaches that the authority should know of by now"),
        )
        return tuple(f"{sentence}: {number}" for number, sentence in found if number)

    def _is_officer(self, token: str) -> bool:
        try:
            self._principals.officer(token)
        except DeniedError:
            return False
        return True

    def _by(self, token: str) -> By:
        """Return who acts; without a token of an officer it is the owner.

        Raises:
            DeniedError: the token is no officer's.
        """
        if not token:
            return OWNER
        return By(actor=Actor.OFFICER, officer=self._principals.officer(token))


def _notice_id(text: str) -> Id16:
    """Return the id of a notice: 16 bytes that a key gave, and so no UUID of a version.

    Raises:
        InvalidIdError: `text` is no such id.
    """
    try:
        found = UUID(text)
    except ValueError as err:
        raise InvalidIdError("whole notice", text) from err
    if str(found) != text:
        raise InvalidIdError("whole notice", text)
    return Id16(found.bytes)


def _whole(kind: Kind, text: str) -> Id16:
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError(f"whole {kind.name.lower()}", text)
    return Id16(found)

"""People's sign-ins through a provider that their app named: set, bound, looked for, let in.

- An app names one provider for its people, and says of each account whose it is. An account that
  nobody named lets nobody in, and makes nobody, unless the app said before that it does.
- Whoever comes in so has what a link gives: the app chose the provider, and could say who is who
  there. It stands for no passkey.
- A sign-in is an entry under the person's key, in one commit with guards of login and provider.

Source: docs/spec/30-access.md section 10.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
    SealBrokenError,
)
from sealhold.model.ids import AppId, Id16, SubjectId, canonical
from sealhold.model.logins import (
    ISSUER,
    MAX_SUB,
    VISIBLE,
    IssuerWish,
    PersonLoginView,
    Provider,
    is_account,
)
from sealhold.model.people import PersonView
from sealhold.model.principals import NewToken, Way
from sealhold.model.quantities import Instant
from sealhold.policy.profiles import decide_person
from sealhold.stores.spec import Delete, Expect, Found, Guard, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.people import People
from sealhold.vault.personloginrows import (
    ACCOUNTS,
    ISSUERS,
    PERSON_LOGINS,
    inner_tag,
    issuer_of,
    logins_of_person,
    open_login,
    outer_tag,
    put_login,
)
from sealhold.vault.principals import Principals
from sealhold.vault.quotas import LookupQuota
from sealhold.vault.tokenrows import Acting
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

OUT = "a login was taken out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An app's provider, as its row says."""

    app: AppId
    provider: Provider
    makes_people: bool
    set_at: Instant
    v: int

    @property
    def guard(self) -> Op:
        """What fails a commit if the app has another by then."""
        return Guard(ISSUERS.name, (self.app,), self.v)


class PersonLogins:
    """The providers of the apps of one vault, and the logins of their people."""

    def __init__(self, core: Core, uses: Uses, principals: Principals, people: People) -> None:
        self._core = core
        self._uses = uses
        self._principals = principals
        self._people = people
        self._one = Lock()  # so that a person has one login, and an account makes one person

    def issuer(self, app: AppId, is_near: Callable[[str], bool]) -> Issuer | None:
        """Return the provider of an app; `is_near` says which lie in the owner's own network."""
        said = issuer_of(self._core, app)
        if said is None:
            return None
        found, (issuer, client, secret, makes, at) = said
        provider = Provider(
            name=canonical(app), issuer=issuer, client=client, secret=secret,
            is_near=is_near(issuer),
        )  # fmt: skip
        return Issuer(app=app, provider=provider, makes_people=makes, set_at=at, v=found.v)

    def set_issuer(self, app: AppId, guard: Op, wish: IssuerWish) -> None:
        """Let the people of an app sign in through a provider, and no longer through another.

        Raises:
            DeniedError: the app may keep nobody.
            InvalidError: no address of HTTPS, or a client or secret that none has.
            ConflictError: it was changed in this very moment.
        """
        if not (ISSUER.fullmatch(wish.issuer) and VISIBLE.fullmatch(wish.issuer)):
            raise InvalidError("an issuer is an address of HTTPS, without a query")
        if not VISIBLE.fullmatch(wish.client) or not VISIBLE.fullmatch(wish.secret or "-"):
            raise InvalidError("client and secret have 1 to 500 visible characters")
        core, use = self._core, self._of_app(app)
        core.keyring.add_field(app, ACCOUNTS)
        paper = [wish.issuer, wish.client, wish.secret, wish.makes_people, core.clock()]
        sealed = core.papers.seal(ISSUERS.name, (app,), paper)
        found = core.deciding.get(ISSUERS.name, app)
        put = Put(ISSUERS.name, (app, sealed), found.v if found else Expect.ABSENT)
        self._tell(use, "a provider was named", (guard, put))

    def unset_issuer(self, app: AppId, guard: Op) -> None:
        """Let nobody of an app sign in through a provider any more; logins stay for a next one.

        Raises:
            NotFoundError: it has none.
            ConflictError: it was changed in this very moment.
        """
        found = self._core.deciding.get(ISSUERS.name, app)
        if found is None:
            raise NotFoundError("the app has no provider")
        gone = Delete(ISSUERS.name, (app,), found.v)
        self._tell(self._of_app(app), "a provider was taken out", (guard, gone))

    def bind(self, issuer: Issuer, guard: Op, subject: SubjectId, sub: str) -> PersonLoginView:
        """Let an account in as a person of the app, in place of one that was let in before.

        Raises:
            DeniedError: not one of this app's people.
            InvalidError: `sub` is no name of an account.
            ConflictError: the account is another person's.
        """
        use = self._uses.of(issuer.app, subject)
        self._uses.need(use, decide_person(use.parties), EventKind.ACCESS)
        _, keys = use.whole()
        core, now, inner = self._core, self._core.clock(), self._inner(issuer, sub)
        with self._one:
            before = self._at(issuer.app, inner)
            if before is not None and before.row[2] != subject:
                raise ConflictError("this account is another person's")
            gone = (
                Delete(PERSON_LOGINS.name, each.row[:2], each.v)
                for each in logins_of_person(core, subject)
                if before is None or each.row[1] != before.row[1]
            )
            put = put_login(core, keys, inner, now)
            put = Put(put.table, put.row, before.v if before else Expect.ABSENT)
            ops = (guard, issuer.guard, *use.guards(()), *gone, put)
            told = use.entry(use.event(EventKind.ACCESS, "a login was added"))
            core.writer.commit(Work(ops, (told,), releases=True))
        return PersonLoginView(subject=subject, added_at=now)

    def unbind(self, acting: Acting) -> None:
        """Let no account in as a person, at their own word or their app's.

        Raises:
            DeniedError: not one of this app's people, or they may not choose so.
            NotFoundError: they have no login.
            ConflictError: it was changed in this very moment.
        """
        use = self._uses.of(acting.app, acting.subject, actor=acting.actor)
        decision = self._uses.standing(acting.guards, decide_person(use.parties))
        self._uses.need(use, decision, EventKind.ACCESS)
        # THREAT T298: a link that the app could use itself takes out no way in beside a passkey
        if acting.actor is Actor.PERSON and not acting.may_choose:
            raise DeniedError("denied")
        found = [*logins_of_person(self._core, acting.subject)]
        if not found:
            raise NotFoundError("this person has no login")
        gone = (Delete(PERSON_LOGINS.name, each.row[:2], each.v) for each in found)
        told = use.entry(use.event(EventKind.ACCESS, OUT))
        ops = (*acting.guards, *use.guards(()), *gone)
        self._core.writer.commit(Work(ops, (told,), releases=True))

    def of(self, app: AppId, subject: SubjectId) -> PersonLoginView | None:
        """Return the login of a person, if they have one.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        keys = self._uses.of(app, subject, actor=Actor.PERSON).whole()[1]
        for found in logins_of_person(self._core, subject):
            at = Instant(open_login(self._core, keys, found)[1])
            return PersonLoginView(subject=subject, added_at=at)
        return None

    def find(self, issuer: Issuer, guard: Op, sub: str) -> tuple[SubjectId, ...]:
        """Return the person of an app as whom an account comes in, if there is one.

        It counts as a lookup, whether somebody is found or not.

        Raises:
            DeniedError: the app made all its lookups of today, or may keep nobody.
            InvalidError: `sub` is no name of an account.
        """
        use, inner, lookups = self._of_app(issuer.app), self._inner(issuer, sub), self._lookups
        if lookups.is_used_up(issuer.app):
            raise DeniedError("denied")
        found = self._at(issuer.app, inner)
        person = self._uses.of(issuer.app, SubjectId(Id16(found.row[2]))) if found else None
        counted = (guard, lookups.counted(issuer.app))
        if person is None or person.person is None:
            self._tell(use, "looked for a login", counted)
            return ()
        told = person.entry(person.event(EventKind.ACCESS, "found by a login"))
        work = Work((*counted, *person.guards(())), (told,), releases=True)
        self._core.writer.commit(work)
        return (person.person.id,)

    def enter(self, issuer: Issuer, sub: str, until: Instant) -> NewToken:
        """Let in whoever proved an account: as the person that it is, or as a new one if so said.

        Raises:
            DeniedError: it is nobody's, they are not here, or login or provider went meanwhile.
            SealBrokenError: the login is not as it was written.
        """
        app, inner = issuer.app, self._inner(issuer, sub)
        with self._one:
            found = self._at(app, inner)
            # THREAT T436: an account that nobody named makes nobody, but as the app said before
            if found is None and issuer.makes_people:
                self._people.make(app, lambda keys, view: self._also(issuer, inner, keys, view))
                found = self._at(app, inner)
        if found is None:
            raise DeniedError("denied")
        subject = SubjectId(Id16(found.row[2]))
        try:
            keys = self._core.keyring.subject(subject)
            # THREAT T436: a login that was moved beside another person's id opens under no key
            if open_login(self._core, keys, found)[0] != inner:
                raise SealBrokenError("a login is of another account")
            bound = (issuer.guard, Guard(PERSON_LOGINS.name, found.row[:2], found.v))
            return self._principals.signed_in(app, subject, until, Way.PROVIDER, bound)
        except (ConflictError, NotFoundError) as err:  # erased or taken out in this very moment
            raise DeniedError("denied") from err

    def _also(
        self, issuer: Issuer, inner: bytes, keys: SubjectKeys, view: PersonView
    ) -> tuple[Op, ...]:
        return issuer.guard, put_login(self._core, keys, inner, view.made_at)

    def _inner(self, issuer: Issuer, sub: str) -> bytes:
        if not is_account(sub):
            raise InvalidError(f"an account is named by 1 to {MAX_SUB} characters of ASCII")
        return inner_tag(self._core, issuer.app, issuer.provider.issuer, sub)

    def _at(self, app: AppId, inner: bytes) -> Found | None:
        return self._core.deciding.get(PERSON_LOGINS.name, app, outer_tag(self._core, app, inner))

    def _of_app(self, app: AppId) -> Use:
        use = self._uses.of(app, None)
        self._uses.need(use, decide_person(use.without_person), EventKind.ACCESS)
        return use

    def _tell(self, use: Use, reason: str, ops: tuple[Op, ...]) -> None:
        event = Event(kind=EventKind.ACCESS, actor=Actor.APP, app=use.app_id, reason=reason)
        work = Work((*ops, *use.guards(())), (Entry(event=event),), releases=True)
        self._core.writer.commit(work)

    @property
    def _lookups(self) -> LookupQuota:
        return self._people.lookups

"""Who holds a token: an app, one of an app's people, or an officer; and the tokens of the two last.

- A token is looked at anew at each call: its seal by the vault's key, its row, the app's row, the
  person's row. Whatever does not hold is the same DENIED.
- Of a token the rows keep id, holder and end, never its signature: nobody mints from a stolen
  table.
- Revoking takes the row out. A use carries the guards of what it was decided on, so none is
  committed behind a revocation.

Source: docs/spec/30-access.md sections 1 and 2.
"""

from collections.abc import Iterator, Sequence

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.token import Caveat, Token
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
)
from sealhold.model.ids import AppId, Id16, SubjectId, random_id
from sealhold.model.principals import NewToken, OfficerView, PrincipalKind, Way
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.profiles import decide_person
from sealhold.stores.spec import Delete, Expect, Found, Guard, Op, Put
from sealhold.vault.apptokens import AppToken, AppTokens
from sealhold.vault.caveats import admits, count_use, counts_of
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.loginrows import logins_of
from sealhold.vault.minting import Minting
from sealhold.vault.passkeyrows import has_passkey, without_passkey
from sealhold.vault.registry import ACTIVE, MAX_NAME, TOKENS, App, Registry
from sealhold.vault.subjects import ACTIVE as PERSON_ACTIVE
from sealhold.vault.subjects import Subjects
from sealhold.vault.telling import Teller
from sealhold.vault.tokenrows import (
    OFFICER_TOKENS,
    OFFICERS,
    PERSON_TOKENS,
    Acting,
    Holder,
    PersonToken,
    tokens_of,
)
from sealhold.vault.turnedaway import Refused
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work

LONGEST = 366 * DAY
SHOWN = {Way.PASSKEY: "a passkey was shown", Way.PROVIDER: "a sign-in through a provider"}


class Principals:
    """The holders of tokens of one vault."""

    def __init__(self, core: Core, registry: Registry, uses: Uses) -> None:
        self._core = core
        self._registry = registry
        self._uses = uses
        self._subjects = Subjects(core)
        self._key = core.keyring.named("token")
        self._seen = Minting(core.keyring, core.deciding)
        self._apps = AppTokens(core)
        self._teller = Teller(core.keys)
        self.refused = Refused(core)

    def caller(self, token: str) -> Holder:
        """Return who holds `token`.

        Raises:
            DeniedError: it does not hold.
        """
        known = self._apps.known(token)
        if known is not None:
            return known.holder
        age, held = self._core.deciding.age, self._held(token)
        if self._core.deciding.get(PERSON_TOKENS.name, held.id) is not None:
            person = self.person(token)
            return Holder(kind=PrincipalKind.PERSON, app=person.app, token=held)
        if self._core.deciding.get(OFFICER_TOKENS.name, held.id) is not None:
            self.officer(token)
            return Holder(kind=PrincipalKind.OFFICER, app=None, token=held)
        app = self.app(token)
        holder = Holder(kind=PrincipalKind.APP, app=app.id, token=held)
        if self._seen.is_of_newest(token):  # another one ends by the clock, and no row changes
            self._apps.keep(token, AppToken(age, holder, (Registry.guard(app),)))
        return holder

    def count(self, holder: Holder) -> None:
        """Count one call of a token that may be used so many times; others count nothing.

        Raises:
            DeniedError: it was used so often already, or is used at this very moment.
        """
        count_use(self._core, self._key, holder.app, holder.token)

    def tell_refused(self, token: str) -> None:
        """Tell the log that a token was refused, if the vault once made it for an app.

        What the vault did not make names nobody, and is not written down.
        """
        try:
            now = self._core.clock()
            held = self._seen.check(token, now=now, admits=lambda _: True)
        except (InvalidError, DeniedError):
            return
        row = self._core.deciding.get(TOKENS.name, held.id)
        if row is None:
            row = self._core.deciding.get(PERSON_TOKENS.name, held.id)
        if row is None:
            return
        self.refused.tell("a token was refused", held.id, AppId(Id16(row.row[1])))

    def app(self, token: str) -> App:
        """Return the active app that holds `token`.

        Raises:
            DeniedError: forged, revoked, of another holder, or of an app that is not active.
        """
        return self._registry.holder(token)

    def person(self, token: str) -> PersonToken:
        """Return the living person that holds `token`, and their active app.

        Raises:
            DeniedError: forged, over, revoked, or of nobody who is here; all alike.
        """
        token_id = self._checked(token)
        found = self._core.deciding.get(PERSON_TOKENS.name, token_id)
        # THREAT T290: at each call the token's row, the app's and the person's, none remembered
        if found is None or self._core.clock() >= found.row[4] or found.row[3] == Way.DOOR:
            raise DeniedError("denied")
        return self._person(found)

    def enter(self, link: str, until: Instant) -> NewToken:
        """Return a token for a link that was not opened yet; the link is used up by that.

        Raises:
            DeniedError: no link, or one that was used or is over.
        """
        found = self._core.deciding.get(PERSON_TOKENS.name, self._checked(link))
        if found is None or self._core.clock() >= found.row[4] or found.row[3] != Way.DOOR:
            raise DeniedError("denied")
        held = self._person(found)
        # THREAT T297: the link's row goes in the commit that makes the token: nobody opens it twice
        used = Delete(PERSON_TOKENS.name, (held.token_id,), found.v)
        try:
            return self._mint(held.app, held.subject, until, Way.LINK, (used,), "a link was opened")
        except ConflictError as err:
            raise DeniedError("denied") from err

    def leave(self, token: str) -> None:
        """End one token of a person; one that has ended is none.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        try:
            held = self.person(token)
            use = self._uses.of(held.app, held.subject, actor=Actor.PERSON)
            ends = (
                Delete(PERSON_TOKENS.name, (held.token_id,)),
                *counts_of(self._core, held.token_id),
            )
            told = use.entry(use.event(EventKind.ACCESS, "a token was ended"))
            self._core.writer.commit(Work((*held.guards, *ends), (told,)))
        except (DeniedError, ConflictError):
            return

    def _person(self, found: Found) -> PersonToken:
        token_id = Id16(found.row[0])
        app, subject = AppId(Id16(found.row[1])), SubjectId(Id16(found.row[2]))
        holder = self._active(app)
        row = self._subjects.found(app, subject)
        if row is None or row.row[2] != PERSON_ACTIVE:
            raise DeniedError("denied")
        guards: tuple[Op, ...] = (
            Guard(PERSON_TOKENS.name, (token_id,), found.v),
            Registry.guard(holder),
        )
        way = Way(found.row[3])
        may_choose = way is Way.PASSKEY or not has_passkey(self._core, subject)
        if may_choose and way is not Way.PASSKEY:
            guards += without_passkey(subject)
        return PersonToken(
            app=app,
            subject=subject,
            token_id=token_id,
            way=way,
            may_choose=may_choose,
            guards=guards,
        )

    def officer(self, token: str) -> Id16:
        """Return the id of the officer that holds `token`.

        Raises:
            DeniedError: forged, over, revoked, or of another holder; all alike.
        """
        found = self._core.deciding.get(OFFICER_TOKENS.name, self._checked(token))
        if found is None or self._core.clock() >= found.row[2]:
            raise DeniedError("denied")
        if self._core.deciding.get(OFFICERS.name, found.row[1]) is None:
            raise DeniedError("denied")
        return Id16(found.row[1])

    def acting(self, token: str, subject: SubjectId) -> Acting:
        """Return who acts on `subject`: an app, that may not even keep them, or they themselves.

        Raises:
            DeniedError: no token of an app or person, or one of another person.
        """
        known = self._apps.known(token)
        if known is not None and known.holder.app is not None:
            return Acting(
                app=known.holder.app, subject=subject, actor=Actor.APP, guards=known.guards
            )
        if self._core.deciding.get(PERSON_TOKENS.name, self._checked(token)) is None:
            app = self.app(token)
            guards: tuple[Op, ...] = (Registry.guard(app),)
            return Acting(app=app.id, subject=subject, actor=Actor.APP, guards=guards)
        person = self.person(token)
        # THREAT T291: a person's token leads to that person, whatever id stands in the address
        if person.subject != subject:
            raise DeniedError("denied")
        return Acting(
            app=person.app,
            subject=subject,
            actor=Actor.PERSON,
            way=person.way.value,
            may_choose=person.may_choose,
            guards=person.guards,
        )

    def mint_person(
        self,
        app: AppId,
        subject: SubjectId,
        until: Instant,
        way: Way = Way.LINK,
        bounds: Sequence[Caveat] = (),
    ) -> NewToken:
        """Return a new token of one of an app's people; those of theirs that are over go.

        Raises:
            DeniedError: not one of this app's people.
            InvalidError: `until` is over, or more than a year away.
            ConflictError: they were changed or erased in this very moment.
        """
        return self._mint(app, subject, until, way, (), "a token was made", bounds)

    def signed_in(
        self, app: AppId, subject: SubjectId, until: Instant, way: Way, shown: tuple[Op, ...]
    ) -> NewToken:
        """Return a token for a person who showed who they are; `shown` keeps or guards that.

        Raises:
            DeniedError: they are no longer here, or their app is not active.
            ConflictError: what they showed was used or taken out in this very moment.
        """
        self._active(app)
        return self._mint(app, subject, until, way, shown, SHOWN[way])

    def _mint(  # reason: all of a token, what it takes the place of, and why
        self,
        app: AppId,
        subject: SubjectId,
        until: Instant,
        way: Way,
        instead: tuple[Op, ...],
        reason: str,
        bounds: Sequence[Caveat] = (),
    ) -> NewToken:
        self._check_end(until)
        actor = Actor.PERSON if instead else Actor.APP
        use = self._uses.of(app, subject, actor=actor)
        self._uses.need(use, decide_person(use.parties), EventKind.ACCESS)
        token_id = random_id(self._core.entropy)
        row = (token_id, app, subject, way.value, until)
        ops: tuple[Op, ...] = (
            *use.guards(()),
            *instead,
            *self._over(subject),
            Put(PERSON_TOKENS.name, row, Expect.ABSENT),
        )
        told = use.event(EventKind.ACCESS, reason)
        self._core.writer.commit(Work(ops, (use.entry(told),), releases=True))
        return NewToken(id=token_id, token=self._seen.mint(token_id, bounds), until=until)

    def mint_officer(self, name: str, until: Instant) -> tuple[OfficerView, NewToken]:
        """Return a new officer and their token, said once.

        Raises:
            InvalidError: an empty or overlong name; `until` is over, or more than a year away.
        """
        self._check_end(until)
        if not 0 < len(name.strip()) <= MAX_NAME:
            raise InvalidError(f"a name has 1 to {MAX_NAME} characters")
        core = self._core
        officer, token_id = random_id(core.entropy), random_id(core.entropy)
        clear, now = (officer, until), core.clock()
        paper = core.papers.seal(OFFICERS.name, clear, {"name": name.strip(), "at": now})
        ops = (
            Put(OFFICERS.name, (*clear, paper), Expect.ABSENT),
            Put(OFFICER_TOKENS.name, (token_id, officer, until), Expect.ABSENT),
        )
        self._tell(ops, "an officer was made")
        view = OfficerView(id=officer, name=name.strip(), made_at=now, until=until)
        return view, NewToken(id=token_id, token=self._seen.mint(token_id), until=until)

    def officers(self) -> tuple[OfficerView, ...]:
        """Return all officers, the newest first."""
        found = (self._officer(row) for row in self._core.deciding.all(OFFICERS.name))
        return tuple(sorted(found, key=lambda each: -each.made_at))

    def revoke_person(self, acting: Acting) -> int:
        """End all tokens of a person, for their app or themselves; return how many.

        Raises:
            DeniedError: not one of this app's people.
            ConflictError: they were changed or erased in this very moment.
        """
        use = self._uses.of(acting.app, acting.subject, actor=acting.actor)
        self._uses.need(use, decide_person(use.parties), EventKind.ACCESS)
        ends = tokens_of(self._core, acting.subject)
        tokens_ended = sum(op.table == PERSON_TOKENS.name for op in ends)
        told = use.event(EventKind.ACCESS, "tokens were revoked")
        work = Work((*acting.guards, *use.guards(()), *ends), (use.entry(told),), releases=True)
        self._core.writer.commit(work)
        return tokens_ended

    def revoke_officer(self, officer: Id16) -> OfficerView:
        """End an officer and their tokens; it binds the very next call.

        Raises:
            NotFoundError: no such officer.
        """
        found = self._core.deciding.get(OFFICERS.name, officer)
        if found is None:
            raise NotFoundError("no such officer")
        rows = [
            row for row in self._core.deciding.all(OFFICER_TOKENS.name) if row.row[1] == officer
        ]
        ops = (
            Delete(OFFICERS.name, (officer,), found.v),
            *(Delete(OFFICER_TOKENS.name, (row.row[0],), row.v) for row in rows),
            *logins_of(self._core, officer),
        )
        self._tell(ops, "an officer was revoked")
        return self._officer(found)

    def _checked(self, token: str) -> Id16:
        return self._held(token).id

    def _held(self, token: str) -> Token:
        # THREAT T02: only who was given a token by the vault gets past here
        try:
            now = self._core.clock()
            return self._seen.check(token, now=now, admits=admits(token))
        except (InvalidError, DeniedError) as err:
            raise DeniedError("denied") from err

    def _active(self, app: AppId) -> App:
        try:
            found = self._registry.get(app)
        except NotFoundError as err:
            raise DeniedError("denied") from err
        if found.state != ACTIVE:
            raise DeniedError("denied")
        return found

    def _over(self, subject: SubjectId) -> Iterator[Op]:
        now = self._core.clock()
        for found in rows_of(self._core.store, PERSON_TOKENS, "subject", subject):
            if now >= found.row[4]:
                yield Delete(PERSON_TOKENS.name, (found.row[0],))

    def _check_end(self, until: Instant) -> None:
        now = self._core.clock()
        if not now < until <= now + LONGEST:
            raise InvalidError("a token ends in the future, and within a year")

    def _tell(self, ops: tuple[Op, ...], reason: str) -> None:
        event = Event(
            kind=EventKind.ACCESS,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            reason=reason,
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),), releases=True))

    def _officer(self, found: Found) -> OfficerView:
        officer, until, paper = found.row
        body = self._core.papers.open(OFFICERS.name, (officer, until), paper)
        return OfficerView(id=officer, name=body["name"], made_at=body["at"], until=until)

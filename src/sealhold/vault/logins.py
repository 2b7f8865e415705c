"""Who may enter through a provider: bound to an account, never to an address of mail.

- A row names provider, client and account as the provider signs them; all three must be the same.
- A sign-in is an entry of the log, in one commit with the guard of its row: none is let in behind a
  login that was taken out.
- No key hangs on it. It is looked at in an open vault, and opens none.

Source: docs/spec/30-access.md section 9.
"""

from collections.abc import Iterator

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    NotFoundError,
    UnboundLoginError,
)
from sealhold.model.ids import Id16, random_id
from sealhold.model.logins import (
    MAX_SUB,
    Entered,
    LoginRole,
    LoginView,
    Provider,
    is_account,
)
from sealhold.model.principals import NewToken
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Delete, Expect, Found, Guard, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.loginrows import LOGINS, NONE
from sealhold.vault.minting import Minting
from sealhold.vault.telling import Teller
from sealhold.vault.tokenrows import OFFICER_TOKENS, OFFICERS
from sealhold.vault.writer import Work

MOST = 100  # logins of one vault; each is read at each sign-in


class Logins:
    """The logins of one open vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)

    def all(self) -> tuple[LoginView, ...]:
        """Return all logins, the newest first."""
        found = (view for _, view in self._found())
        return tuple(sorted(found, key=lambda each: -each.added_at))

    def check(self, provider: Provider, sub: str, officer: Id16 | None) -> LoginView:
        """Return the login that `add` would keep.

        Raises:
            InvalidError: `sub` is no name of an account.
            NotFoundError: there is no such officer.
            ConflictError: this account enters already.
            ExhaustedError: there are as many as there may be.
        """
        if not is_account(sub):
            raise InvalidError(f"an account is named by 1 to {MAX_SUB} characters of ASCII")
        if officer is not None and self._core.deciding.get(OFFICERS.name, officer) is None:
            raise NotFoundError("no such officer")
        found = [view for _, view in self._found()]
        if any(_is_of(each, provider, sub) for each in found):
            raise ConflictError("this account enters already; take its login out first")
        if len(found) >= MOST:
            raise ExhaustedError(f"a vault has at most {MOST} logins")
        return LoginView(
            provider=provider.name,
            issuer=provider.issuer,
            client=provider.client,
            sub=sub,
            role=LoginRole.OWNER if officer is None else LoginRole.OFFICER,
            officer=officer,
            added_at=self._core.clock(),
        )

    def add(self, provider: Provider, sub: str, officer: Id16 | None) -> LoginView:
        """Let an account enter as the owner, or as an officer.

        Raises:
            InvalidError: `sub` is no name of an account.
            NotFoundError: there is no such officer.
            ConflictError: this account enters already.
            ExhaustedError: there are as many as there may be.
        """
        view = self.check(provider, sub, officer)
        clear = (random_id(self._core.entropy), view.role.value, officer or NONE, NONE)
        paper = [view.provider, view.issuer, view.client, view.sub, view.added_at]
        sealed = self._core.papers.seal(LOGINS.name, clear, paper)
        self._commit("a login was added", (Put(LOGINS.name, (*clear, sealed), Expect.ABSENT),))
        return view

    def remove(self, provider: str, sub: str) -> LoginView:
        """Take a login out, with the token that an officer has by it.

        Raises:
            NotFoundError: there is none.
        """
        for found, view in self._found():
            if (view.provider, view.sub) == (provider, sub):
                ops: tuple[Op, ...] = (Delete(LOGINS.name, (found.row[0],), found.v),)
                self._commit("a login was taken out", (*ops, *self._ended(found)))
                return view
        raise NotFoundError("there is no such login")

    def enter(self, provider: Provider, sub: str, until: Instant) -> Entered:
        """Let in whoever showed that they have an account; an officer gets a token until then.

        Raises:
            UnboundLoginError: nobody enters by this account.
            DeniedError: the officer is not there any more, or the login went in this very moment.
            AuditUnavailableError: the log cannot be written; nobody is let in.
        """
        # THREAT T314: provider, client and account as the owner bound them, and nothing like it
        bound = ((row, view) for row, view in self._found() if _is_of(view, provider, sub))
        found, view = next(bound, (None, None))
        if found is None or view is None:
            raise UnboundLoginError(sub, provider.name)
        try:
            if view.role is LoginRole.OFFICER:
                return self._officer(found, until)
            guard = Guard(LOGINS.name, (found.row[0],), found.v)
            self._commit("a sign-in through a provider", (guard,))
        except ConflictError as err:
            raise DeniedError("denied") from err
        return Entered(role=LoginRole.OWNER)

    def _officer(self, found: Found, until: Instant) -> Entered:
        core, (login, role, officer, _, sealed) = self._core, found.row
        holder = core.deciding.get(OFFICERS.name, officer)
        ends = Instant(min(until, holder.row[1])) if holder else Instant(0)
        if holder is None or ends <= core.clock():
            raise DeniedError("denied")
        paper = core.papers.open(LOGINS.name, found.row[:4], sealed)
        token = random_id(core.entropy)
        clear = (login, role, officer, token)
        ops = (
            Guard(OFFICERS.name, (officer,), holder.v),
            *self._ended(found),
            Put(LOGINS.name, (*clear, core.papers.seal(LOGINS.name, clear, paper)), found.v),
            Put(OFFICER_TOKENS.name, (token, officer, ends), Expect.ABSENT),
        )
        self._commit("a sign-in through a provider", ops, Actor.OFFICER)
        text = Minting(core.keyring, core.deciding).mint(token)
        return Entered(role=LoginRole.OFFICER, token=NewToken(id=token, token=text, until=ends))

    def _ended(self, found: Found) -> Iterator[Op]:
        """Yield what ends the token that an officer has by a login."""
        held = self._core.deciding.get(OFFICER_TOKENS.name, found.row[3])
        if held is not None:
            yield Delete(OFFICER_TOKENS.name, (held.row[0],), held.v)

    def _found(self) -> Iterator[tuple[Found, LoginView]]:
        for found in self._core.deciding.all(LOGINS.name):
            *clear, sealed = found.row
            paper = self._core.papers.open(LOGINS.name, tuple(clear), sealed)
            provider, issuer, client, sub, added_at = paper
            officer = None if clear[2] == NONE else Id16(clear[2])
            yield (
                found,
                LoginView(
                    provider=provider,
                    issuer=issuer,
                    client=client,
                    sub=sub,
                    role=LoginRole(clear[1]),
                    officer=officer,
                    added_at=added_at,
                ),
            )

    def _commit(self, reason: str, ops: tuple[Op, ...], actor: Actor = Actor.OWNER) -> None:
        event = Event(
            kind=EventKind.ACCESS, actor=actor, subject=self._teller.subject, reason=reason
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),), releases=True))


def _is_of(view: LoginView, provider: Provider, sub: str) -> bool:
    return (view.issuer, view.client, view.sub) == (provider.issuer, provider.client, sub)

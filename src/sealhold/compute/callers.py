"""The door for tokens: who calls, and how apps and the owner hand out tokens to others.

- An app mints for its own people, the owner for officers, with the passphrase.
- What a token leads to is looked up at each call, by `vault/principals.py`.

Source: docs/spec/30-access.md.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute.office import Office
from sealhold.compute.rates import Rates
from sealhold.crypto.token import Caveat, CaveatKind, parse
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    InvalidIdError,
    WrongPassphraseError,
)
from sealhold.model.ids import ID_BYTES, Id16, Kind, SubjectId, parse_id
from sealhold.model.principals import CredentialView, NewToken, OfficerView, PrincipalKind, Way
from sealhold.model.quantities import DAY, MINUTE, Instant
from sealhold.policy.names import visible
from sealhold.stores.spec import Op
from sealhold.vault.caveats import carried, counts_of, ends_of
from sealhold.vault.clients import Clients
from sealhold.vault.monitors import Monitors
from sealhold.vault.principals import Principals
from sealhold.vault.pushers import Pushers
from sealhold.vault.quotas import LookupQuota
from sealhold.vault.registry import App
from sealhold.vault.writer import Work

if TYPE_CHECKING:
    from sealhold.compute.personlogindoor import PersonLogins

KEY_NAME = re.compile(r"[0-9a-f]{64}")
PERSON_TERM = DAY
LINK_TERM = 15 * MINUTE
OFFICER_TERM = 90 * DAY


class Callers:
    """Who calls from outside."""

    def __init__(
        self,
        principals: Principals,
        office: Office,
        lookups: LookupQuota,
        monitors: Monitors,
        pushers: Pushers,
        *,
        logins: Callable[[], "PersonLogins"],
        app_rates: Rates,
        token_rates: Rates,
    ) -> None:
        self._principals = principals
        self._lookups = lookups
        self._monitors = monitors
        self._pushers = pushers
        self._office = office
        self._clock = office.core.clock
        self._verify = office.verify
        self._logins = logins
        self._clients = Clients(office.core.clock)
        self._app_rates = app_rates
        self._token_rates = token_rates

    @property
    def person_logins(self) -> "PersonLogins":
        """People's sign-ins through the providers of their apps."""
        return self._logins()

    def kind(self, token: str) -> PrincipalKind:
        """Return which kind of caller holds `token`, and count the call.

        Raises:
            DeniedError: it does not hold, or was used as often as it may be; or the proof of a
                client was.
            TooFastError: the token, or its app, makes too many calls.
            BusyError: too many calls with proofs of clients come at this moment.
        """
        try:
            caller = self._principals.caller(token)
        except DeniedError:
            if self._monitors.holds(token):
                return PrincipalKind.MONITOR
            if self._pushers.holds(token):  # counted where its bounds are known
                return PrincipalKind.PUSHER
            raise
        self._clients.take(token, caller.token)
        self._token_rates.take(caller.token.id)
        if caller.app is not None:
            self._app_rates.take(caller.app)
        self._principals.count(caller)
        return caller.kind

    def check_body(self, token: str, body: bytes) -> None:
        """Let the body of a call pass; of a token that is bound to a client, as that signed it.

        Raises:
            DeniedError: it is another body.
        """
        self._clients.check_body(token, parse(token), body)

    def refused(self, token: str) -> None:
        """Write into the log that a token was refused, unless it names nobody.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        self._principals.tell_refused(token)

    def alarms(self) -> Iterator[str]:
        """Yield a sentence for each app that has nearly made the lookups of a day."""
        for app, used in self._lookups.near():
            name = visible(self._office.registry.get(app).name)
            yield f"`{name}` made {used} lookups today, of the {self._lookups.most} that it may"

    def credentials(self, app_text: str) -> tuple[CredentialView, ...]:
        """Return the tokens of an app, without what would let anybody use them.

        Raises:
            NotFoundError: no app of that id or name.
        """
        registry = self._office.registry
        return registry.credentials(registry.find(app_text).id)

    def add_credential(self, app_text: str, passphrase: str, client: str = "") -> tuple[Id16, str]:
        """Return the id of one more token of an app, and the token, said once.

        With `client`, the SHA-256 of a key in hex digits, only calls that it signed may use it.

        Raises:
            NotFoundError: no app of that id or name.
            WrongPassphraseError: the owner is not proven.
            InvalidError: the app has as many as it may, or `client` names no key.
        """
        app = self._office.registry.find(app_text)
        if not self._verify(passphrase):
            raise WrongPassphraseError
        if client and not KEY_NAME.fullmatch(client):
            raise InvalidError("a client's key is named by 64 small hex digits, its SHA-256")
        bounds = (Caveat(CaveatKind.CLIENT, client),) if client else ()
        credential, token, op = self._office.registry.credential(app, bounds)
        self._commit(app, "a credential was made", op, self._office.registry.guard(app))
        return credential, token

    def end_credential(self, app_text: str, id_text: str) -> CredentialView:
        """End one token of an app; it binds the very next call.

        Raises:
            NotFoundError: no such app, or it has no such token.
            InvalidIdError: `id_text` is no whole id.
        """
        registry, token = self._office.registry, _whole(Kind.CREDENTIAL, id_text)
        app = registry.find(app_text)
        op = registry.ended(app.id, token)
        self._commit(app, "a credential was ended", op, *counts_of(self._office.core, token))
        return CredentialView(id=token, state="ended")

    def person_token(self, token: str, id_text: str) -> NewToken:
        """Return a token for one of the app's people, to hand over to them; it ends in a day.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        app, until = self._principals.app(token), self._end(token, PERSON_TERM)
        subject, bounds = SubjectId(_whole(Kind.SUBJECT, id_text)), self._carried(token)
        return self._principals.mint_person(app.id, subject, until, Way.LINK, bounds)

    def link(self, token: str, id_text: str) -> NewToken:
        """Return what opens a person's own page once, to hand over; it ends in 15 minutes.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        app, until = self._principals.app(token), self._end(token, LINK_TERM)
        subject = SubjectId(_whole(Kind.SUBJECT, id_text))
        self._carried(token)  # what a link opens is that person's own page and nothing else
        return self._principals.mint_person(app.id, subject, until, Way.DOOR)

    def revoke_person_tokens(self, token: str, id_text: str) -> int:
        """End all tokens of a person, for their app or themselves; return how many.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        acting = self._principals.acting(token, SubjectId(_whole(Kind.SUBJECT, id_text)))
        return self._principals.revoke_person(acting)

    def officers(self) -> tuple[OfficerView, ...]:
        """Return all officers, the newest first."""
        return self._principals.officers()

    def add_officer(self, name: str, passphrase: str) -> tuple[OfficerView, NewToken]:
        """Return a new officer and their token, said once; it ends in 90 days.

        Raises:
            WrongPassphraseError: the owner is not proven.
            InvalidError: an empty or overlong name.
        """
        if not self._verify(passphrase):
            raise WrongPassphraseError
        until = Instant(self._clock() + OFFICER_TERM)
        return self._principals.mint_officer(name, until)

    def revoke_officer(self, id_text: str) -> OfficerView:
        """End an officer and their tokens.

        Raises:
            NotFoundError: no such officer.
            InvalidIdError: `id_text` is no whole id.
        """
        return self._principals.revoke_officer(_whole(Kind.OFFICER, id_text))

    def _end(self, token: str, term: int) -> Instant:
        # THREAT T293: what a narrowed token makes ends with it
        return min([Instant(self._clock() + term), *ends_of(token)])

    def _carried(self, token: str) -> tuple[Caveat, ...]:
        """Return what a person's token must carry of the one that it is made with.

        Raises:
            DeniedError: a bound of it cannot be carried.
        """
        try:
            return carried(token)
        except DeniedError:
            self.refused(token)
            raise

    def _commit(self, app: App, reason: str, *ops: Op) -> None:
        office = self._office
        event = Event(
            kind=EventKind.ACCESS,
            actor=Actor.OWNER,
            subject=office.teller.subject,
            app=app.id,
            reason=reason,
        )
        office.core.writer.commit(Work(ops, (office.teller.entry(event),), releases=True))


def _whole(kind: Kind, text: str) -> Id16:
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError(f"whole {kind.name.lower()}", text)
    return Id16(found)

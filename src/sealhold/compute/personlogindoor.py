"""The door for people who sign in through a provider that their app named, and for that app.

- A provider of an app is spoken to at public addresses alone, unless the owner said that its issuer
  lies in their own network; no app can say that.
- Whoever comes back counts at the app with which they began, whose provider must be the same yet.

Source: docs/spec/30-access.md section 10.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from sealhold.compute.loginway import LoginWay
from sealhold.compute.providers import OF_APPS, Providers, Speak
from sealhold.compute.whocalls import whole
from sealhold.model.errors import (
    DeniedError,
    InvalidIdError,
    LockedError,
    NotFoundError,
)
from sealhold.model.ids import AppId, Kind, SubjectId, canonical
from sealhold.model.logins import (
    Begun,
    CameBack,
    IssuerView,
    IssuerWish,
    PersonLoginView,
    Provider,
    WayIn,
)
from sealhold.model.principals import NewToken
from sealhold.model.quantities import HOUR, Instant
from sealhold.vault.core import Core
from sealhold.vault.personlogins import Issuer
from sealhold.vault.personlogins import PersonLogins as PersonLoginRows
from sealhold.vault.principals import Principals
from sealhold.vault.registry import ACTIVE, App, Registry

SESSION_TERM = 12 * HOUR
WAY_IN, BACK = "/me/in/", "/me/back/"  # behind each: the app's id
REFUSED = "a sign-in through an app's provider was refused"


class PersonLogins:
    """What people, and the apps that keep them, do about sign-ins through providers."""

    def __init__(
        self,
        core: Core,
        registry: Registry,
        principals: Principals,
        rows: PersonLoginRows,
        speak: Speak,
        near: Collection[str],
    ) -> None:
        providers = Providers(speak, core.clock, OF_APPS)
        self._way = LoginWay(providers, core.clock, core.entropy)
        self._registry = registry
        self._principals = principals
        self._rows = rows
        self._near = frozenset(near)
        self._clock = core.clock

    def way_in(self, app_text: str) -> WayIn | None:
        """Return what the page of an app's people says; None if nobody of it signs in so."""
        found = self._of(app_text)
        if found is None:
            return None
        app, issuer = found
        host = urlsplit(issuer.provider.issuer).hostname or ""
        return WayIn(app_name=app.name, host=host)

    def begin(self, app_text: str, origin: str) -> Begun:
        """Return where a browser goes to sign in with the provider of an app.

        Raises:
            DeniedError: there is no such app, or it named none.
            ProviderAwayError: it does not answer.
            BusyError: too many sign in at this moment.
        """
        found = self._of(app_text)
        if found is None:
            raise DeniedError("denied")
        provider = found[1].provider
        return self._way.begin(provider, origin, f"{BACK}{provider.name}")

    def finish(self, came: CameBack, origin: str) -> NewToken:
        """Let in whoever came back from a provider, as the person that their account is.

        Raises:
            DeniedError: it does not hold, or it is nobody's account; the same for every reason.
            LockedError: the vault was locked meanwhile.
            ProviderAwayError: the provider does not answer.
            BusyError: too many sign in at this moment.
            AuditUnavailableError: the log cannot be written; nobody is let in.
        """
        try:
            provider, sub = self._way.proven(came, origin)
            issuer = self._same(provider)
            return self._rows.enter(issuer, sub, Instant(self._clock() + SESSION_TERM))
        except LockedError:
            raise
        except DeniedError as err:
            self._principals.refused.tell(REFUSED)
            raise DeniedError("denied") from err

    def login(self, token: str) -> PersonLoginView | None:
        """Return the login of whoever holds `token`, if they have one.

        Raises:
            DeniedError: it does not hold.
        """
        held = self._principals.person(token)
        return self._rows.of(held.app, held.subject)

    def issuer(self, token: str) -> IssuerView:
        """Return the provider of the app that holds `token`.

        Raises:
            DeniedError: no token of an active app.
            NotFoundError: it named none.
        """
        return _shown(self._named(self._registry.holder(token)))

    def set_issuer(self, token: str, wish: IssuerWish) -> IssuerView:
        """Let the people of the app that holds `token` sign in through a provider.

        Raises:
            DeniedError: no token of an active app, or it may keep nobody.
            InvalidError: no address of HTTPS, or a client or secret that none has.
        """
        app = self._registry.holder(token)
        self._rows.set_issuer(app.id, Registry.guard(app), wish)
        return _shown(self._named(app))

    def unset_issuer(self, token: str) -> IssuerView:
        """Let nobody of the app that holds `token` sign in through a provider any more.

        Raises:
            DeniedError: no token of an active app.
            NotFoundError: it named none.
        """
        app = self._registry.holder(token)
        before = self._named(app)
        self._rows.unset_issuer(app.id, Registry.guard(app))
        return _shown(before)

    def bind(self, token: str, id_text: str, sub: str) -> PersonLoginView:
        """Let an account in as one of the people of the app that holds `token`.

        Raises:
            DeniedError: no token of an active app, or not one of its people.
            NotFoundError: the app named no provider.
            InvalidError: no whole id, or `sub` is no name of an account.
            ConflictError: the account is another person's.
        """
        app, subject = self._registry.holder(token), SubjectId(whole(Kind.SUBJECT, id_text))
        return self._rows.bind(self._named(app), Registry.guard(app), subject, sub)

    def unbind(self, token: str, id_text: str) -> None:
        """Let no account in as a person, for their app or themselves.

        Raises:
            DeniedError: whatever the reason.
            NotFoundError: they have no login.
            InvalidIdError: `id_text` is no whole id.
        """
        self._rows.unbind(self._principals.acting(token, SubjectId(whole(Kind.SUBJECT, id_text))))

    def unbind_mine(self, token: str) -> None:
        """Let no account in as whoever holds `token`.

        Raises:
            DeniedError: it does not hold, or does not let them choose.
            NotFoundError: they have no login.
        """
        held = self._principals.person(token)
        self._rows.unbind(self._principals.acting(token, held.subject))

    def find(self, token: str, sub: str) -> tuple[SubjectId, ...]:
        """Return the person of the app that holds `token` as whom an account comes in.

        Raises:
            DeniedError: no token of an active app, or it made all its lookups of today.
            NotFoundError: the app named no provider.
            InvalidError: `sub` is no name of an account.
        """
        app = self._registry.holder(token)
        return self._rows.find(self._named(app), Registry.guard(app), sub)

    def _named(self, app: App) -> Issuer:
        found = self._rows.issuer(app.id, self._near.__contains__)
        if found is None:
            raise NotFoundError("the app has no provider")
        return found

    def _same(self, provider: Provider) -> Issuer:
        """Return the app's provider, which must be the one with which a sign-in began.

        Raises:
            DeniedError: the app named another one since, or none, or is no longer active.
        """
        found = self._of(provider.name)
        # THREAT T437: an app that named another provider since lets nobody in by the former
        if found is None or found[1].provider != provider:
            raise DeniedError("denied")
        return found[1]

    def _of(self, app_text: str) -> tuple[App, Issuer] | None:
        """Return an active app with its provider; None for whatever reason there is none."""
        try:
            app = self._registry.get(AppId(whole(Kind.APP, app_text)))
            return (app, self._named(app)) if app.state == ACTIVE else None
        except (InvalidIdError, NotFoundError):
            return None


def _shown(issuer: Issuer) -> IssuerView:
    provider, app = issuer.provider, canonical(issuer.app)
    return IssuerView(
        app=issuer.app,
        issuer=provider.issuer,
        client_id=provider.client,
        has_secret=bool(provider.secret),
        makes_people=issuer.makes_people,
        set_at=issuer.set_at,
        way_in=f"{WAY_IN}{app}",
        comes_back=f"{BACK}{app}",
    )

"""What a face may ask of the vault about sign-ins through providers: a part of `seam.py`.

Source: docs/spec/30-access.md sections 9 and 10.
"""

from typing import Protocol

from sealhold.model.ids import SubjectId
from sealhold.model.logins import (
    Begun,
    CameBack,
    Entered,
    IssuerView,
    IssuerWish,
    PersonLoginView,
    WayIn,
)
from sealhold.model.principals import NewToken


class Logins(Protocol):
    """Sign-ins through OpenID providers, of an open vault."""

    def begin(self, name: str, origin: str) -> Begun:
        """Return where a browser goes to sign in with a provider.

        Raises:
            NotFoundError: there is no such provider.
            ProviderAwayError: it does not answer.
        """
        ...

    def finish(self, came: CameBack, origin: str) -> Entered:
        """Let in whoever came back from a provider, if the owner said that they may enter.

        Raises:
            UnboundLoginError: they are who they say, and nobody said that they may enter.
            DeniedError: it does not hold; the same for every other reason.
            ProviderAwayError: the provider does not answer.
        """
        ...


class PersonLogins(Protocol):
    """People's sign-ins through the providers of their apps. What does not hold is `DeniedError`.

    What names a provider where there is none is `NotFoundError`.
    """

    def way_in(self, app_text: str) -> WayIn | None:
        """Return what the page of an app's people says; None if nobody of it signs in so."""
        ...

    def begin(self, app_text: str, origin: str) -> Begun:
        """Return where a browser goes to sign in with the provider of an app.

        Raises:
            ProviderAwayError: it does not answer.
        """
        ...

    def finish(self, came: CameBack, origin: str) -> NewToken:
        """Let in whoever came back from a provider, as the person that their account is.

        Raises:
            ProviderAwayError: the provider does not answer.
        """
        ...

    def login(self, token: str) -> PersonLoginView | None:
        """Return the login of whoever holds `token`, if they have one."""
        ...

    def unbind_mine(self, token: str) -> None:
        """Let no account in as whoever holds `token`."""
        ...

    def issuer(self, token: str) -> IssuerView:
        """Return the provider of the app that holds `token`."""
        ...

    def set_issuer(self, token: str, wish: IssuerWish) -> IssuerView:
        """Let the people of the app that holds `token` sign in through a provider.

        Raises:
            InvalidError: no address of HTTPS, or a client or secret that none has.
        """
        ...

    def unset_issuer(self, token: str) -> IssuerView:
        """Let nobody of the app that holds `token` sign in through a provider any more."""
        ...

    def bind(self, token: str, id_text: str, sub: str) -> PersonLoginView:
        """Let an account in as one of the people of the app that holds `token`.

        Raises:
            InvalidError: no whole id, or `sub` is no name of an account.
            ConflictError: the account is another person's.
        """
        ...

    def unbind(self, token: str, id_text: str) -> None:
        """Let no account in as a person, for their app or themselves."""
        ...

    def find(self, token: str, sub: str) -> tuple[SubjectId, ...]:
        """Return the person of the app that holds `token` as whom an account comes in."""
        ...

"""What a face may ask of the vault about who calls: a part of the contract in `seam.py`.

Source: docs/spec/30-access.md.
"""

from collections.abc import Mapping
from typing import Protocol

from sealhold.frontends.loginseam import PersonLogins
from sealhold.model.encoding import Plain
from sealhold.model.ids import Id16
from sealhold.model.mine import MineView
from sealhold.model.people import ErasedView
from sealhold.model.principals import (
    CredentialView,
    NewToken,
    OfficerView,
    PasskeyView,
    PrincipalKind,
)


class Callers(Protocol):
    """The holders of tokens: apps, their people, officers."""

    @property
    def person_logins(self) -> PersonLogins:
        """People's sign-ins through the providers of their apps."""
        ...

    def kind(self, token: str) -> PrincipalKind:
        """Return which kind of caller holds `token`, and count the call.

        Raises:
            DeniedError: it does not hold, or was used as often as it may be.
            TooFastError: the token, or its app, makes too many calls.
        """
        ...

    def refused(self, token: str) -> None:
        """Write into the log that a token was refused, unless it names nobody."""
        ...

    def credentials(self, app_text: str) -> tuple[CredentialView, ...]:
        """Return the tokens of an app, without what would let anybody use them."""
        ...

    def check_body(self, token: str, body: bytes) -> None:
        """Let the body of a call pass; of a token that is bound to a client, as that signed it.

        Raises:
            DeniedError: it is another body.
        """
        ...

    def add_credential(self, app_text: str, passphrase: str, client: str = "") -> tuple[Id16, str]:
        """Return the id of one more token of an app, and the token, said once.

        With `client`, the SHA-256 of a key in hex digits, only calls that it signed may use it.

        Raises:
            WrongPassphraseError: the owner is not proven.
            InvalidError: the app has as many as it may, or `client` names no key.
        """
        ...

    def end_credential(self, app_text: str, id_text: str) -> CredentialView:
        """End one token of an app; it binds the very next call.

        Raises:
            NotFoundError: it has no such token.
            InvalidIdError: `id_text` is no whole id.
        """
        ...

    def person_token(self, token: str, id_text: str) -> NewToken:
        """Return a token for one of the app's people, to hand over to them; it ends in a day.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        ...

    def link(self, token: str, id_text: str) -> NewToken:
        """Return what opens a person's own page once, to hand over; it ends in 15 minutes.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        ...

    def revoke_person_tokens(self, token: str, id_text: str) -> int:
        """End all tokens of a person, for their app or themselves; return how many.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        ...

    def officers(self) -> tuple[OfficerView, ...]:
        """Return all officers, the newest first."""
        ...

    def add_officer(self, name: str, passphrase: str) -> tuple[OfficerView, NewToken]:
        """Return a new officer and their token, said once; it ends in 90 days.

        Raises:
            WrongPassphraseError: the owner is not proven.
            InvalidError: an empty or overlong name.
        """
        ...

    def revoke_officer(self, id_text: str) -> OfficerView:
        """End an officer and their tokens.

        Raises:
            NotFoundError: no such officer.
            InvalidIdError: `id_text` is no whole id.
        """
        ...


class Mine(Protocol):
    """A person's own page. Whoever holds a token is who is meant; all else is `DeniedError`."""

    def enter(self, link: str) -> NewToken:
        """Return the token of a session for a link, which is used up by that."""
        ...

    def leave(self, token: str) -> None:
        """End the token of a session; one that has ended is none."""
        ...

    def show(self, token: str) -> MineView:
        """Return all that is kept in the profile of whoever holds `token`."""
        ...

    def erase(self, token: str) -> ErasedView:
        """Erase the person who holds `token`, at their own word."""
        ...


class Passkeys(Protocol):
    """People's passkeys. Whatever does not hold is `DeniedError`."""

    def to_make(self, token: str, origin: str, app_name: str) -> Mapping[str, Plain]:
        """Return what a browser is given to make a passkey for whoever holds `token`."""
        ...

    def add(self, token: str, origin: str, answer: str, name: str) -> None:
        """Keep the passkey that a browser made for whoever holds `token`.

        Raises:
            ExhaustedError: they have as many as they may.
        """
        ...

    def all(self, token: str) -> tuple[PasskeyView, ...]:
        """Return the passkeys of whoever holds `token`."""
        ...

    def remove(self, token: str, slot: int) -> None:
        """Take out a passkey of whoever holds `token`."""
        ...

    def to_show(self, origin: str) -> Mapping[str, Plain]:
        """Return what a browser is given to sign somebody in."""
        ...

    def sign_in(self, origin: str, answer: str) -> NewToken:
        """Return the token of a session for whoever showed a passkey."""
        ...

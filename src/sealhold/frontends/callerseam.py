"""What a face may ask of the vault about who calls: a part of the contract in `seam.py`.

Source: docs/spec/30-access.md.
"""

from typing import Protocol

from sealhold.model.principals import NewToken, OfficerView, PrincipalKind


class Callers(Protocol):
    """The holders of tokens: apps, their people, officers."""

    def kind(self, token: str) -> PrincipalKind:
        """Return which kind of caller holds `token`.

        Raises:
            DeniedError: it does not hold.
        """
        ...

    def person_token(self, token: str, id_text: str) -> NewToken:
        """Return a token for one of the app's people, to hand over to them; it ends in a day.

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

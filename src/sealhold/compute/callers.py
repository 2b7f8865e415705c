"""The door for tokens: who calls, and how apps and the owner hand out tokens to others.

- An app mints for its own people, the owner for officers, with the passphrase.
- What a token leads to is looked up at each call, by `vault/principals.py`.

Source: docs/spec/30-access.md.
"""

from collections.abc import Callable

from sealhold.model.clock import Clock
from sealhold.model.errors import InvalidIdError, WrongPassphraseError
from sealhold.model.ids import ID_BYTES, Id16, Kind, SubjectId, parse_id
from sealhold.model.principals import NewToken, OfficerView, PrincipalKind
from sealhold.model.quantities import DAY, Instant
from sealhold.vault.principals import Principals

PERSON_TERM = DAY
OFFICER_TERM = 90 * DAY


class Callers:
    """Who calls from outside."""

    def __init__(self, principals: Principals, verify: Callable[[str], bool], clock: Clock) -> None:
        self._principals = principals
        self._verify = verify
        self._clock = clock

    def kind(self, token: str) -> PrincipalKind:
        """Return which kind of caller holds `token`.

        Raises:
            DeniedError: it does not hold.
        """
        return self._principals.kind(token)

    def person_token(self, token: str, id_text: str) -> NewToken:
        """Return a token for one of the app's people, to hand over to them; it ends in a day.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        app = self._principals.app(token)
        until = Instant(self._clock() + PERSON_TERM)
        return self._principals.mint_person(app.id, SubjectId(_whole(Kind.SUBJECT, id_text)), until)

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


def _whole(kind: Kind, text: str) -> Id16:
    found = parse_id(kind, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError(f"whole {kind.name.lower()}", text)
    return Id16(found)

"""The door for passkeys: a challenge is given out, and what a browser answers to it is taken once.

- Challenges are kept in memory for five minutes, so many at most; the answer to one uses it up,
  whether it holds or not.
- Site and origin are those of the pages that this process serves.

Source: docs/spec/30-access.md section 7.
"""

from collections.abc import Mapping
from threading import Lock
from urllib.parse import urlsplit

from sealhold.crypto import passkey
from sealhold.crypto.passkey import CHALLENGE_BYTES, Credential, Party
from sealhold.model.clock import Clock, Entropy
from sealhold.model.encoding import Plain
from sealhold.model.errors import DeniedError
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.principals import NewToken, PasskeyView
from sealhold.model.quantities import HOUR, SECOND, Instant
from sealhold.vault.passkeys import Passkeys as PasskeyRows
from sealhold.vault.principals import Principals

MOST = 4_096  # challenges that wait; the oldest goes
TERM = passkey.SECONDS * SECOND
SESSION_TERM = 12 * HOUR
NOBODY = SubjectId(Id16(bytes(16)))  # who signs in is told by the answer


class Passkeys:
    """What people do with passkeys."""

    def __init__(
        self, principals: Principals, rows: PasskeyRows, clock: Clock, entropy: Entropy
    ) -> None:
        self._principals = principals
        self._rows = rows
        self._clock = clock
        self._entropy = entropy
        self._given: dict[bytes, tuple[SubjectId, Instant]] = {}
        self._turn = Lock()

    def to_make(self, token: str, origin: str, app_name: str) -> Mapping[str, Plain]:
        """Return what a browser is given to make a passkey for whoever holds `token`.

        Raises:
            DeniedError: the token does not hold, or does not let them choose.
        """
        held = self._principals.person(token)
        if not held.may_choose:
            raise DeniedError("denied")
        challenge = self._fresh(held.subject)
        return passkey.to_make(
            _party(origin), challenge, self._entropy(16), app_name, self._rows.known(held)
        )

    def add(self, token: str, origin: str, answer: str, name: str) -> None:
        """Keep the passkey that a browser made for whoever holds `token`.

        Raises:
            DeniedError: it does not hold, or they may not choose.
            ExhaustedError: they have as many as they may.
        """
        held = self._principals.person(token)
        challenge = self._taken(answer, held.subject)
        self._rows.add(held, passkey.made(_party(origin), challenge, answer), name)

    def all(self, token: str) -> tuple[PasskeyView, ...]:
        """Return the passkeys of whoever holds `token`.

        Raises:
            DeniedError: it does not hold.
        """
        return self._rows.all(self._principals.person(token))

    def remove(self, token: str, slot: int) -> None:
        """Take out a passkey of whoever holds `token`.

        Raises:
            DeniedError: it does not hold, or does not let them choose, or there is none.
        """
        self._rows.remove(self._principals.person(token), slot)

    def to_show(self, origin: str) -> Mapping[str, Plain]:
        """Return what a browser is given to sign somebody in."""
        return passkey.to_show(_party(origin), self._fresh(NOBODY))

    def sign_in(self, origin: str, answer: str) -> NewToken:
        """Return the token of a session for whoever showed a passkey.

        Raises:
            DeniedError: it does not hold; the same for every reason.
        """
        challenge, party = self._taken(answer, NOBODY), _party(origin)

        def verify(kept: Credential) -> Credential:
            return passkey.shown(party, challenge, answer, kept)

        until = Instant(self._clock() + SESSION_TERM)
        return self._rows.sign_in(passkey.id_of(answer), verify, until)

    def _fresh(self, subject: SubjectId) -> bytes:
        challenge = self._entropy(CHALLENGE_BYTES)
        with self._turn:
            self._given[challenge] = (subject, Instant(self._clock() + TERM))
            while len(self._given) > MOST:
                del self._given[next(iter(self._given))]
        return challenge

    def _taken(self, answer: str, subject: SubjectId) -> bytes:
        """Return the challenge of an answer, which is used up.

        Raises:
            DeniedError: it was not given out, was for somebody else, was answered, or is over.
        """
        challenge = passkey.challenge_of(answer)
        with self._turn:
            whose, until = self._given.pop(challenge, (None, 0))
        if whose != subject or self._clock() >= until:
            raise DeniedError("denied")
        return challenge


def _party(origin: str) -> Party:
    return Party(id=urlsplit(origin).hostname or "", origin=origin)

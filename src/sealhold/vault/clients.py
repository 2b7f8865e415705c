"""Proofs of clients' keys: each counts once, for half a minute, and for the body that it names.

- Only tokens that are bound to a key are looked at here, after they were found to hold.
- What was taken is remembered for as long as it could be shown again, in memory. A proof that was
  made before this began counts for nothing, so a restart forgets none that still would.
- So many of one token, and of all; who makes more waits, and nothing is forgotten early.

Source: docs/spec/30-access.md section 11.
"""

from collections import deque
from threading import Lock

from sealhold.crypto import clientproof
from sealhold.crypto.token import CaveatKind, Token
from sealhold.model.clock import Clock
from sealhold.model.errors import BadTokenError, BusyError, DeniedError, TooFastError
from sealhold.model.ids import Id16
from sealhold.model.principals import Presented
from sealhold.model.quantities import SECOND, Instant

APART = 30 * SECOND  # that two clocks may differ by, and a call may be under way
OF_ONE = 10_000  # proofs of one token in a minute: 160 calls a second
OF_ALL = 200_000  # about 30 MB


class Clients:
    """The proofs that were taken; several threads may call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = clock()
        self._taken: dict[Id16, set[bytes]] = {}
        self._order: deque[tuple[Instant, Id16, bytes]] = deque()
        self._turn = Lock()

    def take(self, token: str, held: Token) -> None:
        """Let a call pass whose token is bound to no key, or whose proof was not shown before.

        Raises:
            DeniedError: it was, or was made too long ago, or not yet.
            TooFastError: too many of this token were shown in the last minute.
            BusyError: too many of all were.
        """
        if not _is_bound(held):
            return
        proof, now = _proof(token), self._clock()
        # THREAT T438: a call that was copied whole counts once, and not at all a little later
        if not max(self._begun, now - APART) <= proof.at <= now + APART:
            raise DeniedError("denied")
        with self._turn:
            self._forget(now)
            taken = self._taken.setdefault(held.id, set())
            if proof.signature in taken:
                raise DeniedError("denied")
            if len(taken) >= OF_ONE:
                raise TooFastError(f"at most {OF_ONE} bound calls with one token in a minute")
            if len(self._order) >= OF_ALL:
                raise BusyError("too many bound calls at this moment")
            taken.add(proof.signature)
            self._order.append((Instant(now + 2 * APART), held.id, proof.signature))

    def check_body(self, token: str, held: Token, body: bytes) -> None:
        """Let a body pass that is the one of which a bound token's proof tells.

        Raises:
            DeniedError: it is another one.
        """
        # THREAT T438: nobody puts another body under a call that a client signed
        if _is_bound(held) and not clientproof.is_of(_proof(token), body):
            raise DeniedError("denied")

    def _forget(self, now: Instant) -> None:
        while self._order and self._order[0][0] < now:
            _, token, signature = self._order.popleft()
            taken = self._taken[token]
            taken.discard(signature)
            if not taken:
                del self._taken[token]


def _is_bound(held: Token) -> bool:
    return any(each.kind is CaveatKind.CLIENT for each in held.caveats)


def _proof(token: str) -> clientproof.ClientProof:
    proving = token.asked.proving if isinstance(token, Presented) else None
    try:
        return clientproof.parse(proving.line if proving else "")
    except BadTokenError as err:
        raise DeniedError("denied") from err

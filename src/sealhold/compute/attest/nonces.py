"""Nonces: whoever asks for evidence draws one, and takes one answer to it.

- A nonce is 32 bytes of the caller's entropy, and lives for a time. It is spent by the first
  evidence that comes back under it, whatever that is worth; a second is refused.
- A guard is of one process: after a restart every nonce is asked for anew.

Source: docs/spec/21-evidence.md section 2.
"""

from threading import Lock

from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import BusyError, DeniedError
from sealhold.model.quantities import MINUTE, Instant, Millis

NONCE_BYTES = 32
LIFETIME = Millis(5 * MINUTE)
MOST = 10_000  # nonces that wait for an answer


class ReplayGuard:
    """Draws nonces and takes each back once; several threads may call at once."""

    def __init__(self, clock: Clock, entropy: Entropy, lifetime: Millis = LIFETIME) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lifetime = lifetime
        self._waiting: dict[bytes, Instant] = {}
        self._turn = Lock()

    def draw(self) -> bytes:
        """Return a new nonce of 32 bytes.

        Raises:
            BusyError: too many wait for an answer.
        """
        nonce = self._entropy(NONCE_BYTES)
        with self._turn:
            now = self._clock()
            for old, asked_at in list(self._waiting.items()):
                if not self._is_alive(asked_at, now):
                    del self._waiting[old]
            if len(self._waiting) >= MOST:
                raise BusyError(f"{MOST} nonces wait for an answer")
            self._waiting[nonce] = now
        return nonce

    def take(self, nonce: bytes) -> Instant:
        """Return when `nonce` was drawn, and never again.

        Raises:
            DeniedError: not drawn here, spent, or too old.
        """
        with self._turn:
            # THREAT T150: evidence that is sent again meets a nonce that is spent.
            asked_at = self._waiting.pop(nonce, None)
            now = self._clock()
        if asked_at is None or not self._is_alive(asked_at, now):
            raise DeniedError("this nonce is spent, too old, or was never drawn here")
        return asked_at

    def _is_alive(self, asked_at: Instant, now: Instant) -> bool:
        return 0 <= now - asked_at <= self._lifetime

"""Where random bytes come from: the system, or a seed when a run must repeat.

- `system_entropy` is what a vault uses. `seeded` is for tests and for the demo on made-up data:
  whoever knows its seed knows every key.
"""

import os
import threading

from blake3 import blake3

from sealhold.model.clock import Entropy

SEED_CONTEXT = "sealhold 2026-11 seeded entropy for tests and demo"


POOL = 8_192  # bytes drawn from the system at once
LONG = 512  # what is longer is drawn by itself


class Pool:
    """The system's random bytes, drawn many at a time; threads may share it.

    A call of the system for each key takes as long as sealing with it, and lets other threads in,
    each time. No byte is given out twice: a process that forks begins with an empty pool.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._empty()

    def _empty(self) -> None:
        self._bytes = b""
        self._at = 0

    def after_fork(self) -> None:
        """Forget what the parent has, and may give out."""
        self._lock = threading.Lock()
        self._empty()

    def __call__(self, count: int, /) -> bytes:
        """Return `count` random bytes."""
        if count > LONG:
            return os.urandom(count)
        with self._lock:
            start = self._at
            self._at = end = start + count
            if end > len(self._bytes):
                self._bytes = os.urandom(POOL)
                start, self._at = 0, count
                end = count
            return self._bytes[start:end]


_pool = Pool()
os.register_at_fork(after_in_child=_pool.after_fork)
system_entropy: Entropy = _pool


def seeded(seed: bytes) -> Entropy:
    """Return an endless stream that is the same for the same `seed`; threads may share it."""
    stream = blake3(seed, derive_key_context=SEED_CONTEXT)
    lock = threading.Lock()
    position = 0

    def draw(count: int, /) -> bytes:
        nonlocal position
        with lock:
            start, position = position, position + count
        return stream.digest(count, seek=start)

    return draw


def at_once(entropy: Entropy, count: int) -> Entropy:
    """Return a stream whose first `count` bytes are drawn now, in one call; for one thread.

    A call of the system for each key takes as long as sealing with it, and lets other threads in.
    """
    pool = entropy(count)
    position = 0

    def draw(wanted: int, /) -> bytes:
        nonlocal position
        start, position = position, position + wanted
        return pool[start:position] if position <= count else entropy(wanted)

    return draw

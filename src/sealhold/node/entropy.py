"""The system's random bytes for a vault, drawn many at a time.

Source: docs/architecture.md section 3.
"""

import os
from threading import Lock

POOL = 8_192  # bytes drawn from the system at once
LONG = 512  # what is longer is drawn by itself


class Pool:
    """The system's random bytes, drawn many at a time; threads may share it.

    A call of the system for each key takes as long as sealing with it, and lets other threads in,
    each time. No byte is given out twice: a process that forks begins with an empty pool.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._empty()

    def _empty(self) -> None:
        self._bytes = b""
        self._at = 0

    def after_fork(self) -> None:
        """Forget what the parent has, and may give out."""
        self._lock = Lock()
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


pooled_entropy = Pool()
os.register_at_fork(after_in_child=pooled_entropy.after_fork)

"""Where the client draws chance and reads the clock: ids of new records, pauses, and proofs."""

import os
import time
from uuid import UUID

BYTES = 16
STEPS = 2**32


def new_id() -> str:
    """Return a random id, a UUIDv4."""
    return str(UUID(bytes=os.urandom(BYTES), version=4))


def chance() -> float:
    """Return a number of at least 0 and below 1."""
    return int.from_bytes(os.urandom(4), "big") / STEPS


def nonce() -> bytes:
    """Return 16 random bytes."""
    return os.urandom(BYTES)


def now() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000

"""Where the client draws chance: ids of new records, and how long it waits before it asks again."""

import os
from uuid import UUID

BYTES = 16
STEPS = 2**32


def new_id() -> str:
    """Return a random id, a UUIDv4."""
    return str(UUID(bytes=os.urandom(BYTES), version=4))


def chance() -> float:
    """Return a number of at least 0 and below 1."""
    return int.from_bytes(os.urandom(4), "big") / STEPS

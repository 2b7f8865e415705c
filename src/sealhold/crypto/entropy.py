"""Where random bytes come from: the system, or a seed when a run must repeat.

- `system_entropy` is what a vault uses. `seeded` is for tests and for the demo on made-up data:
  whoever knows its seed knows every key.
"""

import os
import threading

from blake3 import blake3

from sealhold.model.clock import Entropy

SEED_CONTEXT = "sealhold 2026-11 seeded entropy for tests and demo"


system_entropy: Entropy = os.urandom  # without a frame of its own: it is called for every key


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

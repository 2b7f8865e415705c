"""How many connections the open files of this process allow.

Source: docs/spec/14-relay.md section 6.
"""

import resource
from contextlib import suppress
from typing import Final

CONNECTIONS: Final = 512
EACH: Final = 4  # files of a connection: its socket, two of its reader of rows, and an object
OTHERS: Final = 64  # files of the process beside them


def allow_more() -> None:
    """Have this process open as many files as its system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def connections() -> int:
    """Return how many connections there may be at once."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    # THREAT T606: connections end before files do
    return max(1, min(CONNECTIONS, (files - OTHERS) // EACH))

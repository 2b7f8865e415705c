"""Memory of megabytes, kept by a process that moves packs all the time.

- The C library gives a freed block of a pack's size back to the system, and has each of its pages
  made anew for the next pack. That cost a first sync a tenth of its time.
- A process that keeps them may hold 64 MiB more than it needs at the moment.

Source: the manual of the GNU C library, "Malloc Tunable Parameters"; docs/benchmarks.md.
"""

import ctypes
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as its header calls them
KEPT: Final = 64 << 20  # bytes that may be free at the end before any are given back
LARGEST: Final = 32 << 20  # bytes of a block that is kept at all


def keep_blocks() -> bool:
    """Have this process use large blocks again; return whether the C library does so."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    return bool(set_option(_MMAP_THRESHOLD, LARGEST) and set_option(_TRIM_THRESHOLD, KEPT))

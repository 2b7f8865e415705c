"""A copy of a vault with one byte flipped, to see that it shows. The vault itself is untouched."""

import shutil
from pathlib import Path

PAGE = 8_192  # of the database


def tampered_copy(home: Path, copy: Path) -> Path:
    """Copy `home` to `copy`, flip one bit in the middle of its rows, and return the copy.

    Every page before the end is in use, and each is authenticated on its own.
    """
    shutil.copytree(home, copy)
    copy.chmod(0o700)
    path = copy / "vault.db"
    content = bytearray(path.read_bytes())
    content[(len(content) // PAGE // 2) * PAGE + PAGE // 3] ^= 1
    path.write_bytes(content)
    return copy

"""A copy of a vault with one bit flipped, to see that it shows. The vault itself is untouched."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.demo.build import PASSPHRASE, DemoFolders
from sealhold.model.errors import SealholdError
from sealhold.node import World, opened

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


def bent_copy(folders: DemoFolders, world: World) -> tuple[str, ...]:
    """Return what opening and verifying a bent copy finds; nothing, if it finds nothing."""
    with TemporaryDirectory(prefix="sealhold-demo-") as folder:
        copy = tampered_copy(folders.vault, Path(folder) / "copy")
        try:
            with opened(copy, PASSPHRASE, world) as node:
                return node.audit.verify().faults
        except SealholdError as err:
            return (str(err),)

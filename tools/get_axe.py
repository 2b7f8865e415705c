"""Bring axe-core into `build/axe/`, for the accessibility tests; it is no part of the product.

axe-core is under the Mozilla Public License 2.0. The archive is checked against its digest.
"""

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

VERSION = "4.14.1"
SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
FOLDER = Path(__file__).parents[1] / "build" / "axe"


def main() -> int:
    """Fetch, check and unpack; return 1 if npm cannot bring it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["npm", "pack", "--silent", f"axe-core@{VERSION}"],  # noqa: S607 - npm of the PATH
            cwd=FOLDER,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    except (OSError, subprocess.CalledProcessError) as err:
        print(f"npm: {err}", file=sys.stderr)
        return 1
    archive = FOLDER / f"axe-core-{VERSION}.tgz"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        print("the archive is not the one that was pinned", file=sys.stderr)
        return 1
    with tarfile.open(archive) as packed:
        for name in ("axe.min.js", "LICENSE"):
            member = packed.extractfile(f"package/{name}")
            if member is not None:
                (FOLDER / name).write_bytes(member.read())
    return 0


if __name__ == "__main__":
    sys.exit(main())

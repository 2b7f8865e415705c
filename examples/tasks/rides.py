"""Rides as a bike computer hands them out: one GPX file a month, each with its signature.

    python examples/tasks/rides.py rides               a made-up year, always the same
    python examples/tasks/rides.py rides FILE.gpx...   these files, signed

Beside the folder come two more: `edited`, where a drive was slowed down to a ride after the bike
computer had signed it, and `unsigned`, where the file was written by hand.

The key of the bike computer is the first test key of RFC 8032: everybody knows it, and it is there
to try with. A real source keeps its own, and publishes the public half.
"""

import re
import sys
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealhold.demo.life import trips

SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
MONTH = "rides-2026-10.gpx"
TIME = re.compile(r"(?<=<time>)[^<]*(?=</time>)")


def main(folder: Path, given: list[Path]) -> None:
    """Write the signed rides to `folder`, and what somebody would like to pass off as such."""
    files = {path.name: path.read_bytes() for path in given} or trips.files()
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED))
    for name, content in files.items():
        write(folder / name, content, key.sign(content))
    sys.stdout.write(f"{len(files)} files, signed by {key.public_key().public_bytes_raw().hex()}\n")
    name = MONTH if MONTH in files else next(iter(files))
    content = files[name]
    slowed = slower(content.decode()).encode()
    write(folder.with_name("edited") / name, slowed, key.sign(content))
    write(folder.with_name("unsigned") / name, slowed, None)


def write(path: Path, content: bytes, signature: bytes | None) -> None:
    """Write a file, and the 64 bytes of its signature beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if signature is not None:
        path.with_name(f"{path.name}.sig").write_bytes(signature)


def slower(track: str) -> str:
    """Return the track with each time three times as far from the first time of its day."""
    first: dict[str, datetime] = {}

    def later(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[0])
        since = at - first.setdefault(found[0][:13], at)
        return (at + since * 2).strftime("%Y-%m-%dT%H:%M:%SZ")

    return TIME.sub(later, track)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])

"""The states of a vault's proxies in its backups: copied whole, put back beside the rows.

- A copy is made by the database into a file with a salt of its own, so who keeps two of them does
  not see which pages changed. It is taken after the rows: its turn is not below theirs.
- Where a restored one is served it takes an epoch of its own, as each start does: what counts in
  epochs is never used twice, whatever was done after the backup.

Source: docs/spec/59-proxy-in-a-vault.md section 2; docs/spec/29-operations.md section 5.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sealhold.crypto.secret import Secret
from sealhold.model.errors import TamperedError
from sealhold.protect.state import READ
from sealhold.stores.cipherfile import CipherFile, becoming, private_file, scratch
from sealhold.stores.copying import PART, Part, put_parts
from sealhold.stores.spec import ObjectStore
from sealhold.vault.core import Core
from sealhold.vault.home import OWNER_ONLY, Home
from sealhold.vault.proxykeys import ProxyKeys

STATES: Final = "proxy"  # the folder in a home, and in a backup
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")  # of a policy


def copied(core: Core, home: Home, place: ObjectStore, prefix: str) -> None:
    """Put a copy of the state of each proxy into a place.

    Raises:
        TamperedError: a state is damaged.
        StoreFullError: no room for a copy.
        StoreUnavailableError: a file cannot be read, or the place does not answer.
    """
    for path in sorted((home.folder / STATES).glob("*.db")):
        file = CipherFile(path, ProxyKeys(core).state(path.stem).reveal())
        file.check_header()
        with scratch(path) as copy:
            private_file(copy)
            connection = file.connect(read_only=True)
            try:
                file.at(copy).fill_from(connection)
            finally:
                connection.close()
            put_parts(place, f"{prefix}/{STATES}/{path.stem}", _pieces(copy))


def put_back(home: Home, parts: Sequence[Part], read: Callable[[Part], bytes]) -> None:
    """Put the states of a backup into a home that has none; `read` gives a part, compared.

    Raises:
        TamperedError: a part is not what was written, or no part of a state.
        StoreFullError: no room.
        StoreUnavailableError: a file cannot be written, or the place does not answer.
    """
    folder = home.folder / STATES
    for name in sorted({_proxy(part) for part in parts}):
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        with becoming(folder / f"{name}.db") as file, file.open("r+b") as to:
            for part in sorted((each for each in parts if _proxy(each) == name), key=_at):
                to.write(read(part))


def turns(folder: Path, key: ProxyKeys) -> dict[str, int]:
    """Return the turn of each state in a folder, which shows that they open.

    Raises:
        TamperedError: one does not open.
        StoreUnavailableError: a file cannot be read.
    """
    return {path.stem: _turn(path, key.state(path.stem)) for path in sorted(folder.glob("*.db"))}


def _turn(path: Path, key: Secret) -> int:
    file = CipherFile(path, key.reveal())
    file.check_header()
    connection = file.connect(read_only=True)
    try:
        (turn,) = connection.execute(READ, ("turn",)).fetchone()
    finally:
        connection.close()
    return int(turn)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(PART):
            yield piece


def _proxy(part: Part) -> str:
    """Return of which proxy a part of a backup is.

    Raises:
        TamperedError: it is named as none.
    """
    # THREAT T770: who signs a manifest of another vault names no place outside of the folder
    _, *names = str(part.name).split("/")
    if len(names) != 3 or names[0] != STATES or not _NAME.fullmatch(names[1]):  # noqa: PLR2004
        raise TamperedError(f"part `{part.name}` is none of a proxy's state")
    return names[1]


def _at(part: Part) -> str:
    return str(part.name)

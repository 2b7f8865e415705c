"""What tells a device that its state is a copy: what lies outside the vault's folder.

- A token is drawn anew at each start and kept in both places. An older copy of the folder has an
  older one, a copy elsewhere meets none or another machine's id: either goes on in a new
  incarnation. A kill between the two costs a new incarnation, and nothing else.
- A mark names the log's newest entry as of the last charge to what devices share. A copy that was
  made before it, since the start even, lacks that entry.
- Where no token can be kept outside, copies are noticed by exchange alone, and nothing is charged
  to what is shared once a mark could not be written.

Source: docs/spec/11-exchange-and-op-log.md section 7.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from sealhold.audit.tables import LEAF
from sealhold.model.errors import StoreFullError, StoreUnavailableError
from sealhold.sharing.devices.devices import Devices
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.spec import ObjectStore
from sealhold.vault.core import Core
from sealhold.vault.home import replace
from sealhold.vault.shares import ONE
from sealhold.vault.syncrows import BOOKS, HELD, SHARE_LEASES, SHARE_LEDGERS, SHARING
from sealhold.vault.watch import Watch

STAGING = "sync"  # where packs wait in the vault's folder
MACHINE = Path("/etc/machine-id")
TOKEN_BYTES = 32
MOST = 64  # bytes that are read of any file
NUMBER_BYTES, DIGEST_BYTES = 8, 32
MAX_NUMBER = 1 << 62  # of an entry
CHARGED: Final = tuple(each.name for each in (HELD, BOOKS, SHARE_LEASES, SHARE_LEDGERS))


def begun(core: Core, staging: ObjectStore, outside: Path, machine: Path = MACHINE) -> Devices:
    """Return the devices of a vault, in a new incarnation if its state is a copy.

    Args:
        core: of the vault.
        staging: where packs wait for carriers.
        outside: the folder for tokens; made if need be.
        machine: the file that names this machine; none is as good as an empty one.
    """
    path = outside / core.owner.hex()
    here = _read(machine).strip()[:MOST]
    watch(core, outside)
    # THREAT T497: a copy of the folder meets another token than the one that it carries
    devices = Devices(core, staging, here + _read(path))
    if devices.is_begun:
        # THREAT T525: what was charged since a copy was made is in the mark, not in the copy
        is_behind = _is_behind(core, _mark(core, outside))
        if is_behind:
            devices.go_on_anew()
        fresh = core.entropy(TOKEN_BYTES)
        with suppress(OSError, StoreFullError, StoreUnavailableError):
            outside.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(path, fresh)
            devices.renew_token(here + fresh)
            if is_behind:
                _mark_newest(core, outside)
    return devices


def watch(core: Core, outside: Path) -> None:
    """Have each charge to what devices share leave a mark outside, if none does yet."""
    mark = _mark(core, outside)
    if not core.writer.watch.tables:
        core.writer.watch = Watch(CHARGED, partial(_leave, mark), _number(_read(mark)))


def mind_copies(core: Core, folder: Path, outside: Callable[[], Path]) -> None:
    """Have a vault that shares budgets go on in a new incarnation if its state is a copy.

    Args:
        core: of the vault.
        folder: of the vault.
        outside: gives the folder for tokens.
    """
    # THREAT T525: a copy that is started knows it before anything can be charged
    if core.deciding.get(SHARING.name, ONE) is not None:
        begun(core, LocalDir(folder / STAGING), outside())


def _mark_newest(core: Core, outside: Path) -> None:
    mark, newest = _mark(core, outside), core.writer.log.head.size - 1
    core.writer.watch = Watch(CHARGED, partial(_leave, mark))
    core.writer.watch.tell(newest, _hash_of(core, newest))


def _mark(core: Core, outside: Path) -> Path:
    return outside / f"{core.owner.hex()}.log"


def _leave(path: Path, number: int, hashed: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise StoreUnavailableError(f"`{path.parent.name}` cannot be made") from err
    replace(path, number.to_bytes(NUMBER_BYTES, "big") + hashed)


def _is_behind(core: Core, mark: Path) -> bool:
    """Return whether a mark tells of an entry that the log does not have."""
    kept = _read(mark)
    if not kept:
        return False
    number = _number(kept)
    return number < 0 or _hash_of(core, number) != kept[NUMBER_BYTES:]


def _number(kept: bytes) -> int:
    """Return the number of the entry that a mark names; -1 if it names none."""
    number = int.from_bytes(kept[:NUMBER_BYTES], "big")
    return number if len(kept) == NUMBER_BYTES + DIGEST_BYTES and number < MAX_NUMBER else -1


def _hash_of(core: Core, number: int) -> bytes:
    (found,) = core.store.get(LEAF.name, [(number,)])
    return b"" if found is None else bytes(found.row[1])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()[:MOST]
    except OSError:
        return b""

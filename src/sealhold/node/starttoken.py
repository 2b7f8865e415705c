"""What tells a device that its state is a copy: a token that lies outside the vault's folder.

- It is drawn anew at each start and kept in both places. An older copy of the folder has an older
  one, a copy elsewhere meets none or another machine's id: either goes on in a new incarnation.
- A kill between the two costs a new incarnation, and nothing else.
- Where nothing can be kept outside, copies are noticed by exchange alone.

Source: docs/spec/11-exchange-and-op-log.md section 7.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sealhold.model.errors import StoreFullError, StoreUnavailableError
from sealhold.sharing.devices.devices import Devices
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.spec import ObjectStore
from sealhold.vault.core import Core
from sealhold.vault.home import replace
from sealhold.vault.shares import ONE
from sealhold.vault.syncrows import SHARING

STAGING = "sync"  # where packs wait in the vault's folder
MACHINE = Path("/etc/machine-id")
TOKEN_BYTES = 32
MOST = 64  # bytes that are read of either file


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
    # THREAT T497: a copy of the folder meets another token than the one that it carries
    devices = Devices(core, staging, here + _read(path)[:MOST])
    if devices.is_begun:
        fresh = core.entropy(TOKEN_BYTES)
        with suppress(OSError, StoreFullError, StoreUnavailableError):
            outside.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(path, fresh)
            devices.renew_token(here + fresh)
    return devices


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

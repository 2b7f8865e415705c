"""The composition root: builds the parts of one vault and hands them out; holds no rule itself.

- A `Node` is locked or open. Locked, it has a home and nothing else; open, it has every part, and
  `lock` drops them with their keys.
- Faces get the parts as they are: there is no method here that passes a call on.
- Here, and only here, the clock and the entropy of the system enter.

Source: docs/architecture.md section 3.
"""

import sys
import time
from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sealhold import plugins
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import passphrase as passphrases
from sealhold.crypto.seal import new_key
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import LockedError, SealholdError, WrongPassphraseError
from sealhold.model.quantities import Instant
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.vault import opening
from sealhold.vault.home import Home, read, replace
from sealhold.vault.index import Index
from sealhold.vault.firewall import Firewall
from sealhold.vault.ledger import Ledger
from sealhold.vault.objects import Objects
from sealhold.vault.opening import Opened, Parts
from sealhold.vault.reading import Records
from sealhold.vault.registry import Registry

UNLOCK = passphrases.NAME


def system_clock() -> Instant:
    """Return the machine's UTC time in milliseconds."""
    return Instant(time.time_ns() // 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the vault takes from its surroundings; tests and the demo bring their own."""

    clock: Clock = system_clock
    entropy: Entropy = system_entropy
    stretch: Stretch = Stretch()


def create(folder: Path, passphrase: str, *, headless: bool, world: World = World()) -> None:
    """Make a new, empty vault.

    Raises:
        ConflictError: the folder holds something already.
    """
    home = Home(folder)
    home.make()
    root = new_key(world.entropy, "root key")
    secret = passphrases.passphrase(passphrase)
    slot = passphrases.create_slot(root, secret, world.entropy, world.stretch)
    replace(home.unlock_slot(UNLOCK), slot)
    opening.create(_parts(home, world), root, headless=headless)


class Node:
    """One vault, locked at first."""

    def __init__(self, folder: Path, world: World = World()) -> None:
        if sys.flags.optimize > 1:
            raise SealholdError("`python -OO` drops the texts that errors are made of")
        self.home = Home(folder)
        self._world = world
        self._open: _OpenParts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lock()

    @property
    def locked(self) -> bool:
        """Whether the keys are out of reach."""
        return self._open is None

    def unlock(self, passphrase: str) -> None:
        """Open the vault.

        Raises:
            NoHomeError: there is none.
            WrongPassphraseError: it does not open.
            TamperedError: a file is not what was written.
        """
        self.home.check()
        slot = read(self.home.unlock_slot(UNLOCK))
        root = passphrases.unlock(slot, passphrases.passphrase(passphrase))
        if self._open is None:
            self._open = _OpenParts(opening.open_vault(_parts(self.home, self._world), root), self)

    def verify_passphrase(self, passphrase: str) -> bool:
        """Return whether `passphrase` opens this vault."""
        slot = read(self.home.unlock_slot(UNLOCK))
        try:
            passphrases.unlock(slot, passphrases.passphrase(passphrase))
        except WrongPassphraseError:
            return False
        return True

    def lock(self) -> None:
        """Drop the parts and their keys."""
        if self._open is not None:
            opened, self._open = self._open, None
            opened.vault.close()

    @property
    def parts(self) -> "_OpenParts":
        """The open parts.

        Raises:
            LockedError: the vault is locked.
        """
        if self._open is None:
            raise LockedError("the vault is locked")
        return self._open


class _OpenParts:
    """The parts of an open vault, built once."""

    def __init__(self, vault: Opened, node: Node) -> None:
        core = vault.core
        self.vault = vault
        self.core = core
        self.objects = Objects(core.store, core.objects, core.keys, core.entropy)
        self.objects.sweep()
        self.index = Index(core.store, core.keys, core.entropy)
        self.firewall = Firewall(core, self.objects)
        self.registry = Registry(
            core.deciding, core.papers, core.keyring.named("token"), core.clock, core.entropy
        )
        self.ledger = Ledger(
            core, vault.appender, self.registry, vault.keys, node.home, self.objects
        )
        self.records = Records(core, self.index, self.firewall, self.ledger, time.perf_counter)


@contextmanager
def opened(folder: Path, passphrase: str, world: World = World()) -> Iterator[Node]:
    """Open the vault in `folder` for as long as the block runs."""
    with Node(folder, world) as node:
        node.unlock(passphrase)
        yield node


def _parts(home: Home, world: World) -> Parts:
    return Parts(
        home=home,
        data=SqlCipherStore(home.data),
        keys=SqlCipherStore(home.keys),
        objects=LocalDir(home.objects),
        datasets=plugins.datasets(),
        tables=(),
        clock=world.clock,
        entropy=world.entropy,
    )

"""The composition root: builds the parts of one vault and hands them out; holds no rule itself.

- A `Node` is locked or open. Locked, it has a home and nothing else; open, it has every part, and
  `lock` drops them with their keys.
- Faces get the parts as they are: there is no method here that passes a call on.
- Here, and only here, the clock and the entropy of the system enter.

Source: docs/architecture.md section 3.
"""

import base64
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Self

from sealhold import __version__, plugins
from sealhold.compute import appkit, memo, partition, taskfolder, taskkit
from sealhold.compute.asking import Requests
from sealhold.compute.capping import Budgets
from sealhold.compute.combining import COMBINED
from sealhold.compute.confinement import RAN_IN, Confinement
from sealhold.compute.drawing import BLURRED
from sealhold.compute.erasing import Erasing
from sealhold.compute.granted import Apps, Grants
from sealhold.compute.members import FROZEN
from sealhold.compute.office import Office
from sealhold.compute.openings import OPENED, Proofs
from sealhold.compute.outside import Outside
from sealhold.compute.products import Products
from sealhold.compute.proof_rules import Policy
from sealhold.compute.proving import Prover
from sealhold.compute.readercell import ReaderCell
from sealhold.compute.replay import Replay
from sealhold.compute.retrieve import Fetch, Retrieval
from sealhold.compute.runner import runners
from sealhold.compute.running import Runs
from sealhold.compute.shelf import TABLES as SHELF
from sealhold.compute.shelf import Shelf
from sealhold.compute.supply import Resources
from sealhold.compute.verify import verify_files
from sealhold.config import PASSPHRASE_VARIABLE, home_folder, settings
from sealhold.connectors.runner import Progress, files_of
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    LockedError,
    SealholdError,
    TamperedError,
    UnreadableSourceError,
    WrongPassphraseError,
)
from sealhold.model.ids import Collection
from sealhold.model.quantities import HOUR, Instant
from sealhold.model.records import Dataset
from sealhold.model.shown import Status
from sealhold.net.fetch import fetch
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.vault import access
from sealhold.vault.access import Stretch
from sealhold.vault.budget import Budget
from sealhold.vault.catalogue import JobRow
from sealhold.vault.consents import Consents
from sealhold.vault.firewall import Firewall
from sealhold.vault.grants import Grants as GrantRows
from sealhold.vault.home import Home, read, replace
from sealhold.vault.index import Index
from sealhold.vault.ledger import Ledger
from sealhold.vault.objects import Objects
from sealhold.vault.opening import Opened, Parts
from sealhold.vault.programs import Programs
from sealhold.vault.reading import Records
from sealhold.vault.registry import Registry
from sealhold.vault.requests import Requests as RequestRows
from sealhold.vault.rollback import Accepted
from sealhold.vault.signed import reading, signer_of
from sealhold.vault.sourcing import Sources
from sealhold.vault.telling import Teller

if TYPE_CHECKING:
    from sealhold.compute import evidencekit

__all__ = [  # made here, or handed out to the faces as it is
    "PASSPHRASE_VARIABLE",
    "Accepted",
    "Found",
    "JobRow",
    "Node",
    "OpenParts",
    "Policy",
    "Progress",
    "World",
    "appkit",
    "create",
    "datasets",
    "evidencekit",
    "home_folder",
    "look",
    "opened",
    "runners",
    "system_clock",
    "taskfolder",
    "taskkit",
    "verify_files",
]


def __getattr__(name: str) -> ModuleType:
    """Load what judges evidence when it is first asked for: four megabytes that no server needs.

    Raises:
        AttributeError: there is no such name.
    """
    if name != "evidencekit":
        raise AttributeError(name)
    from sealhold.compute import evidencekit as found  # noqa: PLC0415  # reason: see above

    return found


LABEL_BYTES = 16  # 26 base32 characters: nobody guesses the address of the pages
LABEL = re.compile(r"[a-z2-7]{26}")
ROLLBACK_NOTE = (
    "If every file of the home is put back together to an older day, nothing on this disk shows"
    " it: keep a checkpoint elsewhere (`sealhold audit show --checkpoint`)."
)


def system_clock() -> Instant:
    """Return the machine's UTC time in milliseconds."""
    return Instant(time.time_ns() // 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the vault takes from its surroundings; tests and the demo bring their own."""

    clock: Clock = system_clock
    entropy: Entropy = os.urandom
    stretch: Stretch = field(default_factory=Stretch)
    fetch: Fetch = fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file is, before anything of it is taken in."""

    path: Path
    size: int  # bytes
    what: str | None  # "GPX 1.1"; None if no connector reads it
    why: str  # why not


def datasets() -> Mapping[Collection, Dataset]:
    """Return each dataset that some connector can fill, by its name."""
    return plugins.datasets()


def look(paths: Iterable[Path], signed_by: bytes | None = None) -> Iterator[Found]:
    """Yield what each file is, as an import would find it; needs no vault and keeps nothing."""
    with ReaderCell() as cell:
        reader = reading(cell, signer_of(signed_by))
        for file in (file for path in paths for file in files_of(path)):
            what, size, why = None, 0, "the file cannot be opened"
            with suppress(OSError):
                size = file.stat().st_size
                try:
                    what, why = reader.detect(file).what, ""
                except UnreadableSourceError as err:
                    why = str(err)
            yield Found(path=file, size=size, what=what, why=why)


def create(folder: Path, passphrase: str, *, headless: bool, world: World | None = None) -> None:
    """Make a new, empty vault.

    Raises:
        ConflictError: the folder holds something already.
        InvalidError: an empty passphrase.
    """
    world = world or World()
    access.create(_parts(Home(folder), world), passphrase, world.stretch, headless=headless)


class Node:
    """One vault, locked at first."""

    def __init__(self, folder: Path, world: World | None = None) -> None:
        if sys.flags.optimize > 1:
            raise SealholdError("`python -OO` drops the texts that errors are made of")
        self.home = Home(folder)
        self.world = world or World()
        self._open: OpenParts | None = None
        self._turn = Lock()  # one opens or closes at a time
        self._trying = Lock()  # one passphrase at a time: a try takes much memory

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

    def unlock(self, passphrase: str, accepted: Accepted | None = None) -> None:
        """Open the vault, also an older one if `accepted`; one that is open already stays so.

        Raises:
            NoHomeError: there is none.
            WrongPassphraseError: it does not open.
            TamperedError: a file is not what was written.
        """
        with self._turn:
            if self._open is not None:
                if not self.verify_passphrase(passphrase):
                    raise WrongPassphraseError
                return
            vault = access.unlock(_parts(self.home, self.world), passphrase, accepted)
            try:
                self._open = OpenParts(vault, self)
            except BaseException:
                vault.close()
                raise

    def verify_passphrase(self, passphrase: str) -> bool:
        """Return whether `passphrase` opens this vault."""
        with self._trying:
            return access.opens(self.home, passphrase)

    def lock(self) -> None:
        """Drop the parts and their keys."""
        with self._turn:
            opened, self._open = self._open, None
            if opened is not None:
                opened.vault.close()

    @property
    def headless(self) -> bool:
        """Whether the owner proves themselves without a terminal here."""
        return self.parts.core.headless

    @property
    def label(self) -> str:
        """The 26 base32 characters in the address of this vault's pages; made once and kept.

        Raises:
            TamperedError: what was kept is none.
        """
        path = self.home.folder / "label"
        if not path.exists():
            fresh = base64.b32encode(self.world.entropy(LABEL_BYTES)).rstrip(b"=").lower()
            replace(path, fresh)
        label = read(path).decode("ascii", "replace")
        if not LABEL.fullmatch(label):
            raise TamperedError("`label` is not what was written")
        return label

    @property
    def parts(self) -> "OpenParts":
        """All open parts.

        Raises:
            LockedError: the vault is locked.
        """
        if self._open is None:
            raise LockedError("the vault is locked")
        return self._open

    @property
    def sources(self) -> Sources:
        """Where the data comes from."""
        return self.parts.sources

    @property
    def records(self) -> Records:
        """The owner's own reading."""
        return self.parts.records

    @property
    def requests(self) -> Requests:
        """What others ask."""
        return self.parts.requests

    @property
    def grants(self) -> Grants:
        """What was allowed."""
        return self.parts.grants

    @property
    def apps(self) -> Apps:
        """Who may ask."""
        return self.parts.apps

    @property
    def runs(self) -> Runs:
        """What left, and what leaves next."""
        return self.parts.runs

    @property
    def resources(self) -> Resources:
        """Third parties' files."""
        return self.parts.resources

    @property
    def audit(self) -> Ledger:
        """What happened."""
        return self.parts.audit

    @property
    def budgets(self) -> Budgets:
        """How much was told."""
        return self.parts.budgets

    @property
    def erasing(self) -> Erasing:
        """What is to be forgotten."""
        return self.parts.erasing

    @property
    def outside(self) -> Outside:
        """The door for apps."""
        return self.parts.outside

    def stop(self) -> None:
        """End the programs that run, between two objects; the next run goes on from there."""
        self.parts.confinement.stop()

    def status(self) -> Status:
        """Return how the vault is."""
        parts = self.parts
        counts = parts.records.counts()
        warnings = parts.confinement.warnings()
        if self.world.clock() < parts.audit.state().at - HOUR:
            warnings.append("the machine's clock is behind the log; the vault's went on from there")
        return Status(
            version=__version__,
            home=str(self.home.folder),
            headless=parts.core.headless,
            items=sum(counts.values()),
            by_collection=counts,
            log=parts.audit.state(),
            isolation=parts.confinement.in_words(),
            rollback_note=ROLLBACK_NOTE,
            warnings=tuple(warnings),
        )


class OpenParts:
    """The parts of an open vault, built once."""

    def __init__(self, vault: Opened, node: Node) -> None:
        core = vault.core
        self.vault = vault
        self.core = core
        self._objects = Objects(core.store, core.objects, core.keys, core.entropy)
        self._objects.sweep()
        self._index = Index(core.store, core.keys, core.entropy)
        firewall = Firewall(core, self._objects)
        registry = Registry(
            core.deciding, core.papers, core.keyring.named("token"), core.clock, core.entropy
        )
        self.audit = Ledger(core, vault.appender, registry, vault.keys, node.home, self._objects)
        self.records = Records(core, self._index, firewall, self.audit, time.perf_counter)
        self.sources = Sources(
            core, self._index, self._objects, ReaderCell, plugins.is_per_file, time.perf_counter
        )
        products = Products(node.home.compiled, core.keyring.named("token"), core.entropy)
        isolation = settings(node.home.folder).isolation
        self.confinement = Confinement(core, isolation, memo.MEMO, products)
        office = self._office(firewall, registry, node)
        shelf = Shelf(core.store, core.papers)
        self.requests = Requests(office, shelf)
        self.grants = Grants(office, shelf)
        self.apps = Apps(office, self.grants, shelf)
        self.runs = Runs(office, shelf)
        self.proofs = Proofs(office, shelf)
        self.resources = Resources(office)
        self.budgets = Budgets(office)
        self.erasing = Erasing(office, shelf, self._index)
        self.outside = Outside(office, self.runs, shelf, _in_background)

    def _office(self, firewall: Firewall, registry: Registry, node: Node) -> Office:
        core, log = self.core, self.audit
        return Office(
            core=core,
            firewall=firewall,
            budget=Budget(core.deciding, core.keys),
            registry=registry,
            requests=RequestRows(core.deciding, core.papers, Programs(core)),
            grants=GrantRows(core.deciding, core.papers, core.keyring.signer("grant-sign")),
            consents=Consents(core.deciding, core.entropy),
            replay=Replay(core, firewall, self.confinement.recording),
            retrieval=Retrieval(core, self._objects, node.world.fetch),
            teller=Teller(core.keys),
            prover=Prover(core.keyring.named("proof-sign")),
            log_origin=log.origin,
            broker=self.confinement.broker,
            isolation=self.confinement.sentence(),
            isolation_mode=self.confinement.claim().value,
            verify=node.verify_passphrase,
            count=self.records.count,
            leaf_hash=log.leaf_hash,
            size_after=log.size_after,
        )


def _in_background(work: Callable[[], None]) -> None:
    def quietly() -> None:
        with suppress(SealholdError):  # refused: in the log; failed: still owed, so done next time
            work()

    Thread(target=quietly, name="run", daemon=True).start()


@contextmanager
def opened(folder: Path, passphrase: str, world: World | None = None) -> Iterator[Node]:
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
        tables=(
            *(memo.MEMO, partition.PARTITIONS, RAN_IN, FROZEN, COMBINED, BLURRED, OPENED),
            *SHELF,
        ),
        clock=world.clock,
        entropy=world.entropy,
    )

"""A vault as a whole: locked or open, and its parts while it is open.

Source: docs/architecture.md section 3.
"""

import base64
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sealhold.compute.asking import Requests
from sealhold.compute.capping import Budgets
from sealhold.compute.erasing import Erasing
from sealhold.compute.granted import Apps, Grants
from sealhold.compute.outside import Outside
from sealhold.compute.running import Runs
from sealhold.compute.supply import Resources
from sealhold.model.errors import (
    BusyError,
    LockedError,
    SealholdError,
    TamperedError,
    WrongPassphraseError,
)
from sealhold.model.shown import Status
from sealhold.node.openparts import OpenParts
from sealhold.node.places import places_of
from sealhold.node.service import Service
from sealhold.node.state import status_of
from sealhold.node.storing import stored
from sealhold.node.world import World
from sealhold.vault import access
from sealhold.vault.access import Way
from sealhold.vault.epochs import Epochs
from sealhold.vault.home import Home, read, replace
from sealhold.vault.ledger import Ledger
from sealhold.vault.nametags import NameTags
from sealhold.vault.reading import Records
from sealhold.vault.reserves import Reserves
from sealhold.vault.rollback import Accepted
from sealhold.vault.sourcing import Sources
from sealhold.vault.standing import Standing

if TYPE_CHECKING:
    from sealhold.compute.callers import Callers
    from sealhold.compute.choosingdoor import Choices
    from sealhold.compute.dataware import Dataware
    from sealhold.compute.holdsdoor import HoldsDoor
    from sealhold.compute.layingdoor import RulesAhead
    from sealhold.compute.logindoor import Logins
    from sealhold.compute.minedoor import Mine
    from sealhold.compute.passkeydoor import Passkeys
    from sealhold.compute.peopledoor import People
    from sealhold.compute.processingdoor import Processings
    from sealhold.compute.recordsdoor import PersonRecords
    from sealhold.compute.repeatsdoor import Repeats
    from sealhold.compute.rightsdoor import Rights
    from sealhold.compute.rotating import Rotating
    from sealhold.compute.rundoor import ProcessingRuns
    from sealhold.vault.pushing import Pushing
    from sealhold.vault.statements import Statements

TRIES = 4  # of passphrases that wait for their turn; each holds a thread of the server
LABEL_BYTES = 16  # 26 base32 characters: nobody guesses the address of the pages
LABEL = re.compile(r"[a-z2-7]{26}")


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
        self._tries = BoundedSemaphore(TRIES)

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
            BusyError: too many tries wait already.
            TamperedError: a file is not what was written.
        """
        with self._a_try(), self._turn:
            if self._open is not None:
                if not self._verified(passphrase):
                    raise WrongPassphraseError
                return
            parts = stored(self.home, self.world, places_of(self.home))
            vault = access.unlock(parts, passphrase, accepted)
            try:
                self._open = OpenParts(vault, self.home, self.world, self.verify_passphrase)
            except BaseException:
                vault.close()
                raise

    def keep_room(self) -> None:
        """Keep room on the home's disk for the day on which it is full; before it is unlocked."""
        Reserves(self.home).make()

    def verify_passphrase(self, passphrase: str) -> bool:
        """Return whether `passphrase` opens this vault.

        Raises:
            BusyError: too many tries wait already.
        """
        with self._a_try():
            return self._verified(passphrase)

    def _verified(self, passphrase: str) -> bool:
        with self._trying:
            return access.opens(self.home, passphrase)

    @contextmanager
    def _a_try(self) -> Iterator[None]:
        # THREAT T202: whoever tries many at once is told to wait, and holds up no other page
        if not self._tries.acquire(blocking=False):
            raise BusyError("other passphrases are being tried")
        try:
            yield
        finally:
            self._tries.release()

    def change_passphrase(self, given: str, new: str) -> None:
        """Let `new` open this vault from now on, and `given` no more.

        Raises:
            WrongPassphraseError: `given` does not open it.
            InvalidError: a vault that opens with a key, or an empty passphrase.
            StoreUnavailableError: the disk refuses; the old one opens the vault.
        """
        world = self.world
        with self._trying:
            access.change_passphrase(self.home, given, new, world.entropy, world.stretch)
        self.parts.note_new_passphrase()

    def lock(self) -> None:
        """Drop the parts and their keys."""
        with self._turn:
            opened, self._open = self._open, None
            if opened is not None:
                opened.close()

    @property
    def way(self) -> Way:
        """What opens this vault; told locked and open."""
        return access.way_of(self.home)

    @property
    def is_near(self) -> bool:
        """Whether all that the open vault waits for is a disk of this machine."""
        return self.parts.is_near

    def together(self) -> AbstractContextManager[None]:
        """Let all that this thread begins in the block share a commit; one thread at a time."""
        return nullcontext() if self._open is None else self._open.core.writer.together()

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
    def parts(self) -> OpenParts:
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
    def dataware(self) -> "Dataware":
        """Rules written ahead, and what came in."""
        return self.parts.dataware

    @property
    def standing(self) -> Standing:
        """The places that data comes from again and again."""
        return self.parts.standing

    @property
    def pushing(self) -> "Pushing":
        """The door for programs that push."""
        return self.parts.pushing

    @property
    def resources(self) -> Resources:
        """Third parties' files."""
        return self.parts.resources

    @property
    def audit(self) -> Ledger:
        """What happened."""
        return self.parts.audit

    @property
    def statements(self) -> "Statements":
        """What a month came to."""
        return self.parts.statements

    @property
    def budgets(self) -> Budgets:
        """How much was told."""
        return self.parts.budgets

    @property
    def erasing(self) -> Erasing:
        """What is to be forgotten."""
        return self.parts.erasing

    @property
    def keys(self) -> Epochs:
        """What everything is sealed under."""
        return self.parts.keys

    @property
    def outside(self) -> Outside:
        """The door for apps."""
        return self.parts.outside

    @property
    def callers(self) -> "Callers":
        """Who calls from outside."""
        return self.parts.crowd.callers

    @property
    def passkeys(self) -> "Passkeys":
        """With what people sign in."""
        return self.parts.crowd.passkeys

    @property
    def login_names(self) -> tuple[str, ...]:
        """The providers through which somebody may sign in."""
        return self.parts.login_names

    @property
    def logins(self) -> "Logins":
        """Sign-ins through providers."""
        return self.parts.logins

    @property
    def mine(self) -> "Mine":
        """The own pages of apps' people."""
        return self.parts.crowd.mine

    @property
    def processings(self) -> "Processings":
        """What apps do with their people's data."""
        return self.parts.crowd.doors.processings

    @property
    def choices(self) -> "Choices":
        """What people say to that."""
        return self.parts.crowd.doors.choices

    @property
    def processing_runs(self) -> "ProcessingRuns":
        """What reads for that."""
        return self.parts.crowd.doors.runs

    @property
    def rotation(self) -> "Rotating":
        """What turns keys over."""
        return self.parts.rotation

    @property
    def people(self) -> "People":
        """What apps keep of their people."""
        return self.parts.crowd.people

    @property
    def repeats(self) -> "Repeats":
        """Requests that may come again."""
        return self.parts.crowd.repeats

    @property
    def person_records(self) -> "PersonRecords":
        """What apps keep of their people beside profiles."""
        return self.parts.crowd.person_records

    @property
    def rights(self) -> "Rights":
        """The rights of people."""
        return self.parts.crowd.rights

    @property
    def rules_ahead(self) -> "RulesAhead":
        """The owner's look at rules for an app before they are laid down."""
        return self.parts.crowd.rules_ahead

    @property
    def holds(self) -> "HoldsDoor":
        """Duties to keep what an erasure would take."""
        return self.parts.crowd.holds

    def stop(self) -> None:
        """End the programs that run, between two objects; the next run goes on from there."""
        self.parts.confinement.stop()

    @cached_property
    def _tags(self) -> NameTags:
        return NameTags(self.world.entropy)

    @property
    def service(self) -> Service:
        """How the service does, and its backups."""
        return self.parts.service

    def tag(self, text: str) -> str:
        """Return what stands for `text` in this process's journal, and nowhere else."""
        return self._tags.tag(text)

    def status(self) -> Status:
        """Return how the vault is."""
        return status_of(self.parts, self.home, self.world.clock())


@contextmanager
def opened(folder: Path, passphrase: str, world: World | None = None) -> Iterator[Node]:
    """Open the vault in `folder` for as long as the block runs."""
    with Node(folder, world) as node:
        node.unlock(passphrase)
        yield node

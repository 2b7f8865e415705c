"""What a face may ask of the vault: the contract between the front ends and `node`.

- A face holds no rule: it shows what these methods give and passes on what the owner chose. Every
  decision, charge and log entry is made behind this line.
- Methods block, may be called from several threads at once, and raise `SealholdError` only.
- Ids travel as text, whole or in the short form; what is absent raises `NotFoundError`.
- A locked vault raises `LockedError` from everything but `locked`, `unlock`, `lock` and
  `verify_passphrase`.
- Whoever holds an app's token talks to `Outside` alone, and learns an answer or DENIED.

Source: docs/spec/20-faces.md section 1.
"""

from __future__ import annotations  # most of what is named here is not loaded by an idle vault

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sealhold.model.shown import Status

if TYPE_CHECKING:  # contracts that nothing runs by: an idle vault has no room for them
    from sealhold.frontends.callerseam import Callers, Mine, Passkeys
    from sealhold.frontends.circleseam import Circle
    from sealhold.frontends.datawareseam import Dataware
    from sealhold.frontends.holdseam import Holds
    from sealhold.frontends.keyseam import Rotating
    from sealhold.frontends.loginseam import Logins
    from sealhold.frontends.ownerseam import (
        Apps,
        Audit,
        Budgets,
        Grants,
        Outside,
        Pushing,
        Records,
        Requests,
        Runs,
    )
    from sealhold.frontends.peopleseam import People
    from sealhold.frontends.processingseam import Choices, ProcessingRuns, Processings
    from sealhold.frontends.recordseam import PersonRecords, Repeats
    from sealhold.frontends.rightsseam import Rights
    from sealhold.frontends.serviceseam import Service
    from sealhold.frontends.sourceseam import Sources
    from sealhold.frontends.statementseam import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStage:
    """What a demo shows beside the pages of every vault; nobody in it is real."""

    passphrase: str  # said on each page, since whoever looks is signed in already
    tamper: Callable[[], tuple[str, ...]]  # bends a copy of the vault, and says what is found


class Vault(Protocol):
    """The open or locked vault; `node` composes it."""

    @property
    def locked(self) -> bool:
        """Whether the keys are out of reach."""
        ...

    def status(self) -> Status:
        """Return how the vault is."""
        ...

    def unlock(self, passphrase: str) -> None:
        """Open the vault.

        Raises:
            WrongPassphraseError: it does not open.
        """
        ...

    def lock(self) -> None:
        """Drop the keys."""
        ...

    def verify_passphrase(self, passphrase: str) -> bool:
        """Return whether `passphrase` opens this vault; works locked and open."""
        ...

    @property
    def is_near(self) -> bool:
        """Whether all that the open vault waits for is a disk of this machine."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """Let all that this thread begins in the block share a commit; one thread at a time."""
        ...

    @property
    def sources(self) -> Sources:
        """Where the data comes from."""
        ...

    @property
    def pushing(self) -> Pushing:
        """The door for programs that push."""
        ...

    @property
    def records(self) -> Records:
        """The owner's own reading."""
        ...

    @property
    def requests(self) -> Requests:
        """What others ask."""
        ...

    @property
    def grants(self) -> Grants:
        """What was allowed."""
        ...

    @property
    def apps(self) -> Apps:
        """Who may ask."""
        ...

    @property
    def dataware(self) -> Dataware:
        """Rules written ahead, and what came in."""
        ...

    @property
    def runs(self) -> Runs:
        """What left."""
        ...

    @property
    def audit(self) -> Audit:
        """What happened."""
        ...

    @property
    def statements(self) -> Statements:
        """What a month came to."""
        ...

    @property
    def budgets(self) -> Budgets:
        """How much was told."""
        ...

    @property
    def outside(self) -> Outside:
        """The door for apps."""
        ...

    @property
    def callers(self) -> Callers:
        """Who calls from outside."""
        ...

    @property
    def passkeys(self) -> Passkeys:
        """With what people sign in."""
        ...

    @property
    def login_names(self) -> tuple[str, ...]:
        """The providers through which somebody may sign in."""
        ...

    @property
    def logins(self) -> Logins:
        """Sign-ins through providers."""
        ...

    @property
    def mine(self) -> Mine:
        """The own pages of apps' people."""
        ...

    @property
    def processings(self) -> Processings:
        """What apps do with their people's data."""
        ...

    @property
    def choices(self) -> Choices:
        """What people say to that."""
        ...

    @property
    def processing_runs(self) -> ProcessingRuns:
        """What reads for that."""
        ...

    @property
    def rotation(self) -> Rotating:
        """What turns keys over."""
        ...

    @property
    def people(self) -> People:
        """What apps keep of their people."""
        ...

    @property
    def repeats(self) -> Repeats:
        """Requests that may come again."""
        ...

    @property
    def person_records(self) -> PersonRecords:
        """What apps keep of their people beside profiles."""
        ...

    @property
    def service(self) -> Service:
        """How the service does, and its backups."""
        ...

    @property
    def circle(self) -> Circle:
        """Devices, sharing, old versions and keys."""
        ...

    @property
    def rights(self) -> Rights:
        """The rights of people."""
        ...

    @property
    def holds(self) -> Holds:
        """Duties to keep what an erasure would take."""
        ...

"""A small vault in memory that keeps the contract of `frontends/seam.py`.

It has one budget, one log with a true Merkle root, and the states of a request; it seals nothing.
"""

from collections import Counter
from contextlib import AbstractContextManager, nullcontext

from sealhold.model.quantities import Instant
from sealhold.model.shown import (
    Status,
)
from sealhold.model.shown.backups import BackupView
from sealhold.model.shown.serving import Gauges
from tests.web.sample_asking import (
    TOKEN,
    SampleApps,
    SampleGrants,
    SampleOutside,
    SampleRequests,
    SampleRuns,
)
from tests.web.sample_callers import SampleCallers, SampleMine, SamplePasskeys
from tests.web.sample_circle import SampleCircle
from tests.web.sample_dataware import SampleDataware, furnish
from tests.web.sample_files import SampleSources
from tests.web.sample_holds import SampleHolds
from tests.web.sample_keys import SampleRotation
from tests.web.sample_logins import SampleLogins
from tests.web.sample_owner import SampleAudit, SampleBudgets, SampleRecords
from tests.web.sample_people import SamplePeople
from tests.web.sample_processings import (
    SampleChoices,
    SampleProcessingRuns,
    SampleProcessings,
)
from tests.web.sample_records import SamplePersonRecords, SampleRepeats
from tests.web.sample_rights import SampleRights
from tests.web.sample_sources import SamplePushing
from tests.web.sample_state import PASSPHRASE, SampleState
from tests.web.sample_statements import SampleStatements

__all__ = ["PASSPHRASE", "TOKEN", "SampleVault"]


class SampleService:
    """A service at rest."""

    def back_up(self, place: str) -> BackupView:
        return BackupView(
            id="b1", where=place, at=Instant(1), epoch=1, objects=2, size=3, digest="00"
        )

    def gauges(self) -> Gauges:
        return Gauges(
            waiting=0,
            batches=3,
            works=7,
            is_writing=True,
            is_full=False,
            log_size=12,
            disk_free=1_000_000,
            disk_size=2_000_000,
            reads_reserve=0,
            rights_reserve=0,
            epoch=1,
            epoch_due=None,
        )


class SampleVault(SampleState):
    """The vault of a person who does not exist."""

    is_near = True

    def __init__(self, *, stranger: str = "", empty: bool = False, locked: bool = True) -> None:
        super().__init__(stranger=stranger, empty=empty, locked=locked)
        if not empty:
            furnish(self, stranger)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    @property
    def service(self) -> SampleService:
        return SampleService()

    @property
    def sources(self) -> SampleSources:
        return SampleSources(self)

    @property
    def pushing(self) -> SamplePushing:
        return SamplePushing()

    @property
    def records(self) -> SampleRecords:
        return SampleRecords(self)

    @property
    def requests(self) -> SampleRequests:
        return SampleRequests(self)

    @property
    def grants(self) -> SampleGrants:
        return SampleGrants(self)

    @property
    def apps(self) -> SampleApps:
        return SampleApps(self)

    @property
    def dataware(self) -> SampleDataware:
        return SampleDataware(self)

    @property
    def runs(self) -> SampleRuns:
        return SampleRuns(self)

    @property
    def audit(self) -> SampleAudit:
        return SampleAudit(self)

    @property
    def statements(self) -> SampleStatements:
        return SampleStatements(self)

    @property
    def budgets(self) -> SampleBudgets:
        return SampleBudgets(self)

    @property
    def outside(self) -> SampleOutside:
        return SampleOutside(self)

    @property
    def callers(self) -> SampleCallers:
        return SampleCallers(self)

    @property
    def passkeys(self) -> SamplePasskeys:
        return SamplePasskeys()

    @property
    def login_names(self) -> tuple[str, ...]:
        return ()

    @property
    def logins(self) -> SampleLogins:
        return SampleLogins(self)

    @property
    def mine(self) -> SampleMine:
        return SampleMine()

    @property
    def people(self) -> SamplePeople:
        return SamplePeople()

    @property
    def processings(self) -> SampleProcessings:
        return SampleProcessings()

    @property
    def choices(self) -> SampleChoices:
        return SampleChoices()

    @property
    def processing_runs(self) -> SampleProcessingRuns:
        return SampleProcessingRuns()

    @property
    def repeats(self) -> SampleRepeats:
        return SampleRepeats()

    @property
    def person_records(self) -> SamplePersonRecords:
        return SamplePersonRecords()

    def status(self) -> Status:
        self.need_open()
        counts = Counter(line.collection for line in self.item_lines)
        return Status(
            version="0.1.0",
            home="/home/alice/.sealhold",
            headless=False,
            root="passphrase",
            root_strength="overwritten-file",
            items=len(self.item_lines),
            by_collection=dict(counts),
            log=self.audit.state(),
            isolation="monty, seccomp and Landlock 4",
            rollback_note="A copy of the whole folder put back in one piece is not noticed.",
            warnings=("The last back-up is 9 days old.",) if self.item_lines else (),
        )

    @property
    def circle(self) -> SampleCircle:
        return SampleCircle(self)

    @property
    def holds(self) -> SampleHolds:
        return SampleHolds(self)

    @property
    def rights(self) -> SampleRights:
        return SampleRights(self)

    @property
    def rotation(self) -> SampleRotation:
        return SampleRotation()

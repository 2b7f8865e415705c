"""The parts about processings, put together.

Source: docs/architecture.md section 3.
"""

from dataclasses import dataclass

from sealhold.compute.choosingdoor import Choices
from sealhold.compute.processingdoor import Processings
from sealhold.compute.rundoor import ProcessingRuns
from sealhold.compute.whocalls import WhoCalls
from sealhold.vault.choosing import Choosing
from sealhold.vault.core import Core
from sealhold.vault.leases import Leases
from sealhold.vault.limiting import Limiting
from sealhold.vault.notices import Notices
from sealhold.vault.principals import Principals
from sealhold.vault.processing_runs import ProcessingRuns as RunRows
from sealhold.vault.registry import Registry
from sealhold.vault.releasing import Releasing
from sealhold.vault.schemas import Schemas
from sealhold.vault.subjects import Subjects
from sealhold.vault.usesof import UsesOf
from sealhold.vault.using import Uses
from sealhold.vault.verdicts import Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingDoors:
    """What callers may do about processings."""

    processings: Processings
    choices: Choices
    runs: ProcessingRuns


def processing_doors(
    core: Core, registry: Registry, schemas: Schemas, uses: Uses, principals: Principals
) -> ProcessingDoors:
    """Return the doors for processings, for what people say, and for runs."""
    rows = uses.processings
    who = WhoCalls(principals, registry, Subjects(core), rows)
    uses_of = UsesOf(core, registry, uses)
    return ProcessingDoors(
        processings=Processings(who, rows, schemas, Notices(core)),
        choices=Choices(
            who, Choosing(core, uses), Limiting(core, uses), uses_of, Verdicts(core, uses)
        ),
        runs=ProcessingRuns(
            who, uses, RunRows(core, uses), Releasing(core, uses), Leases(core), uses_of
        ),
    )

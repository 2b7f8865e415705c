"""The parts that serve apps and their people: loaded when the first of them is asked for.

- A vault of one person never has them in memory.

Source: docs/architecture.md section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sealhold.compute.callers import Callers
from sealhold.compute.minedoor import Mine
from sealhold.compute.office import Office
from sealhold.compute.passkeydoor import Passkeys
from sealhold.compute.peopledoor import People
from sealhold.compute.rates import Rates
from sealhold.config import Settings, calendar_of
from sealhold.node.recordparts import record_doors
from sealhold.node.world import Speak
from sealhold.vault.core import Core
from sealhold.vault.mine import Mine as MineRows
from sealhold.vault.monitors import Monitors
from sealhold.vault.passkeys import Passkeys as PasskeyRows
from sealhold.vault.people import People as PeopleRows
from sealhold.vault.principals import Principals
from sealhold.vault.pushers import Pushers
from sealhold.vault.registry import Registry
from sealhold.vault.schemas import Schemas
from sealhold.vault.using import Uses

if TYPE_CHECKING:
    from sealhold.compute.holdsdoor import HoldsDoor
    from sealhold.compute.layingdoor import RulesAhead
    from sealhold.compute.personlogindoor import PersonLogins
    from sealhold.compute.rightsdoor import Rights
    from sealhold.node.processingparts import ProcessingDoors


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What of an open vault they are built on."""

    core: Core
    registry: Registry
    schemas: Schemas
    office: Office
    chosen: Settings
    verify: Callable[[str], bool]
    speak: Speak


class PeopleParts:
    """The parts of an open vault that serve apps and their people, built once."""

    def __init__(self, ground: Ground) -> None:
        core, registry, verify = ground.core, ground.registry, ground.verify
        self._ground = ground
        self._uses = uses = Uses(core, registry, ground.schemas)
        self._rows = rows = PeopleRows(core, uses, ground.chosen.access.lookups_a_day)
        self.people = People(rows, registry, ground.schemas, verify)
        self.principals = Principals(core, registry, uses)
        self.mine = Mine(self.principals, MineRows(core, uses, rows), core.clock)
        self.passkeys = Passkeys(
            self.principals, PasskeyRows(core, uses, self.principals), core.clock, core.entropy
        )
        self.person_records, self.repeats, self.terms = record_doors(
            core, uses, self.principals, registry, verify
        )
        self.monitors = Monitors(core)
        self.pushers = Pushers(core)
        access = ground.chosen.access
        self.callers = Callers(
            self.principals,
            ground.office,
            rows.lookups,
            self.monitors,
            self.pushers,
            logins=lambda: self.person_logins,
            app_rates=Rates(access.app_per_second, core.clock),
            token_rates=Rates(access.token_per_second, core.clock),
        )

    def finish_erasures(self) -> int:
        """End the erasures of people that a process began and did not end; return how many."""
        return self._rows.finish_erasures()

    @cached_property
    def person_logins(self) -> "PersonLogins":
        """People's sign-ins through providers; loaded with the first of them."""
        from sealhold.compute.personlogindoor import (  # noqa: PLC0415  # reason: few apps have any
            PersonLogins,
        )
        from sealhold.vault.personlogins import (  # noqa: PLC0415  # reason: the same
            PersonLogins as PersonLoginRows,
        )

        ground = self._ground
        rows = PersonLoginRows(ground.core, self._uses, self.principals, self._rows)
        near = ground.chosen.near_issuers
        return PersonLogins(ground.core, ground.registry, self.principals, rows, ground.speak, near)

    @cached_property
    def doors(self) -> "ProcessingDoors":
        """What apps do with their people's data; loaded when the first of them asks for it."""
        from sealhold.node.processingparts import (  # noqa: PLC0415  # reason: few vaults have any
            processing_doors,
        )

        ground = self._ground
        return processing_doors(
            ground.core, ground.registry, ground.schemas, self._uses, self.principals
        )

    @cached_property
    def rules_ahead(self) -> "RulesAhead":
        """The owner's look at rules before they are laid down; loaded with the first."""
        from sealhold.compute.layingdoor import (  # noqa: PLC0415  # reason: seldom used
            RulesAhead,
        )
        from sealhold.vault.collectionrules import Collections  # noqa: PLC0415  # reason: the same
        from sealhold.vault.laying import Laying  # noqa: PLC0415  # reason: the same

        ground = self._ground
        laying = Laying(ground.core, ground.schemas, Collections(ground.core))
        return RulesAhead(laying, ground.registry)

    @cached_property
    def holds(self) -> "HoldsDoor":
        """Duties to keep; loaded with the first who asks about one."""
        from sealhold.compute.holdsdoor import HoldsDoor  # noqa: PLC0415  # reason: seldom used

        ground = self._ground
        return HoldsDoor(ground.core, ground.registry, self.principals, ground.verify)

    @cached_property
    def rights(self) -> "Rights":
        """The rights of people; loaded with the first who uses one."""
        from sealhold.compute.rightsdoor import Rights  # noqa: PLC0415  # reason: seldom used

        ground = self._ground
        return Rights(
            ground.core,
            ground.registry,
            self.principals,
            self._uses,
            self._rows,
            calendar_of(ground.chosen),
            ground.verify,
        )

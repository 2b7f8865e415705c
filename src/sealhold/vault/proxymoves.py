"""What the log is told of migrations of tables at a provider.

- Each beginning, each switch and each end, with its table: what a provider could read, and since
  when it cannot.

Source: docs/spec/61-protecting-a-live-table.md section 7.
"""

from enum import StrEnum, unique

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.ids import Collection
from sealhold.vault.core import Core
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work


@unique
class Step(StrEnum):
    """What happened."""

    BEGAN = "a migration began"
    SWITCHED = "a table was switched to its protected form"
    FINISHED = "the clear form of a table was dropped"
    GOING_BACK = "a migration back began"
    BACK = "a table was put back in the clear"
    SUMS = "sums of a table go on under a new key"
    TURNING = "a table is made anew under other keys"
    TURNED = "a table was switched to its new keys"


class MovesLog:
    """Tells the log."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def tell(self, step: Step, table: str) -> None:
        """Have a step in the log.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY,
            actor=Actor.OWNER,
            subject=teller.subject,
            collection=Collection(table),
            reason=step.value,
        )
        self._core.writer.commit(Work((), (teller.entry(event),), releases=True))

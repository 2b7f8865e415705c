"""What the faces show of the caps that an owner sets, and of a cap that is about to change.

Source: docs/spec/09-leakage.md section 10.
"""

from dataclasses import dataclass

from sealhold.model.ids import RequestId
from sealhold.model.quantities import MicroBits
from sealhold.model.shown import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class CapView:
    """One cap, and each budget that it is the cap of."""

    kind: str  # object | app | purpose | all
    cap: MicroBits
    default: MicroBits
    highest: MicroBits  # that it can be set to
    budgets: tuple[Meter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A request that waits, is too much for the cap as it is, and would not be then."""

    request: RequestId
    asker: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapLook:
    """What a cap would be, before it is set."""

    kind: str
    before: MicroBits
    after: MicroBits
    budgets: tuple[Meter, ...]  # with the cap as it would be
    opens: tuple[Opening, ...]

    @property
    def raises(self) -> bool:
        """Whether more could be told then, so that it needs a yes of its own."""
        return self.after > self.before

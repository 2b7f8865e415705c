"""How blurred answers are paid for: micro-rho of a collection, per UTC calendar year, with a cap.

- One counter per collection and year sums over all apps, tasks and purposes: whoever works
  together, the noise on what they got is that of all their answers.
- A draw is named by what is asked and of which day, not by who asks; it is paid once, in the
  commit that charges the bits, before it is drawn. Who asks for the same draw again pays nothing.
- Nothing is ever given back. The cap is new each year over the same lives, so what was ever spent
  is told beside it.

Source: docs/spec/17-noise.md section 4.
"""

from dataclasses import dataclass

from sealhold.model.errors import NoiseExhaustedError
from sealhold.model.ids import Collection
from sealhold.model.quantities import MicroRho, Year
from sealhold.stores.spec import Bump, ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding

NOISE = TableSpec(
    name="noise",
    columns={
        "coll": ColumnKind.CODE,
        "year": ColumnKind.I64,
        "used": ColumnKind.I64,  # micro-rho
        "cap": ColumnKind.I64,
    },
    key=("coll", "year"),
    indexes={},
)
DRAWS = TableSpec(
    name="noisedraw",
    columns={
        "name": ColumnKind.HASH32,  # of what is asked
        "day": ColumnKind.I64,
        "cost": ColumnKind.I64,  # micro-rho
    },
    key=("name", "day"),
    indexes={},
)
TABLES = (NOISE, DRAWS)

ONE_COLLECTION = MicroRho(500_000)  # a year: one answer at epsilon 1, or 25 at epsilon 1/5


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One draw of noise: what it is drawn for, and of which day."""

    name: bytes  # 32
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseMeter:
    """What blurred answers of one collection have spent."""

    used: MicroRho  # this year
    cap: MicroRho
    ever: MicroRho  # in all years


class NoiseBudget:
    """The counters of one vault."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    def paid(self, draw: Draw) -> bool:
        """Return whether the draw was charged."""
        return self._deciding.get(DRAWS.name, draw.name, draw.day) is not None

    def ops(self, draw: Draw, collection: Collection, cost: MicroRho, year: Year) -> tuple[Op, ...]:
        """Return the operations that charge a draw; none if it was charged before.

        Raises:
            NoiseExhaustedError: the collection's budget of that year does not cover it.
        """
        # THREAT T189: one draw for all who ask the same: more askers get no second one to average
        if self.paid(draw):
            return ()
        meter = self.meter(collection, year)
        if meter.used + cost > meter.cap:
            short = meter.used + cost - meter.cap
            raise NoiseExhaustedError(
                f"blurred answers about `{collection}` of {year} are {short:,} micro-rho short"
            )
        once = Put(DRAWS.name, (draw.name, draw.day, int(cost)), Expect.ABSENT)
        if self._deciding.get(NOISE.name, collection, year) is None:
            row = (collection, year, int(cost), int(meter.cap))
            return (once, Put(NOISE.name, row, Expect.ABSENT))
        return (once, Bump(NOISE.name, (collection, year), "used", cost, meter.cap))

    def meter(self, collection: Collection, year: Year) -> NoiseMeter:
        """Return what was spent on a collection."""
        rows = [found.row for found in self._deciding.all(NOISE.name) if found.row[0] == collection]
        this = next((row for row in rows if row[1] == year), None)
        return NoiseMeter(
            used=MicroRho(this[2] if this else 0),
            cap=MicroRho(this[3] if this else ONE_COLLECTION),
            ever=MicroRho(sum(row[2] for row in rows)),
        )

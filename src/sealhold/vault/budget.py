"""The one place that charges: how many bits may be told, to whom, for what, in which year.

- Each budget is a counter with a cap, per UTC calendar year: one for all askers together, one for
  each app, one for each purpose. A charge bumps every counter it touches, in one commit with its
  log entry, before anything is evaluated; over a cap nothing is written.
- What one object may ever tell is counted apart: each function that was approved over a
  collection adds its price to every object of it, for life.
- Nothing is ever given back: not after a crash, a default, or an answer that nobody fetched.

Source: docs/spec/09-leakage.md section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.crypto.digest import Keyed
from sealhold.model.errors import LeakExhaustedError
from sealhold.model.ids import AppId, Collection, FunctionId, Purpose
from sealhold.model.quantities import MICRO, MicroBits, Year, show_bits
from sealhold.model.shown import Meter
from sealhold.stores.spec import Bump, ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding

BUDGETS = TableSpec(
    name="budget",
    columns={
        "scope": ColumnKind.TAG16,
        "year": ColumnKind.I64,
        "used": ColumnKind.I64,  # micro-bits
        "cap": ColumnKind.I64,
    },
    key=("scope", "year"),
    indexes={},
)
FUNCTIONS = TableSpec(
    name="function",
    columns={
        "f": ColumnKind.HASH32,
        "coll": ColumnKind.CODE,
        "cost": ColumnKind.I64,  # micro-bits of each object, for life
    },
    key=("f",),
    indexes={},
)
TABLES = (BUDGETS, FUNCTIONS)

ALL_ASKERS = MicroBits(64 * MICRO)  # a year: 64 bits tell apart more lives than there are people
ONE_APP = MicroBits(20 * MICRO)
ONE_PURPOSE = MicroBits(40 * MICRO)
ONE_OBJECT = MicroBits(16 * MICRO)  # of any one object, by all askers, ever


@dataclass(frozen=True, slots=True)
class _Scope:
    tag: bytes
    cap: MicroBits
    label: str


class Budget:
    """The counters of one vault."""

    def __init__(self, deciding: Deciding, names: Keyed) -> None:
        self._deciding = deciding
        self._names = names

    def query_ops(
        self, cost: MicroBits, app: AppId, purpose: Purpose, year: Year
    ) -> tuple[Op, ...]:
        """Return the operations that charge one answer to every budget it touches.

        Raises:
            LeakExhaustedError: one of them does not cover it, and which.
        """
        ops: list[Op] = []
        for scope in self._scopes(app, purpose):
            found = self._deciding.get(BUDGETS.name, scope.tag, year)
            used, cap = (found.row[2], found.row[3]) if found else (0, scope.cap)
            if used + cost > cap:
                short = show_bits(MicroBits(used + cost - cap))
                raise LeakExhaustedError(f"{scope.label} of {year} is {short} bits short")
            if found is None:
                row = (scope.tag, year, int(cost), int(cap))
                ops.append(Put(BUDGETS.name, row, Expect.ABSENT))
            else:
                ops.append(Bump(BUDGETS.name, (scope.tag, year), "used", cost, cap))
        return tuple(ops)

    def object_ops(
        self, f: FunctionId, collection: Collection, cost: MicroBits
    ) -> tuple[tuple[Op, ...], MicroBits]:
        """Return the operations that charge a function to each object, and what is new in it.

        A function that was approved before costs only what it now costs more.

        Raises:
            LeakExhaustedError: an object would tell more than it ever may.
        """
        found = self._deciding.get(FUNCTIONS.name, f)
        before = found.row[2] if found else 0
        more = MicroBits(max(0, cost - before))
        if self.of_object(collection) + more > ONE_OBJECT:
            short = show_bits(MicroBits(self.of_object(collection) + more - ONE_OBJECT))
            raise LeakExhaustedError(f"an object of `{collection}` is {short} bits short")
        if not more:
            return (), more
        expect = found.v if found else Expect.ABSENT
        return (Put(FUNCTIONS.name, (f, collection, int(cost)), expect),), more

    def of_object(self, collection: Collection) -> MicroBits:
        """Return what all functions approved so far may tell of one object."""
        return MicroBits(
            sum(
                found.row[2]
                for found in self._deciding.all(FUNCTIONS.name)
                if found.row[1] == collection
            )
        )

    def functions(self, collection: Collection) -> tuple[FunctionId, ...]:
        """Return the functions that were ever approved over a collection."""
        return tuple(
            FunctionId(found.row[0])
            for found in self._deciding.all(FUNCTIONS.name)
            if found.row[1] == collection
        )

    def left(self, app: AppId, purpose: Purpose, year: Year) -> MicroBits:
        """Return the least that any budget of an app and purpose still covers."""
        return min(
            MicroBits(meter.cap - meter.used)
            for meter in (self._meter(scope, year) for scope in self._scopes(app, purpose))
        )

    def meters(
        self, apps: Sequence[tuple[AppId, str]], year: Year, pending: MicroBits
    ) -> tuple[Meter, ...]:
        """Return the budget of all askers, then that of each named app."""
        every = self._meter(self._all(), year, pending)
        return (every, *(self.app_meter(app, name, year) for app, name in apps))

    def app_meter(
        self, app: AppId, name: str, year: Year, pending: MicroBits = MicroBits(0)
    ) -> Meter:
        """Return one app's budget."""
        scope = self._scopes(app, Purpose(""))[1]
        return self._meter(_Scope(scope.tag, scope.cap, name), year, pending)

    def _meter(self, scope: _Scope, year: Year, pending: MicroBits = MicroBits(0)) -> Meter:
        found = self._deciding.get(BUDGETS.name, scope.tag, year)
        used, cap = (found.row[2], found.row[3]) if found else (0, scope.cap)
        return Meter(label=scope.label, used=MicroBits(used), pending=pending, cap=MicroBits(cap))

    def _all(self) -> _Scope:
        return _Scope(self._names.mac16(b"all"), ALL_ASKERS, "all askers")

    def _scopes(self, app: AppId, purpose: Purpose) -> tuple[_Scope, ...]:
        return (
            self._all(),
            _Scope(self._names.mac16(b"app", app), ONE_APP, "this app"),
            _Scope(self._names.mac16(b"purpose", purpose.encode()), ONE_PURPOSE, "this purpose"),
        )

"""The one place that charges: how many bits may be told, to whom, for what, in which year.

- Each budget is a counter with a cap, per UTC calendar year: one for all askers together, one for
  each app, one for each purpose. A charge bumps every counter it touches, in one commit with its
  log entry, before anything is evaluated; over a cap nothing is written.
- What one object may ever tell is counted apart: each function that was approved over a
  collection adds its price to every object of it, for life.
- Nothing is ever given back: not after a crash, a default, or an answer that nobody fetched.

Source: docs/spec/09-leakage.md section 5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sealhold.model.errors import LeakExhaustedError
from sealhold.model.ids import AppId, Collection, Purpose
from sealhold.model.quantities import MICRO, MicroBits, Year, show_bits
from sealhold.model.shown import Meter
from sealhold.stores.spec import Bump, ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding
from sealhold.vault.keyring import SubjectKeys

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
LEAKS = TableSpec(
    name="leak",
    columns={
        "coll": ColumnKind.CODE,
        "kind": ColumnKind.CODE,
        "key": ColumnKind.HASH32,
        "cost": ColumnKind.I64,  # micro-bits of each object, for life
    },
    key=("coll", "kind", "key"),
    indexes={},
)
TOLD = TableSpec(
    name="told",
    columns={"f": ColumnKind.HASH32, "pages": ColumnKind.I64},  # written of a function's memo
    key=("f",),
    indexes={},
)
TABLES = (BUDGETS, LEAKS, TOLD)

ALL_ASKERS = MicroBits(64 * MICRO)  # a year: 64 bits tell apart more lives than there are people
ONE_APP = MicroBits(20 * MICRO)
ONE_PURPOSE = MicroBits(40 * MICRO)
ONE_OBJECT = MicroBits(16 * MICRO)  # of any one object, by all askers, ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One thing that was approved to be told of each object, and its price."""

    kind: str  # function | family | timing | epoch | versions
    key: bytes  # 32
    cost: MicroBits


@dataclass(frozen=True, slots=True)
class Scope:
    """One budget of a year, and whose it is."""

    tag: bytes  # 16
    cap: MicroBits
    label: str


def all_askers(keys: SubjectKeys) -> Scope:
    """Return the budget that every answer touches."""
    return Scope(keys.budgets.mac16(b"all"), ALL_ASKERS, "all askers")


class Budget:
    """The counters of one vault."""

    def __init__(self, deciding: Deciding, keys: SubjectKeys) -> None:
        self._deciding = deciding
        self._keys = keys
        self._names = keys.budgets

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

    def leaks(self, collection: Collection) -> list[Leak]:
        """Return all that was ever approved to be told of each object of a collection."""
        return [
            Leak(kind=found.row[1], key=found.row[2], cost=found.row[3])
            for found in self._deciding.all(LEAKS.name)
            if found.row[0] == collection
        ]

    def leak_ops(
        self, collection: Collection, leaks: Iterable[Leak], after: MicroBits
    ) -> tuple[Op, ...]:
        """Return the operations that charge `leaks` to each object, `after` which it has told so.

        What is charged already costs nothing more, and nothing is ever given back.

        Raises:
            LeakExhaustedError: an object would tell more than it ever may.
        """
        if after > ONE_OBJECT:
            short = show_bits(MicroBits(after - ONE_OBJECT))
            raise LeakExhaustedError(f"an object of `{collection}` is {short} bits short")
        ops: list[Op] = []
        for leak in leaks:
            found = self._deciding.get(LEAKS.name, collection, leak.kind, leak.key)
            row = (collection, leak.kind, leak.key, int(leak.cost))
            if found is None:
                ops.append(Put(LEAKS.name, row, Expect.ABSENT))
            elif found.row[3] < leak.cost:
                ops.append(Put(LEAKS.name, row, found.v))
        return tuple(ops)

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
        every = self.all_meter(year, pending)
        return (every, *(self.app_meter(app, name, year) for app, name in apps))

    def all_meter(self, year: Year, pending: MicroBits = MicroBits(0)) -> Meter:
        """Return the budget of all askers together."""
        return self._meter(self._all(), year, pending)

    def app_meter(
        self, app: AppId, name: str, year: Year, pending: MicroBits = MicroBits(0)
    ) -> Meter:
        """Return one app's budget."""
        scope = self._scopes(app, Purpose(""))[1]
        return self._meter(Scope(scope.tag, scope.cap, name), year, pending)

    def all_left(self, year: Year) -> MicroBits:
        """Return what all askers together may still be told."""
        meter = self.all_meter(year)
        return MicroBits(meter.cap - meter.used)

    def _meter(self, scope: Scope, year: Year, pending: MicroBits = MicroBits(0)) -> Meter:
        found = self._deciding.get(BUDGETS.name, scope.tag, year)
        used, cap = (found.row[2], found.row[3]) if found else (0, scope.cap)
        return Meter(label=scope.label, used=MicroBits(used), pending=pending, cap=MicroBits(cap))

    def _all(self) -> Scope:
        return all_askers(self._keys)

    def _scopes(self, app: AppId, purpose: Purpose) -> tuple[Scope, ...]:
        return (
            self._all(),
            Scope(self._names.mac16(b"app", app), ONE_APP, "this app"),
            Scope(self._names.mac16(b"purpose", purpose.encode()), ONE_PURPOSE, "this purpose"),
        )

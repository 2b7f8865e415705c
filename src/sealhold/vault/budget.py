"""The one place that charges: how many bits may be told, to whom, for what, in which year.

- Each budget is a counter per UTC calendar year: one for all askers together, one for each app,
  one for each purpose. A charge bumps every counter it touches, in one commit with its log entry,
  before anything is evaluated; over a cap nothing is written.
- The cap is the one in force when it is charged: its owner's, or the default that stands here.
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
from sealhold.vault.caps import CAPS, CapKind, Caps
from sealhold.vault.deciding import Deciding
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.questions import QUESTIONS
from sealhold.vault.shares import Shares, of_objects, of_purpose
from sealhold.vault.shares import all_askers as all_of

BUDGETS = TableSpec(
    name="budget",
    columns={
        "scope": ColumnKind.TAG16,
        "year": ColumnKind.I64,
        "used": ColumnKind.I64,  # micro-bits
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
TABLES = (BUDGETS, LEAKS, TOLD, CAPS, QUESTIONS)

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
    kind: CapKind
    label: str


def all_askers(keys: SubjectKeys) -> Scope:
    """Return the budget that every answer touches."""
    return Scope(keys.budgets.mac16(b"all"), CapKind.ALL, "all askers")


def default_cap(kind: CapKind) -> MicroBits:
    """Return the cap that holds until the owner sets one."""
    return {
        CapKind.OBJECT: ONE_OBJECT,
        CapKind.APP: ONE_APP,
        CapKind.PURPOSE: ONE_PURPOSE,
        CapKind.ALL: ALL_ASKERS,
    }[kind]


class Budget:
    """The counters of one vault."""

    def __init__(self, deciding: Deciding, keys: SubjectKeys) -> None:
        self._deciding = deciding
        self._keys = keys
        self._names = keys.budgets
        self.caps = Caps(deciding)
        self._shares = Shares(deciding, keys.budgets)

    def cap(self, kind: CapKind) -> MicroBits:
        """Return the cap in force."""
        found = self.caps.get(kind)
        return default_cap(kind) if found is None else found

    def shortage(self, cost: MicroBits, app: AppId, purpose: Purpose, year: Year) -> str:
        """Return which budget does not cover an answer, and by how much; empty if all do."""
        for scope in self._scopes(app, purpose):
            used, cap = self._used(scope, year), self.cap(scope.kind)
            if cost and used + cost > cap:
                short = show_bits(MicroBits(used + cost - cap))
                return f"the budget of {scope.label} in {year} is {short} bits short"
        return ""

    def query_ops(
        self, cost: MicroBits, app: AppId, purpose: Purpose, year: Year
    ) -> tuple[Op, ...]:
        """Return the operations that charge one answer to every budget it touches.

        Raises:
            LeakExhaustedError: one of them does not cover it, and which.
            BudgetAwayError: another device counts it, and lent too little of it to this one.
        """
        if short := self.shortage(cost, app, purpose, year):
            raise LeakExhaustedError(short)
        ops = [*self._shares.ops((all_of(year), cost), (of_purpose(purpose, year), cost))]
        for scope in self._scopes(app, purpose):
            ops.append(self.caps.guard(scope.kind))
            if self._deciding.get(BUDGETS.name, scope.tag, year) is None:
                row = (scope.tag, year, int(cost))
                ops.append(Put(BUDGETS.name, row, Expect.ABSENT))
            else:  # what costs nothing passes a cap that was lowered below what is used
                cap = max(self.cap(scope.kind), self._used(scope, year))
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
        self,
        collection: Collection,
        leaks: Iterable[Leak],
        after: MicroBits,
        before: MicroBits = MicroBits(0),
    ) -> tuple[Op, ...]:
        """Return the operations that charge `leaks` to each object.

        What is charged already costs nothing more, and nothing is ever given back.

        Args:
            collection: whose objects.
            leaks: what is told of each.
            after: what one object may have told in all, with them.
            before: the same without them.

        Raises:
            LeakExhaustedError: an object would tell more than it ever may.
            BudgetAwayError: another device counts that, and lent too little of it to this one.
        """
        cap = self.cap(CapKind.OBJECT)
        if after > max(cap, before):
            short = show_bits(MicroBits(after - cap))
            raise LeakExhaustedError(f"an object of `{collection}` is {short} bits short")
        ops: list[Op] = []
        for leak in leaks:
            found = self._deciding.get(LEAKS.name, collection, leak.kind, leak.key)
            row = (collection, leak.kind, leak.key, int(leak.cost))
            if found is None:
                ops.append(Put(LEAKS.name, row, Expect.ABSENT))
            elif found.row[3] < leak.cost:
                ops.append(Put(LEAKS.name, row, found.v))
        if not ops:
            return ()
        shared = self._shares.ops((of_objects(collection), max(0, after - before)))
        return (self.caps.guard(CapKind.OBJECT), *shared, *ops)

    def left(self, app: AppId, purpose: Purpose, year: Year) -> MicroBits:
        """Return the least that any budget of an app and purpose still covers."""
        return min(_left(self._meter(scope, year)) for scope in self._scopes(app, purpose))

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
        return self._meter(Scope(scope.tag, scope.kind, name), year, pending)

    def purpose_meter(self, purpose: Purpose, year: Year) -> Meter:
        """Return one purpose's budget."""
        scope = self._scope_of(purpose)
        return self._meter(Scope(scope.tag, scope.kind, purpose), year)

    def all_left(self, year: Year) -> MicroBits:
        """Return what all askers together may still be told."""
        return _left(self.all_meter(year))

    def _used(self, scope: Scope, year: Year) -> MicroBits:
        found = self._deciding.get(BUDGETS.name, scope.tag, year)
        return MicroBits(found.row[2] if found else 0)

    def _meter(self, scope: Scope, year: Year, pending: MicroBits = MicroBits(0)) -> Meter:
        used, cap = self._used(scope, year), self.cap(scope.kind)
        return Meter(label=scope.label, used=used, pending=pending, cap=cap)

    def _all(self) -> Scope:
        return all_askers(self._keys)

    def _scopes(self, app: AppId, purpose: Purpose) -> tuple[Scope, ...]:
        return (
            self._all(),
            Scope(self._names.mac16(b"app", app), CapKind.APP, "this app"),
            self._scope_of(purpose),
        )

    def _scope_of(self, purpose: Purpose) -> Scope:
        tag = self._names.mac16(b"purpose", purpose.encode())
        return Scope(tag, CapKind.PURPOSE, "this purpose")


def _left(meter: Meter) -> MicroBits:
    """Return what a budget still covers; a cap that was lowered leaves nothing, never less."""
    return MicroBits(max(0, meter.cap - meter.used))

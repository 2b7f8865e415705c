"""What a task can tell at most, in millionths of a bit, before it runs: bounds and prices.

- The price of a choice among n is log2 n, rounded up to the next micro-bit, so a sum of prices is
  never below the truth. All arithmetic is on integers or on decimals rounded upward.
- An object pays for life: per function k * b per evaluated version, for the cells that a family of
  selections can put it in, for the slot in which a batch ends, for the days on which its presence
  shows. A query pays log2 of the answers it can have. The smaller of both sums bounds the leak.
- What all approved tasks together can tell of one object is a join: what is known is not charged
  again, what is new is charged before it counts, and nothing is ever given back.
- Pure: what was approved so far comes in as `Facts`; who is charged says `vault.budget`.

Source: docs/spec/09-leakage.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import TypeVar

from sealhold.compute.aggregates import Aggregate, reach, released_range
from sealhold.compute.ranges import Range
from sealhold.compute.slots import SlotMode, epoch_of, fits_first_slot
from sealhold.compute.task import Scope, Task, function_id
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import FunctionId, TaskDigest
from sealhold.model.quantities import MICRO, Instant, MicroBits
from sealhold.policy.sight import EVERY_ROW

_DIGITS = 60  # of a logarithm; its integer part needs at most 20
_SLACK = Decimal("1e-30")  # above any error of the logarithm, far below a micro-bit
_MANTISSA = 256  # leading bits of a huge number that are kept; the rest is rounded up

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPrice:
    """What one object pays once and for life when a task is approved."""

    function: MicroBits  # v * k * b, for each parameter and each tuple of resources
    selection: MicroBits  # which cell of the selections the object lies in
    timing: MicroBits  # in which slot a batch ends
    presence: MicroBits  # from which day to which day the object was there

    @property
    def total(self) -> MicroBits:
        """Return the sum."""
        return MicroBits(self.function + self.selection + self.timing + self.presence)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPrice:
    """What each new query pays."""

    alternatives: int  # how many answers it can have
    answer: MicroBits
    timing: MicroBits

    @property
    def total(self) -> MicroBits:
        """Return the sum."""
        return MicroBits(self.answer + self.timing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the tasks approved over one collection may ever tell of one object of it."""

    functions: Mapping[FunctionId, MicroBits]
    families: Mapping[bytes, MicroBits]  # by `family_id`
    timings: Mapping[TaskDigest, MicroBits]
    epochs: frozenset[int]  # the days whose set of objects shows
    versions: int  # the largest number of versions that any of them evaluates

    @property
    def per_object(self) -> MicroBits:
        """Return the bound for one object over its whole life."""
        parts = (self.functions, self.families, self.timings)
        told = sum(price for part in parts for price in part.values())
        return MicroBits(told + presence_price(len(self.epochs), self.versions))


NOTHING = Facts(functions={}, families={}, timings={}, epochs=frozenset(), versions=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One object's leak over its life if a task is approved; `charge` is the difference."""

    before: MicroBits
    after: MicroBits

    @property
    def charge(self) -> MicroBits:
        """Return what the approval adds; 0 if all of it was approved before."""
        return MicroBits(self.after - self.before)


def bits_of_choice(alternatives: int) -> MicroBits:
    """Return log2 of `alternatives` in micro-bits, rounded up.

    Raises:
        InvalidManifestError: there is no choice among fewer than one.
    """
    if alternatives < 1:
        raise InvalidManifestError("a choice has at least one alternative")
    above = (alternatives - 1).bit_length() * MICRO  # of the next power of two
    if alternatives.bit_count() == 1:
        return MicroBits(above)
    beyond = max(0, alternatives.bit_length() - _MANTISSA)
    head = (alternatives >> beyond) + (beyond > 0)
    with localcontext(prec=_DIGITS):
        bits = Decimal(head).ln() / Decimal(2).ln() + beyond
        # INVARIANT: never below the truth.
        rounded = int((bits * MICRO + _SLACK).to_integral_value(ROUND_CEILING))
    return MicroBits(min(above, rounded))


def alternatives(aggregate: Aggregate, evaluate: Range, max_objects: int, coarsen: int = 1) -> int:
    """Return how many answers the aggregate of up to `max_objects` results can have.

    The smaller of what the kind can say and of what the declared, possibly coarser, range holds
    of it; the default counts where it can be said.

    Raises:
        InvalidManifestError: the kind cannot be coarser.
    """
    says = reach(aggregate, evaluate, max_objects)
    leaves = released_range(aggregate, coarsen)
    first, last = leaves.position(says.first), leaves.position(says.last)
    default = leaves.position(aggregate.default)
    outside = says.may_be_empty and not first <= default <= last
    return min(says.count, last - first + 1 + outside)


def presence_price(epochs: int, versions: int = 1) -> MicroBits:
    """Return the price of showing an object's presence on each of `epochs` days.

    An object comes on one day and goes on a later one, or never shows: 1 + E(E+1)/2 cases. A
    further version tells besides on which day it came.
    """
    if epochs <= 1:
        return MicroBits(0)
    cases = bits_of_choice(1 + epochs * (epochs + 1) // 2)
    return MicroBits(cases + (versions - 1) * bits_of_choice(epochs))


def function_price(task: Task) -> MicroBits:
    """Return what an object pays for one function: v * k * b."""
    # INVARIANT: each evaluated version shows its whole partition one value of the range.
    each = bits_of_choice(task.evaluate.range.size)
    return MicroBits(task.partition.max_versions * task.partition.k * each)


def family_price(task: Task, cells: int) -> MicroBits:
    """Return what an object pays for selections that tell apart `cells` places it can be in."""
    return MicroBits(task.partition.max_versions * bits_of_choice(cells))


def timing_price(task: Task) -> MicroBits:
    """Return the price of the slot in which the work on `task` ends, or of it being given up."""
    if task.slot.mode is SlotMode.AHEAD:
        return MicroBits(0)
    partitions = -(-task.input.max_objects // task.partition.k)
    if fits_first_slot(partitions, task.limits.ms_per_partition, task.slot.seconds):
        return MicroBits(0)
    return bits_of_choice(task.slot.max_slots + 1)


def shown_epochs(task: Task, approved_at: Instant) -> frozenset[int]:
    """Return the days whose set of objects `task` can show when it is approved at that time."""
    first = epoch_of(approved_at)
    if task.input.objects == "frozen":
        return frozenset({first})
    last = epoch_of(Instant(max(approved_at, task.expires_at - 1)))
    return frozenset(range(first, last + 1))


def object_price(scope: Scope, cells: int, epochs: int = 1) -> ObjectPrice:
    """Return what one object pays for `scope` if nothing was approved over its collection before.

    Args:
        scope: what is asked for.
        cells: in how many places its selections can put an object (`selections.cells`).
        epochs: on how many days the set of objects shows.
    """
    task = scope.task
    return ObjectPrice(
        function=MicroBits(len(scope.params) * task.tuples * function_price(task)),
        selection=family_price(task, cells),
        timing=timing_price(task),
        presence=presence_price(epochs, task.partition.max_versions),
    )


def query_price(task: Task, coarsen: int = 1) -> QueryPrice:
    """Return what each new query of `task` pays, when every `coarsen`-th answer is kept.

    Raises:
        InvalidManifestError: the kind of answer cannot be coarser.
    """
    count = alternatives(task.aggregate, task.evaluate.range, task.input.max_objects, coarsen)
    return QueryPrice(alternatives=count, answer=bits_of_choice(count), timing=timing_price(task))


def object_bound(price: ObjectPrice, query: QueryPrice, queries: int, size: MicroBits) -> MicroBits:
    """Return the most that `queries` answers tell of one object of `size` micro-bits."""
    return MicroBits(min(size, price.total, queries * query.total))


def data_set_bound(
    task: Task, price: ObjectPrice, query: QueryPrice, queries: int, epochs: int = 1
) -> MicroBits:
    """Return the most that `queries` answers tell of all objects and of how many there are."""
    most = task.input.max_objects
    objects = most * price.total + bits_of_choice(1 + most * epochs)
    return MicroBits(min(objects, queries * query.total))


def unprotected(query: QueryPrice, queries: int, size: MicroBits) -> MicroBits:
    """Return what `queries` answers could tell of one object if programs were not confined so."""
    return MicroBits(min(size, queries * query.answer))


def family_id(scope: Scope) -> bytes:
    """Return the 32-byte id of the selections of `scope`: the same predicates are one family."""
    predicates = sorted({each.predicate for each in scope.selections})
    if scope.said.rows != EVERY_ROW:
        predicates = [f"({each}) and ({scope.said.rows})" for each in predicates]
    return tagged(Tag.FAMILY, pack([scope.task.collection, predicates]))


def facts_of(scope: Scope, cells: int, approved_at: Instant) -> Facts:
    """Return what `scope`, approved at that time, may tell of one object, taken alone."""
    task = scope.task
    price = MicroBits(task.tuples * function_price(task))  # each tuple of resources is a function
    return Facts(
        functions={
            function_id(task, param, scope.fields, said=scope.said): price for param in scope.params
        },
        families={family_id(scope): family_price(task, cells)},
        timings={task.digest: timing_price(task)},
        epochs=shown_epochs(task, approved_at),
        versions=task.partition.max_versions,
    )


def joined(one: Facts, other: Facts) -> Facts:
    """Return what both may tell together: what stands in both counts once, at the higher price."""
    return Facts(
        functions=_higher(one.functions, other.functions),
        families=_higher(one.families, other.families),
        timings=_higher(one.timings, other.timings),
        epochs=one.epochs | other.epochs,
        versions=max(one.versions, other.versions),
    )


def prospect(approved: Facts, proposed: Facts) -> Prospect:
    """Return one object's leak over its life before and after `proposed` joins `approved`."""
    # INVARIANT: `after` is never below `before`: approving never gives anything back.
    return Prospect(before=approved.per_object, after=joined(approved, proposed).per_object)


def _higher(
    one: Mapping[_Key, MicroBits], other: Mapping[_Key, MicroBits]
) -> dict[_Key, MicroBits]:
    none = MicroBits(0)
    return {key: max(one.get(key, none), other.get(key, none)) for key in one.keys() | other.keys()}

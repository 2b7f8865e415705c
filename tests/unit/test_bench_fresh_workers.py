"""The bench's sandbox ends the worker of the run before, and then lets the product's run."""

from collections.abc import Mapping, Sequence

from sealhold.bench.freshkeeper import FreshBroker, FreshSandbox
from sealhold.compute.broker import Broker
from sealhold.compute.spec import Entry, Fault, Handle, Limits, StaticError
from sealhold.model.encoding import Plain

LIMITS = Limits(ms_per_partition=100, memory_mib=8)
HANDLE = Handle(b"", LIMITS)


class Noting:
    """A sandbox that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def compile(self, code: bytes, limits: Limits) -> Handle:
        return Handle(code, limits)

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        del handle, entries
        return []

    def run(
        self, handle: Handle, obj: Mapping[str, Plain], res: Mapping[str, Plain]
    ) -> int | Fault:
        del handle, obj, res
        self.told.append("run")
        return 1

    def run_partition(
        self,
        handle: Handle,
        objects: Sequence[Mapping[str, Plain]],
        res: Mapping[str, Plain],
    ) -> Sequence[int | Fault] | Fault:
        del handle, res
        self.told.append("partition")
        return [2 for _ in objects]

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        del handle
        self.told.append("aggregate")
        return sum(parts)

    def close(self) -> None:
        self.told.append("close")


def test_each_run_begins_with_the_end_of_the_worker_before() -> None:
    inner = Noting()
    fresh = FreshSandbox(inner)

    said = [fresh.run(HANDLE, {}, {}), fresh.run(HANDLE, {}, {})]

    assert said == [1, 1]
    assert fresh.run_partition(HANDLE, [{}, {}], {}) == [2, 2]
    assert fresh.aggregate(HANDLE, [3, 4]) == 7
    assert inner.told == [
        "close", "run", "close", "run", "close", "partition", "close", "aggregate",
    ]  # fmt: skip


def test_only_the_module_of_the_keeper_differs_from_the_products_broker() -> None:
    assert FreshBroker.keeper != Broker.keeper
    assert FreshBroker.evaluate is Broker.evaluate

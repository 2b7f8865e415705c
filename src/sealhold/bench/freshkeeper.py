"""A keeper whose brokers start a new worker process for each object; all else is the product's.

- What one more process costs inside a closed jail, with the warden asked at each step of its start;
  the product starts one worker per broker, and a fresh session in it for each object.

Source: docs/benchmarks.md.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sealhold.compute import keeper
from sealhold.compute.broker import Broker
from sealhold.compute.cell import Making
from sealhold.compute.spec import Entry, Fault, Handle, Limits, Sandbox, StaticError
from sealhold.model.encoding import Plain


class FreshBroker(Broker):
    """A broker that starts a new worker for each object."""

    keeper = "sealhold.bench.freshkeeper"


class FreshSandbox:
    """A sandbox that ends the worker of the run before, and starts the next, in each run."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner

    def compile(self, code: bytes, limits: Limits) -> Handle:
        """Take a program in."""
        return self._inner.compile(code, limits)

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        """Return what is wrong with a program, from whichever worker there is."""
        return self._inner.check(handle, entries)

    def run(
        self, handle: Handle, obj: Mapping[str, Plain], res: Mapping[str, Plain]
    ) -> int | Fault:
        """Return `evaluate(obj, res)`, from a new worker."""
        self._inner.close()
        return self._inner.run(handle, obj, res)

    def run_partition(
        self,
        handle: Handle,
        objects: Sequence[Mapping[str, Plain]],
        res: Mapping[str, Plain],
    ) -> Sequence[int | Fault] | Fault:
        """Return `evaluate(obj, res)` of each object, all from one new worker."""
        self._inner.close()
        return self._inner.run_partition(handle, objects, res)

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        """Return `aggregate(parts)`, from a new worker."""
        self._inner.close()
        return self._inner.aggregate(handle, parts)

    def close(self) -> None:
        """End the worker."""
        self._inner.close()


def fresh(making: Making) -> Making:
    """Return the same with sandboxes that start a worker for each run."""
    sandboxes = {tier: FreshSandbox(each) for tier, each in making.sandboxes.items()}
    return replace(making, sandboxes=sandboxes)


if __name__ == "__main__":
    keeper.main(sys.argv[1:], fresh)

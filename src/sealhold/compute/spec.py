"""What runs a stranger's program promises: the contract of each file in `sandboxes/`.

- Each `run`, `run_partition` and `aggregate` is a fresh instance: nothing is left for the next.
- A program has no clock, no entropy, no file, no network and no environment. Given the same
  input it gives the same answer, save where a limit cuts it off.
- The limits hold whatever the program does. What it prints is thrown away.
- What comes back is an `int` of 64 bits, by exact type, or `FAULT`. A timeout, a trap, an
  exception, a crash and a value of any other type are all that one thing.
- A sandbox is not trusted to keep all this: it runs in a jailed process that has nothing to lose.

Suite: tests/conformance/test_sandboxes.py. Source: docs/spec/19-confinement.md section 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, Protocol

from sealhold.model.encoding import Plain

LOWEST, HIGHEST = -(2**63), 2**63 - 1  # what an answer can be


class Fault(Enum):
    """The one way in which a run can fail; there is no detail to tell."""

    FAULT = "fault"


FAULT: Final = Fault.FAULT
Entry = Literal["evaluate", "aggregate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use."""

    ms_per_partition: int  # wall clock; at this point the run is killed
    memory_mib: int


@dataclass(frozen=True, slots=True)
class StaticError:
    """A fault that is seen before a program runs; line and column count from 1."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Handle:
    """A program that a sandbox has taken in."""

    code: bytes
    limits: Limits


class Sandbox(Protocol):
    """Runs programs. Methods block; one call at a time."""

    def compile(self, code: bytes, limits: Limits) -> Handle:
        """Return the handle by which `code` is run; any bytes may come."""
        ...

    def check(self, handle: Handle, entries: Sequence[Entry]) -> Sequence[StaticError]:
        """Return what is wrong with the program as it stands, empty if nothing is.

        That it parses, that it type-checks, and that each of `entries` is there.
        """
        ...

    def run(
        self, handle: Handle, obj: Mapping[str, Plain], res: Mapping[str, Plain]
    ) -> int | Fault:
        """Return `evaluate(obj, res)`, from a fresh instance."""
        ...

    def run_partition(
        self,
        handle: Handle,
        objects: Sequence[Mapping[str, Plain]],
        res: Mapping[str, Plain],
    ) -> Sequence[int | Fault] | Fault:
        """Return `evaluate(obj, res)` of each object in turn, all from one fresh instance.

        The limits are those of one run, for all together. What one object breaks by raising is its
        own fault; what ends the instance, or gives another number of values, is that of all.
        """
        ...

    def aggregate(self, handle: Handle, parts: Sequence[int]) -> int | Fault:
        """Return `aggregate(parts)`, from a fresh instance that never saw an object."""
        ...

    def close(self) -> None:
        """End what the sandbox has started; closing again is no error."""

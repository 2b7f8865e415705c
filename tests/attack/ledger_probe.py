"""The attacker of the ledger tests, in a process of its own that is killed at given moments.

- Its program robs the first object of each partition (`ledger_programs`), in either tier. What it
  asks next hangs on what it was told: a new function when it may, an object it has not asked about
  alone, a set that differs from an earlier one in one object, and what it asked before, again.
- In tier `dream` it has what an author can only dream of: a sandbox with a clock and a memory that
  outlives every process. What keeps the secrets then is the memo and the ledger alone.
- All that it saw stands in a book, line by line; a kill loses nothing of it.
"""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Literal, Self, cast
from unittest import mock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute import partition, replay
from sealhold.compute.asked import facts_so_far, leaks_of
from sealhold.compute.broker import Broker
from sealhold.compute.leakage import Facts, facts_of, prospect
from sealhold.compute.office import Office
from sealhold.compute.replay import Member, Program
from sealhold.compute.results import result_of
from sealhold.compute.spec import Limits, Tier
from sealhold.compute.task import Scope, parse_task
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import LeakExhaustedError
from sealhold.model.ids import Collection, Id16, RecordId
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.node import Node
from sealhold.policy.decision import Decision, Reason
from sealhold.vault import budget
from sealhold.vault.deciding import scan_all
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.writer import Work
from tests.attack.ledger_programs import BLOCKS, FUEL, NIBBLE, speaking
from tests.scenarios.vaults import Job, calendar, new_home, opened, sum_of

Author = Literal["py", "wasm", "dream"]
EVENTS = Collection("events")
FUNCTIONS = 4  # that an object may be charged for
REPEATED = 40  # questions asked again after each restart
MOST = 64  # objects that count in an answer


def objects(k: int) -> int:
    """Return how many objects there are: too many for all partitions to stay open."""
    return 16 * k


def prepare(folder: Path, k: int) -> Path:
    """Make a vault whose objects have a secret each and a partition of k; return its home."""
    home = new_home(folder / "home")
    size = 4 * NIBBLE * k  # bits: so many digits as all functions together could say
    secrets = [f"{Random(n * 64 + k).getrandbits(4 * size):0{size}x}" for n in range(objects(k))]
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "c.ics", secrets)])
        core = node.parts.core
        names = [member.logical for member in members(node)]
        placed = partition.assigned(core, EVENTS, k, names)
        if placed:
            core.writer.commit(Work(tuple(placed), (entry(node),)))
    return home


def entry(node: Node) -> Entry:
    teller = office_of(node).teller
    return teller.entry(Event(kind=EventKind.RUN, actor=Actor.VAULT))


def office_of(node: Node) -> Office:
    return node.runs._office


def members(node: Node) -> list[Member]:
    """Return all objects, in the order in which a question names them."""
    found = [row.row for row in scan_all(node.parts.core.store, IDENTITIES)]
    return [Member(RecordId(Id16(row[1])), 1, row[0]) for row in sorted(found, key=lambda r: r[1])]


def permitted(program: Program) -> Decision:
    return Decision(
        permit=True,
        fields=program.scope.fields,
        because=(),
        code=Reason.GRANTED,
        sentence="",
        obligations=None,
    )


@dataclass
class Dream:
    """A sandbox that knows how often it ran, in all processes."""

    folder: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End nothing."""

    def answers(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        objects: Iterable[Mapping[str, Plain]],
        limits: Limits,
    ) -> Iterator[tuple[int, int | None]]:
        alone = [[each] for each in objects]
        for at, said in enumerate(self.evaluate_partitions(code, res, alone, limits)):
            yield at, said[0]

    def evaluate_partitions(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        partitions: Sequence[Sequence[Mapping[str, Plain]]],
        limits: Limits,
    ) -> list[list[int | None]]:
        del code, res, limits
        runs = self.folder / "runs"
        begun = int(runs.read_text()) if runs.exists() else 0
        runs.write_text(str(begun + 1))
        return [self._speak(objects, begun) for objects in partitions]

    def _speak(self, objects: Sequence[Mapping[str, Plain]], begun: int) -> list[int | None]:
        secret, k = str(objects[0]["summary"]), len(objects)
        return [int(secret[(begun * k + n) % len(secret)], 16) for n in range(k)]


def die(folder: Path, moment: str) -> None:
    """End this process as a power cut would, once for each time that the moment is due."""
    due = folder / f"due-{moment}"
    if due.exists():
        due.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def function(tier: Tier, k: int, number: int) -> Program:
    """Return the function of one parameter."""
    code = speaking(tier, k)
    job = Job(
        code=code,
        k=k,
        evaluate={"min": 0, "max": 15, "step": 1},
        aggregate=sum_of(0, 15 * MOST),
        most=MOST,
        params={f"p{n}": n for n in range(BLOCKS)},
        milliseconds=1000,
        tier=tier,
        fuel=FUEL if tier == "wasm" else None,
    )
    task = parse_task(to_json(job.manifest(bytes(32))))
    params = (task.param(f"p{number}"),)
    scope = Scope(task=task, fields=task.fields, params=params, selections=task.selections)
    return Program(scope=scope, code=code)


@dataclass
class Attacker:
    """Asks, and writes down what it sees."""

    node: Node
    folder: Path
    k: int
    tier: Tier
    everyone: list[Member] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)  # that it may ask for
    asked: list[tuple[int, int]] = field(default_factory=list)  # function, set of objects
    fresh: list[tuple[int, int]] = field(default_factory=list)  # function, object not asked alone
    learnt: int = 0  # the sum of all that it was told of one object alone
    tried: int = 0  # functions that it wished to have

    def __post_init__(self) -> None:
        self.everyone = members(self.node)
        for line in self._lines("functions"):
            self._approve(int(line))
        for line in self._lines("book"):
            number, mask, value = map(int, line.split())
            self._note(number, mask, value)
        told = set(self.asked)
        self.fresh = [each for each in self.fresh if (each[0], 1 << each[1]) not in told]

    def _lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def _note(self, number: int, mask: int, value: int) -> None:
        self.asked.append((number, mask))
        if mask.bit_count() == 1:
            self.learnt += value

    def write(self, number: int, mask: int) -> None:
        """Ask, and note the answer in the book."""
        value = self.ask(number, mask)
        with (self.folder / "book").open("a") as book:
            print(number, mask, value, file=book)
        self._note(number, mask, value)

    def go_further(self) -> None:
        """Have one more function charged, if there is room; what was told says which."""
        left = [n for n in range(BLOCKS) if n not in self.functions]
        number = left[self.learnt % len(left)]
        with (self.folder / "functions").open("a") as noted:
            print(number, file=noted)
        self._approve(number)

    def _approve(self, number: int) -> None:
        self.tried += 1
        office, proposed = office_of(self.node), self._facts(number)
        dataset = office.core.datasets[EVENTS]
        after = prospect(facts_so_far(office.budget, dataset), proposed).after
        try:
            ops = office.budget.leak_ops(EVENTS, leaks_of(proposed), after)
        except LeakExhaustedError:
            return
        office.core.writer.commit(Work(ops, (entry(self.node),), releases=True))
        die(self.folder, "charged")
        self.functions.append(number)
        self.fresh += [(number, at) for at in range(len(self.everyone))]

    def ask_all(self) -> None:
        """Ask each function about all objects at once."""
        for number in self.functions:
            self.write(number, (1 << len(self.everyone)) - 1)

    def question(self, draw: Random) -> tuple[int, int]:
        """Return what to ask next: function and set of objects."""
        if self.fresh and draw.random() < 0.6:
            number, at = self.fresh.pop(draw.randrange(len(self.fresh)))
            return number, 1 << at
        kind, (number, mask) = draw.random(), draw.choice(self.asked)
        one = 1 << draw.randrange(len(self.everyone))
        if kind < 0.5:
            return number, mask
        if kind < 0.8 and mask != one:
            return number, mask ^ one
        some = draw.sample(range(len(self.everyone)), 8)
        return draw.choice(self.functions), sum(1 << at for at in some)

    def ask(self, number: int, mask: int) -> int:
        """Return what a function says of the objects in `mask`, summed up."""
        office, program = office_of(self.node), function(self.tier, self.k, number)
        chosen = [self.everyone[at] for at in _bits(mask)]
        values = office.replay.values(permitted(program), program, chosen)
        die(self.folder, "kept")
        return result_of(office, program, values, 1, 0)

    def _facts(self, number: int) -> Facts:
        scope = function(self.tier, self.k, number).scope
        return facts_of(scope, 1, office_of(self.node).core.clock())


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


@contextmanager
def dying_over_what_was_said(folder: Path) -> Iterator[None]:
    """Let the process end between the evaluation of partitions and the commit that keeps it."""
    original = replay._said

    def said(*given: Any) -> Any:  # noqa: ANN401  reason: passed on
        found = original(*given)
        die(folder, "evaluated")
        return found

    with mock.patch.object(replay, "_said", said):
        yield


def attack(home: Path, folder: Path, k: int, queries: int, author: Author, until: int) -> None:
    """Ask until so many questions stand in the book; some way behind `until`, wait to be killed."""
    # At k = 1 what it always is; more, so that there is something to count for larger partitions.
    budget.ONE_OBJECT = MicroBits(FUNCTIONS * k * NIBBLE * MICRO)
    with opened(home) as node, dying_over_what_was_said(folder):
        if author == "dream":
            dream = cast("Broker", Dream(folder))  # reason: it stands in its place
            office_of(node).replay._broker = lambda _grants: dream
        attacker = Attacker(node, folder, k, "wasm" if author == "wasm" else "py")
        attacker.ask_all()
        for number, mask in Random(1).sample(attacker.asked, min(REPEATED, len(attacker.asked))):
            attacker.write(number, mask)
        for query in range(len(attacker.asked), queries):
            if query >= (until + queries) // 2:
                signal.pause()
            if attacker.tried * queries <= query * (FUNCTIONS + 1):  # one more than there is room
                attacker.go_further()
                attacker.ask_all()
            attacker.write(*attacker.question(Random(query)))

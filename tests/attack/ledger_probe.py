"""The attacker of the ledger tests, in a process of its own that kills itself at given moments.

- It has what an author can only dream of: a sandbox with a clock and a memory that outlives every
  process. Each run of it says the next four bits of the victim's secret in place of each object of
  the victim's partition. What keeps the secret is the memo and the ledger alone.
- It asks as long as it may: a new function when it has seen all of the old one, and again and again
  what it asked before, over one object or over many.
- All that it saw stands in a book, line by line; a kill loses nothing of it.
"""

import os
import random
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute import partition
from sealhold.compute.asked import facts_so_far, leaks_of
from sealhold.compute.broker import Broker
from sealhold.compute.leakage import facts_of, prospect
from sealhold.compute.manifest import Param
from sealhold.compute.office import Office
from sealhold.compute.replay import Member, Program
from sealhold.compute.results import result_of
from sealhold.compute.spec import Limits
from sealhold.compute.task import Scope, Task, parse_task
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import LeakExhaustedError
from sealhold.model.ids import Collection, Id16, RecordId
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.node import Node
from sealhold.policy.decision import Decision, Reason
from sealhold.vault import budget
from sealhold.vault.deciding import scan_all
from sealhold.vault.ingest import IDENTITIES
from sealhold.vault.writer import Work
from tests.scenarios.vaults import Job, calendar, new_home, opened, sum_of

EVENTS = Collection("events")
NIBBLE, FUNCTIONS = 4, 4  # bits of a value; functions that an object may be charged for
VICTIM = "victim"
SPEAKS = b"""\
seen = []
def evaluate(obj, res):
    if obj['summary'] and obj['summary'].startswith('victim'):
        seen.append(obj['summary'][6:])
    if not seen:
        return 0
    seen.append('')
    return int(seen[0][res['param'] * 32 + len(seen) - 2], 16)
"""


def objects(k: int) -> int:
    """Return how many objects there are: enough that many partitions are full."""
    return 16 if k == 1 else 20 * k


def prepare(folder: Path, k: int, secret: str) -> Path:
    """Make a vault with the victim in a full partition of k, and return its home."""
    number, home = 0, folder
    while not (home / "vault.db").exists() or not _is_full(home, k):
        number += 1
        home = _made(folder, folder / f"home{number}", k, secret)
    return home


def _is_full(home: Path, k: int) -> bool:
    with opened(home) as node:
        parts = partition.read(node.parts.core, EVENTS, k)
        return len(parts.mates(members(node)[0].logical)) == k


def _made(folder: Path, home: Path, k: int, secret: str) -> Path:
    new_home(home)
    summaries = [f"{VICTIM}{secret}", *(f"other {n}" for n in range(1, objects(k)))]
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "c.ics", summaries)])
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
    """Return all objects, the victim first: it came first."""
    found = [row.row for row in scan_all(node.parts.core.store, IDENTITIES)]
    return [Member(RecordId(Id16(row[1])), 1, row[0]) for row in sorted(found, key=lambda r: r[1])]


def task_of(k: int) -> Task:
    job = Job(
        code=SPEAKS,
        k=k,
        evaluate={"min": 0, "max": 15, "step": 1},
        aggregate=sum_of(0, 15 * 64),
        most=64,
        params={f"p{n}": n for n in range(64)},
        milliseconds=400,
    )
    return parse_task(to_json(job.manifest(bytes(32))))


@dataclass
class Dream:
    """A sandbox that knows how often it ran, in all processes, and holds the secret."""

    folder: Path
    secret: str

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
        return [self._speak(objects) for objects in partitions]

    def _speak(self, objects: Sequence[Mapping[str, Plain]]) -> list[int | None]:
        if not any(str(each["summary"]).startswith(VICTIM) for each in objects):
            return [0 for _ in objects]
        runs = self.folder / "runs"
        said = int(runs.read_text()) if runs.exists() else 0
        runs.write_text(str(said + len(objects)))
        die(self.folder, "evaluated")
        return [int(self.secret[(said + n) % len(self.secret)], 16) for n in range(len(objects))]


def die(folder: Path, moment: str) -> None:
    """End this process as a power cut would, once for each time that the moment is due."""
    due = folder / f"due-{moment}"
    if due.exists():
        due.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def function(k: int, number: int) -> Program:
    """Return the function of one parameter."""
    task = task_of(k)
    params = (Param(id=f"p{number}", value=number),)
    scope = Scope(task=task, fields=task.fields, params=params, selections=task.selections)
    return Program(scope=scope, code=SPEAKS)


@dataclass
class Attacker:
    """Asks, and writes down what it sees."""

    node: Node
    folder: Path
    k: int
    known: int = 0  # functions that were approved
    everyone: list[Member] = field(default_factory=list)

    def function(self, number: int) -> Program:
        return function(self.k, number)

    def approve(self, number: int) -> bool:
        """Have one more function charged; return whether the ledger has room for it."""
        office = office_of(self.node)
        proposed = facts_of(self.function(number).scope, 1, office.core.clock())
        dataset = office.core.datasets[EVENTS]
        after = prospect(facts_so_far(office.budget, dataset), proposed).after
        try:
            ops = office.budget.leak_ops(EVENTS, leaks_of(proposed), after)
        except LeakExhaustedError:
            return False
        office.core.writer.commit(Work(ops, (entry(self.node),), releases=True))
        die(self.folder, "charged")
        return True

    def ask(self, number: int, mask: int) -> int:
        """Return what a function says of the objects in `mask`, summed up."""
        office, program = office_of(self.node), self.function(number)
        chosen = [each for at, each in enumerate(self.everyone) if mask >> at & 1]
        permitted = Decision(
            permit=True,
            fields=program.scope.fields,
            because=(),
            code=Reason.GRANTED,
            sentence="",
            obligations=None,
        )
        values = office.replay.values(permitted, program, chosen)
        die(self.folder, "kept")
        return result_of(office, program, values, 1, 0)


def attack(home: Path, folder: Path, k: int, queries: int, tier: str, secret: str) -> None:
    """Ask until so many questions stand in the book."""
    budget.ONE_OBJECT = MicroBits(FUNCTIONS * k * NIBBLE * MICRO)  # at k = 1 what it always is
    book = folder / "book"
    lines = book.read_text().splitlines() if book.exists() else []
    done = [tuple(map(int, line.split())) for line in lines]
    with opened(home) as node, book.open("a") as writing:
        if tier == "dream":
            dream = cast("Broker", Dream(folder, secret))  # reason: it stands in its place
            office_of(node).replay._broker = lambda: dream
        attacker = Attacker(node, folder, k, everyone=members(node))
        while attacker.known <= FUNCTIONS and attacker.approve(attacker.known):
            attacker.known += 1
            if not done:
                break
        for number, mask, _ in random.Random(1).sample(done, min(40, len(done))):
            print(number, mask, attacker.ask(number, mask), file=writing, flush=True)
        for query in range(len(done), queries):
            draw = random.Random(query)
            if query % 100 == 99 and attacker.approve(attacker.known):
                attacker.known += 1
            number = draw.randrange(attacker.known)
            alone = 1 << draw.randrange(objects(k))
            mask = alone if draw.random() < 0.5 else draw.getrandbits(objects(k)) | 1
            print(number, mask, attacker.ask(number, mask), file=writing, flush=True)


if __name__ == "__main__":
    attack(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5],
        sys.argv[6],
    )

"""The process that is killed: it imports, asks, allows and runs, and says what it was told.

- `work` never ends by itself. What it says goes through a pipe at once, so it outlives the kill.
"""

import hashlib
import itertools
import json
import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from sealhold import plugins
from sealhold.connectors.inprocess import UnjailedReader
from sealhold.connectors.runner import Reader
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown import Mode
from sealhold.node import Node
from sealhold.vault.sourcing import Sources
from tests.scenarios.vaults import NOON, Asker, Hands, Job, allow, named, opened

ROWS = 150  # of a file: one batch of the jailed reader, ten of the small ones
COUNT = Job(
    code=b"def evaluate(obj, res):\n    return obj['cells']['n'] % 2\n",
    collection="rows",
    fields=("cells",),
    most=5_000,
    expires="2100-01-01T00:00:00Z",
)


@dataclass(frozen=True)
class Turn:
    """One life of the process."""

    number: int
    seed: int

    @property
    def clock(self) -> Hands:
        """Two months later than the turn before: each year has its own budgets."""
        return Hands(Instant(NOON + self.number * 60 * DAY))


def table(folder: Path, name: str) -> Path:
    """Write a file of rows that are all different, and that all hold the word `name`."""
    path = folder / f"{name}.jsonl"
    rows = ({"word": name, "n": n, "text": f"{name}x{n} {'lorem ' * (n % 9)}"} for n in range(ROWS))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def digest(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()


def work(home: Path, folder: Path, turn: Turn, said: Connection) -> None:
    """Do things to the vault until the process is killed."""
    try:
        with opened(home, turn.clock) as node:
            said.send(("open",))
            for step in _steps(node, folder, turn, said):
                said.send(step)
    except SealholdError as err:
        said.send(("failed", repr(err)))


def _steps(node: Node, folder: Path, turn: Turn, said: Connection) -> Iterator[tuple[str, ...]]:
    rng = random.Random(turn.seed)
    for number in itertools.count():
        if rng.random() < 0.5 or number > 2:  # a few requests a turn, or the year's budget ends
            name = f"file{turn.number}n{number}"
            path = table(folder, name)
            said.send(("importing", name))
            sources = node.sources if rng.random() < 0.5 else in_small_batches(node)
            yield "imported", name, str(sources.import_paths([path]).new)
        else:
            asker = Asker(node, f"app {turn.number} {number}")
            mode = rng.choice([Mode.ONCE, Mode.UNTIL])
            until = Instant(NOON + 20_000 * DAY)  # longer than all turns together
            request = asker.ask(node, COUNT, mode=mode, until=until)
            said.send(("asked", request))
            grant = allow(node, request)
            yield "allowed", named(grant)
            finish = node.runs.begin(grant.id)
            said.send(("charged", named(grant)))
            finish()
            answer = node.runs.run(named(grant))
            yield "ran", named(grant), digest(answer.sealed)


def in_small_batches(node: Node) -> Sources:
    """Return the vault's sources, reading a few rows at once: an import is many commits then."""
    parts = node.parts

    def cell() -> AbstractContextManager[Reader]:
        sources = [JsonLines(batch_rows=15)]
        return nullcontext(UnjailedReader(sources, unjailed_because="the test wrote the file"))

    return Sources(
        parts.core,
        parts.index,
        parts.objects,
        cell,
        plugins.is_per_file,
        time.perf_counter,
        parts._steering,
    )

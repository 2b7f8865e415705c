"""Sums at an agent without a database: the agent's own folder, a state, and one column."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import AgentAwayError, NotFoundError
from sealhold.protect.agent import Agent
from sealhold.protect.columns import Column
from sealhold.protect.state import State
from sealhold.protect.sums import Summed, Sums, summed_columns
from sealhold.protect.sumstate import ROWS, SumBook, SumKey
from tests.protecting import column, columns, keys, table

TOKEN = "the-agent-s-own-long-token"
STATE_KEY = Secret(bytes(32), "key of a state")
FIRST = tuple(range(1_000, 1_000 + 2 * ROWS, 2))
SECOND = tuple(range(50_000, 50_000 + ROWS))


def value(row: int) -> int:
    return row * 7 - 50_000


@dataclass
class Near:
    """An agent in this process; what it is asked is noted, and a test may change what it says."""

    agent: Agent
    seen: list[tuple[object, ...]] = field(default_factory=list)
    spoil: bool = False
    away: bool = False

    def put_key(self, name: bytes, public: bytes) -> None:
        self.seen.append(("key",))
        self.agent.put_key(name.hex(), public)

    def drop_key(self, name: bytes) -> None:
        self.seen.append(("drop key",))
        self.agent.drop_key(name.hex())

    def blocks(self, name: bytes) -> list[int] | None:
        self.seen.append(("blocks",))
        try:
            return self.agent.blocks(name.hex())[1]
        except NotFoundError:
            return None

    def put(self, name: bytes, block: int, planes: Sequence[bytes]) -> None:
        self.seen.append(("put", block))
        self.agent.put(name.hex(), block, planes)

    def drop(self, name: bytes, block: int) -> None:
        self.seen.append(("drop", block))
        self.agent.drop(name.hex(), block)

    def add(self, name: bytes, blocks: Sequence[tuple[int, bytes | None]]) -> list[bytes]:
        self.seen.append(("add", tuple(blocks)))
        if self.away:
            raise AgentAwayError("it is away")
        answer = self.agent.add(name.hex(), blocks)[1]
        return [answer[1], answer[0], *answer[2:]] if self.spoil else answer


@dataclass
class Place:
    """All that one column is added up with."""

    near: Near
    state: State
    sums: Sums
    column: Column

    @property
    def summed(self) -> Summed:
        return self.sums.columns[self.column]

    def begun(self, after: int = 0) -> SumKey:
        """Begin a key and give it to the agent."""
        key = self.sums.begun(self.summed, after, seeded(f"name {after}".encode()))
        self.sums.there(self.summed, key)
        return key

    def put(self, key: SumKey, rows: Sequence[int]) -> int:
        return self.sums.put(self.summed, key, rows, [value(row) for row in rows])


def column_summed(type_: str = "integer", **more: object) -> Column:
    made = columns(table(column("id", "bigint", "clear"), column("c", type_, "he-sum", **more)))
    return made["c"]


def placed(folder: Path) -> Place:
    """Return a place whose files are in `folder`; made, or as they were left."""
    made = column_summed()
    folder.mkdir(exist_ok=True)
    file = folder / "state.db"
    draws = seeded(b"epochs" if not file.exists() else b"other epochs")
    opening = State if file.exists() else State.make
    state = opening(file, STATE_KEY, draws)
    near = Near(Agent(folder / "agent", TOKEN))
    named = {"public.patient": ("adder", near)}
    return Place(near, state, Sums(SumBook(state), keys(), summed_columns([made], named)), made)

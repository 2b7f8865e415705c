"""A session past its login, with a provider of a few statements, and planners of tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from sealhold.model.errors import DeniedError
from sealhold.model.pgsteps import Call, Note
from sealhold.model.quantities import Instant
from sealhold.protect.gate import Lease, Use
from sealhold.protect.policy import Limits
from sealhold.protect.sql.plan import Control, Plan, Refused, Relay, Verb
from sealhold.protect.sql.planning import Cells, Planner
from sealhold.protect.sql.serving import Serving
from sealhold.protect.sql.talk import Parts, Talk
from tests.unit.pg_provider import Provider


@dataclass
class Planned:
    """Relays all but what it is told; `;` parts statements."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    version: int = 1
    loading: Sequence[str] = ()
    loads: int = 0

    def names(self, answers: Sequence[Sequence[Cells]]) -> object:
        self.loads += 1
        return answers

    def plan(self, text: str, oids: Sequence[int], names: object) -> tuple[Plan, ...]:
        del oids, names
        parts = [each.strip() for each in text.split(";")]
        return tuple(self._one(each) for each in parts if each or len(parts) == 1)

    def _one(self, text: str) -> Plan:
        word = text.upper()
        own = Control(Verb(word), text) if word in _CONTROLS else Relay(text)
        return self.plans.get(text, own)


_CONTROLS = ("BEGIN", "COMMIT", "ROLLBACK")


@dataclass
class Admitting:
    """Admits all, or nobody."""

    cells: int = 1_000_000
    admits: bool = True
    asked: list[Use] = field(default_factory=list)
    settled: list[tuple[Use, Lease]] = field(default_factory=list)
    noted: list[tuple[str, ...]] = field(default_factory=list)

    def admit(self, use: Use) -> Lease:
        self.asked.append(use)
        if not self.admits:
            raise DeniedError("nobody may")
        return Lease(statements=100, cells=self.cells, until=10.0**12)

    def settle(self, use: Use, lease: Lease) -> None:
        self.settled.append((use, lease))

    def refused(self, use: Use, code: str) -> None:
        self.noted.append(("refused", use.verb, code))

    def found(self, kind: str, table: str, detail: str) -> None:
        self.noted.append((kind, table, detail))


class Counting:
    """Gives out row numbers from 1."""

    def __init__(self) -> None:
        self._next = count(1)

    def draw(self, count: int) -> Sequence[int]:
        return [next(self._next) for _ in range(count)]


def refusal(code: str = "SH002") -> Refused:
    return Refused(code, "not here")


class Conversation:
    """A client, a session and a provider that answers each move at once."""

    def __init__(
        self,
        planner: Planner | None = None,
        *,
        gate: Admitting | None = None,
        provider: Provider | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.provider = provider or Provider()
        self.gate = gate or Admitting()
        parts = Parts(
            planner=planner or Planned(),
            gate=self.gate,
            rids=Counting(),
            clock=lambda: Instant(0),
            limits=limits or Limits(),
            principal="ada",
            database="clinic",
        )
        self.talk = Talk(parts)
        self.serving = Serving(self.talk)
        self.to_client = self.talk.line.to_client  # where a session of its own looks

    def say(self, data: bytes, *, answer: int = 0) -> bytes:
        """Send bytes of the client; return what it gets. The provider's come in such pieces."""
        self.serving.client_said(data)
        return self.settle(answer)

    def settle(self, piece: int = 0) -> bytes:
        """Let everything come that is on its way."""
        line, said = self.talk.line, bytearray()
        while True:
            asked = b"".join(line.to_provider)
            line.to_provider.clear()
            steps = line.steps[:]
            line.steps.clear()
            said += b"".join(self.to_client)
            self.to_client.clear()
            answers = self.provider.feed(asked)
            if not answers and not steps:
                return bytes(said)
            size = piece or len(answers) or 1
            for at in range(0, len(answers), size):
                self.serving.provider_said(answers[at : at + size])
            for step in steps:
                self._take(step)

    def _take(self, step: object) -> None:
        if isinstance(step, Note):
            step.run()
        elif isinstance(step, Call):
            try:
                value = step.run()
            except DeniedError as err:
                self.serving.failed(step, err)
            else:
                self.serving.returned(step, value)

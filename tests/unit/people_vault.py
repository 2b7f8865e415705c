"""A vault in memory with two apps that keep people, and what a test asks of its log and rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.audit.reading import Line, read_entries
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.ids import AppId, FieldName, Id16, Purpose, SubjectId
from sealhold.model.people import FieldRule, Lookup
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Op
from sealhold.vault.minting import Minting
from sealhold.vault.people import People
from sealhold.vault.principals import Principals
from sealhold.vault.registry import App, Registry
from sealhold.vault.schemas import Schemas
from sealhold.vault.subjects import events_of
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work
from tests.unit.memory_vault import NOON, MemoryVault, memory_vault

SERVICE, MARKETING = Purpose("ServiceProvision"), Purpose("Marketing")
NAME, MAIL, PHONE, AGE = map(FieldName, ("name", "mail", "phone", "age"))


def rule(
    category: str, *purposes: Purpose, lookup: Lookup = Lookup.NONE, days: int = 0
) -> FieldRule:
    """Return a rule for a field that is not sensitive."""
    return FieldRule(
        category=category,
        sensitive=False,
        retention_days=days,
        purposes=frozenset(purposes or {SERVICE}),
        lookup=lookup,
    )


RULES = {
    NAME: rule("Name", SERVICE, MARKETING),
    MAIL: rule("EmailAddress", lookup=Lookup.EMAIL),
    PHONE: rule("TelephoneNumber", lookup=Lookup.PHONE),
    AGE: rule("Age", days=30),
}


@dataclass
class Time:
    """A clock that a test sets."""

    now: Instant = field(default=NOON)

    def __call__(self) -> Instant:
        return self.now


@dataclass(frozen=True)
class Crowd:
    """A vault with the apps `one` and `other`."""

    vault: MemoryVault
    time: Time
    registry: Registry
    schemas: Schemas
    people: People
    principals: Principals
    one: AppId
    other: AppId
    tokens: tuple[str, str]

    @property
    def store(self) -> MemoryRecords:
        assert isinstance(self.vault.core.store, MemoryRecords)
        return self.vault.core.store

    def app(self, app: AppId) -> App:
        return self.registry.get(app)

    def commit(self, *ops: Op) -> None:
        """Commit as the vault does."""
        entry = Entry(event=Event(kind=EventKind.APP, actor=Actor.OWNER))
        self.vault.core.writer.commit(Work(ops, (entry,)))

    def bend(self, *ops: Op) -> None:
        """Write behind the vault's back."""
        self.store.commit((), lambda _: ops, self.vault.fence)

    def person(self, app: AppId | None = None, name: str = "Ada") -> SubjectId:
        """Return a new person with a profile."""
        app = app or self.one
        subject = self.people.make(app).subject
        values = {NAME: name, MAIL: f"{name.lower()}@example.org"}
        self.people.put(app, subject, SERVICE, values, 0)
        return subject

    def opener(self, subject: Id16) -> Sealer | None:
        core = self.vault.core
        if subject == NOBODY:
            return Sealer(core.keyring.named("log"))
        return core.keys.events if subject == core.owner else events_of(core, subject)

    def lines(self) -> list[Line]:
        """Return the log, the newest entry first."""
        return list(read_entries(self.store, self.opener))

    def events(self, *kinds: EventKind) -> list[Event]:
        """Return what the log says of these kinds, the newest first."""
        logged = [line.logged for line in self.lines()]
        return [each.event for each in logged if each is not None and each.event.kind in kinds]


@contextmanager
def crowd() -> Iterator[Crowd]:
    time = Time()
    with memory_vault(clock=time) as vault:
        core = vault.core
        minting = Minting(core.keyring, core.deciding)
        registry = Registry(core.deciding, core.papers, minting, time, core.entropy)
        schemas = Schemas(core)
        found = []
        for name in ("One", "Other"):
            app, token, ops = registry.register(name, bytes(range(32)))
            entry = Entry(event=Event(kind=EventKind.APP, actor=Actor.OWNER))
            core.writer.commit(Work(ops, (entry,)))
            schemas.lay_down(app, RULES)
            found.append((app.id, token))
        (one, first), (other, second) = found
        uses = Uses(core, registry, schemas)
        people = People(core, uses)
        principals = Principals(core, registry, uses)
        tokens = (first, second)
        yield Crowd(vault, time, registry, schemas, people, principals, one, other, tokens)

"""A log in memory whose months are told: apps, people, sources and an owner."""

import random
from collections.abc import Sequence

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Appender, Entry, Keys, Successor
from sealhold.audit.logexport import write_export
from sealhold.audit.reading import read_all
from sealhold.audit.statement import draw_up, read_month
from sealhold.audit.statementpaper import sign_statement
from sealhold.audit.sums import Noted
from sealhold.audit.tables import TABLES
from sealhold.crypto.digest import sha256
from sealhold.crypto.entropy import seeded
from sealhold.crypto.merkle import root
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.ids import AppId, GrantId, Id16, Purpose, RequestId, SourceId
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown.statement import Mark, Statement
from sealhold.stores.backends.memory import MemoryRecords

OCTOBER = read_month("2026-10")
PEOPLE = [Id16(name.encode().ljust(16)) for name in ("ann", "ben", "cid")]
APPS = [AppId(Id16(bytes([1 + n]) * 16)) for n in range(14)]
SOURCES = [SourceId(Id16(bytes([100 + n]) * 16)) for n in range(3)]
KINDS = [kind for kind in EventKind if kind <= EventKind.HELD]  # a new kind changes no history
ORIGIN = "sealhold/test"


KINDS = [kind for kind in EventKind if kind is not EventKind.LOG_KEY]  # which comes with a key


class MonthLog:
    """A log in memory, what it says of a month, and the same in files."""

    def __init__(self, seed: bytes = b"month") -> None:
        self.entropy = seeded(seed)
        self.keys: dict[Id16, Sealer] = {
            name: Sealer(Secret(self.entropy(32), "events")) for name in (NOBODY, *PEOPLE)
        }
        self.signer = SigningKey(Secret(self.entropy(32), "log-sign"))
        self.issuer = SigningKey(Secret(self.entropy(32), "proof-sign"))
        self.store = MemoryRecords()
        self.store.open(TABLES, None, create=True)
        self.fence = self.store.lease(NOBODY, NOBODY, 60, Instant(0))
        self.appender = Appender(Keys.first(ORIGIN, self.signer), self.keys[NOBODY])
        self.notes = {0: ""}

    def write(self, at: Instant, *events: Event, subject: Id16 = NOBODY) -> None:
        sealer = None if subject == NOBODY else self.keys[subject]
        entries = [Entry(event=event, subject=subject, sealer=sealer) for event in events]
        self.commit(at, entries)

    def commit(self, at: Instant, entries: Sequence[Entry]) -> None:
        prepared = self.appender.prepare(entries, at, self.entropy)
        self.store.commit((), lambda _: prepared.ops, self.fence)
        self.appender.adopt(prepared)
        self.notes[prepared.head.size] = prepared.head.note

    def turn(self, at: Instant, name: str = "next") -> SigningKey:
        """Let another key sign for the log from here on."""
        after = SigningKey(Secret(sha256(name.encode()), name))
        event = Event(kind=EventKind.LOG_KEY, actor=Actor.VAULT, digest=sha256(after.public))
        self.commit(at, [Entry(event=event, successor=Successor(after.public, after))])
        return after

    def erase(self, person: Id16) -> None:
        del self.keys[person]

    def noted(self) -> list[Noted]:
        lines = read_all(self.store, self.keys.get)
        return [Noted(line.leaf.seq, line.leaf.hash, line.logged) for line in lines]

    def statement(self, month: str = "2026-10", made: Instant | None = None) -> Statement:
        noted = self.noted()
        made = made or Instant(read_month(month).end + 1)
        drawn = draw_up(noted, read_month(month), made)
        begin, end = (
            Mark(size=size, root=root([each.leaf for each in noted[:size]]).hex())
            for size in (drawn.first, drawn.last)
        )
        return Statement(
            drawn=drawn,
            made=made,
            over=made >= read_month(month).end,
            log=str(self.appender.key),
            begin=begin,
            end=end,
            note=self.notes[drawn.last],
            names={},
        )

    def paper(self, month: str = "2026-10") -> bytes:
        return sign_statement(self.statement(month), self.issuer)

    def export(self) -> bytes:
        lines = read_all(self.store, self.keys.get)
        return b"".join(write_export(lines, self.appender.head.note, self.appender.key))


def used(
    app: AppId, kind: EventKind = EventKind.CHARGE, purpose: str = "p", **more: object
) -> Event:
    """Return a use of an app."""
    told: dict[str, object] = {"actor": Actor.APP, "app": app, "purpose": Purpose(purpose), **more}
    return Event(kind=kind, **told)  # type: ignore[arg-type]  # reason: fields by name


def by_chance(seed: int, entries: int = 120) -> MonthLog:
    """Return a log over some four months around October, made of all sorts of entries."""
    chance = random.Random(seed)
    log, at = MonthLog(b"%d" % seed), Instant(OCTOBER.begin - 62 * DAY)
    left = 64_000_000
    while entries > 0:
        at = Instant(at + chance.randrange(5 * DAY))
        batch = []
        subject = chance.choice([NOBODY, NOBODY, *PEOPLE])
        for _ in range(chance.randint(1, 4)):
            cost = chance.choice([0, 0, 1_000_000, 2_584_963])
            left -= cost
            event = Event(
                kind=chance.choice(KINDS),
                actor=chance.choice(list(Actor)),
                outcome=chance.choice([Outcome.DONE] * 4 + [Outcome.DENIED, Outcome.FAILED]),
                app=chance.choice([None, *APPS]),
                purpose=chance.choice([None, Purpose("research"), Purpose("service")]),
                grant=chance.choice([None, GrantId(Id16(bytes([chance.randint(1, 4)]) * 16))]),
                request=chance.choice([None, RequestId(Id16(bytes([chance.randint(1, 4)]) * 16))]),
                source=chance.choice([None, *SOURCES]),
                reason=chance.choice([None, "waiting", "expired", "added", "done", "failed"]),
                rows_read=chance.randint(0, 9),
                bytes_out=chance.choice([0, 512]),
                destination=chance.choice([None, bytes([chance.randint(1, 3)]) * 32]),
                cost=MicroBits(cost),
                left=MicroBits(max(0, left)) if cost else None,
                more=chance.choice([0, 0, 0, 7]),
            )
            sealer = None if subject == NOBODY else log.keys[subject]
            batch.append(Entry(event=event, subject=subject, sealer=sealer))
        log.commit(at, batch)
        entries -= len(batch)
    return log

"""People of an app with records of a kilobyte, made within one process for benches.

- The rows are made by the functions that seal them and written straight into the stores, thousands
  to a commit: what is measured is what comes then, not putting in.

Source: docs/benchmarks.md.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.bench.harness import seconds
from sealhold.crypto.entropy import at_once, system_entropy
from sealhold.crypto.seal import KEY_BYTES, NOBODY, new_key
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    Id16,
    Purpose,
    RecordId,
    SubjectId,
    random_id,
)
from sealhold.model.people import FieldRule, Lookup
from sealhold.model.personrecords import CollectionRule
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Op, Put, Unit
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.heldkeys import HeldSubject
from sealhold.vault.jobs import Scope, State, Turned
from sealhold.vault.keyblocks import KeyBlocks, seal_block
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keysets import lease
from sealhold.vault.keyslots import SLOTS, For, Slot
from sealhold.vault.keyuses import keys_of
from sealhold.vault.minting import Minting
from sealhold.vault.personrecords import At, PersonRecords
from sealhold.vault.personrows import RECORDS, Stand, packed, seal_version
from sealhold.vault.recordasking import Asking, RecordUses
from sealhold.vault.registry import Registry
from sealhold.vault.rotation import Rotation
from sealhold.vault.schemas import Schemas
from sealhold.vault.subjects import Subjects
from sealhold.vault.using import Uses
from sealhold.vault.wraps import ACTIVE, put_subject
from sealhold.vault.writer import Work

SEED: Final = 28
EACH: Final = 100  # records of one person
TEXT: Final = 960  # bytes of one record; with its frame, about a kilobyte
AT_ONCE: Final = 4_000  # rows in one commit
SERVICE: Final = Purpose("ServiceProvision")
VISITS: Final = Collection("visits")
RETENTION: Final = 30 * DAY
RULES: Final = {
    FieldName("name"): FieldRule(
        category="Name",
        sensitive=False,
        retention_days=0,
        purposes=frozenset({SERVICE}),
        lookup=Lookup.NONE,
    )
}


@dataclass(frozen=True, slots=True)
class Crowd:
    """An app with people."""

    app: AppId
    people: list[SubjectId]


class PeopleVault:
    """One vault, its rows, and what turns keys over."""

    def __init__(self, core: Core) -> None:
        self.core = core
        minting = Minting(core.keyring, core.deciding)
        self.registry = Registry(core.deciding, core.papers, minting, core.clock, core.entropy)
        self.schemas = Schemas(core)
        self.collections = Collections(core)
        self.rotation = Rotation(core, self.schemas, RETENTION, time.perf_counter)
        uses = Uses(core, self.registry, self.schemas)
        blocks = KeyBlocks(core.store, core.entropy)
        self.records = PersonRecords(core, RecordUses(uses, self.collections), blocks)
        self._made = Random(SEED)  # noqa: S311  # reason: data of a bench, the same on each machine

    def crowd(self, app: AppId, people: int, each: int = EACH) -> Crowd:
        """Make people of an app, each with so many records."""
        found, ops = list[SubjectId](), list[Op]()
        for keys in self._keys(app, people):
            found.append(keys.subject)
            ops += self._of_one(keys, each)
            if len(ops) >= AT_ONCE:
                self._write(ops)
                ops = []
        self._write(ops)
        return Crowd(app, found)

    def turn(self, kind: Turned, scope: Scope) -> float:
        """Turn keys over and return how many seconds that took; then the older ones go."""
        job = self.rotation.begin(kind, scope, compromised=True)
        took = seconds(lambda: self.rotation.run(job.id))
        self.rotation.sweep()
        return took if self.rotation.jobs.get(job.id).state is State.DONE else float("nan")

    def read(self, crowd: Crowd, number: int) -> int:
        """Read one record of somebody, with a log entry; return how long its text is."""
        subject = crowd.people[number % len(crowd.people)]
        asking = Asking(app=crowd.app, subject=subject, purpose=SERVICE)
        at = At(VISITS, _record(number % EACH))
        return len(str(self.records.get(asking, at).wait().content["text"]))

    def _keys(self, app: AppId, people: int) -> Iterator[SubjectKeys]:
        core, made = self.core, list[HeldSubject]()
        under = core.keyring.lies_in.app(app)
        for _ in range(people):
            subject = SubjectId(random_id(core.entropy))
            clear = (subject, 1, app, under.version, ACTIVE, 0, 0, NOBODY)
            key, base = (new_key(core.entropy, name) for name in ("subject", "base"))
            made.append(HeldSubject(clear, key, base))
        ops = [put_subject(each, under, core.entropy) for each in made]
        for first in range(0, len(ops), AT_ONCE):
            core.keyring.commit(ops[first : first + AT_ONCE])
        for each in made:
            yield keys_of([each], lambda _version: None)

    def _of_one(self, keys: SubjectKeys, each: int) -> Iterator[Op]:
        subjects, core = Subjects(self.core), self.core
        yield subjects.put(subjects.fresh(keys.app, keys.subject, keys), keys)
        draw = at_once(system_entropy, KEY_BYTES * each)
        for block in range(1, 1 + -(-each // SLOTS)):
            slots = []
            for slot in range(min(SLOTS, each - (block - 1) * SLOTS)):
                dek, number = draw(KEY_BYTES), (block - 1) * SLOTS + slot
                stand = Stand(
                    VISITS, _record(number), 1, Slot(block, slot), Instant(0), core.clock()
                )
                text = self._made.randbytes(TEXT // 2).hex()
                yield Put(RECORDS.name, seal_version(keys, stand, dek, packed({"text": text})))
                slots.append(bytes([For.CURRENT]) + dek)
            yield Put("keyblock", seal_block(keys, block, slots, system_entropy))

    def _write(self, ops: list[Op]) -> None:
        """Write rows without the log, for which nothing happened."""
        fence = lease(self.core.store, self.core.clock)
        for first in range(0, len(ops), AT_ONCE):
            some = tuple(ops[first : first + AT_ONCE])
            self.core.store.commit([Unit(some)], lambda _results: (), fence)


def app_of(vault: PeopleVault, name: str) -> AppId:
    """Register an app that keeps visits of its people."""
    core = vault.core
    app, _token, ops = vault.registry.register(name, bytes(KEY_BYTES))
    entry = Entry(event=Event(kind=EventKind.APP, actor=Actor.OWNER))
    core.writer.commit(Work(ops, (entry,)))
    vault.schemas.lay_down(app, RULES)
    rule = CollectionRule(
        category="Location",
        sensitive=False,
        retention_days=0,
        purposes=frozenset({SERVICE}),
        versions=0,
        fields={},
    )
    vault.collections.lay_down(app, VISITS, rule)
    return app.id


def _record(number: int) -> RecordId:
    return RecordId(Id16(number.to_bytes(16)))

"""`sealhold bench rotation`: keys turned over in a vault of a million records.

- `rewrap_1m_seconds`: each of 10,000 people of an app gets a new key, and all keys of their 100
  records of a kilobyte each are put under it; with the second look, and the old keys' end set.
- `rotate_app_10k_seconds`: the app gets a new key, and all keys of its people are put under it.
- `reencrypt_vs_rewrap`: records sealed anew under keys drawn for them, beside the same records with
  their keys re-wrapped, by the record.
- `reads_during_rotation_vs_idle`: audited reads in a second while all keys are turned over, beside
  those at rest.
- The rows are made by the functions that seal them and written straight into the stores, thousands
  to a commit: what is measured is turning over, not putting in.

Source: docs/benchmarks.md.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from statistics import median
from threading import Thread
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.bench.harness import Bench, seconds
from sealhold.bench.vaults import PASSPHRASE, new_vault
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
from sealhold.node import opened
from sealhold.stores.spec import Op, Put, Unit
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.heldkeys import HeldSubject
from sealhold.vault.jobs import Scope, State, Turned
from sealhold.vault.keyblocks import SLOTS, For, KeyBlocks, Slot, seal_block
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keysets import lease
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
PEOPLE: Final = 10_000
EACH: Final = 100  # records of one person
QUICK_PEOPLE: Final = 60
FEW: Final = 200  # people of the app whose contents are sealed anew
QUICK_FEW: Final = 10
TEXT: Final = 960  # bytes of one record; with its frame, about a kilobyte
AT_ONCE: Final = 4_000  # rows in one commit
READ_S: Final = 2.0  # how long is read at rest
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
class _Crowd:
    """An app with people."""

    app: AppId
    people: list[SubjectId]


class _Vault:
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

    def crowd(self, app: AppId, people: int) -> _Crowd:
        """Make people of an app, each with records."""
        found, ops = list[SubjectId](), list[Op]()
        for keys in self._keys(app, people):
            found.append(keys.subject)
            ops += self._of_one(keys)
            if len(ops) >= AT_ONCE:
                self._write(ops)
                ops = []
        self._write(ops)
        return _Crowd(app, found)

    def turn(self, kind: Turned, scope: Scope) -> float:
        """Turn keys over and return how many seconds that took; then the older ones go."""
        job = self.rotation.begin(kind, scope, compromised=True)
        took = seconds(lambda: self.rotation.run(job.id))
        self.rotation.sweep()
        return took if self.rotation.jobs.get(job.id).state is State.DONE else float("nan")

    def read(self, crowd: _Crowd, number: int) -> int:
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

    def _of_one(self, keys: SubjectKeys) -> Iterator[Op]:
        subjects, core = Subjects(self.core), self.core
        yield subjects.put(subjects.fresh(keys.app, keys.subject, keys), keys)
        draw = at_once(system_entropy, KEY_BYTES * EACH)
        for block in range(1, 1 + -(-EACH // SLOTS)):
            slots = []
            for slot in range(min(SLOTS, EACH - (block - 1) * SLOTS)):
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


def measure(bench: Bench) -> None:
    """Take the figures."""
    home = new_vault(bench.folder / "home")
    with opened(home, PASSPHRASE) as node:
        vault = _Vault(node.parts.core)
        bench.say("make people and their records")
        many = vault.crowd(_app(vault, "many"), bench.count(PEOPLE, QUICK_PEOPLE))
        few = vault.crowd(_app(vault, "few"), bench.count(FEW, QUICK_FEW))
        bench.check(vault.read(many, 7) == TEXT, "a record does not open")
        _rewrap(bench, vault, many)
        _app_key(bench, vault, many)
        _reencrypt(bench, vault, few)
        _reads(bench, vault, many)
        bench.check(
            all(vault.read(many, number) == TEXT for number in range(0, 10_000, 97)),
            "a record does not open after its keys were turned over",
        )


def _rewrap(bench: Bench, vault: _Vault, many: _Crowd) -> None:
    bench.say("re-wrap all record keys")
    times = [vault.turn(Turned.SUBJECTS, Scope(many.app)) for _ in range(bench.rounds // 2 + 1)]
    records = len(many.people) * EACH
    bench.figures["records"] = records
    name = "rewrap_1m_seconds" if records == PEOPLE * EACH else "rewrap_seconds"
    bench.figures[name] = median(times)


def _app_key(bench: Bench, vault: _Vault, many: _Crowd) -> None:
    bench.say("turn over an app's key")
    took = bench.median(lambda: vault.turn(Turned.APP, Scope(many.app)))
    name = "rotate_app_10k_seconds" if len(many.people) == PEOPLE else "rotate_app_seconds"
    bench.figures[name] = took


def _reencrypt(bench: Bench, vault: _Vault, few: _Crowd) -> None:
    bench.say("seal records anew")
    times = bench.medians(
        {
            "bodies": lambda: vault.turn(Turned.BODIES, Scope(few.app)),
            "rewrap": lambda: vault.turn(Turned.SUBJECTS, Scope(few.app)),
        }
    )
    bench.figures["reencrypt_us_per_record"] = times["bodies"] / len(few.people) / EACH * 1e6
    bench.ratios["reencrypt_vs_rewrap"] = times["bodies"] / times["rewrap"]


def _reads(bench: Bench, vault: _Vault, many: _Crowd) -> None:
    bench.say("read while keys are turned over")
    idle = _rate(vault, many, lambda began: time.perf_counter() - began < READ_S)
    turning = Thread(target=lambda: vault.turn(Turned.SUBJECTS, Scope(many.app)))
    turning.start()
    during = _rate(vault, many, lambda _began: turning.is_alive())
    turning.join()
    bench.figures["reads_idle_per_s"] = idle
    bench.ratios["reads_during_rotation_vs_idle"] = during / idle


def _rate(vault: _Vault, many: _Crowd, goes_on: Callable[[float], bool]) -> float:
    began, reads = time.perf_counter(), 0
    while goes_on(began):
        vault.read(many, reads * 7)
        reads += 1
    return reads / (time.perf_counter() - began)


def _app(vault: _Vault, name: str) -> AppId:
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

"""What `sealhold bench service` measures within one process: export, withdrawal, erasing, epochs.

- `export100_ms`: all of a person with 100 records and 20 uses, as a signed ZIP that is made and
  read whole, in a log of 40,000 entries. Of each person once; the median, and 99 of 100.
- `export_1gib_extra_rss_mb`: what a process grows by while it makes an export of a gibibyte; in a
  quick run of 64 MiB.
- `withdraw_ms`: from the moment that a withdrawal was told to be kept to the decision that refuses
  the next read; the refusal's own entry in the log is not waited for. Median and worst.
- `erase_1000_vs_put_1000`: people erased one after another, beside as many made and given a
  record; each durable before the next.
- `epoch_close_per_user_vs_rewrap`: an epoch in which somebody was erased closed, each key in it put
  under the next, beside a turn of the app's key under which they lie.

Source: docs/benchmarks.md.
"""

import os
import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.bench.crowds import SERVICE, TEXT, VISITS, Crowd, PeopleVault, app_of
from sealhold.bench.harness import Bench, seconds
from sealhold.bench.processes import TreeMemory
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.crypto.entropy import system_entropy
from sealhold.model.ids import Id16, RecordId, SubjectId
from sealhold.model.processing import (
    Risk,
    Terms,
    Wish,
)
from sealhold.node import opened
from sealhold.node.node import Node
from sealhold.vault.attaching import MAX_SIZE, Attachments, Given, Of
from sealhold.vault.choosing import Answer, Choosing
from sealhold.vault.epochs import Epochs
from sealhold.vault.exporting import Exports, Wanted
from sealhold.vault.jobs import Scope, Turned
from sealhold.vault.keyblocks import KeyBlocks
from sealhold.vault.people import People
from sealhold.vault.personrecords import At
from sealhold.vault.processing_runs import ProcessingRuns
from sealhold.vault.recordasking import Asking, RecordUses
from sealhold.vault.speaking import Speaker
from sealhold.vault.telling import PersonTeller
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work

PEOPLE: Final = 200  # each with 100 records
QUICK_PEOPLE: Final = 20
OTHERS: Final = 40_000  # entries of the log before anybody is exported
STRANGERS: Final = 2_000  # whom nine of ten of them are about
QUICK_OTHERS: Final = 1_000
AT_ONCE: Final = 500  # of them in one commit
ERASED: Final = 1_000
QUICK_ERASED: Final = 20
USERS: Final = 5_000  # whose keys move to another epoch
QUICK_USERS: Final = 200
WITHDRAWALS: Final = 100
QUICK_WITHDRAWALS: Final = 10
PARTS: Final = 16  # attachments of 64 MiB: a gibibyte
QUICK_PARTS: Final = 1
MEBI: Final = 1 << 20
MILLI: Final = 1_000
CODE: Final = "cc" * 32
TERMS: Final = Terms(
    name="Bench",
    code=CODE,
    purpose=SERVICE,
    basis="eu-gdpr:A6-1-a",
    special="",
    fields=frozenset(),
    collections=frozenset({VISITS}),
    recipients=frozenset(),
    transfers=frozenset(),
    retention_days=30,
    automated=False,
    risk=Risk.LOW,
    output_bytes=64,
)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A vault with an app and its people, and what they do."""

    bench: Bench
    vault: PeopleVault
    crowd: Crowd
    uses: Uses

    def export(self, subject: SubjectId) -> int:
        """Make and read one export whole; return its length."""
        wanted = Wanted(app=self.crowd.app, subject=subject, actor=Actor.PERSON)
        return sum(map(len, Exports(self.vault.core, self.uses).begin(wanted)))


def measure_inside(bench: Bench) -> None:
    """Take the figures."""
    home = new_vault(bench.folder / "inside")
    with opened(home, PASSPHRASE) as node:
        vault = PeopleVault(node.parts.core)
        bench.say("make people and their records")
        app = app_of(vault, "many")
        crowd = vault.crowd(app, bench.count(PEOPLE, QUICK_PEOPLE))
        stage = _Stage(bench, vault, crowd, Uses(vault.core, vault.registry, vault.schemas))
        _others(stage)
        _exports(stage)
        _large(stage)
        _withdrawals(stage)
        _erasures(stage)
        _epochs(stage, node)
        bench.check(node.audit.verify().whole is True, "the vault is not whole")


def _others(stage: _Stage) -> None:
    """Fill the log with uses: each tenth of somebody who is exported, all else of others."""
    bench, core, crowd = stage.bench, stage.vault.core, stage.crowd
    tellers = [PersonTeller(core.keyring.subject(each)) for each in crowd.people]
    others = [Id16(system_entropy(16)) for _ in range(STRANGERS)]
    event = Event(
        kind=EventKind.RECORD, actor=Actor.APP, app=crowd.app, purpose=SERVICE, reason="read"
    )
    stranger = partial(Entry, event=event, sealer=core.keys.events)
    for first in range(0, bench.count(OTHERS, QUICK_OTHERS), AT_ONCE):
        entries = [
            stranger(subject=others[nth % STRANGERS])
            if nth % 10
            else tellers[nth // 10 % len(tellers)].entry(event)
            for nth in range(first, first + AT_ONCE)
        ]
        core.writer.commit(Work((), tuple(entries)))


def _exports(stage: _Stage) -> None:
    bench, people = stage.bench, stage.crowd.people
    bench.say("export people of 100 records")
    bench.check(stage.export(people[0]) > len(people) * TEXT // 100, "an export is too short")
    taken = sorted(seconds(lambda each=each: stage.export(each)) for each in people)  # type: ignore[misc]  # reason: bound now
    bench.figures["export100_ms"] = median(taken) * MILLI
    bench.figures["export100_p99_ms"] = taken[len(taken) * 99 // 100] * MILLI


def _large(stage: _Stage) -> None:
    bench, core, subject = stage.bench, stage.vault.core, stage.crowd.people[0]
    parts = bench.count(PARTS, QUICK_PARTS)
    bench.say(f"export {parts * MAX_SIZE // MEBI} MiB")
    blocks = KeyBlocks(core.store, core.entropy)
    attachments = Attachments(core, RecordUses(stage.uses, stage.vault.collections), blocks)
    asking = Asking(app=stage.crowd.app, subject=subject, purpose=SERVICE)
    content = system_entropy(MEBI) * (MAX_SIZE // MEBI)
    for nth in range(parts):
        of = Of(At(VISITS, RecordId(Id16(nth.to_bytes(16)))), 1)
        attachments.put(asking, of, Given("application/octet-stream", content), None)
    del content
    before = TreeMemory(os.getpid())
    with before:
        time.sleep(0.2)
    with TreeMemory(os.getpid()) as during:
        sent = stage.export(subject)
    bench.check(sent > parts * MAX_SIZE // 100, "an export is too short")
    extra = max(0.0, during.peak_mb - before.peak_mb)
    bench.figures["export_1gib_extra_rss_mb"] = extra


def _withdrawals(stage: _Stage) -> None:
    bench, core, vault = stage.bench, stage.vault.core, stage.vault
    bench.say("withdraw, and ask for the next read")
    uses, app = stage.uses, vault.registry.get(stage.crowd.app)
    found = uses.processings.register(app, TERMS, Actor.APP)
    found = uses.processings.activate(found, vault.schemas.get(app.id), Actor.OWNER)
    lease = ProcessingRuns(core, uses).begin(app.id, found.id, CODE, WITHDRAWALS * 2).lease
    choosing, asked = Choosing(core, uses), RecordUses(uses, vault.collections)
    shown, taken = uses.processings.get(found.id).shown, list[float]()
    for nth in range(bench.count(WITHDRAWALS, QUICK_WITHDRAWALS)):
        subject = stage.crowd.people[nth % len(stage.crowd.people)]
        who = Speaker(app=app.id, subject=subject, actor=Actor.PERSON, way="link")
        asking = Asking(app=app.id, subject=subject, purpose=SERVICE, lease=lease)
        choosing.choose(who, found.id, Answer(wish=Wish.ALLOW, notice=shown))
        permitted = asked.of(asking, VISITS, reads=True).decision.permit
        choosing.choose(who, found.id, Answer(wish=Wish.WITHDRAW))
        began = time.perf_counter()
        decision = asked.of(asking, VISITS, reads=True).decision
        taken.append(time.perf_counter() - began)
        bench.check(permitted and not decision.permit, "a withdrawal did not bind")
    bench.figures["withdraw_ms"] = median(taken) * MILLI
    bench.figures["withdraw_worst_ms"] = max(taken) * MILLI


def _erasures(stage: _Stage) -> None:
    bench, vault, app = stage.bench, stage.vault, stage.crowd.app
    people = bench.count(ERASED, QUICK_ERASED)
    bench.say(f"make and erase {people} people")
    rows, numbers, made = People(vault.core, stage.uses), count(1), list[SubjectId]()

    def put() -> None:
        for _ in range(people):
            subject = rows.make(app).subject
            asking = Asking(app=app, subject=subject, purpose=SERVICE)
            at = At(VISITS, RecordId(Id16(next(numbers).to_bytes(16))))
            vault.records.put(asking, at, {"text": "x" * TEXT}, None).wait()
            made.append(subject)

    def erase() -> None:
        for subject in made:
            rows.erase(app, subject, Actor.PERSON)

    puts, erased = seconds(put), seconds(erase)
    bench.figures["erase_each_ms"] = erased / people * MILLI
    bench.ratios["erase_1000_vs_put_1000"] = erased / puts


def _epochs(stage: _Stage, node: Node) -> None:
    bench, vault = stage.bench, stage.vault
    bench.say("close an epoch")
    epochs = Epochs(vault.core, node.parts.vault.sets, lambda _given: True)
    rows, app = People(vault.core, stage.uses), app_of(vault, "keys")
    users = len(vault.crowd(app, bench.count(USERS, QUICK_USERS), 0).people)

    def close() -> float:
        rows.erase(app, rows.make(app).subject, Actor.PERSON)
        return seconds(lambda: epochs.close(PASSPHRASE))

    def rewrap() -> float:
        return vault.turn(Turned.APP, Scope(app))

    times = bench.medians({"close": close, "rewrap": rewrap})
    bench.figures["epoch_close_us_per_user"] = times["close"] / users * MILLI * MILLI
    bench.ratios["epoch_close_per_user_vs_rewrap"] = times["close"] / times["rewrap"]

"""`sealhold bench store`: records put and read with all that a vault does, beside bare databases.

- `put_per_s`: decided, sealed each under a key of its own, indexed, logged, durable; 64 to a call,
  with one log entry that names every record. As under many clients, 32 calls are under way, and
  those that wait together share a commit; `put_alone_per_s` is with one call at a time. The peers
  insert the same number of bytes, 64 to a commit, with the same settings of the database and the
  same way of binding, and do nothing else.
- `audited_get_per_s`: read, logged durably, opened; 64 to a call, each with a log entry. Beside
  it, the same records opened without an entry.
- `seal_us`: one record of a kilobyte sealed under a fresh wrapped key; the peer is Fernet.
- `record_bytes_vs_payload`: what a table of such records takes on disk for each byte of content.
  What the log takes for each put stands apart, as `audit_bytes_per_put`.

Source: docs/benchmarks.md.
"""

import time
from collections import deque
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Final

from cryptography.fernet import Fernet

from sealhold.audit.tables import LEAF
from sealhold.bench.bare import bare_sqlcipher, bare_sqlite, versions
from sealhold.bench.harness import Bench, per_call
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.seal import KEY_BYTES, NOBODY
from sealhold.model.encoding import Plain, pack_item
from sealhold.model.ids import Collection, FieldName, Id16, JobId, RecordId
from sealhold.model.quantities import Instant
from sealhold.node import opened
from sealhold.policy.decision import Decision, Reason
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import Expect, Found, Put, Row, Unit
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.firewall import Firewall
from sealhold.vault.index import Index
from sealhold.vault.objects import Objects
from sealhold.vault.owned import RECORDS, Body, Place, seal_record
from sealhold.vault.owning import Fresh, Owning, Putting

SEED: Final = 11
READINGS: Final = Collection("readings")
FIELDS: Final = frozenset(map(FieldName, ("at", "device", "note", "samples")))
SAMPLES: Final = 960  # bytes of one reading; with its other fields, about a kilobyte
AT_ONCE: Final = 64  # records to a call of ours, rows to a commit of a peer
UNDER_WAY: Final = 32  # calls
CALLS: Final = 63  # in one run of one side
QUICK_CALLS: Final = 14
SEALS: Final = 2_000  # in one run
AT: Final = Instant(1_795_000_000_000)
MICRO: Final = 1_000_000
PERMITTED: Final = Decision(
    permit=True, fields=FIELDS, because=(), code=Reason.OWNER, sentence="", obligations=None
)


class _Vault:
    """The sides of ours: one vault, which grows from run to run."""

    def __init__(self, core: Core, count: int) -> None:
        self.core = core
        objects = Objects(core.store, core.objects, core.keys, core.entropy)
        self.firewall = Firewall(core, objects)
        self.owning = Owning(core, Index(core.store, core.keys, core.entropy), objects)
        self.readings = [Fresh(collection=READINGS, fields=each) for each in readings(count)]
        self.payloads = [pack_item(each.fields, None) for each in self.readings]
        self._choose = Random(SEED)  # noqa: S311  # reason: which records are read, the same each run
        self.ids: list[RecordId] = []

    def put(self, under_way: int) -> float:
        """Put in all readings, so many calls under way, and return how many a second."""
        waiting: deque[Putting] = deque()
        started = time.perf_counter()
        for start in range(0, len(self.readings), AT_ONCE):
            if len(waiting) == under_way:
                self.ids += waiting.popleft().wait()
            waiting.append(self.owning.begin(self.readings[start : start + AT_ONCE]))
        for each in waiting:
            self.ids += each.wait()
        return len(self.readings) / (time.perf_counter() - started)

    def get(self) -> float:
        """Read as many records, each logged, and return how many a second."""
        wanted = self._choose.choices(self.ids, k=len(self.readings))
        started = time.perf_counter()
        for start in range(0, len(wanted), AT_ONCE):
            self.firewall.get_each(wanted[start : start + AT_ONCE])
        return len(wanted) / (time.perf_counter() - started)

    def get_unaudited(self) -> float:
        """Open as many records without a log entry and return how many a second."""
        wanted = self._choose.choices(self.ids, k=len(self.readings))
        started = time.perf_counter()
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            list(self.firewall.objects_for_task(PERMITTED, READINGS, some))
        return len(wanted) / (time.perf_counter() - started)


def measure(bench: Bench) -> None:
    """Take the figures."""
    home = new_vault(bench.folder / "home")
    with opened(home, PASSPHRASE) as node:
        vault = _Vault(node.parts.core, AT_ONCE * bench.count(CALLS, QUICK_CALLS))
        _puts(bench, vault)
        _gets(bench, vault)
        _seals(bench, vault)
        _sizes(bench, vault)
        bench.check(node.audit.verify().whole is True, "the vault is not whole")


def _puts(bench: Bench, vault: _Vault) -> None:
    bench.say("put")
    ids = vault.owning.put(vault.readings[:AT_ONCE])
    found = [dict(record.fields) for record in vault.firewall.get_each(ids)]
    bench.check(found == [each.fields for each in vault.readings[:AT_ONCE]], "others came back")
    cipher = bare_sqlcipher(bench.folder / "bare.db")
    plain = bare_sqlite(bench.folder / "bare.sqlite")
    rates = bench.medians(
        {
            "ours": lambda: vault.put(UNDER_WAY),
            "raw_sqlcipher": lambda: cipher.put(vault.payloads, AT_ONCE),
            "raw_sqlite": lambda: plain.put(vault.payloads, AT_ONCE),
            "alone": lambda: vault.put(1),
        }
    )
    bench.figures["put_per_s"] = rates["ours"]
    bench.figures["put_alone_per_s"] = rates["alone"]
    for name, version_told in versions().items():
        theirs = rates[f"raw_{name}"]
        bench.peers[f"raw_{name}"] = {"version": version_told, "put_per_s": round(theirs)}
        bench.ratios[f"put_vs_raw_{name}"] = rates["ours"] / theirs
        bench.ratios[f"put_alone_vs_raw_{name}"] = rates["alone"] / theirs
    told = sum(len(cell) for row in _entries(vault) for cell in row if isinstance(cell, bytes))
    bench.figures["audit_bytes_per_put"] = told / (len(vault.ids) + len(ids))


def _gets(bench: Bench, vault: _Vault) -> None:
    bench.say("get")
    rates = bench.medians({"audited": vault.get, "unaudited": vault.get_unaudited})
    bench.figures["audited_get_per_s"] = rates["audited"]
    bench.figures["unaudited_get_per_s"] = rates["unaudited"]
    bench.ratios["get_audited_vs_unaudited"] = rates["audited"] / rates["unaudited"]


def _seals(bench: Bench, vault: _Vault) -> None:
    bench.say("seal")
    content, keys = vault.payloads[0], vault.core.keys
    place = Place(RecordId(NOBODY), READINGS, 1, JobId(NOBODY))
    body = Body(content, large=False)
    fernet = Fernet(Fernet.generate_key())
    bench.check(fernet.decrypt(fernet.encrypt(content)) == content, "Fernet does not open")
    times = bench.medians(
        {
            "ours": per_call(lambda: seal_record(keys, place, body, system_entropy), SEALS),
            "fernet": per_call(lambda: fernet.encrypt(content), SEALS),
        }
    )
    bench.figures["seal_us"] = times["ours"] * MICRO
    told = f"cryptography {version('cryptography')}"
    bench.peers["fernet"] = {"version": told, "seal_us": round(times["fernet"] * MICRO, 2)}
    bench.ratios["seal_vs_fernet_us"] = times["ours"] / times["fernet"]


def _sizes(bench: Bench, vault: _Vault) -> None:
    bench.say("sizes")
    rows = list(scan_all(vault.core.store, RECORDS))
    payload = len(vault.payloads[0])
    bench.check(all(len(each) == payload for each in vault.payloads), "payloads differ in length")
    taken = _table_bytes(bench.folder / "records.db", rows)
    bench.figures["payload_bytes"] = payload
    bench.ratios["record_bytes_vs_payload"] = taken / len(rows) / payload


def _entries(vault: _Vault) -> list[Row]:
    """Return the rows of the log that tell of the owner's records."""
    rows = (found.row for found in scan_all(vault.core.store, LEAF))
    return [row for row in rows if row[2] != NOBODY]


def _table_bytes(path: Path, rows: list[Found]) -> int:
    """Return how much a database of its own grows by these rows."""
    key = system_entropy(KEY_BYTES)
    store = SqlCipherStore(path)
    store.open([RECORDS], lambda: key, create=True)
    empty = path.stat().st_size
    fence = store.lease(NOBODY, Id16(b"the bench itself"), 3_600, AT)
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        units = [Unit((Put(RECORDS.name, found.row, Expect.ABSENT),)) for found in some]
        store.commit(units, lambda _results: (), fence)
    store.close()
    return path.stat().st_size - empty


def readings(count: int) -> list[dict[str, Plain]]:
    """Return made-up readings of a device that a person wears, the same for the same count."""
    made = Random(SEED)  # noqa: S311  # reason: data of a bench, the same on each machine
    found: list[dict[str, Plain]] = []
    for number in range(count):
        note = made.choice(("at rest", "on foot", "by bike", "asleep"))
        samples = made.randbytes(SAMPLES - len(note))  # so that all are equally long
        device = f"band {made.randrange(10)}"
        found.append({"at": AT + number, "device": device, "note": note, "samples": samples})
    return found

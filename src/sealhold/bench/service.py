"""`sealhold bench service`: a vault for many people, served over HTTP on this machine.

- 64 connections, each asking again once answered, from a process of its own; both share the cores.
- `put_per_s`: a new record of a kilobyte, its consent and purpose checked, sealed, logged, durable.
  Beside it the same server whose writer commits each request by itself, and bare databases that
  insert the same bytes, 64 to a commit, without HTTP.
- `get_audited_per_s_c64`: a record read: decided, logged durably, opened.
- `bulk_per_s`: records of many people, 5,000 lines to a call.
- `put_vs_no_db`: beside the same server whose store drops the records that it is given.
- Within one process: `inside.py`. On a PostgreSQL server: `onserver.py`. Withdrawals over HTTP:
  `withdrawing.py`.

Source: docs/benchmarks.md.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Final
from uuid import UUID

from sealhold.bench.bare import bare_sqlcipher, bare_sqlite, versions
from sealhold.bench.harness import Bench, seconds
from sealhold.bench.inside import measure_inside
from sealhold.bench.load import FRESH
from sealhold.bench.onserver import measure_on_server
from sealhold.bench.served import Loaded, Served, served
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.bench.withdrawing import measure_withdrawals
from sealhold.model.encoding import Plain
from sealhold.node import opened

PEOPLE: Final = 256
QUICK_PEOPLE: Final = 32
ROUND: Final = 3.0  # seconds of a load
QUICK_ROUND: Final = 1.0
LINES: Final = 5_000  # of one bulk call
QUICK_LINES: Final = 500
AT_ONCE: Final = 64
SEED: Final = 5
NOTE: Final = 480  # bytes, twice that as text
PLACE: Final = "/v1/subjects/{}/records/readings/{}"


def measure(bench: Bench) -> None:
    """Take the figures."""
    contents = [*_contents()]
    together, alone, none = (
        new_vault(bench.folder / name) for name in ("together", "alone", "none")
    )
    with (
        served(together) as ours,
        served(alone, "sealhold.bench.aloneserve") as theirs,
        served(none, "sealhold.bench.nostore") as storeless,
    ):
        servers = (ours, theirs, storeless)
        people = [_people(bench, each) for each in servers]
        bench.say("put")
        puts = [_puts(each, found, contents) for each, found in zip(servers, people, strict=True)]
        _measure_puts(bench, servers, puts, contents)
        bench.say("get")
        gets = _measure_gets(bench, ours, people[0], contents)
        bench.say("bulk")
        _measure_bulk(bench, ours, people[0], contents)
        measure_withdrawals(bench, ours, gets)
    measure_on_server(bench, bench.count(PEOPLE, QUICK_PEOPLE), contents)
    measure_inside(bench)
    bench.say("check")
    with opened(together, PASSPHRASE) as node:
        bench.check(node.audit.verify().whole is True, "the vault is not whole")
    bench.peers.update(versions())


def _contents() -> Iterator[bytes]:
    """Yield records of about a kilobyte, as JSON."""
    made = Random(SEED)  # noqa: S311  # reason: data of a bench, the same on each machine
    for nth in range(AT_ONCE):
        note = made.randbytes(NOTE).hex()
        yield json.dumps({"at": f"2026-01-{nth % 28 + 1:02}", "device": nth, "note": note}).encode()


def _people(bench: Bench, at: Served) -> list[str]:
    count = bench.count(PEOPLE, QUICK_PEOPLE)
    return [at.call("POST", "/v1/subjects")["subject"] for _ in range(count)]


def _puts(at: Served, people: list[str], contents: list[bytes]) -> list[bytes]:
    """Return a call for each person that puts a new record each time it is made."""
    return [
        at.request(
            "PUT", PLACE.format(person, FRESH.decode()), contents[nth % AT_ONCE],
            "if-none-match: *",
        )
        for nth, person in enumerate(people)
    ]  # fmt: skip


def _measure_puts(
    bench: Bench, servers: tuple[Served, ...], puts: list[list[bytes]], contents: list[bytes]
) -> None:
    lasts = bench.count(int(ROUND), int(QUICK_ROUND))
    found: list[Loaded] = []

    def ours() -> float:
        found.append(servers[0].load(puts[0], lasts, 201))
        return found[-1].per_s

    bares = {
        "sqlcipher": bare_sqlcipher(bench.folder / "peer.cipher"),
        "sqlite": bare_sqlite(bench.folder / "peer.sqlite"),
    }
    payloads = contents * bench.count(60, 10)
    rates = bench.medians(
        {
            "put_per_s": ours,
            "commit_each_put_per_s": lambda: servers[1].load(puts[1], lasts, 201).per_s,
            "no_db_put_per_s": lambda: servers[2].load(puts[2], lasts, 201).per_s,
            "sqlcipher_put_per_s": lambda: bares["sqlcipher"].put(payloads, AT_ONCE),
            "sqlite_put_per_s": lambda: bares["sqlite"].put(payloads, AT_ONCE),
        }
    )
    bench.figures.update(rates)
    each = rates.pop("commit_each_put_per_s")
    bench.ratios["put_vs_commit_each"] = rates["put_per_s"] / each
    bench.ratios["put_vs_no_db"] = rates["put_per_s"] / rates["no_db_put_per_s"]
    bench.ratios["put_vs_batch64"] = rates["put_per_s"] / rates["sqlite_put_per_s"]
    bench.ratios["put_vs_batch64_sqlcipher"] = rates["put_per_s"] / rates["sqlcipher_put_per_s"]
    middle = sorted(found, key=lambda each: each.per_s)[len(found) // 2]
    bench.figures["put_p50_ms"] = middle.p50_ms
    bench.ratios["put_p99_vs_p50"] = middle.p99_ms / middle.p50_ms


def _measure_gets(
    bench: Bench, at: Served, people: list[str], contents: list[bytes]
) -> list[bytes]:
    """Take the figures and return the calls that read."""
    lasts = bench.count(int(ROUND), int(QUICK_ROUND))
    gets = []
    for nth, person in enumerate(people):
        place = PLACE.format(person, _named(nth))
        at.call("PUT", place, contents[nth % AT_ONCE], {"if-none-match": "*", **_JSON})
        gets.append(at.request("GET", place))
    bench.figures["get_audited_per_s_c64"] = bench.median(lambda: at.load(gets, lasts, 200).per_s)
    return gets


def _measure_bulk(bench: Bench, at: Served, people: list[str], contents: list[bytes]) -> None:
    count = bench.count(LINES, QUICK_LINES)
    decoded = [json.loads(each) for each in contents]
    lines: list[dict[str, Plain]] = [
        {
            "subject": people[nth % len(people)],
            "collection": "readings",
            "content": decoded[nth % AT_ONCE],
        }
        for nth in range(count)
    ]
    body = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    heads = {"content-type": "application/x-ndjson"}
    bench.check(
        b"error" not in at.call("POST", "/v1/records:bulk", body, heads), "a line is refused"
    )

    def rate() -> float:
        return count / seconds(lambda: at.call("POST", "/v1/records:bulk", body, heads))

    bench.figures["bulk_per_s"] = bench.median(rate)


def _named(nth: int) -> str:
    return str(UUID(int=nth + 1, version=4))


_JSON: Final = {"content-type": "application/json"}

"""`sealhold bench proxy`: the proxy before a rented database, beside the database and a pooler.

- The same rows stand twice on one server of the bench's own: behind the proxy, protected, and in
  clear. The clear ones are asked directly, and through pgbouncer, which reads no statement. All
  three are asked in turns, by pgbench or by one client here; all share the cores.
- `passthrough_vs_pgbouncer`: transactions a second of `pgbench -S`, 4 clients, on clear columns.
- `equality_vs_pgbouncer`: a row found by a column under `match`, with two cells opened; the
  statement prepared once, and, `equality_extended_vs_pgbouncer`, parsed each time.
- `added_latency_ms_p50`: of that select by one client, over the same directly.
  `passthrough_added_ms_p50`: of one on clear columns.
- `insert_vs_direct`: the time of a transaction that inserts a row, two of its columns protected,
  one client, durable. `copy_vs_direct`: of COPY of 100,000 rows, two columns protected.
- `scan_vs_direct`: rows a second of a whole table, two cells of each opened.
- `sealed_overhead_bytes`: what a sealed cell takes at the provider more than its value.
- `proxy_rss_mb`: the proxy's memory after all that.
- `sum_...`: a million encrypted values added up at an agent (`proxysums.py`).

Source: docs/benchmarks.md.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final

import asyncpg

from sealhold.bench.harness import ABSENT, Bench, Side
from sealhold.bench.pgbench import Load
from sealhold.bench.pgserver import pg_server
from sealhold.bench.pooler import pooler
from sealhold.bench.processes import resident_mb
from sealhold.bench.proxied import proxied
from sealhold.bench.proxysums import measure_sums
from sealhold.model.encoding import Plain
from sealhold.model.errors import SealholdError

ROWS: Final = 100_000
QUICK_ROWS: Final = 2_000
SECONDS: Final = 4  # of one load
QUICK_TIMES: Final = 1_500  # of each of its clients: reading names once weighs little then
CALLS: Final = 2_000  # of one client that measures latency
INSERTS: Final = 1_000
SCANS: Final = 3  # by one client: the first one asks for names and a lease
SEED: Final = 7
PERSON: Final = "id integer PRIMARY KEY, number integer, name text, note text, city text"
STAY: Final = "id integer, name text, cost integer, city text"
FOUND: Final = "SELECT name, note FROM person WHERE number = {}"
CLEAR: Final = "SELECT city FROM person WHERE id = {}"
POLICY: Final = """format = "sealhold-policy/1"
name = "bench"
version = 1
names = "clear"
default = "clear"

[[csp]]
id = "rented"
kind = "postgres"
url = "{url}"

[[table]]
dataset = "bench"
name = "person"
key = ["id"]
csps = ["rented"]
bind = "row"
integrity = "cell"
[[table.column]]
name = "id"
type = "integer"
protect = "clear"
[[table.column]]
name = "number"
type = "integer"
protect = ["match"]
usages = ["storage", "search"]
[[table.column]]
name = "name"
type = "text"
protect = ["sealed"]
usages = ["storage"]
[[table.column]]
name = "note"
type = "text"
protect = ["sealed"]
usages = ["storage"]

[[table]]
dataset = "bench"
name = "stay"
key = ["id"]
csps = ["rented"]
bind = "row"
integrity = "cell"
[[table.column]]
name = "id"
type = "integer"
protect = "clear"
[[table.column]]
name = "name"
type = "text"
protect = ["sealed"]
usages = ["storage"]
[[table.column]]
name = "cost"
type = "integer"
protect = ["match"]
usages = ["storage", "search"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where the same statements are sent."""

    ours: str
    direct: str
    pooled: str | None
    rented: str  # what the proxy fills, asked directly

    def sides(self, *, with_pooled: bool = True) -> dict[str, str]:
        """Return those that take turns."""
        found = {"ours": self.ours, "direct": self.direct}
        return found | ({"pooled": self.pooled} if with_pooled and self.pooled else {})


def measure(bench: Bench) -> None:
    """Take the figures, or note that no server is installed."""
    with ExitStack() as stack:
        server = stack.enter_context(pg_server(bench.folder / "pg"))
        if server is None:
            bench.peers["postgresql"] = ABSENT
            return
        asyncio.run(_databases(server))
        direct, rented = (_on(server, name) for name in ("plain", "rented"))
        pooled = stack.enter_context(pooler(bench.folder / "pooler", direct))
        if pooled is None:
            bench.peers["pgbouncer"] = ABSENT
        policy = POLICY.format(url=f"{rented}?sslmode=disable")
        served = stack.enter_context(proxied(bench.folder, policy, "rented"))
        measure_ends(bench, Ends(ours=served.address, direct=direct, pooled=pooled, rented=rented))
        bench.figures["proxy_rss_mb"] = resident_mb(served.pid)
    bench.say("sums")
    measure_sums(bench)


def measure_ends(bench: Bench, ends: Ends) -> None:
    """Fill both sides, and take all figures."""
    rows = _rows(bench.count(ROWS, QUICK_ROWS))
    bench.say("fill")
    for address in (ends.ours, ends.direct):
        asyncio.run(_filled(address, rows))
    _check_same(bench, ends)
    bench.peers.update(asyncio.run(_versions(ends.direct)))
    parts: dict[str, Callable[[], None]] = {
        "selects by 4 clients": lambda: _measure_rates(bench, ends, len(rows)),
        "latency": lambda: _measure_latency(bench, ends, len(rows)),
        "inserts": lambda: _measure_inserts(bench, ends),
        "copy": lambda: _measure_copies(bench, ends, rows),
        "scan": lambda: _measure_scans(bench, ends, len(rows)),
        "bytes": lambda: _measure_bytes(bench, ends),
    }
    failed = [name for name, part in parts.items() if not _is_taken(bench, name, part)]
    bench.check(not failed, f"no figures of: {', '.join(failed)}")


def _is_taken(bench: Bench, name: str, part: Callable[[], None]) -> bool:
    """Take some of the figures; those of the other parts do not depend on them."""
    bench.say(name)
    try:
        part()
    except (SealholdError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as err:
        bench.say(f"{name}: {err}")
        return False
    return True


def _rows(count: int) -> list[tuple[int, int, str, str, str]]:
    made = Random(SEED)  # noqa: S311  # reason: data of a bench, the same on each machine
    return [
        (nth, nth * 7 + 3, f"name {made.randrange(10**12):012}", made.randbytes(12).hex(), "Graz")
        for nth in range(1, count + 1)
    ]


def _on(address: str, database: str) -> str:
    return f"{address.rpartition('/')[0]}/{database}"


async def _databases(server: str) -> None:
    link = await asyncpg.connect(server)
    for name in ("plain", "rented"):
        await link.execute(f"CREATE DATABASE {name}")
    await link.close()


async def _filled(address: str, rows: list[tuple[int, int, str, str, str]]) -> None:
    link = await asyncpg.connect(address)
    await link.execute(f"CREATE TABLE person ({PERSON})")
    await link.execute(f"CREATE TABLE stay ({STAY})")
    await link.execute(
        "CREATE TABLE pgbench_accounts (aid integer PRIMARY KEY, bid integer, abalance integer, "
        "filler character(84))"
    )
    await link.execute("CREATE TABLE pgbench_branches (bid integer PRIMARY KEY)")
    await link.execute("INSERT INTO pgbench_branches VALUES (1)")  # pgbench reads its scale here
    await link.copy_records_to_table("person", records=rows)
    accounts = [(nth, 1, 0, "") for nth in range(1, 100_001)]
    await link.copy_records_to_table("pgbench_accounts", records=accounts)
    await link.execute("CREATE INDEX person_number ON person (number)")
    await link.close()


def _check_same(bench: Bench, ends: Ends) -> None:
    asked = "SELECT id, number, name, note, city FROM person ORDER BY id"
    both = [asyncio.run(_fetched(address, asked)) for address in (ends.ours, ends.direct)]
    bench.check(both[0] == both[1], "the proxy and the database give different rows")


async def _fetched(address: str, sql: str) -> list[tuple[Any, ...]]:  # reason: asyncpg has no types
    link = await asyncpg.connect(address)
    rows = await link.fetch(sql)
    await link.close()
    return [tuple(row) for row in rows]


def _measure_rates(bench: Bench, ends: Ends, count: int) -> None:
    lasts = Load(times=QUICK_TIMES) if bench.quick else Load(seconds=SECONDS)
    script = bench.folder / "found.sql"
    script.write_text(f"\\set n random(1, {count}) * 7 + 3\n{FOUND.format(':n')};\n")
    loads = {
        "passthrough": lasts,
        "equality": replace(lasts, script=script, mode="prepared"),
        "equality_extended": replace(lasts, script=script, mode="extended"),
    }
    for name, load in loads.items():
        rates = bench.medians(
            {side: _rate(load, address) for side, address in ends.sides().items()}
        )
        bench.figures[f"{name}_per_s"] = rates["ours"]
        bench.ratios[f"{name}_vs_direct"] = rates["ours"] / rates["direct"]
        if "pooled" in rates:
            bench.ratios[f"{name}_vs_pgbouncer"] = rates["ours"] / rates["pooled"]


def _rate(load: Load, address: str) -> Side:
    return lambda: load.rate(address)


def _measure_latency(bench: Bench, ends: Ends, count: int) -> None:
    calls = bench.count(CALLS, 200)
    for name, sql in (("added_latency_ms_p50", FOUND), ("passthrough_added_ms_p50", CLEAR)):
        keys = [nth * 7 + 3 if sql is FOUND else nth for nth in range(1, count + 1)]

        def side(address: str, sql: str = sql, keys: list[int] = keys) -> Side:
            return lambda: asyncio.run(_latency(address, sql.format("$1"), keys, calls))

        found = bench.medians({"ours": side(ends.ours), "direct": side(ends.direct)})
        bench.figures[name] = (found["ours"] - found["direct"]) * 1_000


async def _latency(address: str, sql: str, keys: list[int], calls: int) -> float:
    """Return the median seconds of one call by one client."""
    link = await asyncpg.connect(address)
    prepared = await link.prepare(sql)
    took = []
    for nth in range(calls):
        key = keys[nth * 37 % len(keys)]
        started = time.perf_counter()
        await prepared.fetch(key)
        took.append(time.perf_counter() - started)
    await link.close()
    return median(took)


def _measure_inserts(bench: Bench, ends: Ends) -> None:
    script = bench.folder / "insert.sql"
    script.write_text(
        "\\set n random(1, 1000000)\n"
        "INSERT INTO stay (id, name, cost, city) VALUES (:n, 'somebody new', :n, 'Graz');\n"
    )
    load = Load(script=script, mode="prepared", clients=1, times=bench.count(INSERTS, 200))
    sides = ends.sides(with_pooled=False)
    rates = bench.medians({side: _rate(load, address) for side, address in sides.items()})
    bench.figures["inserts_per_s"] = rates["ours"]
    bench.ratios["insert_vs_direct"] = rates["direct"] / rates["ours"]


def _measure_copies(bench: Bench, ends: Ends, rows: list[tuple[int, int, str, str, str]]) -> None:
    lines = "".join(f"{row[0]}\t{row[2]}\t{row[1]}\t{row[4]}\n" for row in rows).encode()

    def side(address: str) -> Side:
        return lambda: asyncio.run(_copied(address, lines, len(rows)))

    took = bench.medians({"ours": side(ends.ours), "direct": side(ends.direct)})
    bench.figures["copy_100k_seconds"] = took["ours"]
    bench.ratios["copy_vs_direct"] = took["ours"] / took["direct"]


async def _copied(address: str, lines: bytes, count: int) -> float:
    link = await asyncpg.connect(address)
    await link.execute("DELETE FROM stay")
    parts = [lines[at : at + 65_536] for at in range(0, len(lines), 65_536)]

    async def source() -> Any:  # noqa: ANN401  # reason: an iterator for asyncpg
        for part in parts:
            yield part

    started = time.perf_counter()
    done = await link.copy_to_table("stay", source=source())
    took = time.perf_counter() - started
    await link.close()
    return took if done == f"COPY {count}" else float("nan")


def _measure_scans(bench: Bench, ends: Ends, count: int) -> None:
    script = Path(bench.folder / "scan.sql")
    script.write_text("SELECT id, name, note FROM person;\n")
    load = Load(script=script, clients=1, times=bench.count(SCANS, 20))
    sides = ends.sides(with_pooled=False)
    rates = bench.medians({side: _rate(load, address) for side, address in sides.items()})
    bench.figures["scan_rows_per_s"] = rates["ours"] * count
    bench.ratios["scan_vs_direct"] = rates["ours"] / rates["direct"]


def _measure_bytes(bench: Bench, ends: Ends) -> None:
    bench.figures["sealed_overhead_bytes"] = asyncio.run(_overhead(ends))


async def _overhead(ends: Ends) -> float:
    sql = "SELECT sum(octet_length(name)) FROM person"
    (ours,), (plain,) = [
        (await _fetched(address, sql))[0] for address in (ends.rented, ends.direct)
    ]
    ((count,),) = await _fetched(ends.direct, "SELECT count(*) FROM person")
    return float((ours - plain) / count)


async def _versions(address: str) -> Mapping[str, Plain]:
    link = await asyncpg.connect(address)
    found = await link.fetchval("SHOW server_version")
    await link.close()
    return {"postgresql": str(found)}

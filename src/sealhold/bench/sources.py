"""`sealhold bench sources`: nested records, places asked where they lie, the rate of each format.

- An aggregate over a table that is left in place is asked of a warm vault, and in turn of DuckDB
  with the same file attached.
- A format's rate is what an import takes in, sealed, indexed and logged, against its own connector
  that reads the same file with no jail and keeps nothing: what all the rest costs.

Source: docs/benchmarks.md.
"""

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from sealhold import plugins
from sealhold.bench.harness import Bench
from sealhold.bench.processes import PATIENCE, TreeMemory, program, surroundings
from sealhold.bench.revoking import measure_revoking
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.compute.engine import duck
from sealhold.connectors import samples
from sealhold.connectors.samples import Sample
from sealhold.node import Node, opened

if TYPE_CHECKING:
    import duckdb

NESTED: Final = 100_000
QUICK_NESTED: Final = 3_000
RUNS: Final = 3
BYTES: Final = 4_000_000  # of each format's file, about: a quarter of a second goes to its jail
QUICK_BYTES: Final = 200_000
IN_PLACE: Final = 100_000
QUICK_IN_PLACE: Final = 5_000
ASKED: Final = 15
AGGREGATE: Final = (
    "SELECT town, count(*), sum(n), avg(far), max(far) FROM {} GROUP BY town ORDER BY town"
)
SINGLE: Final = 200  # files of a format that holds one item each
QUICK_SINGLE: Final = 10
PROBE: Final = 50  # items of the sample by which the size of one is estimated


Make = Callable[[int], Sample]  # a file of so many items
FIRST: Final[dict[str, Make]] = {
    "gpx": samples.gpx,
    "icalendar": samples.icalendar,
    "vcard": samples.vcard,
    "mbox": samples.mbox,
    "ofx": samples.ofx,
    "csv": samples.csv,
    "jsonlines": samples.jsonlines,
}


def measure(bench: Bench) -> None:
    """Measure each part in turn."""
    _nested(bench)
    _federated(bench)
    _formats(bench)
    measure_revoking(bench)


# --- nested records ---


def _nested(bench: Bench) -> None:
    count = bench.count(NESTED, QUICK_NESTED)
    file = _write_nested(bench.folder / "nested.jsonl", count)
    taken = []
    for number in range(1 if bench.quick else RUNS):
        home = bench.folder / f"nested-{number}"
        new_vault(home)
        bench.say(f"nested records, import {number + 1}: {count:,}")
        with opened(home, PASSPHRASE) as node:
            taken.append(_import(bench, node, file, count))
            if not number:
                started = time.perf_counter()
                again = node.sources.import_paths([file])
                bench.figures["nested_again_seconds"] = time.perf_counter() - started
                bench.check(again.new == 0, "a second import adds")
    bench.figures["nested_100k_seconds"] = median(taken)
    bench.figures["nested_100k_rows"] = count
    bench.figures["nested_100k_mb"] = file.stat().st_size / 1e6
    bench.say("the same by the command line, its memory watched")
    bench.figures["nested_100k_rss_mb"] = _peak_mb(bench, file)


def _write_nested(path: Path, count: int) -> Path:
    with path.open("w") as file:
        for n in range(count):
            record = {
                "id": f"order-{n}",
                "at": f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}T{n % 24:02d}:00:00Z",
                "customer": {"name": f"Person {n % 997}", "address": {"town": f"Town {n % 89}"}},
                "lines": [
                    {"what": f"thing {k}", "count": k + 1, "price": k * 1.25} for k in range(n % 4)
                ],
                "tags": [f"tag{n % 7}", f"tag{n % 11}"],
                "paid": n % 2 == 0,
            }
            file.write(json.dumps(record) + "\n")
    return path


def _import(bench: Bench, node: Node, file: Path, count: int) -> float:
    started = time.perf_counter()
    report = node.sources.import_paths([file])
    took = time.perf_counter() - started
    bench.check(report.new == count, f"{report.new} new items of {count}")
    return took


def _peak_mb(bench: Bench, file: Path) -> float:
    home = bench.folder / "watched"
    new_vault(home)
    with subprocess.Popen(  # noqa: S603  # reason: a command of ours
        program("import", str(file), "--home", str(home), "--json"),
        env=surroundings(PASSPHRASE),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as importing:
        with TreeMemory(importing.pid) as memory:
            bench.check(importing.wait(PATIENCE) == 0, "the import did not end well")
        return memory.peak_mb


# --- a table where it lies ---


def _federated(bench: Bench) -> None:
    count = bench.count(IN_PLACE, QUICK_IN_PLACE)
    bench.say(f"an aggregate over {count:,} rows of an SQLite file, left in place")
    place = _table(bench.folder / "visits.db", count)
    home = bench.folder / "federated"
    new_vault(home)
    ours, raw = [], []
    with opened(home, PASSPHRASE) as node, closing(_attached(place)) as engine:
        settings = {"place": str(place), "table": "visits", "dataset": "stays"}
        node.standing.add("stays", "sqlite", settings, mode="federate")
        wanted = engine.execute(AGGREGATE.format("place.visits")).fetchall()
        started = time.perf_counter()
        found = node.records.query(AGGREGATE.format("stays")).rows
        bench.figures["federated_first_ms"] = (time.perf_counter() - started) * 1000
        bench.check([*found] == wanted, "the engine gives other rows than the file has")
        for _ in range(ASKED):
            started = time.perf_counter()
            engine.execute(AGGREGATE.format("place.visits")).fetchall()
            raw.append(time.perf_counter() - started)
            started = time.perf_counter()
            node.records.query(AGGREGATE.format("stays"))
            ours.append(time.perf_counter() - started)
    bench.figures["federated_aggregate_ms"] = median(ours) * 1000
    bench.figures["federated_rows"] = count
    bench.ratios["federated_vs_duckdb"] = median(ours) / median(raw)


def _table(path: Path, count: int) -> Path:
    with closing(sqlite3.connect(path)) as file:
        file.execute(
            "CREATE TABLE visits (id INTEGER PRIMARY KEY, at TEXT, town TEXT, n INTEGER, far REAL)"
        )
        rows = (
            (n, f"2026-01-{n % 28 + 1:02d}T08:00:00Z", f"Town {n % 89}", n % 1000, n * 0.25)
            for n in range(count)
        )
        file.executemany("INSERT INTO visits VALUES (?, ?, ?, ?, ?)", rows)
        file.commit()
    return path


def _attached(place: Path) -> "duckdb.DuckDBPyConnection":
    """Return DuckDB with the file attached, and nothing of ours between."""
    engine = duck.started()
    duck.load_sqlite(engine)
    engine.execute(f"ATTACH {duck.text(str(place))} AS place (TYPE sqlite, READ_ONLY)")
    return engine


# --- formats ---


def _formats(bench: Bench) -> None:
    rounds = 1 if bench.quick else RUNS
    for name, make in _makers().items():
        files, items = _written(bench, bench.folder / name, make)
        megabytes = sum(file.stat().st_size for file in files) / 1e6
        bench.say(f"{name}: {megabytes:.1f} MB")
        bare, whole = [], []
        for number in range(rounds):
            bare.append(sum(_bare(name, file) for file in files))
            home = bench.folder / f"{name}-{number}"
            new_vault(home)
            with opened(home, PASSPHRASE) as node:
                whole.append(_import(bench, node, bench.folder / name, items))
        bench.figures[f"{name}_mb_per_s"] = megabytes / median(whole)
        bench.ratios[f"{name}_vs_parser"] = median(bare) / median(whole)
    against = [ratio for name, ratio in bench.ratios.items() if name.endswith("_vs_parser")]
    bench.ratios["slowest_vs_parser"] = min(against)


def _written(bench: Bench, folder: Path, make: Make) -> tuple[list[Path], int]:
    """Write a file of a format, or several where one holds one item; return how many items."""
    folder.mkdir()
    probe = make(PROBE)
    if sum(probe.items.values()) == 1:
        made = [make(n) for n in range(bench.count(SINGLE, QUICK_SINGLE))]
    else:
        size = bench.count(BYTES, QUICK_BYTES)
        made = [make(max(PROBE, size * PROBE // len(probe.content)))]
    files = []
    for number, sample in enumerate(made):
        file = folder / sample.file_name
        file = file.with_stem(f"{file.stem}{number or ''}")
        file.write_bytes(sample.content)
        files.append(file)
    return files, sum(sum(sample.items.values()) for sample in made)


def _bare(name: str, file: Path) -> float:
    started = time.perf_counter()
    with file.open("rb") as content:
        for _ in plugins.sources()[name]().read(content, file.name, None):
            pass
    return time.perf_counter() - started


def _makers() -> dict[str, Make]:
    """Return what makes a file of each format, of so many items."""
    more = entry_points(group="sealhold.sources.conformance")
    return FIRST | {each.name: each.load() for each in more}

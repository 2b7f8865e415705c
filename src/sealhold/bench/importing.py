"""`sealhold bench import`: a table of 100,000 rows, read in a jail, sealed, indexed and logged.

Source: docs/benchmarks.md.
"""

import subprocess
import time
from pathlib import Path
from typing import Final

from sealhold.bench.harness import Bench, seconds
from sealhold.bench.processes import PATIENCE, TreeMemory, program, surroundings
from sealhold.bench.tables import write_table
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.model.shown import ImportReport
from sealhold.node import opened

ROWS: Final = 100_000
QUICK_ROWS: Final = 5_000
RUNS: Final = 3  # each in a new vault; a whole import is long enough to be its own warm-up


def measure(bench: Bench) -> None:
    """Import the table into new vaults, and once more into the last of them."""
    rows = bench.count(ROWS, QUICK_ROWS)
    table = write_table(bench.folder / "table.csv", rows)
    homes = [bench.folder / f"home-{number}" for number in range(1 if bench.quick else RUNS)]
    taken: list[float] = []
    for home in homes:
        new_vault(home)
        bench.say(f"import {len(taken) + 1}: {rows:,} rows")
        taken.append(_first(bench, home, table, rows))
    bench.figures["csv_100k_seconds"] = sorted(taken)[len(taken) // 2]
    bench.figures["csv_100k_rows"] = rows
    bench.say("the same by the command line, its memory watched")
    bench.figures["csv_100k_rss_mb"] = _peak_mb(bench, table)
    bench.figures["csv_again_seconds"] = _again(bench, homes[-1], table, rows)


def _first(bench: Bench, home: Path, table: Path, rows: int) -> float:
    with opened(home, PASSPHRASE) as node:
        started = time.perf_counter()
        report = node.sources.import_paths([table])
        took = time.perf_counter() - started
        bench.check(report.new == rows, f"{report.new} new rows of {rows}")
        found = node.records.search("lunch").total
        bench.check(found > rows // 8, f"a search found {found} of {rows} rows")
    return took


def _again(bench: Bench, home: Path, table: Path, rows: int) -> float:
    reports: list[ImportReport] = []
    with opened(home, PASSPHRASE) as node:
        took = bench.median(
            lambda: seconds(lambda: reports.append(node.sources.import_paths([table])))
        )
    bench.check(all((each.new, each.same) == (0, rows) for each in reports), "a second import adds")
    return took


def _peak_mb(bench: Bench, table: Path) -> float:
    """Return the most memory that `sealhold import` and all it started held at once."""
    home = bench.folder / "watched"
    new_vault(home)
    command = program("import", str(table), "--home", str(home), "--json")
    with subprocess.Popen(  # noqa: S603  # reason: a command of ours
        command, env=surroundings(PASSPHRASE), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as importing:
        with TreeMemory(importing.pid) as memory:
            bench.check(importing.wait(PATIENCE) == 0, "the import did not end well")
        return memory.peak_mb

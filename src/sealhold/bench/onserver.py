"""What `sealhold bench service` measures of a vault whose rows lie on a PostgreSQL server.

- `pg_get_per_s`: an audited read over HTTP by 64 connections: decided, logged durably on the
  server, opened. `pg_select_per_s`: a bare pool of 8 connections that selects the same rows by
  the same statement, in turns with it.

Source: docs/benchmarks.md.
"""

import json
import subprocess
import sys
from typing import Final

from sealhold.bench.harness import ABSENT, Bench
from sealhold.bench.pgserver import pg_server
from sealhold.bench.served import CALLS, CONNECTIONS, Served, served
from sealhold.bench.vaults import PASSPHRASE
from sealhold.node import Places, create

SCHEMA: Final = "bench"
ROUND: Final = 3.0  # seconds of a load
QUICK_ROUND: Final = 0.5


def measure_on_server(bench: Bench, people: int, contents: list[bytes]) -> None:
    """Take the figures, or note that no server is installed."""
    with pg_server(bench.folder / "pg") as address:
        if address is None:
            bench.peers["asyncpg"] = ABSENT
            return
        bench.say("get from a vault on a database server")
        home = bench.folder / "onserver"
        places = Places(records=f"{address}?schema={SCHEMA}")
        create(home, PASSPHRASE, headless=True, places=places)
        with served(home) as ours:
            gets = _filled(ours, people, contents)
            lasts = ROUND if not bench.quick else QUICK_ROUND
            rates = bench.medians(
                {
                    "pg_get_per_s": lambda: ours.load(gets, lasts, 200).per_s,
                    "pg_select_per_s": lambda: _selected(address, lasts),
                }
            )
    bench.figures.update(rates)
    bench.ratios["pg_get_vs_asyncpg"] = rates["pg_get_per_s"] / rates["pg_select_per_s"]


def _filled(at: Served, people: int, contents: list[bytes]) -> list[bytes]:
    """Make people with a record each; return a call that reads each."""
    subjects = [at.call("POST", "/v1/subjects")["subject"] for _ in range(people)]
    lines = b"".join(
        b'{"subject":"%b","collection":"readings","content":%b}\n'
        % (subject.encode(), contents[nth % len(contents)])
        for nth, subject in enumerate(subjects)
    )
    came = at.call(
        "POST", "/v1/records:bulk", lines, {"content-type": "application/x-ndjson"}
    ).splitlines()
    return [
        at.request("GET", f"/v1/subjects/{kept['subject']}/records/readings/{kept['id']}")
        for kept in map(json.loads, came)
    ]


def _selected(address: str, seconds: float) -> float:
    """Return how many rows a bare pool selected in a second."""
    asked = {"address": address, "schema": SCHEMA, "seconds": seconds, "workers": CONNECTIONS}
    ended = subprocess.run(  # reason: a program of ours
        [sys.executable, "-m", "sealhold.bench.pgload"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=CALLS,
    )
    came = json.loads(ended.stdout)
    return float(came["selected"] / came["seconds"])

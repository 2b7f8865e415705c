"""`sealhold bench start`: how soon it is there, how little it takes, and what a page loads.

- `help_seconds`: `sealhold --help`, from its start to its end.
- `first_page_seconds`: from the start of `sealhold serve` until its first page and all that the
  page needs have arrived.
- `idle_rss_mb`: real memory of the server with an open vault, after it served the home page.
- `page_kb`, `outside_requests`: the home page with its style, script and fonts; how much of that
  is asked of anybody else, which must be nothing.

Source: docs/benchmarks.md.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sealhold.bench.harness import Bench
from sealhold.bench.pages import Loaded, Pages
from sealhold.bench.processes import ended, program, resident_mb, surroundings
from sealhold.bench.tables import write_table
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.model.errors import SealholdError
from sealhold.node import opened

ROWS: Final = 500  # items on the pages: enough for a full home page
SETTLE: Final = 1.0  # seconds of idleness before memory is read
KB: Final = 1_000


def measure(bench: Bench) -> None:
    """Take the figures."""
    bench.say("help")
    environment = surroundings(None)
    bench.figures["help_seconds"] = bench.median(lambda: ended(program("--help"), environment))
    home = new_vault(bench.folder / "home")
    with opened(home, PASSPHRASE) as node:
        report = node.sources.import_paths([write_table(bench.folder / "rows.csv", ROWS)])
        bench.check(report.new == ROWS, "the home page has its items")
    bench.say("first page")
    bench.figures["first_page_seconds"] = bench.median(lambda: _first_page(bench, home))
    bench.say("home page")
    with _served(home) as (server, pages):
        page = _home_page(bench, pages)
        time.sleep(SETTLE)
        bench.figures["idle_rss_mb"] = resident_mb(server.pid)
    bench.figures["page_kb"] = page.size / KB
    bench.figures["page_requests"] = page.requests
    bench.figures["outside_requests"] = page.outside


def _first_page(bench: Bench, home: Path) -> float:
    started = time.perf_counter()
    with _served(home) as (_server, pages):
        page = pages.load("/unlock")
        took = time.perf_counter() - started
    bench.check(page is not None, "the first page is served")
    return took


def _home_page(bench: Bench, pages: Pages) -> Loaded:
    reply = pages.post("/unlock", passphrase=PASSPHRASE, next="/")
    bench.check(reply.location.endswith("/"), "the vault opens on its page")
    page = pages.load("/")
    if page is None:
        raise SealholdError("a wrong result: the home page is not whole")
    return page


@contextmanager
def _served(home: Path) -> Iterator[tuple[subprocess.Popen[str], Pages]]:
    command = program("serve", "--home", str(home), "--port", "0", "--no-browser", "--json")
    server = subprocess.Popen(  # noqa: S603  # reason: a command of ours
        command, env=surroundings(None), stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None  # noqa: S101  # reason: asked for above
        pages = Pages(json.loads(server.stdout.readline())["url"])
        pages.wait()
        yield server, pages
    finally:
        server.terminate()
        server.communicate(timeout=10)

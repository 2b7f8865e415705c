"""Benches as they are run: one line of JSON, right results, and a failure that is told."""

import json
import os
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from sealhold.bench import main
from sealhold.bench.freshkeeper import FreshBroker
from sealhold.bench.harness import Bench
from sealhold.bench.machine import commit, machine
from sealhold.bench.pages import Loaded, Pages
from sealhold.bench.processes import TreeMemory, ended, program, resident_mb, surroundings
from sealhold.bench.tables import HEAD, write_table
from sealhold.compute.broker import Broker
from sealhold.compute.spec import Limits
from sealhold.model.errors import SealholdError
from tests.attack.processes import below, brokers

FLOORS = Path(__file__).parents[2] / "docs" / "bench" / "floors.toml"
LIMITS = Limits(ms_per_partition=2_000, memory_mib=16)
SLOW = b"""
def evaluate(obj, res):
    for i in range(300000): pass
    return 1
"""
KEYS = ["bench", "ok", "quick", "figures", "ratios", "peers", "machine", "commit"]
FIGURES = {
    "audit": {"append_us_batch100", "inclusion_proof_ms", "verify_1m_seconds"},
    "backup": {
        "tree_full_seconds",
        "tree_nochange_seconds",
        "tree_restore_seconds",
        "tree_stored_mb",
        "edit_17mb_bytes",
        "vault_full_mb",
        "vault_nochange_mb",
    },
    "compute": {
        "session_ms",
        "process_ms",
        "jailed_process_ms",
        "component_ms",
        "wasm_core_ms",
        "gps_k1_ms",
        "gps_k16_ms",
        "k1_1000_seconds",
        "k1_100k_seconds",
        "k1_100k_memo_seconds",
        "k1_100k_allow_seconds",
        "attest_verify_ms_max",
        "proof_verify_ms",
    },
    "firewall": {"decide_us", "open_us"},
    "import": {"csv_100k_seconds", "csv_100k_rss_mb", "csv_again_seconds"},
    "service": {
        "put_per_s",
        "get_audited_per_s_c64",
        "bulk_per_s",
        "withdraw_http_ms",
        "pg_get_per_s",
        "export100_ms",
        "export_1gib_extra_rss_mb",
        "withdraw_ms",
    },
    "start": {
        "help_seconds",
        "first_page_seconds",
        "idle_rss_mb",
        "page_kb",
        "outside_requests",
    },
    "store": {"put_per_s", "audited_get_per_s"},
}
RATIOS = {
    "backup": {
        f"{what}_vs_{peer}"
        for peer in ("restic", "borg")
        for what in ("backup", "nochange", "size", "restore")
    },
    "compute": {"k1_vs_k16"},
    "service": {
        "put_vs_commit_each",
        "put_vs_no_db",
        "put_vs_batch64",
        "put_vs_batch64_sqlcipher",
        "put_p99_vs_p50",
        "pg_get_vs_asyncpg",
        "erase_1000_vs_put_1000",
        "epoch_close_per_user_vs_rewrap",
    },
    "store": {
        "put_vs_raw_sqlcipher",
        "put_vs_raw_sqlite",
        "put_alone_vs_raw_sqlcipher",
        "put_alone_vs_raw_sqlite",
        "get_audited_vs_unaudited",
        "seal_vs_fernet_us",
        "record_bytes_vs_payload",
    },
    "proxy": {
        "passthrough_per_s",
        "equality_per_s",
        "equality_extended_per_s",
        "added_latency_ms_p50",
        "passthrough_added_ms_p50",
        "inserts_per_s",
        "copy_100k_seconds",
        "scan_rows_per_s",
        "sealed_overhead_bytes",
        "proxy_rss_mb",
        "sum_add_seconds",
        "sum_masked_seconds",
        "sum_open_seconds",
        "sum_seal_seconds",
        "sum_bytes_per_value",
    },
}


def quick(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a quick bench and return what stands on its one line."""
    code = main.run(name, as_json=True, quick=True)
    [line] = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    assert code == (0 if found["ok"] else 1)
    return found


def check(found: dict[str, Any], name: str) -> None:
    assert list(found) == KEYS
    assert found["bench"] == name
    assert found["ok"] is True
    assert found["quick"] is True
    assert set(found["figures"]) >= FIGURES[name]
    floors = tomllib.loads(FLOORS.read_text()).get(name, {})
    assert set(floors) <= {*found["figures"], *found["ratios"]}
    assert set(found["ratios"]) == RATIOS.get(name, set())
    assert all(value >= 0 for value in found["figures"].values())


def started(broker: Broker, known: set[int], objects: int) -> list[int | None]:
    """Evaluate so many objects slowly, and note each process that is a worker meanwhile."""
    over = Event()

    def watch() -> None:
        while not over.wait(0.002):
            known.update(worker for cell in brokers() for worker in below(cell))

    watching = Thread(target=watch)
    watching.start()
    try:
        return broker.evaluate(SLOW, {}, [{} for _ in range(objects)], LIMITS)
    finally:
        over.set()
        watching.join()


def test_a_fresh_process_for_each_object_is_one_in_the_closed_jail_of_one_broker() -> None:
    fresh, kept = set[int](), set[int]()
    with FreshBroker(places=1) as broker:
        assert started(broker, fresh, 5) == [1] * 5
    with Broker(places=1) as broker:
        assert started(broker, kept, 5) == [1] * 5

    assert len(kept) == 1 < len(fresh) <= 5  # a busy machine may hide one from this look


@pytest.mark.parametrize("name", ["firewall", "store"])
def test_a_bench_prints_its_figures_on_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check(quick(name, capsys), name)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["audit", "backup", "compute", "import", "service", "start"])
def test_a_longer_bench_prints_its_figures_on_one_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check(quick(name, capsys), name)


def test_a_bench_that_fails_says_so_and_keeps_what_it_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []

    def measure(bench: Bench) -> None:
        folders.append(bench.folder)
        bench.figures["found_before"] = 1.23456
        raise SealholdError("a step that breaks")

    monkeypatch.setitem(main.BENCHES, "broken", lambda: measure)

    found = quick("broken", capsys)

    assert found["ok"] is False
    assert found["figures"] == {"found_before": 1.235}
    assert not folders[0].exists()


def test_without_json_figures_stand_below_each_other_and_a_quick_run_is_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.run("firewall", as_json=False, quick=True) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "firewall: ok (quick: a smoke run, no measurement)"
    assert any(line.strip().startswith("decide_us") for line in lines)


def test_the_machine_is_told_without_a_name_or_a_path(tmp_path: Path) -> None:
    told = machine(tmp_path)

    assert told["cores"] >= 1
    assert told["fdatasync_ms"] >= 0
    assert list(tmp_path.iterdir()) == []
    assert "/" not in json.dumps(told)
    assert commit()


def test_a_table_is_the_same_each_time_and_as_long_as_asked(tmp_path: Path) -> None:
    one = write_table(tmp_path / "one.csv", 50).read_bytes()

    assert write_table(tmp_path / "two.csv", 50).read_bytes() == one
    assert one.startswith(",".join(HEAD).encode())
    assert one.count(b"\n") == 51


def test_a_program_is_run_to_its_end_and_its_memory_watched() -> None:
    with TreeMemory(os.getpid()) as memory:
        assert ended(program("--help"), surroundings(None)) > 0

    assert resident_mb(os.getpid()) > 1
    assert memory.peak_mb > 1


PARTS = {
    "/": b"""<link rel="stylesheet" href="/a.css"><script src="/b.js"></script>
        <img src="https://elsewhere.example/pixel.png"><link rel="help" href="https://h.example">
        <p style="background: url(/c.svg)"><a href="https://linked.example">no part of it</a>
        <svg><use href="#mark"/></svg><img src="data:image/png;base64,AA==">""",
    "/a.css": b"@import url('//fonts.example/f.css'); p { background: url(d.svg) }",
    "/b.js": b"12345",
    "/c.svg": b"123",
    "/d.svg": b"1234",
}


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PARTS.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Set-Cookie", "seen=yes; Path=/")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # reason: the base class's
        del format, args


def test_a_page_is_loaded_with_all_its_parts_and_those_of_others_are_counted() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        pages = Pages(f"http://label.localhost:{server.server_address[1]}/")
        pages.wait()

        found, absent = pages.load("/"), pages.load("/gone")

        server.shutdown()
    assert found == Loaded(sum(map(len, PARTS.values())), len(PARTS), 2)
    assert absent is None

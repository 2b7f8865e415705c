"""`sealhold bench NAME`: run one bench and print what it found.

- With `--json`, standard output is one object on one line. Progress goes to standard error.
- `ok` is true only if every step ran and every result was right; what was found before a step
  that failed is printed all the same.

Source: docs/benchmarks.md.
"""
# ruff: noqa: PLC0415  # reason: a bench is imported when it is chosen

import json
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from sealhold.bench.harness import Bench
from sealhold.bench.machine import commit, machine
from sealhold.model.encoding import Plain
from sealhold.model.errors import UsageError

Measure = Callable[[Bench], None]


def _start() -> Measure:
    from sealhold.bench.start import measure

    return measure


def _audit() -> Measure:
    from sealhold.bench.audit import measure

    return measure


def _backup() -> Measure:
    from sealhold.bench.backup import measure

    return measure


def _compute() -> Measure:
    from sealhold.bench.compute import measure

    return measure


def _firewall() -> Measure:
    from sealhold.bench.firewall import measure

    return measure


def _importing() -> Measure:
    from sealhold.bench.importing import measure

    return measure


def _log() -> Measure:
    from sealhold.bench.synclog import measure

    return measure


def _policy() -> Measure:
    from sealhold.bench.policy import measure

    return measure


def _proxy() -> Measure:
    from sealhold.bench.proxying import measure

    return measure


def _relay() -> Measure:
    from sealhold.bench.relay import measure

    return measure


def _rotation() -> Measure:
    from sealhold.bench.rotation import measure

    return measure


def _service() -> Measure:
    from sealhold.bench.service import measure

    return measure


def _sources() -> Measure:
    from sealhold.bench.sources import measure

    return measure


def _store() -> Measure:
    from sealhold.bench.store import measure

    return measure


def _sync() -> Measure:
    from sealhold.bench.syncing import measure

    return measure


BENCHES: Final[Mapping[str, Callable[[], Measure]]] = {
    "audit": _audit,
    "backup": _backup,
    "compute": _compute,
    "firewall": _firewall,
    "import": _importing,
    "log": _log,
    "policy": _policy,
    "proxy": _proxy,
    "relay": _relay,
    "rotation": _rotation,
    "service": _service,
    "start": _start,
    "sources": _sources,
    "store": _store,
    "sync": _sync,
}


def run(name: str, *, as_json: bool, quick: bool) -> int:
    """Run the bench `name`, print what it found, and return the exit code: 0 if all was right.

    Raises:
        UsageError: there is no such bench.
    """
    if name not in BENCHES:
        raise UsageError(f"no bench `{name[:40]}`; there are {', '.join(sorted(BENCHES))}")
    found = taken(name, BENCHES[name](), quick=quick)
    sys.stdout.write((json.dumps(found) if as_json else _lines(found)) + "\n")
    return 0 if found["ok"] else 1


def taken(name: str, measure: Measure, *, quick: bool) -> dict[str, Plain]:
    """Run one bench in a folder of its own and return its result as it is printed."""
    folder = Path(mkdtemp(prefix="sealhold-bench-"))
    try:
        told = machine(folder)
        bench = Bench(folder=folder, quick=quick)
        ok = True
        try:
            measure(bench)
        except Exception:  # noqa: BLE001  # reason: the top of a bench; what it found is printed
            ok = False
            traceback.print_exc()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "bench": name,
        "ok": ok,
        "quick": quick,
        "figures": {each: _short(value) for each, value in bench.figures.items()},
        "ratios": {each: _short(value) for each, value in bench.ratios.items()},
        "peers": bench.peers,
        "machine": told,
        "commit": commit(),
    }


def _short(value: float) -> float:
    """Return four digits of a figure: more say nothing that would be true tomorrow."""
    return value if isinstance(value, int) else float(f"{value:.4g}")


def _lines(found: Mapping[str, Plain]) -> str:
    lines = [f"{found['bench']}: {'ok' if found['ok'] else 'FAILED'}"]
    if found["quick"]:
        lines[0] += " (quick: a smoke run, no measurement)"
    for part in ("figures", "ratios", "peers", "machine"):
        lines += [f"{part}:"] if found[part] else []
        lines += [f"  {name:<28} {_shown(value)}" for name, value in found[part].items()]
    return "\n".join([*lines, f"commit: {found['commit']}"])


def _shown(value: Plain) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)

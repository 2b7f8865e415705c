"""`sealhold bench rotation`: keys turned over in a vault of a million records.

- `rewrap_1m_seconds`: each of 10,000 people of an app gets a new key, and all keys of their 100
  records of a kilobyte each are put under it; with the second look, and the old keys' end set.
- `rotate_app_10k_seconds`: the app gets a new key, and all keys of its people are put under it.
- `reencrypt_vs_rewrap`: records sealed anew under keys drawn for them, beside the same records with
  their keys re-wrapped, by the record.
- `reads_during_rotation_vs_idle`: audited reads in a second while all keys are turned over, beside
  those at rest.
- The rows are made by the functions that seal them and written straight into the stores, thousands
  to a commit: what is measured is turning over, not putting in.

Source: docs/benchmarks.md.
"""

import time
from collections.abc import Callable
from statistics import median
from threading import Thread
from typing import Final

from sealhold.bench.crowds import EACH, TEXT, Crowd, PeopleVault, app_of
from sealhold.bench.harness import Bench
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.node import opened
from sealhold.vault.jobs import Scope, Turned

PEOPLE: Final = 10_000
QUICK_PEOPLE: Final = 60
FEW: Final = 200  # people of the app whose contents are sealed anew
QUICK_FEW: Final = 10
READ_S: Final = 2.0  # how long is read at rest


def measure(bench: Bench) -> None:
    """Take the figures."""
    home = new_vault(bench.folder / "home")
    with opened(home, PASSPHRASE) as node:
        vault = PeopleVault(node.parts.core)
        bench.say("make people and their records")
        many = vault.crowd(app_of(vault, "many"), bench.count(PEOPLE, QUICK_PEOPLE))
        few = vault.crowd(app_of(vault, "few"), bench.count(FEW, QUICK_FEW))
        bench.check(vault.read(many, 7) == TEXT, "a record does not open")
        _rewrap(bench, vault, many)
        _app_key(bench, vault, many)
        _reencrypt(bench, vault, few)
        _reads(bench, vault, many)
        bench.check(
            all(vault.read(many, number) == TEXT for number in range(0, 10_000, 97)),
            "a record does not open after its keys were turned over",
        )


def _rewrap(bench: Bench, vault: PeopleVault, many: Crowd) -> None:
    bench.say("re-wrap all record keys")
    times = [vault.turn(Turned.SUBJECTS, Scope(many.app)) for _ in range(bench.rounds // 2 + 1)]
    records = len(many.people) * EACH
    bench.figures["records"] = records
    name = "rewrap_1m_seconds" if records == PEOPLE * EACH else "rewrap_seconds"
    bench.figures[name] = median(times)


def _app_key(bench: Bench, vault: PeopleVault, many: Crowd) -> None:
    bench.say("turn over an app's key")
    took = bench.median(lambda: vault.turn(Turned.APP, Scope(many.app)))
    name = "rotate_app_10k_seconds" if len(many.people) == PEOPLE else "rotate_app_seconds"
    bench.figures[name] = took


def _reencrypt(bench: Bench, vault: PeopleVault, few: Crowd) -> None:
    bench.say("seal records anew")
    times = bench.medians(
        {
            "bodies": lambda: vault.turn(Turned.BODIES, Scope(few.app)),
            "rewrap": lambda: vault.turn(Turned.SUBJECTS, Scope(few.app)),
        }
    )
    bench.figures["reencrypt_us_per_record"] = times["bodies"] / len(few.people) / EACH * 1e6
    bench.ratios["reencrypt_vs_rewrap"] = times["bodies"] / times["rewrap"]


def _reads(bench: Bench, vault: PeopleVault, many: Crowd) -> None:
    bench.say("read while keys are turned over")
    idle = _rate(vault, many, lambda began: time.perf_counter() - began < READ_S)
    turning = Thread(target=lambda: vault.turn(Turned.SUBJECTS, Scope(many.app)))
    turning.start()
    during = _rate(vault, many, lambda _began: turning.is_alive())
    turning.join()
    bench.figures["reads_idle_per_s"] = idle
    bench.ratios["reads_during_rotation_vs_idle"] = during / idle


def _rate(vault: PeopleVault, many: Crowd, goes_on: Callable[[float], bool]) -> float:
    began, reads = time.perf_counter(), 0
    while goes_on(began):
        vault.read(many, reads * 7)
        reads += 1
    return reads / (time.perf_counter() - began)

"""`sealhold bench compute`: fresh sessions in the jail, objects, proofs and evidence verified.

Source: docs/benchmarks.md.
"""

import time
from typing import Final

from sealhold.bench.attest import attest_verify_ms_max
from sealhold.bench.harness import Bench, seconds
from sealhold.bench.proofs import measure_proofs
from sealhold.bench.wasm import measure_wasm
from sealhold.compute.broker import Broker, Mode
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain

LIMITS: Final = Limits(ms_per_partition=1_000, memory_mib=32)
OBJECTS: Final = 1_000
MANY: Final = 100_000
SESSIONS: Final = 200
MILLI: Final = 1_000
CODE: Final = b"""
def evaluate(obj, res):
    if obj["distance_m"] > res["param"]["over_m"] and obj["max_speed_ms"] < 9:
        return 1
    return 0
"""
RES: Final[dict[str, Plain]] = {"param": {"over_m": 500}, "resources": {}}


def measure(bench: Bench) -> None:
    """Time the broker from a session to a collection, then the verification of a proof."""
    _sessions(bench)
    _thousand(bench)
    measure_wasm(bench)
    if not bench.quick:
        bench.figures["k1_100k_seconds"] = _cold(bench, MANY)
    measure_proofs(bench)
    bench.figures["attest_verify_ms_max"] = attest_verify_ms_max(bench)


def _sessions(bench: Bench) -> None:
    gaps: list[float] = []
    with Broker() as broker:
        broker.evaluate(CODE, RES, objects(20), LIMITS)
        for _ in range(bench.rounds):
            last = time.perf_counter()

            def tick(_done: int) -> None:
                nonlocal last
                now = time.perf_counter()
                gaps.append(now - last)
                last = now

            broker.evaluate(CODE, RES, objects(SESSIONS), LIMITS, progress=tick)
    gaps.sort()
    bench.figures["session_ms"] = gaps[len(gaps) // 2] * MILLI
    with Broker(Mode.PARANOID) as broker:
        some = 10
        one = bench.median(
            lambda: seconds(lambda: broker.evaluate(CODE, RES, objects(some), LIMITS))
        )
    bench.figures["process_ms"] = one / some * MILLI


def _thousand(bench: Bench) -> None:
    bench.figures["k1_1000_seconds"] = bench.median(lambda: _cold(bench, OBJECTS))


def _cold(bench: Bench, count: int) -> float:
    """Return the seconds of evaluating so many objects, each alone, with all that starts for it."""
    many = objects(count)
    started = time.perf_counter()
    with Broker() as broker:
        values = broker.evaluate(CODE, RES, many, LIMITS)
    took = time.perf_counter() - started
    bench.check(values == [number % 2 for number in range(count)], "a value is wrong")
    return took


def objects(count: int) -> list[dict[str, Plain]]:
    """Return made-up trips, every second of them green."""
    return [
        {"distance_m": 4_000.0 if number % 2 else 100.0, "max_speed_ms": 5.5, "start": number}
        for number in range(count)
    ]

"""`sealhold bench compute`: fresh sessions in the jail, objects, proofs and evidence verified.

- `session_ms`: an object more in a fresh session of a worker that is there, as all objects of a
  vault are evaluated. `process_ms`: one more that gets a fresh worker process inside the closed
  jail. `jailed_process_ms`: one more with a jail of its own, the mode `paranoid`.

Source: docs/benchmarks.md.
"""

import time
from typing import Final

from sealhold.bench.answers import COLD, measure_answers
from sealhold.bench.attest import attest_verify_ms_max
from sealhold.bench.freshkeeper import FreshBroker
from sealhold.bench.harness import Bench, seconds
from sealhold.bench.kernel import measure_kernel
from sealhold.bench.proofs import measure_proofs
from sealhold.bench.wasm import measure_wasm
from sealhold.compute.broker import Broker, Mode
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain

LIMITS: Final = Limits(ms_per_partition=1_000, memory_mib=32)
OBJECTS: Final = 1_000
MANY: Final = 100_000
SESSIONS: Final = 400
PROCESSES: Final = 40
MILLI: Final = 1_000
CODE: Final = b"""
def evaluate(obj, res):
    if obj["distance_m"] > res["param"]["over_m"] and obj["max_speed_ms"] < 9:
        return 1
    return 0
"""
RES: Final[dict[str, Plain]] = {"param": {"over_m": 500}, "resources": {}}


def measure(bench: Bench) -> None:
    """Time the broker, a vault's answers, and the verification of proofs and evidence."""
    _sessions(bench)
    bench.figures["k1_1000_seconds"] = bench.median(lambda: _cold(bench, OBJECTS))
    measure_kernel(bench)
    measure_wasm(bench)
    if not bench.quick:
        bench.say(f"a program meets {MANY:,} objects, without a vault")
        alone = sorted(_cold(bench, MANY) for _ in range(COLD))
        bench.figures["k1_100k_broker_seconds"] = alone[COLD // 2]
    measure_answers(bench)
    measure_proofs(bench)
    bench.figures["attest_verify_ms_max"] = attest_verify_ms_max(bench)


def _sessions(bench: Bench) -> None:
    """Time a session and both kinds of process, by how much longer more of them take.

    One after the other, in one place; a vault has as many places as there are processors.
    """
    with Broker(places=1) as broker:
        bench.figures["session_ms"] = _each(bench, broker, SESSIONS)
    with FreshBroker(places=1) as broker:
        bench.figures["process_ms"] = _each(bench, broker, PROCESSES)
    with Broker(Mode.PARANOID, places=1) as broker:
        bench.figures["jailed_process_ms"] = _each(bench, broker, PROCESSES)


def _each(bench: Bench, broker: Broker, count: int) -> float:
    """Return the milliseconds of one object more, the median of the rounds."""

    def timed(number: int) -> float:
        return seconds(lambda: broker.evaluate(CODE, RES, objects(number), LIMITS))

    few = count // 10
    timed(few)
    more = bench.median(lambda: timed(few + count) - timed(few))
    return more / count * MILLI


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

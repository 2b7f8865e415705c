"""`sealhold bench compute`, the kernel over GPS points: each object alone, and sixteen together.

- A ride of 120 points: its length by haversine, and its top speed. A fresh session for each object,
  or for each partition of 16; both in one place of one broker, in turns.
- `k1_vs_k16` is the price of k = 1: time per object alone, by time per object in a partition.

Source: docs/benchmarks.md.
"""

import time
from collections.abc import Callable
from random import Random
from typing import Final

from sealhold.bench.harness import Bench
from sealhold.compute.broker import Broker
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain

POINTS: Final = 120
TOGETHER: Final = 16
RIDES: Final = 320
QUICK_RIDES: Final = 64
SEED: Final = 7
STEP_S: Final = 15
MILLI: Final = 1_000
LIMITS: Final = Limits(ms_per_partition=2_000, memory_mib=64)
RES: Final[dict[str, Plain]] = {"param": {"over_m": 500, "below_ms": 9}, "resources": {}}
CODE: Final = b"""
import math

def evaluate(obj, res):
    far = 0.0
    top = 0.0
    last = None
    for point in obj["points"]:
        lat = math.radians(point["lat"])
        lon = math.radians(point["lon"])
        if last is not None:
            half = (
                math.sin((lat - last[1]) / 2) ** 2
                + math.cos(lat) * math.cos(last[1]) * math.sin((lon - last[2]) / 2) ** 2
            )
            metres = 12742000 * math.asin(math.sqrt(half))
            far += metres
            top = max(top, metres / (point["t"] - last[0]))
        last = (point["t"], lat, lon)
    return 1 if far > res["param"]["over_m"] and top < res["param"]["below_ms"] else 0
"""


def measure_kernel(bench: Bench) -> None:
    """Time one ride alone, and as one of sixteen."""
    count = bench.count(RIDES, QUICK_RIDES)
    alone = [ride(number) for number in range(count)]
    right = [number % 2 for number in range(count)]
    partitions = [alone[start : start + TOGETHER] for start in range(0, count, TOGETHER)]
    with Broker(places=1) as broker:

        def each(progress: Callable[[int], None]) -> list[int | None]:
            return broker.evaluate(CODE, RES, alone, LIMITS, progress=progress)

        def sixteen(progress: Callable[[int], None]) -> list[int | None]:
            told = broker.evaluate_partitions(CODE, RES, partitions, LIMITS, progress=progress)
            return [value for values in told for value in values]

        taken = bench.medians(
            {
                "gps_k1_ms": lambda: _one(bench, each, right, 1),
                "gps_k16_ms": lambda: _one(bench, sixteen, right, TOGETHER),
            }
        )
    bench.figures.update({name: found * MILLI for name, found in taken.items()})
    bench.ratios["k1_vs_k16"] = taken["gps_k1_ms"] / taken["gps_k16_ms"]


def _one(
    bench: Bench,
    run: Callable[[Callable[[int], None]], list[int | None]],
    right: list[int],
    together: int,
) -> float:
    """Return the seconds of one object, without the first session, which waits for its process."""
    ends: list[float] = []
    told = run(lambda _: ends.append(time.perf_counter()))
    bench.check(told == right, "a ride is judged wrongly")
    return (ends[-1] - ends[0]) / (len(right) - together)


def ride(number: int) -> dict[str, Plain]:
    """Return a made-up ride: about 10 km by bicycle, or if the number is even, 60 km by car."""
    made = Random(SEED + number)  # noqa: S311  # reason: data of a bench, the same on each machine
    step = 0.0006 if number % 2 else 0.0040  # degrees: about 70 or 450 metres
    lat, lon, points = 45.0, 14.0, []
    for at in range(POINTS):
        points.append({"t": at * STEP_S, "lat": lat, "lon": lon})
        lat += step * made.uniform(0.5, 1.2)
        lon += step * made.uniform(0.0, 0.4)
    return {"points": points}

"""`sealhold bench compute`, the part of tier `wasm`: a fresh instance for each object, in the jail.

- `component_ms` and `wasm_core_ms`: store, instance, call and the way to the Core and back, of a
  program that only tells the length of its object; compiled before, and warm.
- Without the extra `sealhold[wasm]` there is no figure, and that is said.

Source: docs/benchmarks.md.
"""

import base64
import time
from functools import partial
from typing import Final

from sealhold.bench.harness import ABSENT, Bench
from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain
from sealhold.model.errors import ExtraMissingError

LIMITS: Final = Limits(ms_per_partition=1_000, memory_mib=16, tier="wasm", fuel=1_000_000)
OBJECTS: Final = 300
MILLI: Final = 1_000
OBJECT: Final[dict[str, Plain]] = {"distance_m": 4000.0, "max_speed_ms": 5.5}
# Both have a memory of one page, give out room in it one after the other, and say the length.
COMPONENT: Final = base64.b64decode(
    "AGFzbQ0AAQABkAEAYXNtAQAAAAERAmAEf39/fwF/YAR/f39/AX4DAwIAAQUDAQABBgcBfwFBgAgLBx8DBm1lbW9y"
    "eQIAB3JlYWxsb2MAAAhldmFsdWF0ZQABCh0CFQAjAEEHakF4cSQAIwAjACADaiQACwUAIAGtCwAgBG5hbWUABgVp"
    "bm5lcgEIAQAFYWxsb2MHBwEABGZyZWUCBAEAAAAHDwFAAgNvYmpzA3Jlc3MAeAYlAwAAAQAIZXZhbHVhdGUAAgEA"
    "Bm1lbW9yeQAAAQAHcmVhbGxvYwgKAQAAAAIDAAQBAAsOAQAIZXZhbHVhdGUBAAAAJg5jb21wb25lbnQtbmFtZQEK"
    "ABEBAAVpbm5lcgEJABIBAARtYWRl"
)
CORE: Final = base64.b64decode(
    "AGFzbQEAAAABDAJgAX8Bf2ACf38BfgMDAgABBQMBAAEGBwF/AUGACAsHHQMGbWVtb3J5AgAFYWxsb2MAAAhldmFs"
    "dWF0ZQABChMCCwAjACMAIABqJAALBQAgAa0LAA4EbmFtZQcHAQAEZnJlZQ=="
)
PROGRAMS: Final = (
    ("component_ms", COMPONENT, 40),  # the length of the object
    ("wasm_core_ms", CORE, 60),  # and of what is given beside it
)


def measure_wasm(bench: Bench) -> None:
    """Time one object of a component and of a core module."""
    try:
        with Runner() as runner:
            for name, code, length in PROGRAMS:
                runner.evaluate(code, {}, [OBJECT], LIMITS)  # compiled here, once
                bench.figures[name] = MILLI * bench.median(
                    partial(_one, bench, runner, code, length)
                )
    except ExtraMissingError:
        bench.peers["wasm"] = ABSENT


def _one(bench: Bench, runner: Runner, code: bytes, length: int) -> float:
    """Return the seconds of one object, without the first, which also waits for its process."""
    ends: list[float] = []
    told = runner.evaluate(
        code, {}, [OBJECT] * OBJECTS, LIMITS, progress=lambda _: ends.append(time.perf_counter())
    )
    bench.check(told == [length] * OBJECTS, "a length is wrong")
    return (ends[-1] - ends[0]) / (OBJECTS - 1)

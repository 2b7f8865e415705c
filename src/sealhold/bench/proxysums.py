"""The part `sum` of `sealhold bench proxy`: a million encrypted values added up at an agent.

- `sum_add_seconds`: the agent reads all blocks and adds them; `sum_masked_seconds`: under masks
  that leave half of the rows out. `sum_open_seconds`: the proxy opens and checks an answer.
- `sum_seal_seconds`: all blocks are encrypted; `sum_bytes_per_value`: what a value takes there.
- Values have 20 bits: two planes, and one for the checks. The agent is the one that serves, asked
  without a network.

Source: docs/benchmarks.md; docs/spec/64-sums-at-an-agent.md section 8.
"""

import time
from collections.abc import Callable
from random import Random
from typing import Final

from sealhold.bench.harness import Bench
from sealhold.crypto.bfv import MAX_ADDED, BfvKey
from sealhold.crypto.secret import Secret
from sealhold.protect.agent import Agent
from sealhold.protect.sums import packed
from sealhold.protect.techniques.he_sum import Block, HeSum

ROWS: Final = 4096  # of a block
BLOCKS: Final = 245  # a million values
QUICK_BLOCKS: Final = 4
BITS: Final = 20
SEED: Final = 11
NAME: Final = "5" * 32
_TOKEN: Final = "nobody-asks-over-a-network"  # noqa: S105  # reason: nobody does


def measure_sums(bench: Bench) -> None:
    """Take the figures."""
    count = bench.count(BLOCKS, QUICK_BLOCKS)
    key = BfvKey.new()
    sums = HeSum(Secret(bytes(32), "key of a bench"), key, BITS)
    agent = Agent(bench.folder / "agent", _TOKEN)
    agent.put_key(NAME, key.public())
    made = Random(SEED)  # noqa: S311  # reason: data of a bench, the same on each machine
    blocks, total, half, taken = [], 0, 0, 0.0
    mask = bytes([0, 1]) * (ROWS // 2)
    for number in range(1, count + 1):
        rows = tuple(range(number * ROWS, (number + 1) * ROWS))
        block = Block(rows, (number,) * ROWS)
        values = [made.randrange(-(2**19), 2**19) for _ in rows]
        began = time.perf_counter()
        planes = sums.planes(block, values)
        taken += time.perf_counter() - began
        agent.put(NAME, number, planes)
        blocks.append(block)
        total += sum(values)
        half += sum(values[1::2])
    whole = [(number, None) for number in range(1, count + 1)]
    masked = [(number, packed(mask)) for number, _ in whole]
    _, first = agent.add(NAME, whole)
    _, second = agent.add(NAME, masked)
    bench.check(len(blocks) <= MAX_ADDED, "too many blocks for one sum")
    bench.check(sums.total(first, [(each, each.all) for each in blocks]) == total, "a wrong sum")
    bench.check(sums.total(second, [(each, mask) for each in blocks]) == half, "a wrong sum")
    found = bench.medians(
        {
            "add": _timed(lambda: agent.add(NAME, whole)),
            "masked": _timed(lambda: agent.add(NAME, masked)),
            "open": _timed(lambda: sums.total(first, [(each, each.all) for each in blocks])),
        }
    )
    for name, seconds in found.items():
        bench.figures[f"sum_{name}_seconds"] = seconds
    bench.figures["sum_seal_seconds"] = taken
    lies = sum(path.stat().st_size for path in (bench.folder / "agent" / NAME).glob("[0-9]*"))
    bench.figures["sum_bytes_per_value"] = lies / (count * ROWS)


def _timed(run: Callable[[], object]) -> Callable[[], float]:
    def side() -> float:
        began = time.perf_counter()
        run()
        return time.perf_counter() - began

    return side

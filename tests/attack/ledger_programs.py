"""The attacker's programs for the ledger tests, the same in both tiers.

- Whoever comes first in an instance is robbed: its secret is kept, in a global and in the memory
  that all members of a partition share, and each member's value says the next four bits of it.
- An aggregate of theirs says all values that it is given, in their order, as digits.
- The parameter says at which of the blocks of k digits it goes on, so each function tells others.
"""

from collections.abc import Sequence
from functools import cache

from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits, Tier
from sealhold.model.encoding import Plain
from tests.conformance.programs import core

NIBBLE = 4  # bits of a value
BLOCKS = 16  # functions that it takes to say a whole secret
FUEL = 10_000_000
PYTHON = """\
seen = []
def evaluate(obj, res):
    seen.append(obj['summary'])
    return int(seen[0][res['param'] * {k} + len(seen) - 1], 16)

def aggregate(parts):
    said = 0
    for each in parts:
        said = said * 16 + each
    return said
"""
SUMMARY, PARAM = '"summary":"', '"param":'
# At 0 and 16 stand the two texts that are looked for; where the first secret lies, is kept.
STATE = """
(data (i32.const 0) "{summary}") (data (i32.const 16) "{param}")
(global $secret (mut i32) (i32.const 0))
(global $turn (mut i32) (i32.const 0))
(func $behind (param $at i32) (param $text i32) (param $count i32) (result i32)
  (local $i i32)
  (loop $next
    (local.set $i (i32.const 0))
    (block $no (loop $same
      (br_if $no (i32.ne (i32.load8_u (i32.add (local.get $text) (local.get $i)))
        (i32.load8_u (i32.add (local.get $at) (local.get $i)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $same (i32.lt_u (local.get $i) (local.get $count)))
      (return (i32.add (local.get $at) (local.get $count)))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))
(func (export "aggregate") (param $at i32) (param $count i32) (result i64)
  (local $said i64)
  (block $done (loop $next
    (br_if $done (i32.eqz (local.get $count)))
    (local.set $said (i64.add (i64.mul (local.get $said) (i64.const 16))
      (i64.load (local.get $at))))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (local.set $count (i32.sub (local.get $count) (i32.const 1)))
    (br $next)))
  (local.get $said))
"""
BODY = """
(local $place i32) (local $block i32) (local $digit i32)
(if (i32.eqz (global.get $secret)) (then (global.set $secret
  (call $behind (local.get $at) (i32.const 0) (i32.const {summary})))))
(local.set $place (call $behind (local.get $at) (i32.const 16) (i32.const {param})))
(block $read (loop $next
  (local.set $digit (i32.sub (i32.load8_u (local.get $place)) (i32.const 48)))
  (br_if $read (i32.gt_u (local.get $digit) (i32.const 9)))
  (local.set $block
    (i32.add (i32.mul (local.get $block) (i32.const 10)) (local.get $digit)))
  (local.set $place (i32.add (local.get $place) (i32.const 1)))
  (br $next)))
(local.set $digit (i32.load8_u (i32.add (global.get $secret)
  (i32.add (i32.mul (local.get $block) (i32.const {k})) (global.get $turn)))))
(global.set $turn (i32.add (global.get $turn) (i32.const 1)))
(i64.extend_i32_u (select
  (i32.sub (local.get $digit) (i32.const 48)) (i32.sub (local.get $digit) (i32.const 87))
  (i32.lt_u (local.get $digit) (i32.const 58))))
"""


@cache
def speaking(tier: Tier, k: int) -> bytes:
    """Return the program of a tier for partitions of k."""
    if tier == "py":
        return PYTHON.format(k=k).encode()
    state = STATE.format(summary=_bytes(SUMMARY), param=_bytes(PARAM))
    return core(BODY.format(k=k, summary=len(SUMMARY), param=len(PARAM)), before=state)


def _bytes(text: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in text.encode())


def told_without_a_ledger(tier: Tier, k: int, secrets: Sequence[str]) -> str:
    """Return what the program says of the first of k secrets where nothing is counted or kept."""
    limits = Limits(ms_per_partition=1000, memory_mib=16, tier=tier, fuel=FUEL)
    objects: list[dict[str, Plain]] = [{"summary": each} for each in secrets]
    said: list[int | None] = []
    with Runner() as runner:
        for block in range(BLOCKS):
            res: dict[str, Plain] = {"param": block, "resources": {}}
            said += runner.evaluate_partitions(speaking(tier, k), res, [objects], limits)[0]
    return "".join("?" if value is None else f"{value:x}" for value in said)

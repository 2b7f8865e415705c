"""The adaptive attacker of `test_adaptive_queries`, with programs of tier `wasm`."""

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from sealhold.compute.runner import Runner
from sealhold.compute.spec import Limits
from sealhold.model.encoding import Plain
from sealhold.model.errors import LeakExhaustedError
from sealhold.model.quantities import MICRO
from sealhold.node import Node
from sealhold.vault.budget import ONE_OBJECT
from tests.attack.test_adaptive_queries import BITS, WAYS, Guess, job
from tests.conformance.programs import FIND, core
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    named,
    new_home,
    opened,
)

LIMITS = Limits(ms_per_partition=1000, memory_mib=16, tier="wasm", fuel=1_000_000)
BEFORE = '"summary":"'
DIGITS = BITS // 4
# Where the secret begins, then its digits, then in which part of the range it lies.
BODY = """
(local $value i64) (local $digit i32) (local $left i32)
(block $found (loop $next
  (br_if $found (call $same (local.get $at)))
  (local.set $at (i32.add (local.get $at) (i32.const 1)))
  (br $next)))
(local.set $at (i32.add (local.get $at) (i32.const {skipped})))
(local.set $left (i32.const {digits}))
(loop $next
  (local.set $digit (i32.load8_u (local.get $at)))
  (local.set $digit (select
    (i32.sub (local.get $digit) (i32.const 48)) (i32.sub (local.get $digit) (i32.const 87))
    (i32.lt_u (local.get $digit) (i32.const 58))))
  (local.set $value (i64.add (i64.mul (local.get $value) (i64.const 16))
    (i64.extend_i32_u (local.get $digit))))
  (local.set $at (i32.add (local.get $at) (i32.const 1)))
  (local.set $left (i32.sub (local.get $left) (i32.const 1)))
  (br_if $next (local.get $left)))
(local.set $value (i64.div_s (i64.sub (local.get $value) (i64.const {low})) (i64.const {width})))
(if (i64.lt_s (local.get $value) (i64.const 0)) (then (return (i64.const 0))))
(if (i64.gt_s (local.get $value) (i64.const {last})) (then (return (i64.const {last}))))
(local.get $value)
"""


@dataclass
class WasmGuess(Guess):
    """What an attacker knows, who asks in the other tier."""

    def program(self) -> bytes:
        text = "".join(f"\\{byte:02x}" for byte in BEFORE.encode())
        body = BODY.format(
            skipped=len(BEFORE),
            digits=DIGITS,
            low=self.low,
            width=(self.high - self.low) // WAYS,
            last=WAYS - 1,
        )
        return core(body, before=FIND.format(text=text, count=len(BEFORE)))


def ask(node: Node, guess: WasmGuess, number: int) -> bool:
    """Ask for the next answer; return whether the owner could still allow it."""
    wanted = replace(job(guess, 0, number), tier="wasm", fuel=LIMITS.fuel, milliseconds=1000)
    request = Asker(node, f"app {number}").ask(node, wanted)
    try:
        grant = allow(node, request)
    except LeakExhaustedError:
        return False
    guess.learn(node.runs.run(named(grant)).value)
    return True


def charged_to_each(node: Node) -> int:
    asker = Asker(node, f"probe {node.audit.state().size}")
    return card_of(node, asker.ask(node, Job())).object_before


def unprotected(secret: int) -> WasmGuess:
    """Return what the same programs find where nothing counts and nothing is refused."""
    guess = WasmGuess()
    obj: dict[str, Plain] = {"summary": f"{secret:012x}"}
    with Runner() as runner:
        while guess.high - guess.low > 1:
            (answer,) = runner.evaluate(guess.program(), {"param": 0}, [obj], LIMITS)
            assert answer is not None
            guess.learn(answer)
    return guess


@pytest.mark.threat("T40")
def test_an_adaptive_attacker_finds_no_more_in_tier_wasm_either(tmp_path: Path) -> None:
    secrets = [Random(7).getrandbits(BITS) for _ in range(3)]
    home, clock = new_home(tmp_path / "home"), Hands()
    with opened(home, clock) as node:
        file = calendar(tmp_path / "c.ics", [f"{secret:012x}" for secret in secrets])
        node.sources.import_paths([file])
    guess, refused, number = WasmGuess(), False, 0

    while not refused:  # a new app for each program, and the vault is opened anew each time
        with opened(home, clock) as node:
            refused = not ask(node, guess, number)
            number += 1
            assert guess.found * MICRO <= charged_to_each(node) <= ONE_OBJECT
    free = unprotected(secrets[0])

    assert guess.low <= secrets[0] < guess.high
    assert 0 < guess.found < BITS
    assert (free.low, free.found) == (secrets[0], BITS)

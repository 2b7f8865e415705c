"""The attacker with patience: one bit at a time, all apps together, and weeks that go by."""

import math
import random
from pathlib import Path

import pytest

from sealhold.model.errors import LeakExhaustedError
from sealhold.model.quantities import DAY, MICRO
from sealhold.policy.request import Schedule
from sealhold.vault.budget import ALL_ASKERS, ONE_OBJECT
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    named,
    new_home,
    opened,
    sum_of,
)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

BITS = 48


def question(low: int, high: int, hour: int, number: int) -> Job:
    """Return the task that asks in which half of a range one event's secret lies."""
    code = (
        f"def evaluate(obj, res):\n    return int(int(obj['summary'], 16) >= {(low + high) // 2})\n"
    )
    first, end = (f"'2026-01-01T{each:02d}:00:00Z'" for each in (hour, hour + 1))
    return Job(
        code=code.encode(),
        name=f"Statistics {number}",
        fields=("start", "summary"),
        aggregate=sum_of(0, 1),
        selections={"one": (f"start between {first} and {end}", ["start"])},
    )


@pytest.mark.threat("T40")
def test_bit_by_bit_over_three_objects_no_object_tells_more_than_it_was_charged(
    tmp_path: Path,
) -> None:
    secrets = [random.Random(n).getrandbits(BITS) for n in range(3)]
    home, clock = new_home(tmp_path / "home"), Hands()
    with opened(home, clock) as node:
        file = calendar(tmp_path / "c.ics", [f"{secret:012x}" for secret in secrets])
        node.sources.import_paths([file])
    ranges = [(0, 1 << BITS)] * 3
    number = 0

    while True:
        target = number % 3
        low, high = ranges[target]
        with opened(home, clock) as node:
            asker = Asker(node, f"app {number}")
            request = asker.ask(node, question(low, high, target, number))
            told = card_of(node, request).object_before
            try:
                grant = allow(node, request)
            except LeakExhaustedError:
                break
            middle = (low + high) // 2
            is_above = node.runs.run(named(grant)).value
        ranges[target] = (middle, high) if is_above else (low, middle)
        number += 1

    for secret, (low, high) in zip(secrets, ranges, strict=True):
        assert low <= secret < high
        assert (BITS - math.log2(high - low)) * MICRO <= told <= ONE_OBJECT
    assert number > 6


@pytest.mark.threat("T45")
def test_a_year_of_weeks_never_passes_a_budget_and_a_new_year_begins_anew(tmp_path: Path) -> None:
    clock = Hands()
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green"] * 9)])
    refused = 0
    for week in range(60):
        with opened(home, clock) as node:
            name = f"week{week}"
            node.sources.import_paths([calendar(tmp_path / f"{name}.ics", ["green"], uid=name)])
            job = Job(version=f"1.0.{week}", expires="2100-01-01T00:00:00Z")
            asker = Asker(node, f"app {week}")
            try:
                asker.granted(node, job, schedule=Schedule.DAILY)
                for row in node.runs.due():
                    node.runs.run(f"g-{row.grant.id.hex()[-12:]}")
            except LeakExhaustedError:
                refused += 1
            every, *_ = node.budgets.meters()
            assert every.used <= every.cap == ALL_ASKERS
        clock.move(7 * DAY)
    with opened(home, clock) as node:
        assert node.audit.verify().whole
        assert charged(node) > ALL_ASKERS
    assert refused

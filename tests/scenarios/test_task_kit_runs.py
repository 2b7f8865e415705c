"""A task folder is tried on made-up objects, and priced."""

from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.taskkit import leakage_of, run_synthetic
from sealhold.model.quantities import MICRO
from tests.scenarios.taskfolders import DATASETS, GREEN, NOW, copied


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("None", "returned a value of type None or another, not int"),
        ("2**64", "returned a whole number beyond 64 bits"),
        ("{1: 2}", "returned a value of type dict, not int"),
        ("True", "returned a value of type bool, not int"),
    ],
)
def test_a_value_that_is_no_small_whole_number_is_told_by_its_type(
    tmp_path: Path, value: str, why: str
) -> None:
    code = f"def evaluate(obj, res):\n    return {value}\n"

    run = run_synthetic(copied(tmp_path, code), DATASETS, Broker, count=2)

    assert {default.reason for default in run.defaults} == {why}


def test_a_synthetic_run_gives_the_answer_for_one_month() -> None:
    one = run_synthetic(GREEN, DATASETS, Broker, count=80, selection="2026-10")
    again = run_synthetic(GREEN, DATASETS, Broker, count=80, selection="2026-10")

    assert one == again
    assert 0 < one.selected < one.objects == 80
    assert one.answer <= min(31, one.selected)
    assert one.defaults == ()


def test_a_synthetic_run_says_why_an_object_got_the_default(tmp_path: Path) -> None:
    code = "def evaluate(obj, res):\n    return 1 if obj['distance_m'] > 500 else 0\n"

    run = run_synthetic(copied(tmp_path, code), DATASETS, Broker, count=60)

    assert {default.reason for default in run.defaults} == {"raised TypeError"}


def test_an_object_that_is_too_large_is_not_run(tmp_path: Path) -> None:
    def tiny(document: dict[str, Any]) -> None:
        document["input"]["max_object_bytes"] = 10

    run = run_synthetic(copied(tmp_path, edit=tiny), DATASETS, Broker, count=3)

    assert [default.reason for default in run.defaults] == [
        "is larger than `input.max_object_bytes`"
    ] * 3


def test_a_custom_aggregate_runs_in_a_cell_of_its_own(tmp_path: Path) -> None:
    def custom(document: dict[str, Any]) -> None:
        document["aggregate"] |= {"kind": "custom", "args": {}}

    code = (GREEN / "code.py").read_text()
    code += "\n\ndef aggregate(parts):\n    return min(31, 2 * sum(parts))\n"
    count = run_synthetic(GREEN, DATASETS, Broker, count=20).answer

    run = run_synthetic(copied(tmp_path, code, custom), DATASETS, Broker, count=20)

    assert run.answer == min(31, 2 * count)


def test_the_leakage_of_the_green_bonus_is_one_bit_of_a_trip_and_five_per_answer() -> None:
    leak = leakage_of(GREEN, DATASETS, 100, NOW, selection="all")

    assert leak.per_object == leak.object.total == 1 * MICRO
    assert leak.query.total == 5 * MICRO
    assert leak.unprotected == 500 * MICRO


def test_a_hundred_answers_of_six_bits_would_give_an_object_of_600_bits(tmp_path: Path) -> None:
    def authors_figures(document: dict[str, Any]) -> None:
        document["aggregate"]["range"]["max"] = 63
        document["input"]["max_object_bytes"] = 75

    folder = copied(tmp_path, edit=authors_figures)

    leak = leakage_of(folder, DATASETS, 100, NOW, selection="all")

    assert leak.query.total == 6 * MICRO
    assert leak.object_size == leak.unprotected == 600 * MICRO
    assert (leak.per_object, leak.percent) == (1 * MICRO, 1)


def test_all_months_of_the_green_bonus_are_thirteen_cells() -> None:
    leak = leakage_of(GREEN, DATASETS, 100, NOW)

    assert leak.cells == 13
    assert leak.object.total == 1 * MICRO + 3_700_440

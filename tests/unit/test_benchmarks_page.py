"""The page of benches: a floor is met by the stored output, or the page says that it is not."""

import tomllib
from pathlib import Path
from typing import Any

from sealhold.bench.main import BENCHES
from tools.benchmarks_page import section

FLOORS = Path(__file__).parents[2] / "docs" / "bench" / "floors.toml"


def output(**figures: float) -> dict[str, Any]:
    return {
        "bench": "compute",
        "figures": figures,
        "ratios": {"k1_vs_k16": 2.0},
        "peers": {"wasm": "absent"},
        "machine": {"cores": 2},
        "commit": "abc",
    }


def rows(found: dict[str, Any], floors: dict[str, Any]) -> list[str]:
    return [line for line in section(found, floors).splitlines() if line.startswith("| ")]


def test_a_figure_at_its_floor_meets_it_and_one_beyond_does_not() -> None:
    told = rows(output(near=0.5, far=0.51, free=9), {"near": 0.5, "far": 0.5})

    assert "| near | 0.5 | at most 0.5: met |" in told
    assert "| far | 0.51 | at most 0.5: NOT met |" in told
    assert "| free | 9 |  |" in told


def test_a_ratio_has_a_floor_as_a_figure_has() -> None:
    assert "| k1_vs_k16 | 2.0 | at most 1.5: NOT met |" in rows(output(a=1), {"k1_vs_k16": 1.5})


def test_a_floor_without_a_figure_is_told_and_not_taken_as_met() -> None:
    told = rows(output(a=1), {"component_ms": 2})

    assert "| component_ms | not in this output | at most 2 |" in told


def test_a_table_without_floors_has_no_column_for_them() -> None:
    assert rows(output(a=1_000), {}) == [
        "| figure | value |",
        "| a | 1,000 |",
        "| ratio | value |",
        "| k1_vs_k16 | 2.0 |",
        "| peer | its figure or version |",
        "| wasm | absent |",
    ]


def test_floors_are_of_benches_that_there_are() -> None:
    floors = tomllib.loads(FLOORS.read_text())

    assert floors.keys() <= BENCHES.keys()
    for floor in (floor for each in floors.values() for floor in each.values()):
        told = floor if isinstance(floor, dict) else {"most": floor}
        assert told.keys() in ({"least"}, {"most"}, {"least", "aim"}, {"most", "aim"})
        assert all(value >= 0 for value in told.values())


def test_a_floor_may_be_the_least_that_will_do_with_an_aim_beside_it() -> None:
    floors: dict[str, Any] = {
        "near": {"least": 12_000},
        "short": {"least": 2.5, "aim": 3},
        "quick": {"most": 10, "aim": 5},
        "gone": {"least": 1},
    }

    told = rows(output(near=12_000, short=2.4, quick=7), floors)

    assert "| near | 12,000 | at least 12,000: met |" in told
    assert "| short | 2.4 | at least 2.5: NOT met; aim 3 |" in told
    assert "| quick | 7 | at most 10: met; aim 5 |" in told
    assert "| gone | not in this output | at least 1 |" in told

"""How benches take their figures: in turns, the middle one, and never of a wrong result."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealhold.bench.harness import QUICK_ROUNDS, ROUNDS, Bench, per_call, seconds
from sealhold.model.errors import SealholdError


def bench(*, quick: bool = False) -> Bench:
    return Bench(folder=Path("nowhere"), quick=quick)


def side(name: str, values: Iterator[float], order: list[str]) -> Callable[[], float]:
    def run() -> float:
        order.append(name)
        return next(values)

    return run


def test_sides_take_turns_and_the_first_run_of_each_does_not_count() -> None:
    order: list[str] = []
    ours = side("ours", iter([1_000.0, 5.0, 1.0, 3.0, 2.0, 4.0]), order)
    theirs = side("theirs", iter([0.0, 10.0, 50.0, 30.0, 20.0, 40.0]), order)

    found = bench().medians({"ours": ours, "theirs": theirs})

    assert found == {"ours": 3.0, "theirs": 30.0}
    assert order == ["ours", "theirs"] * (1 + ROUNDS)


def test_a_quick_run_has_fewer_rounds_and_smaller_counts() -> None:
    assert (bench().rounds, bench(quick=True).rounds) == (ROUNDS, QUICK_ROUNDS)
    assert (bench().count(100, 5), bench(quick=True).count(100, 5)) == (100, 5)


def test_at_least_five_runs_of_each_side_make_a_figure() -> None:
    assert ROUNDS >= 5


def test_a_wrong_result_ends_the_bench() -> None:
    values = [1, 2]
    bench().check(sum(values) == 3, "all is well")

    with pytest.raises(SealholdError, match="three is four"):
        bench().check(sum(values) == 4, "three is four")


def test_a_call_is_timed_by_itself_and_as_often_as_asked() -> None:
    calls: list[int] = []

    took = per_call(lambda: calls.append(1), 7)()

    assert len(calls) == 7
    assert 0 <= took < 1
    assert 0 <= seconds(lambda: None) < 1


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    bench().say("half of it")

    assert capsys.readouterr() == ("", "half of it\n")

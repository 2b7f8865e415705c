"""The names under which benches are run, and the one that is not there."""

import inspect
from pathlib import Path

import pytest

from sealhold.bench.main import BENCHES, run
from sealhold.model.errors import UsageError


def test_each_bench_of_the_table_can_be_loaded_and_takes_the_bench() -> None:
    for load in BENCHES.values():
        assert list(inspect.signature(load()).parameters) == ["bench"]


def test_the_core_benches_have_their_names() -> None:
    assert set(BENCHES) >= {"start", "store", "firewall", "import", "audit", "compute"}


def test_an_unknown_bench_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no bench `speed`; there are .*store"):
        run("speed", as_json=True, quick=True)


def test_each_bench_says_in_its_first_words_what_it_measures() -> None:
    for name, load in BENCHES.items():
        said = inspect.getmodule(load()).__doc__ or ""
        assert said.startswith(f"`sealhold bench {name}`"), name


def test_the_page_of_stored_outputs_has_each_bench() -> None:
    stored = Path(__file__).parents[2] / "docs" / "bench"

    assert {path.stem for path in stored.glob("*.json")} == set(BENCHES)

"""The list of acceptance is true: each test it names is there, runs, and has the cases named.

The sources of the tests are read for it; that each test passes is seen by running it.
"""

import re

import pytest

from tests.unit.trees import (
    ONE_WORKER,
    ROOT,
    TESTS,
    Ref,
    functions,
    marks_of,
    path_of,
    refs,
    words_in,
)

pytestmark = ONE_WORKER

PAGE = (ROOT / "docs" / "spec" / "33-acceptance.md").read_text()
ROWS = dict(re.findall(r"^\| (A\d+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE))
SOAK = ("`make soak`",)  # said behind a test that `make test` leaves out
NAMED = [(row, ref) for row, tests in ROWS.items() for ref in refs(tests)]


def test_there_are_eighteen_and_each_has_its_tests() -> None:
    assert [*ROWS] == [f"A{number}" for number in range(1, 19)]
    assert {row for row, _ in NAMED} == ROWS.keys()
    assert PAGE.count("::test_") == len(NAMED)


@pytest.mark.parametrize(
    ("row", "ref"), NAMED, ids=lambda each: each if isinstance(each, str) else each.test
)
def test_each_test_of_the_list_is_there_and_runs_by_default_or_is_said_not_to(
    row: str, ref: Ref
) -> None:
    path = path_of(ref.file)
    known = functions(path)

    assert ref.test in known, row
    marks = " ".join(marks_of(known[ref.test]))
    assert not re.search("skip|xfail", marks)
    assert ("soak" in marks) is (ref.cases == SOAK)
    assert "pytestmark = pytest.mark.skip" not in path.read_text()
    cases = set(ref.cases) - set(SOAK)
    assert cases <= words_in(path)


def test_a_test_that_bears_the_number_of_a_row_stands_in_it() -> None:
    bearing = {
        (f"A{number}", name)
        for path in TESTS.rglob("test_*.py")
        for name, number in re.findall(r"^def (test_a(\d+)_\w+)\(", path.read_text(), re.MULTILINE)
    }

    assert bearing <= {(row, ref.test) for row, ref in NAMED}
    assert len(bearing) > 10

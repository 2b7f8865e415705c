"""The list of attacks is true: each test it names is there, runs by default, and has those cases.

The sources of the tests are read for it; that each test passes is seen by running it.
"""

import ast
import re

import pytest

from tests.unit.trees import (
    ONE_WORKER,
    ROOT,
    functions,
    marked,
    marks_of,
    path_of,
    refs,
    tree_of,
    words_in,
)

pytestmark = ONE_WORKER

PAGE = (ROOT / "docs" / "spec" / "22-attacks.md").read_text()
PROPERTIES = re.findall(r"^\| (P\d) \| \S", PAGE, re.MULTILINE)
ACCEPTED = [*range(1, 18), 19]  # 18 needs a second device


NAMED = sorted(set(refs(PAGE)))


@pytest.mark.parametrize("file", sorted({ref.file for ref in NAMED}))
def test_each_test_that_the_list_names_is_there_and_runs_by_default(file: str) -> None:
    path = path_of(file)
    known = functions(path)
    whole = [node for node in tree_of(path).body if isinstance(node, ast.Assign)]

    for ref in (each for each in NAMED if each.file == file):
        assert ref.test in known, ref
        assert "shared" not in [each.arg for each in known[ref.test].args.args], ref
        assert not [
            mark for mark in marks_of(known[ref.test]) if re.search("soak|skip|xfail", mark)
        ]
    assert not [each for each in whole if "pytestmark" in ast.unparse(each)]
    assert "pytest.skip" not in path.read_text() or file == "test_evidence_tpm.py"


@pytest.mark.parametrize("file", sorted({ref.file for ref in NAMED if ref.cases}))
def test_each_case_that_the_list_names_stands_in_the_test_or_what_it_reads(file: str) -> None:
    words = words_in(path_of(file))

    lost = [case for ref in NAMED if ref.file == file for case in ref.cases if case not in words]

    assert not lost


def test_each_part_of_the_list_has_attacks_of_both_tiers_where_there_are_two() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.partition("## 3.")[2], re.MULTILINE
    )
    tried = [row for row in rows if row[0] not in {"Attack", "---"}]

    assert len(tried) > 40
    for what, py, wasm in tried:
        assert list(refs(py)) or py == "–", what
        assert list(refs(wasm)) or wasm in {"–", "the same"}, what
        assert list(refs(py + wasm)), what


def test_what_must_hold_is_numbered_and_has_its_tests() -> None:
    part = PAGE.partition("## 2.")[2].partition("## 3.")[0]
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", part, re.MULTILINE)

    assert [int(number) for number, _ in rows] == ACCEPTED
    assert all(list(refs(tests)) for _, tests in rows)


def test_each_property_is_shown_by_a_test_and_each_mark_names_a_property() -> None:
    assert [f"P{n}" for n in range(1, 9)] == PROPERTIES
    assert marked("petrus") == set(PROPERTIES)

"""The suites notice a store that breaks a rule: each broken one fails the check of that rule."""

from pathlib import Path

import pytest

from sealhold.model.errors import SealholdError
from sealhold.stores.backends.memory import MemoryObjects, MemoryRecords

from . import object_checks, record_life_checks, record_read_checks, record_unit_checks
from .broken_stores import OBJECTS, RECORDS
from .checks import Check, Tried, checks_of
from .record_bench import Place


@pytest.mark.parametrize("broken", RECORDS, ids=lambda broken: broken.__name__)
def test_a_record_store_that_breaks_a_rule_fails_its_check(
    broken: type[MemoryRecords], tmp_path: Path
) -> None:
    checks = checks_of(record_unit_checks, record_read_checks, record_life_checks)
    failed = set()

    for name, check in checks.items():
        folder = tmp_path / name[:40]
        folder.mkdir()
        if not _passes(check, Place(lambda _folder: broken(), folder)):
            failed.add(name)

    assert RECORDS[broken] in failed
    assert len(failed) < len(checks)


@pytest.mark.parametrize("broken", OBJECTS, ids=lambda broken: broken.__name__)
def test_an_object_store_that_breaks_a_rule_fails_its_check(broken: type[MemoryObjects]) -> None:
    checks = checks_of(object_checks)

    failed = {name for name, check in checks.items() if not _passes(check, broken())}

    assert OBJECTS[broken] in failed
    assert len(failed) < len(checks)


def _passes(check: Check[Tried], tried: Tried) -> bool:
    try:
        check(tried)
    except (AssertionError, SealholdError, pytest.fail.Exception):
        return False
    return True

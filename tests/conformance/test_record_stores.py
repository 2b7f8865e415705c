"""What every record store must do. Each check is a function: broken stores are tried with it, too.

Rules: docs/spec/04-stores.md sections 2 to 5. Another backend joins in `record_openers.py`.
"""

from pathlib import Path

import pytest

from . import record_life_checks, record_read_checks, record_unit_checks
from .checks import Check, checks_of
from .record_bench import Place
from .record_openers import OPENERS, Opener

CHECKS = checks_of(record_unit_checks, record_read_checks, record_life_checks)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
def test_a_record_store_keeps_the_rule(opener: Opener, check: Check[Place], tmp_path: Path) -> None:
    check(Place(opener, tmp_path))

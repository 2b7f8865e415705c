"""What every object store must do. Each check is a function: broken stores are tried with it, too.

Rules: docs/spec/04-stores.md sections 7 and 8. Another backend joins in `object_openers.py`.
"""

from pathlib import Path

import pytest

from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.spec import Kept, ObjectStore

from . import object_checks
from .checks import Check, checks_of
from .object_openers import LASTING, OPENERS, Opener

CHECKS = checks_of(object_checks)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
def test_an_object_store_keeps_the_rule(
    opener: Opener, check: Check[ObjectStore], tmp_path: Path
) -> None:
    check(opener(tmp_path))


@pytest.mark.parametrize("opener", LASTING.values(), ids=LASTING)
def test_what_one_store_of_a_place_kept_every_other_finds(opener: Opener, tmp_path: Path) -> None:
    name, sealed = ObjectName("a/b"), SealedBytes(b"sealed")
    opener(tmp_path).put(name, sealed)

    other = opener(tmp_path)

    assert list(other.names()) == [name]
    assert other.get(name) == sealed
    assert other.put(name, SealedBytes(b"again")) is Kept.EXISTS

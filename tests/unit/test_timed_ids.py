"""Ids of a batch: in its order, of its time, and each its own."""

from uuid import UUID

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.model.ids import timed_ids
from sealhold.model.quantities import Instant

NOW = Instant(1_795_262_400_000)


@pytest.mark.parametrize("count", [0, 1, 2, 4_096, 4_097, 10_000])
def test_ids_ascend_and_none_comes_twice(count: int) -> None:
    ids = timed_ids(NOW, count, seeded(b"ids"))

    assert len(set(ids)) == count
    assert ids == sorted(ids)


def test_each_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    ids = [UUID(bytes=each) for each in timed_ids(NOW, 4_097, seeded(b"ids"))]

    assert {each.version for each in ids} == {7}
    assert {each.variant for each in ids} == {UUID(int=0x8 << 60).variant}
    assert ids[0].int >> 80 == ids[4_095].int >> 80 == NOW
    assert ids[4_096].int >> 80 == NOW + 1


def test_all_but_time_order_and_form_is_random() -> None:
    one, other = timed_ids(NOW, 3, seeded(b"one")), timed_ids(NOW, 3, seeded(b"other"))

    assert [each[:8] for each in one] == [each[:8] for each in other]
    assert not {each[8:] for each in one} & {each[8:] for each in other}

"""The gate lets whole numbers of the range through, and touches nothing else."""

from typing import NoReturn

import pytest

from sealhold.compute.declassify import gate, gate_all
from sealhold.compute.ranges import Range

SPAN = Range(first=0, last=30, step=10)
LISTED = Range(first=-5, last=9, step=1, listed=(-5, 0, 1, 9))


class Trap:
    """A value that fails the test whenever anything of it is used."""

    def _touched(self, *_: object) -> NoReturn:
        pytest.fail("a foreign value was touched")

    __eq__ = __hash__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = _touched
    __int__ = __index__ = __lt__ = __ge__ = __mod__ = __sub__ = __getattr__ = _touched


class Number(int):
    """A whole number with a mind of its own."""

    def __sub__(self, _other: object) -> NoReturn:
        pytest.fail("a method of a foreign value ran")


@pytest.mark.parametrize("value", [0, 10, 30])
def test_a_member_of_the_range_passes(value: int) -> None:
    assert gate(value, SPAN, 20) == value


@pytest.mark.parametrize("value", [-5, 0, 1, 9])
def test_a_listed_member_passes(value: int) -> None:
    assert gate(value, LISTED, 1) == value


@pytest.mark.parametrize(
    "value",
    [-10, 5, 31, 40, 2**200, -(2**200), True, False, None, "10", b"1", 10.0, float("nan"), [10]],
    ids=repr,
)
def test_anything_else_becomes_the_default(value: object) -> None:
    assert gate(value, SPAN, 20) == 20


@pytest.mark.parametrize("value", [-6, -4, 2, 8, 10])
def test_a_number_between_listed_members_becomes_the_default(value: int) -> None:
    assert gate(value, LISTED, 1) == 1


@pytest.mark.parametrize("value", [Trap(), Number(10)], ids=["trap", "subclass"])
def test_a_foreign_value_is_never_touched(value: object) -> None:
    assert gate(value, SPAN, 20) == 20


def test_each_value_of_a_list_passes_for_itself_and_defaults_are_counted() -> None:
    gated = gate_all([0, None, 10, True, 7], 5, SPAN, 20)

    assert gated.values == (0, 20, 10, 20, 20)
    assert gated.defaults == 3


@pytest.mark.parametrize("result", [[0], [0, 0, 0], (0, 0), None, {0: 0, 1: 0}, Trap()], ids=type)
def test_a_result_of_another_shape_gives_the_default_for_each_object(result: object) -> None:
    assert gate_all(result, 2, SPAN, 20).values == (20, 20)

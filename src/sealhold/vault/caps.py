"""The caps of the budgets, as their owner set them; what was not set has its default.

- Four caps: of one object for life, and of each app, each purpose and all askers together in a
  year. One row for each that was set, among the rows that decide; it is data of the vault.
- A cap is read at each charge, so a lower one holds from the next charge on. It gives nothing
  back: what is spent beyond it stays spent.
- None can be set above the highest that is given here, whatever its owner confirms.

Source: docs/spec/09-leakage.md section 10.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sealhold.model.errors import CapTooHighError
from sealhold.model.quantities import MICRO, MicroBits, show_bits
from sealhold.stores.spec import ColumnKind, Expect, Guard, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding

CAPS = TableSpec(
    name="cap",
    columns={"kind": ColumnKind.CODE, "cap": ColumnKind.I64},  # micro-bits
    key=("kind",),
    indexes={},
)


class CapKind(StrEnum):
    """What a cap is of."""

    OBJECT = "object"  # any one object, by all askers, ever
    APP = "app"  # each app, a year
    PURPOSE = "purpose"  # each purpose, a year
    ALL = "all"  # all askers together, a year


HIGHEST: Final[Mapping[CapKind, MicroBits]] = {
    CapKind.OBJECT: MicroBits(1_024 * MICRO),  # 128 bytes: beyond that a small object is told whole
    CapKind.APP: MicroBits(1_024 * MICRO),
    CapKind.PURPOSE: MicroBits(2_048 * MICRO),
    CapKind.ALL: MicroBits(4_096 * MICRO),
}


class Caps:
    """The caps that were set in one vault."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    def get(self, kind: CapKind) -> MicroBits | None:
        """Return a cap as it was set, None if it never was."""
        found = self._deciding.get(CAPS.name, kind.value)
        return MicroBits(found.row[1]) if found else None

    def guard(self, kind: CapKind) -> Op:
        """Return what fails a commit if the cap is no longer the one that it was decided on."""
        found = self._deciding.get(CAPS.name, kind.value)
        return Guard(CAPS.name, (kind.value,), found.v if found else Expect.ABSENT)

    def op(self, kind: CapKind, cap: MicroBits) -> Op:
        """Return the operation that sets a cap; it fails if the cap was set meanwhile.

        Raises:
            CapTooHighError: it is above the highest, or below zero.
        """
        # THREAT T90: what can be agreed to in a moment of haste has an end
        if not 0 <= cap <= HIGHEST[kind]:
            highest = show_bits(HIGHEST[kind])
            raise CapTooHighError(f"the cap `{kind.value}` is from 0 to {highest} bits")
        found = self._deciding.get(CAPS.name, kind.value)
        return Put(CAPS.name, (kind.value, int(cap)), found.v if found else Expect.ABSENT)

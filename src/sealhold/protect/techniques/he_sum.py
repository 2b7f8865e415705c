"""`he-sum`: sums over rows that the provider adds up and cannot read.

Values lie in blocks of 4,096 rows at a `csp-agent`: one ciphertext, a *plane*, for each limb of ten
bits, and one for the checks. So it is no `Technique`; a statement uses it like this:

- INSERT: the row stays in the tail, which is summed from opened cells, until 4,096 rows make a
  block: `planes = sums.planes(block, values)` go to the agent, the block stays in the local map.
- UPDATE: `sums.delta(before, after, changes)` goes to the agent, which adds it to the planes.
- SUM, AVG, COUNT, with WHERE and GROUP BY: for each group, the agent adds up the planes of all
  blocks under the masks that say which rows are in it, at most 1,008 blocks to one answer; then
  `sums.total(answer, chosen)`, and what is in the tail besides.

The first answer that fails its check ends the key: `total` answers nothing more, the column is
answered from opened cells, and is encrypted anew under another key. The agent must not see that:
it is told nothing, and is asked as before until the new key comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from sealhold.crypto.bfv import MAX_ADDED, PRIME, SLOTS, BfvKey
from sealhold.crypto.secret import Secret
from sealhold.crypto.sumcheck import SumCheck, places
from sealhold.model.errors import InvalidError, TamperedError
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.spec import Leak, Op

LIMB: Final = 10  # bits
_LIMB_MASK: Final = (1 << LIMB) - 1


class Placed(Protocol):
    """What is known of the slots of a block."""

    @property
    def where(self) -> bytes:
        """Rows and turns of all slots as they are checked."""


@dataclass(frozen=True, slots=True)
class Block:
    """Which rows are in the slots of a block, and the turn of each."""

    rows: tuple[int, ...]  # up to 4,096
    turns: tuple[int, ...]  # of each row; a new value takes one that is larger than all before

    @property
    def where(self) -> bytes:
        """Return rows and turns of all slots as they are checked."""
        return places(self.rows, self.turns) + bytes(16 * (SLOTS - len(self.rows)))

    @property
    def all(self) -> bytes:
        """Return the mask of all slots that have a row."""
        return b"\1" * len(self.rows) + bytes(SLOTS - len(self.rows))


class HeSum:
    """The sums of one column of whole or scaled numbers."""

    name: ClassVar[str] = "he-sum"
    answers: ClassVar[frozenset[Op]] = frozenset({Op.SUM})
    exact: ClassVar[bool] = True

    def __init__(self, key: Secret, sums: BfvKey, bits: int) -> None:
        """Take the column's key of 32 bytes, the key of sums, and the bits of a signed value."""
        self._sums = sums
        self._offset = 1 << (bits - 1)
        self._limbs = -(-bits // LIMB)
        self._check = SumCheck(key, self._limbs, PRIME)
        self.ended = False

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak("how many rows there are, and in which block each is", ""),
            Leak("for each sum, which rows were added up", "who knows some values learns others"),
        )

    def planes(self, block: Block, values: Sequence[int]) -> list[bytes]:
        """Return the planes of a block: one for each limb, and the checks.

        Raises:
            TypeRefusedError: a value of more bits.
        """
        limbs = self._cut(values)
        return self._sealed([*limbs, self._checks(block, limbs)])

    def delta(
        self, before: Block, after: Block, changes: Mapping[int, tuple[int, int]]
    ) -> list[bytes]:
        """Return what is added to the planes of a block where values change.

        Args:
            before: the block as it was.
            after: the same rows, with a larger turn in each slot that changes.
            changes: old and new value, by slot.

        Raises:
            InvalidError: other rows, or not the slots whose turn has grown.
            TypeRefusedError: a value of more bits.
        """
        turned = [at for at, turn in enumerate(after.turns) if turn != before.turns[at]]
        grown = all(after.turns[at] > before.turns[at] for at in turned)
        if before.rows != after.rows or turned != sorted(changes) or not grown:
            raise InvalidError("a changed value takes a larger turn, and no other does")
        old, new = ([pair[side] for _, pair in sorted(changes.items())] for side in (0, 1))
        limbs = [[0] * SLOTS for _ in range(self._limbs)]
        for limb, removed, added in zip(limbs, self._cut(old), self._cut(new), strict=True):
            for slot, less, more in zip(turned, removed, added, strict=True):
                limb[slot] = more - less
        zeros = [[0] * SLOTS for _ in limbs]
        first = self._check.checks(before.where, zeros)
        second = self._check.checks(after.where, limbs)
        return self._sealed([*limbs, [b - a for a, b in zip(first, second, strict=True)]])

    def total(self, answer: Sequence[bytes], chosen: Sequence[tuple[Placed, bytes]]) -> int:
        """Return the sum of all chosen values.

        Args:
            answer: the sum of each plane, as the agent gave it.
            chosen: each block that was added, with the mask that it was added under.

        Raises:
            TamperedError: not the sum of these rows as they are now; or an earlier one was not.
        """
        if self.ended:
            raise TamperedError("a sum under this key was wrong; it is used no more")
        try:
            return self._total(answer, chosen)
        except TamperedError:
            # THREAT T614: what a second wrong sum does would tell of the key
            self.ended = True
            raise

    def _total(self, answer: Sequence[bytes], chosen: Sequence[tuple[Placed, bytes]]) -> int:
        if len(answer) != self._limbs + 1 or len(chosen) > MAX_ADDED:
            raise TamperedError("not one sum for each plane")
        *sums, check = [self._sums.decrypt(plane) for plane in answer]
        # THREAT T726: the check of each value has its turn, so an older block does not fit
        if not self._check.fits(sums, check, [(block.where, mask) for block, mask in chosen]):
            raise TamperedError("a sum does not fit its check")
        count = sum(mask.count(1) for _, mask in chosen)
        total = sum(sum(limb) << (LIMB * at) for at, limb in enumerate(sums))
        return total - count * self._offset

    def _cut(self, values: Sequence[int]) -> list[list[int]]:
        """Return the limbs of values, lowest first, of each limb all values.

        Raises:
            TypeRefusedError: a value of more bits.
        """
        offset, raised = self._offset, []
        for value in values:
            if not -offset <= value < offset:
                raise TypeRefusedError("a value of more bits than the column has")
            raised.append(value + offset)
        return [
            [number >> shift & _LIMB_MASK for number in raised]
            for shift in range(0, LIMB * self._limbs, LIMB)
        ]

    def _checks(self, block: Block, limbs: Sequence[Sequence[int]]) -> list[int]:
        return self._check.checks(places(block.rows, block.turns), limbs)

    def _sealed(self, planes: Sequence[Sequence[int]]) -> list[bytes]:
        return [self._sums.encrypt(plane) for plane in planes]

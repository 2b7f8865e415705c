"""Secret numbers by which a sum that somebody else added up is checked, slot by slot.

- A value is cut in limbs. Its check is a secret combination of them, plus a keyed number of its
  row and its turn, all modulo a prime. Sums of checks fit sums of limbs; who does not know the
  secrets meets the check of a changed sum with a probability of one in the prime.
- A row takes a larger turn with each value that it gets, so an older value of it does not fit.

Source: docs/spec/55-protected-columns.md section 9.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

_BLOCK: Final = 16  # bytes
_HALF: Final = 64  # bits
_UPPER: Final = (1 << _HALF) - 1
_place = struct.Struct(">QQ")


def places(rows: Sequence[int], turns: Sequence[int]) -> bytes:
    """Return rows and their turns as they are checked: 16 bytes for each slot."""
    return b"".join([_place.pack(row, turn) for row, turn in zip(rows, turns, strict=True)])


class SumCheck:
    """The secrets of one column."""

    __slots__ = ("_cipher", "_factors", "_prime")

    def __init__(self, key: Secret, limbs: int, prime: int) -> None:
        """Derive them from a key of 32 bytes, for values of so many limbs, modulo `prime`."""
        drawn = (derive(key, Tag.SUM_CHECK, b"limb", bytes([limb])) for limb in range(limbs))
        self._factors = [1 + int.from_bytes(each.reveal()) % (prime - 1) for each in drawn]
        rows = derive(key, Tag.SUM_CHECK, b"row")
        self._cipher = Cipher(AES(rows.reveal()), ECB())  # noqa: S305  # reason: a PRF on blocks
        self._prime = prime

    def checks(self, where: bytes, limbs: Sequence[Sequence[int]]) -> list[int]:
        """Return the check of each slot.

        Args:
            where: `places` of the slots.
            limbs: of each limb, its value in each slot; negative ones too.
        """
        rows = [upper for upper, _ in _place.iter_unpack(self._cipher.encryptor().update(where))]
        return [
            number % self._prime
            for number in map(sum, zip(rows, *self._weighted(limbs), strict=True))
        ]

    def fits(
        self,
        sums: Sequence[Sequence[int]],
        check: Sequence[int],
        added: Iterable[tuple[bytes, bytes]],
    ) -> bool:
        """Return whether all slots of a sum are what was to be added.

        Args:
            sums: of each limb, the sum in each slot.
            check: the sum of the checks in each slot.
            added: of each block `places`, and one byte for each of its slots: 1 if it was added.
        """
        total = 0
        for where, mask in added:
            drawn = int.from_bytes(self._cipher.encryptor().update(where))
            # all slots of a block are added at once, each in 16 bytes of one long number
            total += (drawn >> _HALF) & _lanes(mask)
        slots = len(check)
        rows = [
            ((upper << _HALF) + lower)
            for upper, lower in _place.iter_unpack(total.to_bytes(slots * _BLOCK))
        ]
        wanted = map(sum, zip(rows, *self._weighted(sums), strict=True))
        return all((want - got) % self._prime == 0 for want, got in zip(wanted, check, strict=True))

    def _weighted(self, limbs: Sequence[Sequence[int]]) -> list[list[int]]:
        return [
            [factor * value for value in limb]
            for factor, limb in zip(self._factors, limbs, strict=True)
        ]


@cache
def _ones(slots: int) -> int:
    return int.from_bytes((bytes(_BLOCK // 2) + b"\xff" * (_BLOCK // 2)) * slots)


def _lanes(mask: bytes) -> int:
    """Return a number that keeps the lower half of each slot that is 1 in `mask`."""
    if 0 not in mask:
        return _ones(len(mask))
    wide = bytearray(_BLOCK * len(mask))
    wide[_BLOCK - 1 :: _BLOCK] = mask
    return int.from_bytes(wide) * _UPPER

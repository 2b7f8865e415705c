"""Order terms: byte strings that stand in the order of the numbers they are made of.

- One byte for each bit of the number: a keyed byte of all bits before it, plus the bit. Two numbers
  share the bytes up to the first bit in which they differ, and there the larger one's is one more.
- Whoever sees terms learns their order, which are equal, and the first differing bit of each pair.
  A byte 0 or 255 tells its bit by itself, which is one byte in 255: a quarter of a bit in a term
  of 64.
- All terms of a call are made by one call of AES, and by arithmetic on numbers as long as a chunk
  of them: a term of 64 bits takes a third of the time that a loop over its bits takes.

Source: docs/spec/55-protected-columns.md section 6; after Chenette, Lewi, Weis and Wu, Practical
Order-Revealing Encryption with Limited Leakage, FSE 2016, in its order-preserving variant.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sealhold.crypto.secret import Secret

MAX_BITS: Final = 64
_BLOCK: Final = 16  # bytes
_LANE: Final = 8 * _BLOCK  # bits
_CHUNK: Final = 8192  # blocks that are in memory at once: 128 KiB, which a cache holds
_MODULO = bytes(range(255)) + b"\0"  # 255 is 0 modulo 255


class _Spread(NamedTuple):
    """What makes all blocks of one number by one multiplication."""

    factor: int  # copies the number into each lane, shifted so that its prefix is the upper half
    upper: int  # keeps the upper halves
    counts: int  # the number of each lane, in its lower half


class OrderTerms:
    """One key, prepared for many numbers."""

    __slots__ = ("_cipher",)

    def __init__(self, key: Secret) -> None:
        """Take a key of 32 bytes."""
        self._cipher = Cipher(AES(key.reveal()), ECB())  # noqa: S305  # reason: a PRF on blocks

    def terms(self, numbers: Sequence[int], bits: int) -> list[bytes]:
        """Return the term of each number, of `bits` bytes.

        Args:
            numbers: unsigned, below 2^`bits`.
            bits: 1 to 64; numbers of differing `bits` do not compare.

        Raises:
            ValueError: a number that is not below 2^`bits`, or `bits` out of range.
        """
        if not 1 <= bits <= MAX_BITS or (numbers and (max(numbers) >> bits or min(numbers) < 0)):
            raise ValueError(f"not numbers of {bits} bits")
        step = _CHUNK // bits
        made = [self._chunk(numbers[at : at + step], bits) for at in range(0, len(numbers), step)]
        return [chunk[at : at + bits] for chunk in made for at in range(0, len(chunk), bits)]

    def _chunk(self, numbers: Sequence[int], bits: int) -> bytes:
        factor, upper, counts = _spread(bits)
        size = bits * _BLOCK
        blocks = b"".join([(number * factor & upper | counts).to_bytes(size) for number in numbers])
        # THREAT T615: a byte depends on the bits before it alone, and on the key
        encryptor = self._cipher.encryptor()
        keyed = _remainders(encryptor.update(blocks))
        form = f"0{bits}b"
        digits = "".join([format(number, form) for number in numbers]).encode()
        # a remainder is at most 254, so no sum reaches beyond its byte
        noughts = int.from_bytes(b"0" * len(digits))
        total = int.from_bytes(keyed) + int.from_bytes(digits) - noughts
        return total.to_bytes(len(digits))


def _remainders(encrypted: bytes) -> bytes:
    """Return, for each block, its first four bytes as one number modulo 255.

    As 256 is 1 modulo 255, that is the sum of the four bytes modulo 255. All blocks are added at
    once, each in two bytes of one long number.
    """
    blocks = len(encrypted) // _BLOCK
    low = int.from_bytes(b"\0\xff" * blocks)
    wide, total = bytearray(2 * blocks), 0
    for byte in range(4):
        wide[1::2] = encrypted[byte::_BLOCK]
        total += int.from_bytes(wide)  # at most 4 * 255
    for _ in range(2):  # 1020 becomes at most 258, and that at most 255
        total = (total & low) + (total >> 8 & low)
    return total.to_bytes(2 * blocks)[1::2].translate(_MODULO)


@cache
def _spread(bits: int) -> _Spread:
    """Return the constants for numbers of `bits` bits: lane i has the number's first i bits."""
    lanes = [_LANE * (bits - 1 - i) for i in range(bits)]
    return _Spread(
        factor=sum(1 << (lane + MAX_BITS - bits + i) for i, lane in enumerate(lanes)),
        upper=sum(((1 << MAX_BITS) - 1) << (lane + MAX_BITS) for lane in lanes),
        counts=sum(i << lane for i, lane in enumerate(lanes)),
    )

"""Format-preserving encryption: a text becomes another of its length, in the same alphabet.

- FF1 of NIST SP 800-38G with AES-256. Not FF3, which was broken and withdrawn.
- A text is refused where its alphabet and length allow fewer than a million texts: who can try
  that few has them all.
- Equal texts give equal texts. Nothing tells a changed one: it opens to some other text.

Source: docs/spec/55-protected-columns.md section 7; NIST SP 800-38G, algorithms 7 and 8.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError

LEAST_TEXTS: Final = 1_000_000
MAX_LENGTH: Final = 256  # characters; the time of one grows with its square
RADIXES: Final = range(2, 257)
_ROUNDS: Final = 10
_BLOCK: Final = 16  # bytes


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all texts of one length share."""

    left: int  # characters of the left half
    right: int
    moduli: tuple[int, int]  # how many left halves there are, and right halves
    number_bytes: int  # of a half as a number
    drawn_bytes: int  # of what is added in a round
    chained: bytes  # the CBC-MAC over all that comes before the number of the round
    rest: bytes  # what of that fills no block


class Ff1:
    """One key, alphabet and tweak, prepared for many texts."""

    def __init__(self, key: Secret, alphabet: str, tweak: bytes) -> None:
        """Prepare for texts of an alphabet.

        Args:
            key: 32 bytes; the shorter keys of AES serve vectors alone.
            alphabet: each character once, 2 to 256; the first stands for zero.
            tweak: what parts uses of one key.

        Raises:
            InvalidError: a character twice, too few or too many.
        """
        if len(alphabet) not in RADIXES or len(set(alphabet)) < len(alphabet):
            raise InvalidError("an alphabet has 2 to 256 characters, each once")
        self._cipher = Cipher(AES(key.reveal()), ECB())  # noqa: S305  # reason: CBC-MAC, by blocks
        self._alphabet = alphabet
        self._radix = len(alphabet)
        self._digits = {character: number for number, character in enumerate(alphabet)}
        self._tweak = tweak
        self._shapes: dict[int, _Shape] = {}

    def encrypt(self, texts: Iterable[str]) -> list[str]:
        """Return each text encrypted.

        Raises:
            InvalidError: too short or too long, or a character outside the alphabet.
        """
        encryptor = self._cipher.encryptor()
        return [self._encrypt(text, encryptor) for text in texts]

    def decrypt(self, texts: Iterable[str]) -> list[str]:
        """Return the texts that `encrypt` was given.

        Raises:
            InvalidError: too short or too long, or a character outside the alphabet.
        """
        encryptor = self._cipher.encryptor()
        return [self._decrypt(text, encryptor) for text in texts]

    def _encrypt(self, text: str, encryptor: CipherContext) -> str:
        shape = self._shape(len(text), encryptor)
        left, right = self._number(text[: shape.left]), self._number(text[shape.left :])
        for turn in range(_ROUNDS):
            drawn = self._drawn(shape, turn, right, encryptor)
            left, right = right, (left + drawn) % shape.moduli[turn & 1]
        return self._text(left, shape.left) + self._text(right, shape.right)

    def _decrypt(self, text: str, encryptor: CipherContext) -> str:
        shape = self._shape(len(text), encryptor)
        left, right = self._number(text[: shape.left]), self._number(text[shape.left :])
        for turn in reversed(range(_ROUNDS)):
            drawn = self._drawn(shape, turn, left, encryptor)
            left, right = (right - drawn) % shape.moduli[turn & 1], left
        return self._text(left, shape.left) + self._text(right, shape.right)

    def _drawn(self, shape: _Shape, turn: int, half: int, encryptor: CipherContext) -> int:
        """Return what a round adds: a CBC-MAC over its number and one half, made longer."""
        last = shape.rest + bytes([turn]) + half.to_bytes(shape.number_bytes)
        block = _chain(shape.chained, last, encryptor)
        drawn = block
        for count in range(1, -(-shape.drawn_bytes // _BLOCK)):
            drawn += encryptor.update(_xor(block, count.to_bytes(_BLOCK)))
        return int.from_bytes(drawn[: shape.drawn_bytes])

    def _shape(self, length: int, encryptor: CipherContext) -> _Shape:
        found = self._shapes.get(length)
        if found is None:
            found = self._shapes[length] = self._shaped(length, encryptor)
        return found

    def _shaped(self, length: int, encryptor: CipherContext) -> _Shape:
        radix, tweak = self._radix, self._tweak
        if length > MAX_LENGTH or radix**length < LEAST_TEXTS:
            raise InvalidError(f"a text of {length} characters is too short or too long")
        left, right = length // 2, length - length // 2
        number_bytes = -(-(radix**right - 1).bit_length() // 8)
        start = b"".join(
            (
                b"\1\2\1",
                radix.to_bytes(3),
                bytes([_ROUNDS, left % 256]),
                length.to_bytes(4),
                len(tweak).to_bytes(4),
                tweak,
                bytes(-(len(tweak) + number_bytes + 1) % _BLOCK),
            )
        )
        whole = len(start) // _BLOCK * _BLOCK
        return _Shape(
            left=left,
            right=right,
            moduli=(radix**left, radix**right),
            number_bytes=number_bytes,
            drawn_bytes=4 * -(-number_bytes // 4) + 4,
            chained=_chain(bytes(_BLOCK), start[:whole], encryptor),
            rest=start[whole:],
        )

    def _number(self, text: str) -> int:
        try:
            number = 0
            for character in text:
                number = number * self._radix + self._digits[character]
        except KeyError:
            raise InvalidError("a character that is not in the alphabet") from None
        return number

    def _text(self, number: int, length: int) -> str:
        return "".join(self._characters(number, length))[::-1]

    def _characters(self, number: int, length: int) -> Iterator[str]:
        for _ in range(length):
            number, digit = divmod(number, self._radix)
            yield self._alphabet[digit]


def _chain(block: bytes, data: bytes, encryptor: CipherContext) -> bytes:
    """Return the CBC-MAC of whole blocks, begun with what it was so far."""
    for at in range(0, len(data), _BLOCK):
        block = encryptor.update(_xor(block, data[at : at + _BLOCK]))
    return block


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(_BLOCK)

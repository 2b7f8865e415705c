"""Sums under encryption (BFV): whoever holds ciphertexts adds them up and learns nothing.

- One ciphertext holds 4,096 numbers below a prime, each in a slot of its own. Sums are modulo the
  prime, slot by slot; a slot can be left out by a factor of 0.
- Secure against who chooses plain texts, not against who sees how changed ciphertexts are
  decrypted: after a sum that fails its check, its key is never used again (`protect` does so).
- SEAL draws its own random numbers. It parses what comes from the other side, in this process.

Source: docs/spec/55-protected-columns.md section 9; Fan and Vercauteren, 2012; Microsoft SEAL.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Self

import tenseal

from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, SealBrokenError

SLOTS: Final = 4096
PRIME: Final = 1_032_193  # 1 modulo 8192, so that there are slots
MAX_ADDED: Final = 1008  # blocks of one sum: of limbs up to 1,023 it stays below the prime
MAX_BYTES: Final = 262_144  # of one ciphertext; a new one has 88,600


class BfvKey:
    """The owner's key: encrypts and decrypts."""

    __slots__ = ("_context",)

    def __init__(self, context: tenseal.Context) -> None:
        self._context = context

    @classmethod
    def new(cls) -> Self:
        """Return a key that nobody had before."""
        return cls(
            tenseal.context(tenseal.SCHEME_TYPE.BFV, poly_modulus_degree=SLOTS, plain_modulus=PRIME)
        )

    @classmethod
    def load(cls, secret: Secret) -> Self:
        """Return the key that `secret` is, as `secret()` gave it.

        Raises:
            InvalidError: it is none.
        """
        context = _context(secret.reveal())
        if not context.is_private():
            raise InvalidError("not a key of sums: the secret part is missing")
        return cls(context)

    def secret(self) -> Secret:
        """Return the whole key, 200 kB, for its owner to seal and keep."""
        return Secret(self._context.serialize(save_secret_key=True), "key of sums")

    def public(self) -> bytes:
        """Return what the one needs who adds up: 130 kB, without what decrypts."""
        context = _context(self.secret().reveal())
        context.make_context_public()
        return _bytes(context.serialize(save_galois_keys=False, save_relin_keys=False))

    def encrypt(self, numbers: Sequence[int]) -> bytes:
        """Return up to 4,096 numbers, modulo the prime, in the slots of one ciphertext.

        Raises:
            ValueError: more numbers than slots.
        """
        if len(numbers) > SLOTS:
            raise ValueError(f"{len(numbers)} numbers for {SLOTS} slots")
        filled = [number % PRIME for number in numbers] + [0] * (SLOTS - len(numbers))
        return _bytes(tenseal.bfv_vector(self._context, filled).serialize())

    def decrypt(self, sealed: bytes) -> list[int]:
        """Return the numbers of all slots, from 0 up to the prime.

        Raises:
            SealBrokenError: not a ciphertext.
        """
        vector = _vector(self._context, sealed)
        try:
            return [slot % PRIME for slot in vector.decrypt()]  # the library centres them on 0
        except (ValueError, RuntimeError) as err:
            raise SealBrokenError("not a ciphertext of a sum") from err


class BfvAdder:
    """Adds up what it cannot read."""

    __slots__ = ("_context",)

    def __init__(self, public: bytes) -> None:
        """Take what `BfvKey.public` gave.

        Raises:
            InvalidError: it is none, or holds the secret part, which has no place here.
        """
        context = _context(public)
        # THREAT T616: who adds up never holds what decrypts, not even by mistake
        if context.is_private():
            raise InvalidError("this is a secret key: give the public part")
        self._context = context

    def add(self, blocks: Iterable[tuple[bytes, bytes | None]]) -> bytes:
        """Return the sum of blocks, slot by slot.

        Args:
            blocks: 1 to 1,008 ciphertexts, each with 0 or 1 for each slot; None for all slots. One
                with only zeros is left out before it comes here.

        Raises:
            InvalidError: none, too many, not a ciphertext, or not 4,096 slots of 0 and 1.
        """
        total, count = None, 0
        for sealed, mask in blocks:
            try:
                vector = _vector(self._context, sealed)
            except SealBrokenError as err:
                raise InvalidError("not a ciphertext") from err
            if mask is not None:
                if len(mask) != SLOTS or mask.count(0) + mask.count(1) != SLOTS or 1 not in mask:
                    raise InvalidError("a mask has 4,096 bytes of 0 and 1, and one 1 at least")
                vector = vector * list(mask)
            total = vector if total is None else total + vector
            count += 1
        if total is None or count > MAX_ADDED:
            raise InvalidError(f"a sum of {count} blocks")
        return _bytes(total.serialize())


def _context(data: bytes) -> tenseal.Context:
    try:
        return tenseal.context_from(data)
    except (ValueError, RuntimeError) as err:
        raise InvalidError("not a key of sums") from err


def _vector(context: tenseal.Context, sealed: bytes) -> tenseal.BFVVector:
    if len(sealed) > MAX_BYTES:
        raise SealBrokenError(f"a ciphertext of {len(sealed)} bytes")
    try:
        vector = tenseal.bfv_vector_from(context, sealed)
        if vector.size() != SLOTS:
            raise SealBrokenError("not a ciphertext of a sum")
    except (ValueError, RuntimeError) as err:
        raise SealBrokenError("not a ciphertext of a sum") from err
    return vector


def _bytes(data: object) -> bytes:
    if not isinstance(data, bytes):
        raise TypeError("tenseal gave no bytes")
    return data

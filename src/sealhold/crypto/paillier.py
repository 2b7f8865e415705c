"""Sums under encryption (Paillier): one number to a ciphertext, added by a multiplication.

- 2,048 bits. The owner knows the two primes, and so encrypts and decrypts by them, in a third of
  the time that others would take.
- Nothing tells a changed ciphertext: it decrypts to another number. Who must notice uses BFV with
  its checks (`bfv.py`).

Source: docs/spec/55-protected-columns.md section 10; Paillier, Public-Key Cryptosystems Based on
Composite Degree Residuosity Classes, EUROCRYPT 1999.
"""

from collections.abc import Iterable
from typing import Final, Self

import gmpy2
from gmpy2 import mpz

from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidError, SealBrokenError

BITS: Final = 2048  # of the modulus
SEALED_BYTES: Final = BITS // 4
_PRIME_BYTES: Final = BITS // 16
_TOP: Final = 3 << (BITS // 2 - 2)  # both upper bits: so the product has all its bits
_ROUNDS: Final = 40  # of Miller and Rabin: wrong once in 2^80
_SPARE: Final = 16  # bytes drawn besides, so that remainders are even


class _Half:
    """One prime, and what is computed with it."""

    def __init__(self, prime: mpz, other: mpz) -> None:
        self.prime = prime
        self.square = prime * prime
        # of (1 + n)^(p-1): what a number is divided by after taking it off
        lifted = gmpy2.powmod(1 + prime * other, prime - 1, self.square)
        self._undo = gmpy2.invert((lifted - 1) // prime, prime)

    def veil(self, drawn: mpz) -> mpz:
        """Return a random n-th residue modulo p squared: all are p-th powers."""
        return gmpy2.powmod(1 + drawn % (self.prime - 1), self.prime, self.square)

    def open(self, sealed: mpz) -> mpz:
        """Return the number in a ciphertext, modulo p."""
        lifted = gmpy2.powmod(sealed % self.square, self.prime - 1, self.square)
        return (lifted - 1) // self.prime * self._undo % self.prime


class PaillierKey:
    """The owner's key: encrypts and decrypts."""

    def __init__(self, p: mpz, q: mpz) -> None:
        self._p, self._q = _Half(p, q), _Half(q, p)
        self._n = p * q
        self._square = self._n * self._n
        self._half = self._n // 2
        self._join = gmpy2.invert(p, q)
        self._join_squares = gmpy2.invert(self._p.square, self._q.square)

    @classmethod
    def new(cls, entropy: Entropy) -> Self:
        """Return a key that nobody had before; takes about a second."""
        p = _prime(entropy)
        q = _prime(entropy)
        while abs(p - q) < 1 << (BITS // 2 - 100):  # so near that their product gives them away
            q = _prime(entropy)
        return cls(p, q)

    @classmethod
    def load(cls, secret: Secret) -> Self:
        """Return the key that `secret` is, as `secret()` gave it.

        Raises:
            InvalidError: it is none.
        """
        both = secret.reveal()
        p, q = (mpz(int.from_bytes(half)) for half in (both[:_PRIME_BYTES], both[_PRIME_BYTES:]))
        if len(both) != 2 * _PRIME_BYTES or p == q or not (_is_prime(p) and _is_prime(q)):
            raise InvalidError("not a key of sums")
        return cls(p, q)

    def secret(self) -> Secret:
        """Return both primes, 256 bytes, for their owner to seal and keep."""
        primes = (self._p.prime, self._q.prime)
        return Secret(b"".join(int(each).to_bytes(_PRIME_BYTES) for each in primes), "key of sums")

    def public(self) -> bytes:
        """Return the modulus, 256 bytes: what the one needs who adds up."""
        return int(self._n).to_bytes(BITS // 8)

    def encrypt(self, numbers: Iterable[int], entropy: Entropy) -> list[bytes]:
        """Return each number in a ciphertext of 512 bytes.

        Raises:
            ValueError: a number beyond a quarter of the modulus.
        """
        return [self._encrypt(number, entropy) for number in numbers]

    def decrypt(self, sealed: bytes) -> int:
        """Return the number in a ciphertext: of a sum, the sum.

        Raises:
            SealBrokenError: not a ciphertext.
        """
        number = mpz(int.from_bytes(sealed))
        if len(sealed) != SEALED_BYTES or gmpy2.gcd(number, self._n) != 1:
            raise SealBrokenError("not a ciphertext of a sum")
        p, q = self._p.open(number), self._q.open(number)
        found = p + self._p.prime * ((q - p) * self._join % self._q.prime)
        return int(found - self._n if found > self._half else found)

    def _encrypt(self, number: int, entropy: Entropy) -> bytes:
        if abs(number) > self._n >> 2:
            raise ValueError("a number that no sum has room for")
        size = _PRIME_BYTES + _SPARE
        drawn = entropy(2 * size)
        p = self._p.veil(mpz(int.from_bytes(drawn[:size])))
        q = self._q.veil(mpz(int.from_bytes(drawn[size:])))
        veil = p + self._p.square * ((q - p) * self._join_squares % self._q.square)
        return int((1 + number * self._n) * veil % self._square).to_bytes(SEALED_BYTES)


class PaillierAdder:
    """Adds up what it cannot read."""

    def __init__(self, public: bytes) -> None:
        """Take what `PaillierKey.public` gave.

        Raises:
            InvalidError: it is none.
        """
        modulus = mpz(int.from_bytes(public))
        if len(public) != BITS // 8 or modulus.bit_length() != BITS or modulus.is_even():
            raise InvalidError("not the public part of a key of sums")
        self._square = modulus * modulus

    def add(self, sealed: Iterable[bytes]) -> bytes:
        """Return the sum of all that is sealed; of nothing, a ciphertext of 0 that hides nothing.

        Raises:
            InvalidError: not a ciphertext.
        """
        total = mpz(1)
        for each in sealed:
            number = mpz(int.from_bytes(each))
            if len(each) != SEALED_BYTES or not 0 < number < self._square:
                raise InvalidError("not a ciphertext of a sum")
            total = total * number % self._square
        return int(total).to_bytes(SEALED_BYTES)


def _prime(entropy: Entropy) -> mpz:
    while True:
        candidate = mpz(int.from_bytes(entropy(_PRIME_BYTES)) | _TOP | 1)
        if _is_prime(candidate):
            return candidate


def _is_prime(number: mpz) -> bool:
    return bool(number.bit_length() == BITS // 2 and gmpy2.is_prime(number, _ROUNDS))

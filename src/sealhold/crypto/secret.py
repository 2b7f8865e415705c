"""A key or passphrase in memory, which no log line can show.

- Text forms show the name alone. A secret cannot be pickled or copied, and is not hashable.
- Comparison takes the same time whatever the bytes are.
- `wipe` overwrites this one copy. Python and the libraries below make others, so it is a help
  against a memory dump, not a promise.

Source: docs/spec/03-keys.md section 1.
"""

import hmac
from typing import NoReturn

from sealhold.model.errors import LockedError


class Secret:
    """Bytes that only `reveal` hands out. `name` says what they are, for people."""

    __slots__ = ("_bytes", "name")

    def __init__(self, value: bytes | bytearray, name: str) -> None:
        self._bytes = bytearray(value)
        self.name = name

    def reveal(self) -> bytes:
        """Return the bytes: for a cryptographic call or a file of the owner, never for a text.

        Raises:
            LockedError: the secret was wiped.
        """
        if not self._bytes:
            raise LockedError(f"the {self.name} is wiped")
        return bytes(self._bytes)

    def wipe(self) -> None:
        """Overwrite the bytes; the secret is of no use afterwards."""
        self._bytes[:] = bytes(len(self._bytes))
        self._bytes.clear()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._bytes, other._bytes)

    __hash__ = None  # type: ignore[assignment]  # reason: a hash would be a digest of the key

    def __repr__(self) -> str:
        return f"Secret({self.name})"

    def __reduce_ex__(self, _protocol: object, /) -> NoReturn:
        raise TypeError("a secret is not copied or pickled")

"""Larger programs of others: one sealed object each, apart from the request that brought it.

- A request's row is read for every decision, so what is over 64 KiB does not stand in it.
- A program is sealed under the owner's papers key and bound to its digest. It is durable before
  the row that names it; one that no row names is bytes that nobody can read, and no more.
- It is read when it is run or shown, and let go then: what was asked once stays in no memory.

Source: docs/spec/07-grants.md section 7.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sealhold.crypto.digest import framed, keyed, sha256
from sealhold.crypto.kdf import derive
from sealhold.crypto.tags import Tag
from sealhold.model.errors import ObjectNotFoundError, SealBrokenError, TamperedError
from sealhold.model.ids import ObjectName
from sealhold.vault.core import Core

INLINE = 65_536  # bytes; what is no longer stands in the request's own row
_GONE = "a program that was handed in is not what was kept"


@dataclass(frozen=True, slots=True)
class Code:
    """One program that was handed in: its 32-byte digest, and its bytes when they are needed."""

    digest: bytes
    read: Callable[[], bytes] = field(compare=False)  # TamperedError: not what was kept
    is_apart: bool = field(default=False, compare=False)  # in an object of its own


def code_of(content: bytes) -> Code:
    """Return a program that is in memory."""
    return Code(sha256(content), lambda: content)


class Programs:
    """The larger programs of one vault."""

    def __init__(self, core: Core) -> None:
        self._store = core.objects
        self._keys = core.keys
        self._entropy = core.entropy
        self._naming = derive(core.keys.files, Tag.OBJECT_NAME)

    def keep(self, code: Code) -> None:
        """Keep `code` in an object of its own; a second time changes nothing."""
        sealed = self._keys.papers.seal(code.read(), self._place(code.digest), self._entropy)
        self._store.put(self._name(code.digest), sealed)

    def get(self, digest: bytes) -> Code:
        """Return the program of that digest, which is kept in an object of its own."""
        return Code(digest, lambda: self._opened(digest), is_apart=True)

    def _opened(self, digest: bytes) -> bytes:
        try:
            sealed = self._store.get(self._name(digest))
            # THREAT T01: the digest is the place, so one program is not taken for another.
            return self._keys.papers.open(sealed, self._place(digest))
        except (ObjectNotFoundError, SealBrokenError) as err:
            raise TamperedError(_GONE) from err

    def _name(self, digest: bytes) -> ObjectName:
        # Keyed: which program a vault holds is not told by a name on its disk.
        name = keyed(self._naming, Tag.OBJECT_NAME, digest).hex()
        return ObjectName(f"programs/{name[:2]}/{name}")

    def _place(self, digest: bytes) -> bytes:
        return framed(b"program", self._keys.subject, digest)

"""Larger programs of others: one sealed object each, apart from the request that brought it.

- A request's row is read for every decision, so what is over 64 KiB does not stand in it.
- A program is sealed under the owner's papers key and bound to its digest. It is durable before
  the row that names it; one that no row names is bytes that nobody can read, and no more.
- Once read, a program stays in memory while the vault is open: it is no secret of the owner's.

Source: docs/spec/07-grants.md section 7.
"""

from sealhold.crypto.digest import framed, keyed, sha256
from sealhold.crypto.kdf import derive
from sealhold.crypto.tags import Tag
from sealhold.model.errors import ObjectNotFoundError, SealBrokenError, TamperedError
from sealhold.model.ids import ObjectName
from sealhold.vault.core import Core

INLINE = 65_536  # bytes; what is no longer stands in the request's own row
_GONE = "a program that was handed in is not what was kept"


class Programs:
    """The larger programs of one vault."""

    def __init__(self, core: Core) -> None:
        self._store = core.objects
        self._keys = core.keys
        self._entropy = core.entropy
        self._naming = derive(core.keys.files, Tag.OBJECT_NAME)
        self._read: dict[bytes, bytes] = {}

    def keep(self, code: bytes) -> bytes:
        """Keep `code` and return its digest; a second time changes nothing."""
        digest = sha256(code)
        if digest not in self._read:
            sealed = self._keys.papers.seal(code, self._place(digest), self._entropy)
            self._store.put(self._name(digest), sealed)
            self._read[digest] = code
        return digest

    def get(self, digest: bytes) -> bytes:
        """Return the program of that digest.

        Raises:
            TamperedError: it is gone, or is not what was kept.
        """
        if digest not in self._read:
            try:
                sealed = self._store.get(self._name(digest))
                # THREAT T01: the digest is the place, so one program is not taken for another.
                self._read[digest] = self._keys.papers.open(sealed, self._place(digest))
            except (ObjectNotFoundError, SealBrokenError) as err:
                raise TamperedError(_GONE) from err
        return self._read[digest]

    def _name(self, digest: bytes) -> ObjectName:
        # Keyed: which program a vault holds is not told by a name on its disk.
        name = keyed(self._naming, Tag.OBJECT_NAME, digest).hex()
        return ObjectName(f"programs/{name[:2]}/{name}")

    def _place(self, digest: bytes) -> bytes:
        return framed(b"program", self._keys.subject, digest)

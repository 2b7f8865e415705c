"""Documents about a subject: names, reports, manifests, receipts, each sealed into one column.

- A paper is bound to its table and to the clear columns beside it: neither can be swapped.
- Each seal draws a random nonce under the subject's papers key, which dies with the subject.

Source: docs/spec/02-sealing.md section 5.
"""

from sealhold.crypto.digest import framed
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.ids import SealedBytes
from sealhold.stores.spec import Cell
from sealhold.vault.keyring import SubjectKeys


class Papers:
    """Seals and opens the papers of one subject."""

    def __init__(self, keys: SubjectKeys, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    def seal(self, table: str, clear: tuple[Cell, ...], paper: Plain) -> SealedBytes:
        """Return `paper` sealed for a row of `table` whose clear columns are `clear`."""
        return self._keys.papers.seal(pack(paper), self._aad(table, clear), self._entropy)

    def open(self, table: str, clear: tuple[Cell, ...], sealed: bytes) -> Plain:
        """Return the paper of a row.

        Raises:
            SealBrokenError: the paper or a clear column is not as it was written.
        """
        return unpack_own(self._keys.papers.open(sealed, self._aad(table, clear)))

    def _aad(self, table: str, clear: tuple[Cell, ...]) -> bytes:
        return framed(table.encode(), self._keys.subject, pack(list(clear)))

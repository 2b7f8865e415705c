"""The secrets by which the owner's places are read: sealed, and opened for a pull alone.

- No list, log entry or back end shows one; what is kept of an account beside it is in the source.

Source: docs/spec/36-sources.md section 1.
"""

from sealhold.model.ids import SourceId, SubjectId
from sealhold.stores.spec import ColumnKind, Delete, Put, ReadView, TableSpec
from sealhold.vault.papers import Papers

ACCOUNTS = TableSpec(
    name="account",
    columns={"source": ColumnKind.ID16, "subject": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("source",),
    indexes={},
)


class Accounts:
    """Keeps what one subject's places ask for."""

    def __init__(self, view: ReadView, papers: Papers, subject: SubjectId) -> None:
        self._view = view
        self._papers = papers
        self._subject = subject

    def put(self, source: SourceId, secret: str) -> Put:
        """Return the operation that keeps a password or token of a source."""
        clear = (source, self._subject)
        return Put(ACCOUNTS.name, (*clear, self._papers.seal(ACCOUNTS.name, clear, secret)))

    def drop(self, source: SourceId) -> Delete:
        """Return the operation that forgets it."""
        return Delete(ACCOUNTS.name, (source,))

    def has(self, source: SourceId) -> bool:
        """Return whether there is one."""
        return self._view.get(ACCOUNTS.name, [(source,)])[0] is not None

    def secret(self, source: SourceId) -> str:
        """Return the password or token of a source; empty if it has none.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        found = self._view.get(ACCOUNTS.name, [(source,)])[0]
        if found is None:
            return ""
        *clear, paper = found.row
        return str(self._papers.open(ACCOUNTS.name, tuple(clear), paper))

"""The owner's side of third parties' files: which are read under grants, and fetching them now.

- Only files that a grant in force reads are fetched: nothing is asked of anybody for a request
  that still waits, save for a look that the owner pressed for.

Source: docs/spec/08-task-manifest.md section 9.
"""

from collections.abc import Sequence

from sealhold.compute.office import Office, read
from sealhold.compute.retrieve import Tell
from sealhold.compute.task import Scope
from sealhold.model.errors import NotFetchedError
from sealhold.model.shown import ResourceView
from sealhold.vault.grants import stands


class Resources:
    """Third parties' files, for the owner."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def list(self) -> tuple[ResourceView, ...]:
        """Return the files that grants in force read, each once for each program."""
        retrieval = self._office.retrieval
        found = [view for scope in self._scopes() for view in retrieval.views(scope)]
        return tuple(dict.fromkeys(found))

    def fetch(self, tell: Tell | None = None) -> tuple[NotFetchedError, ...]:
        """Fetch now whatever could still be of use; return what did not come, and why.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing more was fetched.
        """
        return tuple(self._office.retrieval.refresh(self._scopes(), forced=True, tell=tell))

    def refresh(self) -> None:
        """Fetch what the clock says is due; what did not come is noted and tried again later.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing more was fetched.
        """
        self._office.retrieval.refresh(self._scopes())

    def _scopes(self) -> Sequence[Scope]:
        office, now = self._office, self._office.core.clock()
        found = []
        for row in office.grants.all():
            if stands(row, now):
                asked = read(office, office.requests.get(row.request))
                if asked.signed.task.resources:
                    found.append(asked.scope(row.grant.fields))
        return found

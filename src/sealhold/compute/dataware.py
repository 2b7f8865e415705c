"""Access by third parties, beside single requests: rules written ahead, and the inbox.

Source: docs/spec/39-dataware.md.
"""

from sealhold.compute import inbox
from sealhold.compute.asking import Requests
from sealhold.compute.office import Office
from sealhold.compute.policies import Policies
from sealhold.model.shown.dataware import InboxLine


class Dataware:
    """The owner's side of it."""

    def __init__(self, office: Office, requests: Requests) -> None:
        self._office = office
        self._requests = requests
        self.policies = Policies(office, requests)

    def inbox(self) -> tuple[InboxLine, ...]:
        """Return the requests that wait, each with what is new in it."""
        return inbox.inbox(self._office, self._requests)

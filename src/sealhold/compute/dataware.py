"""Access by third parties, beside single requests: rules written ahead, and the inbox.

Source: docs/spec/39-dataware.md.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sealhold.compute import inbox
from sealhold.compute.asking import Requests
from sealhold.compute.office import Office
from sealhold.compute.policies import Policies
from sealhold.model.shown.dataware import InboxLine

if TYPE_CHECKING:
    from sealhold.compute.tokendoor import PolicyTokenDoor


class Dataware:
    """The owner's side of it."""

    def __init__(
        self, office: Office, requests: Requests, tokens: "Callable[[], PolicyTokenDoor]"
    ) -> None:
        self._office = office
        self._requests = requests
        self._tokens = tokens
        self.policies = Policies(office, requests)

    @property
    def tokens(self) -> "PolicyTokenDoor":
        """Media that grants hang on."""
        return self._tokens()

    def inbox(self) -> tuple[InboxLine, ...]:
        """Return the requests that wait, each with what is new in it."""
        return inbox.inbox(self._office, self._requests)

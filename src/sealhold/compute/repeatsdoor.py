"""The door for requests that may come again: whose they are is looked up by their token.

Source: docs/spec/25-records-of-people.md section 10.
"""

from sealhold.model.repeats import Claim, Once
from sealhold.vault.principals import Principals
from sealhold.vault.repeats import Repeats as Rows


class Repeats:
    """Requests of apps under a key that they chose."""

    def __init__(self, rows: Rows, principals: Principals) -> None:
        self._rows = rows
        self._principals = principals

    def claim(self, token: str, once: Once) -> Claim:
        """Return the right to carry out a request of an app, or what was answered to it.

        Raises:
            DeniedError: no token of an active app, or it may keep nobody.
            StillRunningError: the same request is being carried out.
            OtherBodyError: another request came with this key.
        """
        return self._rows.claim(self._principals.app(token).id, once)

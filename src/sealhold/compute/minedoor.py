"""The door for people: a link leads in, and a session's token to their own page.

- A link is good once and for a quarter of an hour. What comes of it is a token that stays with the
  server, for as long as the browser's session lasts.
- Nothing here takes an id: who is meant is who holds the token.

Source: docs/spec/30-access.md section 6.
"""

from sealhold.model.clock import Clock
from sealhold.model.mine import MineView
from sealhold.model.people import ErasedView
from sealhold.model.principals import NewToken
from sealhold.model.quantities import HOUR, Instant
from sealhold.vault.mine import Mine as MineRows
from sealhold.vault.principals import Principals

SESSION_TERM = 12 * HOUR


class Mine:
    """What people do on their own page."""

    def __init__(self, principals: Principals, mine: MineRows, clock: Clock) -> None:
        self._principals = principals
        self._mine = mine
        self._clock = clock

    def enter(self, link: str) -> NewToken:
        """Return the token of a session for a link, which is used up by that.

        Raises:
            DeniedError: no link, or one that was used or is over.
        """
        return self._principals.enter(link, Instant(self._clock() + SESSION_TERM))

    def leave(self, token: str) -> None:
        """End the token of a session; one that has ended is none."""
        self._principals.leave(token)

    def show(self, token: str) -> MineView:
        """Return all that is kept in the profile of whoever holds `token`.

        Raises:
            DeniedError: it does not hold.
        """
        return self._mine.profile(self._principals.person(token))

    def erase(self, token: str) -> ErasedView:
        """Erase the person who holds `token`, at their own word.

        Raises:
            DeniedError: it does not hold, or does not let them choose.
        """
        return self._mine.erase(self._principals.person(token))

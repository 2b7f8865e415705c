"""Tokens of apps that were found to hold, for as long as no row that decides has changed since.

- Only tokens without bounds: what a bound one is good for depends on what it is shown for.
- A revoked token, a suspended app or a new row of any other kind but a count makes all of them be
  looked up anew: the rows that decide have an age, and what was found counts for that age alone.

Source: docs/spec/30-access.md section 2.
"""

from typing import NamedTuple

from sealhold.crypto.token import REMEMBERED
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.tokenrows import Holder


class AppToken(NamedTuple):
    """A token of an app that held."""

    age: int  # of the rows that decide, before it was looked up
    holder: Holder
    guards: tuple[Op, ...]


class AppTokens:
    """Remembers tokens of apps; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._found: dict[str, AppToken] = {}

    def known(self, token: str) -> AppToken | None:
        """Return what was found of a token, if that still counts."""
        found = self._found.get(token)
        # THREAT T290: a row that was taken out since makes it be looked up anew
        return found if found is not None and found.age == self._core.deciding.age else None

    def keep(self, token: str, found: AppToken) -> None:
        """Remember what was found of a token, if it has no bounds."""
        if found.holder.token.caveats:
            return
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[token] = found

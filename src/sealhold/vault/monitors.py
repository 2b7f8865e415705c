"""The token of a program that watches how the service does: it opens the numbers, nothing else.

- There is one, sealed by the vault's key under a caveat of its own; a new one ends it.
- Kept is only how many there were: nobody mints from that.

Source: docs/spec/29-operations.md section 3.
"""

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.token import Caveat, CaveatKind
from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.stores.spec import Expect, Put
from sealhold.vault.core import Core
from sealhold.vault.minting import Minting
from sealhold.vault.settings import MONITOR, SETTINGS
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

NAME = b"monitor/"  # how an id begins that is no app's, person's or officer's: theirs are random
METRICS = Caveat(CaveatKind.SCOPE, "metrics")


class Monitors:
    """Makes and knows the token of one open vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._minting = Minting(core.keyring, core.deciding)

    def holds(self, token: str) -> bool:
        """Return whether `token` is the newest that was made."""
        count = self._count()
        try:
            found = self._minting.check(
                token, now=self._core.clock(), admits=lambda each: each == METRICS
            )
        except (InvalidError, DeniedError):
            return False
        # THREAT T283: the newest token of a monitor alone, by a caveat that opens nothing else
        return count > 0 and found.id == _id(count) and METRICS in found.caveats

    def renew(self) -> str:
        """Return a new token, said once; the one before ends.

        Raises:
            ConflictError: another one was made in this very moment.
        """
        core, count = self._core, self._count()
        found = core.deciding.get(SETTINGS.name, MONITOR)
        put = Put(SETTINGS.name, (MONITOR, count + 1), found.v if found else Expect.ABSENT)
        teller = Teller(core.keys)
        event = Event(
            kind=EventKind.ACCESS,
            actor=Actor.OWNER,
            subject=teller.subject,
            reason="a monitor's token was made",
        )
        core.writer.commit(Work((put,), (teller.entry(event),), releases=True))
        return self._minting.mint(_id(count + 1), (METRICS,))

    def _count(self) -> int:
        found = self._core.deciding.get(SETTINGS.name, MONITOR)
        return int(found.row[1]) if found else 0


def _id(count: int) -> Id16:
    return Id16(NAME + count.to_bytes(ID_BYTES - len(NAME), "big"))

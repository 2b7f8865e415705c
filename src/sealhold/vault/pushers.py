"""The tokens of programs that push: each opens one source, so fast and so much a day.

- A token is said once. Kept is its id, its source and its bounds: nobody mints from that.
- A source has one; a new one ends it, as does the removal of the source.

Source: docs/spec/37-live.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.token import Caveat, CaveatKind
from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.ids import Id16, SourceId, random_id
from sealhold.stores.spec import ColumnKind, Delete, Found, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.minting import Minting
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

PUSHERS = TableSpec(
    name="pusher",
    columns={
        "id": ColumnKind.ID16,
        "source": ColumnKind.ID16,
        "rate": ColumnKind.I64,
        "bytes": ColumnKind.I64,
    },
    key=("id",),
    indexes={"source": ("source", "id")},
)
PUSHED = TableSpec(
    name="pushed",
    columns={
        "name": ColumnKind.TAG16,  # of source and key
        "source": ColumnKind.ID16,
        "at": ColumnKind.I64,  # milliseconds since 1970
        "job": ColumnKind.ID16,
        "body": ColumnKind.TAG16,
    },
    key=("name",),
    indexes={"at": ("at",)},
)
SCOPE = Caveat(CaveatKind.SCOPE, "push:write")
RATE = 60  # calls a minute; a phone that tells where it is makes one or two
BYTES = 67_108_864  # a day; a sensor that speaks every second needs a tenth of it
MOST_RATE, MOST_BYTES = 6_000, 1_099_511_627_776


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """What a token opens."""

    id: Id16
    source: SourceId
    rate: int  # calls a minute
    bytes: int  # a day


class Pushers:
    """Makes and knows the tokens of one open vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._minting = Minting(core.keyring, core.deciding)

    def held(self, token: str) -> Pusher:
        """Return what a token opens.

        Raises:
            DeniedError: nothing.
        """
        try:
            # THREAT T404: a token of another kind lacks the caveat, this one opens nothing else
            found = self._minting.check(
                token, now=self._core.clock(), admits=lambda each: each == SCOPE
            )
        except InvalidError as err:
            raise DeniedError("denied") from err
        row = self._core.deciding.get(PUSHERS.name, found.id)
        if row is None or SCOPE not in found.caveats:
            raise DeniedError("denied")
        _, source, rate, count = row.row
        return Pusher(id=found.id, source=SourceId(Id16(source)), rate=rate, bytes=count)

    def holds(self, token: str) -> bool:
        """Return whether a token opens a source."""
        try:
            self.held(token)
        except DeniedError:
            return False
        return True

    def renew(self, source: SourceId, rate: int = RATE, count: int = BYTES) -> str:
        """Return a new token of a source, said once; the one before ends.

        Args:
            source: what it opens.
            rate: calls a minute.
            count: bytes a day.

        Raises:
            InvalidError: bounds that are none.
            ConflictError: another one was made in this very moment.
        """
        if not (0 < rate <= MOST_RATE and 0 < count <= MOST_BYTES):
            raise InvalidError(f"1 to {MOST_RATE} calls a minute, 1 to {MOST_BYTES} bytes a day")
        core = self._core
        token_id = Id16(random_id(core.entropy))
        teller = Teller(core.keys)
        event = Event(
            kind=EventKind.ACCESS,
            actor=Actor.OWNER,
            subject=teller.subject,
            source=source,
            reason="a token to push was made",
        )
        ops = (*ends(core, source), Put(PUSHERS.name, (token_id, source, rate, count)))
        core.writer.commit(Work(ops, (teller.entry(event),), releases=True))
        return self._minting.mint(token_id, (SCOPE,))


def ends(core: Core, source: SourceId) -> list[Op]:
    """Return what ends the tokens of a source."""
    return [_end(found) for found in rows_of(core.store, PUSHERS, "source", source)]


def all_end(core: Core) -> Iterator[Op]:
    """Yield what ends every token to push."""
    return map(_end, core.deciding.all(PUSHERS.name))


def _end(found: Found) -> Op:
    return Delete(PUSHERS.name, (found.row[0],), found.v)

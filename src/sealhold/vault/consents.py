"""What the owner said to each request, kept as events and signed as a record.

- Events are only ever added; what they come to is their fold.
- Each event rides in the commit of the edge it belongs to.

Source: docs/spec/07-grants.md section 5.
"""

from sealhold.crypto.seal import NOBODY
from sealhold.model.clock import Entropy
from sealhold.model.ids import Id16, RequestId, timed_id
from sealhold.model.quantities import Instant
from sealhold.policy.consent import By, ConsentEvent, ConsentState, Standing, standing_of
from sealhold.stores.spec import ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding

CONSENTS = TableSpec(
    name="consent",
    columns={
        "id": ColumnKind.ID16,
        "request": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "party": ColumnKind.CODE,
        "at": ColumnKind.I64,
        "starts": ColumnKind.I64,
        "ends": ColumnKind.I64,
        "notice": ColumnKind.HASH32,
    },
    key=("id",),
    indexes={},
)


class Consents:
    """The consent events of one vault."""

    def __init__(self, deciding: Deciding, entropy: Entropy) -> None:
        self._deciding = deciding
        self._entropy = entropy

    def event(self, event: ConsentEvent) -> Op:
        """Return the operation that keeps one more event."""
        row = (
            timed_id(event.at, self._entropy),
            event.consent,
            event.state.value,
            event.by.value,
            event.at,
            event.starts,
            event.ends,
            bytes.fromhex(event.notice) if event.notice else NOBODY + NOBODY,
        )
        return Put(CONSENTS.name, row, Expect.ABSENT)

    def events(self, request: RequestId) -> list[ConsentEvent]:
        """Return what happened to the consent of one request, oldest first."""
        rows = sorted(
            found.row for found in self._deciding.all(CONSENTS.name) if found.row[1] == request
        )
        return [
            ConsentEvent(
                consent=Id16(request),
                state=ConsentState(state),
                at=at,
                by=By(party),
                notice=notice.hex(),
                starts=starts,
                ends=ends,
            )
            for _, request, state, party, at, starts, ends, notice in rows
        ]

    def standing(self, request: RequestId, now: Instant) -> Standing:
        """Return what the consent of a request comes to."""
        return standing_of(self.events(request), now)

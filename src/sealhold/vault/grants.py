"""What the owner allowed: one row per grant, and the document that the vault signed for it.

- The row decides: state, term, uses and spent bits are in the set hash. The signed grant is sealed
  beside them and says the rest: fields, selection, coarseness.
- A use bumps the count and the spent bits under the grant's own cap, in the commit that charges.

Source: docs/spec/07-grants.md section 4.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sealhold.crypto import dsse
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import GrantId, Kind, RequestId, parse_id
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import RequestState
from sealhold.policy.grant import MEDIA_TYPE, Grant, parse_grant, to_document
from sealhold.policy.lifecycle import RequestEvent, is_final, step
from sealhold.policy.sight import Said
from sealhold.stores.spec import ColumnKind, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding
from sealhold.vault.papers import Papers

GRANTS = TableSpec(
    name="grants",
    columns={
        "id": ColumnKind.ID16,
        "request": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "granted": ColumnKind.I64,
        "ended": ColumnKind.I64,  # 0 while it holds
        "uses": ColumnKind.I64,
        "spent": ColumnKind.I64,  # micro-bits
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
_STATE = list(GRANTS.columns).index("state")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """One grant as it is kept."""

    grant: Grant
    request: RequestId
    state: RequestState
    granted_at: Instant
    ended_at: Instant | None
    uses: int
    spent: MicroBits
    envelope: bytes
    v: int


def stands(row: GrantRow, now: Instant) -> bool:
    """Return whether something may happen under a grant at `now`: not ended, and not paused."""
    return row.state is RequestState.ALLOWED and row.grant.covers(now)


def is_paused(deciding: Deciding, grant: GrantId) -> bool:
    """Return whether a grant is paused at this moment."""
    found = deciding.get(GRANTS.name, grant)
    return found is not None and found.row[_STATE] == RequestState.SUSPENDED.value


class Grants:
    """The grants of one vault."""

    def __init__(self, deciding: Deciding, papers: Papers, signer: SigningKey) -> None:
        self._deciding = deciding
        self._papers = papers
        self._signer = signer
        self._said: dict[GrantId, Said] = {}

    @property
    def issuer(self) -> bytes:
        """The public key that signs grants."""
        return self._signer.public

    def all(self) -> Iterator[GrantRow]:
        """Yield every grant, in no order."""
        return (self._row(found) for found in self._deciding.all(GRANTS.name))

    def get(self, grant: GrantId) -> GrantRow:
        """Return one grant.

        Raises:
            NotFoundError: there is none of that id.
        """
        found = self._deciding.get(GRANTS.name, grant)
        if found is None:
            raise NotFoundError("no such grant")
        return self._row(found)

    def said(self, grant: GrantId) -> Said:
        """Return what a grant says of rows; it never changes.

        Raises:
            NotFoundError: there is none of that id.
        """
        if grant not in self._said:
            held = self.get(grant).grant
            self._said[grant] = Said(held.filter, held.precision)
        return self._said[grant]

    def find(self, text: str) -> GrantRow:
        """Return the grant that an id means.

        Raises:
            NotFoundError: there is none.
        """
        tail = parse_id(Kind.GRANT, text)
        for found in self._deciding.all(GRANTS.name):
            if found.row[0].endswith(tail):
                return self._row(found)
        raise NotFoundError(f"no grant `{text}`")

    def add(self, grant: Grant, request: RequestId, now: Instant) -> tuple[GrantRow, Op]:
        """Return a new grant, signed, and the operation that keeps it."""
        envelope = dsse.sign(MEDIA_TYPE, to_json(to_document(grant)), [self._signer])
        row = GrantRow(
            grant=grant,
            request=request,
            state=RequestState.ALLOWED,
            granted_at=now,
            ended_at=None,
            uses=0,
            spent=MicroBits(0),
            envelope=envelope,
            v=1,
        )
        return row, self._put(row, Expect.ABSENT)

    @staticmethod
    def guard(row: GrantRow) -> Op:
        """Return what fails a commit if the grant is no longer as it stands in `row`."""
        return Guard(GRANTS.name, (row.grant.id,), row.v)

    def use(self, row: GrantRow, cost: MicroBits) -> tuple[GrantRow, Op]:
        """Return the grant with one more use, and the operation that counts it."""
        after = replace(row, uses=row.uses + 1, spent=MicroBits(row.spent + cost), v=row.v + 1)
        return after, self._put(after, row.v)

    def move(self, row: GrantRow, event: RequestEvent, now: Instant) -> tuple[GrantRow, Op]:
        """Return the grant after `event`, and the operation that keeps it.

        Raises:
            ConflictError: the event cannot happen in the grant's state.
        """
        state = step(row.state, event)
        ended = now if is_final(state) else None
        after = replace(row, state=state, ended_at=ended, v=row.v + 1)
        return after, self._put(after, row.v)

    def _put(self, row: GrantRow, expect: Expect | int) -> Put:
        clear = (
            row.grant.id,
            row.request,
            row.grant.app,
            row.state.value,
            row.granted_at,
            row.ended_at or 0,
            row.uses,
            int(row.spent),
        )
        paper = self._papers.seal(GRANTS.name, clear, {"grant": row.envelope})
        return Put(GRANTS.name, (*clear, paper), expect)

    def _row(self, found: Found) -> GrantRow:
        *clear, paper = found.row
        envelope = self._papers.open(GRANTS.name, tuple(clear), paper)["grant"]
        opened = dsse.open(envelope, MEDIA_TYPE, [self._signer.public])
        _, request, _, state, granted, ended, uses, spent = clear
        return GrantRow(
            grant=parse_grant(from_json(opened.payload)),
            request=request,
            state=RequestState(state),
            granted_at=granted,
            ended_at=ended or None,
            uses=uses,
            spent=spent,
            envelope=envelope,
            v=found.v,
        )

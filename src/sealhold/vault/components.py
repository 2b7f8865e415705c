"""What each grant lets each source run: one row for a grant and a source, and how it stands.

- The rows decide. The signed capability is sealed beside them while it is laid; behind a revocation
  the signed ack takes its place.
- A row stays behind its grant, so that its epoch is known and a capability of before is refused.

Source: docs/spec/39-dataware.md sections 4 and 5.
"""

from dataclasses import dataclass, replace

from sealhold.model.encoding import Plain
from sealhold.model.ids import GrantId, SourceId
from sealhold.model.quantities import Instant
from sealhold.model.shown.dataware import AckState
from sealhold.stores.spec import ColumnKind, Expect, Found, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding
from sealhold.vault.papers import Papers

PENDING = AckState.PENDING.value
COMPONENTS = TableSpec(
    name="component",
    columns={
        "grants": ColumnKind.ID16,
        "source": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "epoch": ColumnKind.I64,
        "ends": ColumnKind.I64,  # of the capability
        "acked": ColumnKind.I64,  # 0 until it was
        "killed": ColumnKind.I64,
        "last_run": ColumnKind.I64,  # 0 if there was none
        "paper": ColumnKind.SEALED,
    },
    key=("grants", "source"),
    indexes={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """One component as it is kept."""

    grant: GrantId
    source: SourceId
    state: AckState  # laid | pending | acked
    epoch: int
    ends: Instant
    acked: Instant | None = None
    killed: int = 0
    last_run: Instant | None = None
    capability: bytes = b""  # signed; empty once it ended
    ack: bytes = b""  # signed
    v: int = 0  # 0: not kept yet


class Components:
    """The components of one vault."""

    def __init__(self, deciding: Deciding, papers: Papers) -> None:
        self._deciding = deciding
        self._papers = papers

    def of(self, grant: GrantId) -> list[ComponentRow]:
        """Return the components of a grant, by source."""
        rows = [
            self._row(found)
            for found in self._deciding.all(COMPONENTS.name)
            if found.row[0] == grant
        ]
        return sorted(rows, key=lambda row: row.source)

    def at(self, grant: GrantId, source: SourceId) -> ComponentRow | None:
        """Return one component, None if there never was one."""
        found = self._deciding.get(COMPONENTS.name, grant, source)
        return None if found is None else self._row(found)

    def pending(self) -> list[ComponentRow]:
        """Return those whose source has not said yet that it ended them."""
        return [
            self._row(found)
            for found in self._deciding.all(COMPONENTS.name)
            if found.row[2] == AckState.PENDING
        ]

    def put(self, row: ComponentRow) -> Op:
        """Return the operation that keeps `row`, if nobody changed it since it was read."""
        clear = (
            row.grant,
            row.source,
            row.state.value,
            row.epoch,
            row.ends,
            row.acked or 0,
            row.killed,
            row.last_run or 0,
        )
        papers: dict[str, Plain] = {"capability": row.capability, "ack": row.ack}
        paper = self._papers.seal(COMPONENTS.name, clear, papers)
        return Put(COMPONENTS.name, (*clear, paper), row.v or Expect.ABSENT)

    def ended(self, row: ComponentRow) -> ComponentRow:
        """Return a component whose grant was revoked: the source is still to say that it knows."""
        return replace(row, state=AckState.PENDING, epoch=row.epoch + 1)

    def _row(self, found: Found) -> ComponentRow:
        *clear, paper = found.row
        papers = self._papers.open(COMPONENTS.name, tuple(clear), paper)
        grant, source, state, epoch, ends, acked, killed, last = clear
        return ComponentRow(
            grant=grant,
            source=source,
            state=AckState(state),
            epoch=epoch,
            ends=ends,
            acked=acked or None,
            killed=killed,
            last_run=last or None,
            capability=papers["capability"],
            ack=papers["ack"],
            v=found.v,
        )

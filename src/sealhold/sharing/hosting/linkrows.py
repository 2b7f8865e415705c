"""The rows of link shares at a relay: one for each link, and one for each opening.

- An opening is a number and a time: nothing of who opened it.
- Each column stands in `relay-view.toml`.

Source: docs/spec/53-link-shares.md section 4.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.net.relay.linkspec import End, LinkTerms
from sealhold.stores.spec import ColumnKind, Found, Row, TableSpec

LINK: Final = TableSpec(
    name="link",
    columns={
        "id": ColumnKind.ID16,
        "account": ColumnKind.ID16,
        "gate": ColumnKind.HASH32,
        "until": ColumnKind.I64,
        "begun": ColumnKind.I64,
        "most": ColumnKind.I64,  # openings; 0: any number
        "pieces": ColumnKind.I64,
        "size": ColumnKind.I64,  # bytes; 0 once they are deleted
        "end": ColumnKind.CODE,
        "opened": ColumnKind.I64,
        "wrong": ColumnKind.I64,
    },
    key=("id",),
    indexes={},
)
OPENING: Final = TableSpec(
    name="opening",
    columns={"link": ColumnKind.ID16, "number": ColumnKind.I64, "at": ColumnKind.I64},
    key=("link", "number"),
    indexes={},
)
TABLES: Final = (LINK, OPENING)


@dataclass(frozen=True, slots=True)
class HeldLink:
    """A link as it is kept."""

    id: Id16
    account: Id16
    terms: LinkTerms
    begun: Instant
    end: End
    opened: int
    wrong: int
    version: int

    def row(self, end: End, size: int) -> Row:
        """Return the row that it has from now on."""
        terms = self.terms
        return (
            *(self.id, self.account, terms.gate, terms.until, self.begun, terms.most),
            *(terms.pieces, size, end.value, self.opened, self.wrong),
        )


def held(found: Found) -> HeldLink:
    """Return what a row tells."""
    id_, account, gate, until, begun, most, pieces, size, end, opened, wrong = found.row
    terms = LinkTerms(gate=gate, until=Instant(until), most=most, pieces=pieces, size=size)
    return HeldLink(
        Id16(id_), Id16(account), terms, Instant(begun), End(end), opened, wrong, found.v
    )

"""The paper of a query grant: who may ask whose proxy for what, and how much of it; signed.

- A grant is of one kind: `tables` (rows of some columns), `grid` (sums over disjoint groups of one
  table), or `statements` (texts that the owner wrote, with the values they may take).
- The exact bytes are signed, and read strictly: a field that is not known is a fault.

Source: docs/spec/67-proxy-to-proxy.md section 1; DSSE v1.0.2.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.crypto import dsse
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidEncodingError, InvalidGrantError
from sealhold.model.quantities import Instant

PAYLOAD_TYPE: Final = "application/vnd.sealhold.query-grant+json"
FORMAT: Final = "sealhold-query-grant/1"
MAX_GRANT: Final = 262_144  # bytes of an envelope
KEY_BYTES: Final = 32
ID_BYTES: Final = 16
_FIELDS: Final = frozenset({
    "format", "id", "owner", "requester", "dataset", "purpose", "rows_per_day", "made", "not_after",
    "tables", "grid", "statements",
})  # fmt: skip

Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedTable:
    """Some columns of the rows of one table for which a condition holds."""

    schema: str
    name: str
    columns: tuple[str, ...]
    where: str = ""  # SQL; empty: all rows

    @property
    def full(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The disjoint groups of one table: those that some columns make, and what is counted there."""

    table: GrantedTable  # its columns are those of the grid and the measures
    by: tuple[str, ...]
    measures: tuple[str, ...]
    least: int  # rows of a group


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedStatement:
    """One statement in its normal form, and the values its parameters may take."""

    sql: str
    types: tuple[str, ...]  # of its parameters
    values: tuple[Values, ...] | None  # None: any

    def takes(self, values: Values) -> bool:
        """Whether it may be asked with these values."""
        if self.values is not None:
            return values in self.values
        return len(values) == len(self.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is granted."""

    dataset: str
    purpose: str
    rows_per_day: int
    tables: tuple[GrantedTable, ...] = ()
    grid: Grid | None = None
    statements: tuple[GrantedStatement, ...] = ()

    @property
    def named(self) -> tuple[GrantedTable, ...]:
        """The tables that the asker may name, of a grant of no statements."""
        return self.tables if self.grid is None else (self.grid.table,)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryGrant:
    """A grant as it was signed."""

    id: bytes  # 16
    owner: PublicKey
    requester: PublicKey
    made: Instant
    not_after: Instant
    terms: Terms


def sign_grant(grant: QueryGrant, key: SigningKey) -> bytes:
    """Return the envelope of a grant."""
    return dsse.sign(PAYLOAD_TYPE, to_json(_written(grant)), [key])


def open_grant(envelope: bytes, owner: PublicKey | None = None) -> QueryGrant:
    """Return the grant that its owner signed.

    Args:
        envelope: what was signed.
        owner: the only owner that it may be of; None: the one that it names.

    Raises:
        InvalidEncodingError: it is no grant.
        BadSignatureError: its owner did not sign it.
    """
    if len(envelope) > MAX_GRANT:
        raise InvalidEncodingError("a grant of more than 256 KiB")
    _, payload, _ = dsse.read_unverified(envelope)
    grant = _read(from_json(payload, limit=MAX_GRANT))
    # THREAT T755: a grant that was widened fits no signature of its owner
    dsse.open(envelope, PAYLOAD_TYPE, [owner or grant.owner])
    if owner is not None and grant.owner != owner:
        raise InvalidEncodingError("a grant of another owner")
    return grant


def _written(grant: QueryGrant) -> dict[str, Plain]:
    terms, grid = grant.terms, grant.terms.grid
    return {
        "format": FORMAT,
        "id": grant.id.hex(),
        "owner": grant.owner.hex(),
        "requester": grant.requester.hex(),
        "dataset": terms.dataset,
        "purpose": terms.purpose,
        "rows_per_day": terms.rows_per_day,
        "made": grant.made,
        "not_after": grant.not_after,
        "tables": list(map(_table_written, terms.tables)),
        "grid": None
        if grid is None
        else {
            "table": _table_written(grid.table),
            "by": list(grid.by),
            "measures": list(grid.measures),
            "least": grid.least,
        },
        "statements": [
            {
                "sql": each.sql,
                "types": list(each.types),
                "values": None if each.values is None else list(map(list, each.values)),
            }
            for each in terms.statements
        ],
    }


def _table_written(table: GrantedTable) -> dict[str, Plain]:
    return {
        "schema": table.schema,
        "name": table.name,
        "columns": list(table.columns),
        "where": table.where,
    }


def _read(said: Plain) -> QueryGrant:
    try:
        if set(said) != _FIELDS or said["format"] != FORMAT:
            raise InvalidGrantError("another form than that of a query grant")
        grid = said["grid"]
        terms = Terms(
            dataset=_text(said["dataset"]),
            purpose=_text(said["purpose"]),
            rows_per_day=_count(said["rows_per_day"]),
            tables=tuple(map(_table, said["tables"])),
            grid=None if grid is None else _grid(grid),
            statements=tuple(map(_statement, said["statements"])),
        )
        return QueryGrant(
            id=_bytes(said["id"], ID_BYTES),
            owner=PublicKey(_bytes(said["owner"], KEY_BYTES)),
            requester=PublicKey(_bytes(said["requester"], KEY_BYTES)),
            made=Instant(_count(said["made"])),
            not_after=Instant(_count(said["not_after"])),
            terms=terms,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise InvalidEncodingError("not a query grant") from err


def _table(said: Plain) -> GrantedTable:
    return GrantedTable(
        schema=_text(said["schema"]),
        name=_text(said["name"]),
        columns=tuple(map(_text, said["columns"])),
        where=_text(said["where"]),
    )


def _grid(said: Plain) -> Grid:
    return Grid(
        table=_table(said["table"]),
        by=tuple(map(_text, said["by"])),
        measures=tuple(map(_text, said["measures"])),
        least=_count(said["least"]),
    )


def _statement(said: Plain) -> GrantedStatement:
    values = said["values"]
    return GrantedStatement(
        sql=_text(said["sql"]),
        types=tuple(map(_text, said["types"])),
        values=None if values is None else tuple(tuple(map(_value, each)) for each in values),
    )


def _text(said: Plain) -> str:
    if not isinstance(said, str):
        raise TypeError
    return said


def _value(said: Plain) -> str | None:
    return None if said is None else _text(said)


def _count(said: Plain) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        raise TypeError
    return said


def _bytes(said: Plain, length: int) -> bytes:
    found = bytes.fromhex(_text(said))
    if len(found) != length:
        raise ValueError(length)
    return found

"""Decoy tables: rows that the proxy makes up, in the form that all others have at the provider.

- Nobody has a reason to touch one. Who reads it through the proxy, or changes it at the provider,
  is found out: the first by name, the second since the bytes are not those that were written.
- At the provider nothing tells it from other tables; its name and columns are the owner's choice.

Source: docs/spec/66-alarms-and-reactions.md section 3.
"""

# ruff: noqa: S608  # text is put together from quoted names of the policy alone

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import framed, sha256
from sealhold.model.clock import Entropy
from sealhold.protect.columns import Column
from sealhold.protect.gate import Rids
from sealhold.protect.migrating.looking import quoted
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy, TablePolicy
from sealhold.protect.sql.names import RID
from sealhold.protect.typefamilies import Family, kind_of

CAN_BE: Final = frozenset({
    Family.INTEGER, Family.NUMERIC, Family.FLOAT, Family.TEXT, Family.DATE, Family.TIMESTAMP,
    Family.BOOLEAN, Family.UUID,
})  # fmt: skip  # what is made up
_BIGINT: Final = 20
_NUMBER: Final = f"{RID} bigint NOT NULL UNIQUE"  # as all protected tables have it
_WORDS: Final = (
    "alder", "birch", "cedar", "damson", "elder", "fir", "gorse", "hazel", "ilex", "juniper",
    "larch", "maple", "oak", "pine", "rowan", "willow",
)  # fmt: skip
_SETTINGS: Final = Settings()

Row = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class Bait:
    """One decoy table."""

    table: TablePolicy
    columns: Mapping[str, Column]  # those that are protected
    rids: Rids

    @property
    def name(self) -> str:
        """Its schema and name."""
        return f"{self.table.schema}.{self.table.name}"

    @property
    def create(self) -> str:
        """The statement that makes it, where it is not there."""
        parts = [f"{quoted(name)} {type_}" for name, type_ in self._physical()]
        return f"CREATE TABLE IF NOT EXISTS {self._name} ({', '.join(parts)}, {_NUMBER})"

    @property
    def look(self) -> str:
        """The statement that reads all of it, in the order of its numbers."""
        names = ", ".join(quoted(name) for name, _ in self._physical())
        return f"SELECT {names}, {RID} FROM {self._name} ORDER BY {RID}"

    @property
    def insert(self) -> str:
        """The statement that writes one row."""
        names = [*(quoted(name) for name, _ in self._physical()), RID]
        places = ", ".join(f"${at}" for at in range(1, len(names) + 1))
        return f"INSERT INTO {self._name} ({', '.join(names)}) VALUES ({places})"

    @property
    def oids(self) -> tuple[int, ...]:
        """The types of its parameters."""
        return (*(named(type_).oid for _, type_ in self._physical()), _BIGINT)

    def rows(self, entropy: Entropy, rids: Sequence[int]) -> Iterator[list[bytes | None]]:
        """Yield the parameters of one made-up row for each number.

        Raises:
            ExhaustedError: a key sealed as much as it may.
        """
        for at, rid in enumerate(rids):
            row: list[bytes | None] = []
            for each in self.table.columns:
                value = _made_up(each, int.from_bytes(entropy(8)), at + 1, self.table.key)
                binary = codec(named(each.type)).to_binary(value.encode(), _SETTINGS)
                column = self.columns.get(each.name)
                if column is None:
                    row.append(binary)
                else:
                    row += [
                        column.encode(suffix, [binary], [rid])[0] for suffix in column.techniques
                    ]
            yield [*row, rid.to_bytes(8, signed=True)]

    def _physical(self) -> Iterator[tuple[str, str]]:
        for each in self.table.columns:
            column = self.columns.get(each.name)
            if column is None:
                yield each.name, each.type
            else:
                for suffix, technique in column.techniques.items():
                    yield column.physical(suffix), technique.sql_type

    @property
    def _name(self) -> str:
        return f"{quoted(self.table.schema)}.{quoted(self.table.name)}"


def digest_of(rows: Sequence[Row]) -> bytes:
    """Return what stands for the rows of a table as they lie there: 32 bytes."""
    cells = (cell for row in rows for cell in row)
    return sha256(*(framed(b"" if cell is None else b"\1" + cell) for cell in cells))


def _made_up(column: ColumnPolicy, drawn: int, nth: int, key: Sequence[str]) -> str:
    """Return the text of a value that could be one."""
    kind = kind_of(column.type)
    match kind.family:
        case Family.INTEGER if column.name in key:
            value = str(nth)
        case Family.INTEGER | Family.FLOAT:
            value = str(drawn % 30_000)
        case Family.NUMERIC:
            value = str(drawn % 9)
        case Family.BOOLEAN:
            value = "true" if drawn % 2 else "false"
        case Family.UUID:
            value = f"{drawn:016x}{drawn ^ 0x5A5A5A5A5A5A5A5A:016x}"
        case Family.DATE:
            value = f"{1940 + drawn % 70}-{1 + drawn // 70 % 12:02}-{1 + drawn // 840 % 28:02}"
        case Family.TIMESTAMP:
            value = f"{2015 + drawn % 10}-{1 + drawn // 10 % 12:02}-01 {drawn // 120 % 24:02}:15:00"
        case _:
            words = f"{_WORDS[drawn % 16]}{_WORDS[drawn // 16 % 16]}{drawn // 256 % 1_000}"
            value = words[: kind.length]
    return value

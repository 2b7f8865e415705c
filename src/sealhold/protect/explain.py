"""What lies at the provider for each column of a policy, and what the provider learns from it.

- Each physical column is listed, and none that is not there.
- What is learned is said by the technique itself; what columns tell together is added: a domain
  that they share, a row number that each row has.

Source: docs/spec/16-protection-policy.md section 8.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.guards import TAG, VERSION, guard_among, tag_rows
from sealhold.protect.pairs import Counters
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy
from sealhold.protect.spec import CELL, Leak
from sealhold.protect.sql.besides import lying
from sealhold.protect.techniques.sum_mark import SUFFIX
from sealhold.protect.typefamilies import kind_of

KEY_BYTES: Final = 32
ROW_NUMBER: Final = "_sh_rid"
CELL_BYTES: Final = 33  # version, key version, nonce and tag of a cell
MARK_BYTES: Final = 4  # of a block at an agent
TERM_BYTES: Final = 16  # of an equality term, and of what SIV adds
_ADDED: Final = {"deterministic": TERM_BYTES, "fpe": 0, "token": 0}  # else it is a cell
_BITS: Final = {"int2": 16, "int4": 32, "date": 32, "float4": 64}  # of an order term; else 64

_UNCOUNTED: Final = cast("Counters", object())  # where nothing is written, nobody counts

Columns = Mapping[tuple[str, str], Mapping[str, Column]]
"""The protected columns of a policy, as `columns_of` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical:
    """One column as it lies at the provider."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedColumn:
    """One column as the application knows it."""

    name: str
    type: str
    physical: tuple[Physical, ...]  # of a table beside as `table.column`
    protect: tuple[str, ...]
    leaks: tuple[Leak, ...]
    bytes: int  # that a value takes besides its own; what is padded comes on top


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One table."""

    name: str  # schema.table
    physical: str
    added: tuple[Physical, ...]  # columns of the proxy's own
    columns: tuple[ExplainedColumn, ...]

    def physical_columns(self) -> tuple[str, ...]:
        """Return the name of each column that there is at the provider."""
        parts = [each for column in self.columns for each in column.physical]
        return tuple(each.name for each in (*parts, *self.added))


def explain_policy(policy: Policy, entropy: Entropy) -> tuple[Explained, ...]:
    """Return what lies at the provider, where no key is at hand and none is needed.

    Raises:
        InvalidPolicyError: a column cannot be protected as the policy says.
    """
    return explain_columns(policy, unkeyed(policy, entropy))


def unkeyed(policy: Policy, entropy: Entropy) -> Columns:
    """Return the columns of a policy under a key of zeros: to be told of, never to seal with.

    Raises:
        InvalidPolicyError: a column cannot be protected as the policy says.
    """
    keys = without_key()
    columns = columns_of(
        policy, keys, entropy, tokens=lambda _key: _Unkept(), counting=lambda _key: _UNCOUNTED
    )
    tag_rows(policy, columns, keys)
    return columns


def without_key() -> Derived:
    """Return keys of zeros: to be told of, never to seal with."""
    return Derived(lambda _dataset: Secret(bytes(KEY_BYTES), "none"))


class _Unkept:
    """Tokens that stand for nothing: to be told of."""

    def tokens(self, values: Iterable[bytes]) -> Mapping[bytes, bytes]:
        del values
        return {}

    def values(self, tokens: Iterable[bytes]) -> Mapping[bytes, bytes]:
        del tokens
        return {}

    def keep(self, drawn: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        return drawn


def explain_columns(policy: Policy, columns: Columns) -> tuple[Explained, ...]:
    """Return what lies at the provider, table by table, in the order of the policy."""
    domains = _domains(policy)
    return tuple(
        _table(table, columns.get((table.schema, table.name), {}), domains)
        for table in policy.tables
    )


def _table(
    table: TablePolicy, columns: Mapping[str, Column], domains: Mapping[str, tuple[str, ...]]
) -> Explained:
    added: tuple[Physical, ...] = ()
    if table.is_protected:
        added = (Physical(name=ROW_NUMBER, type="bigint"),)
    if guard_among(columns) is not None:
        added += (Physical(name=VERSION, type="bigint"), Physical(name=TAG, type="bytea"))
    return Explained(
        name=f"{table.schema}.{table.name}",
        physical=table.name,
        added=added,
        columns=tuple(
            _clear(each)
            if each.is_clear
            else _protected(
                each,
                columns[each.name],
                domains.get(f"{table.schema}.{table.name}.{each.name}", ()),
            )
            for each in table.columns
        ),
    )


def _clear(column: ColumnPolicy) -> ExplainedColumn:
    return ExplainedColumn(
        name=column.name,
        type=column.type,
        physical=(Physical(name=column.name, type=column.type),),
        protect=("clear",),
        leaks=(Leak("each value", "none is needed: it is read"),),
        bytes=0,
    )


def _protected(policy: ColumnPolicy, column: Column, beside: tuple[str, ...]) -> ExplainedColumn:
    techniques = column.techniques.values()
    leaks = dict.fromkeys(leak for each in techniques for leak in each.leaks)
    leaks |= dict.fromkeys(leak for each in lying(column) for leak in each.leaks)
    if beside:
        told = f"which values are equal to those of {', '.join(beside)}: they share a domain"
        leaks[Leak(told, "frequency analysis over all of them")] = None
    return ExplainedColumn(
        name=policy.name,
        type=policy.type,
        physical=(
            *(
                Physical(name=column.physical(suffix), type=technique.sql_type)
                for suffix, technique in sorted(column.techniques.items())
            ),
            *(
                Physical(name=f"{each.table}.{name}", type="bytea")
                for each in lying(column)
                for name in ("label", "value")
            ),
        ),
        protect=(*(each.name for each in techniques), *(each.technique for each in lying(column))),
        leaks=tuple(leaks),
        bytes=sum(_bytes(policy, each) for each in column.techniques),
    )


def _bytes(policy: ColumnPolicy, suffix: str) -> int:
    """Return how many bytes one technique adds to a value."""
    if suffix == CELL:
        return next((_ADDED[each] for each in policy.techniques if each in _ADDED), CELL_BYTES)
    if suffix == "_o":
        return _BITS.get(kind_of(policy.type).base, 64)
    if suffix == SUFFIX:
        return MARK_BYTES
    return -(-policy.bits // 8) or TERM_BYTES


def _domains(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Return for each column which others are made comparable to it."""
    shared: dict[tuple[str, str], list[str]] = {}
    for table in policy.tables:
        for column in table.columns:
            if column.domain and not column.is_clear:
                name = f"{table.schema}.{table.name}.{column.name}"
                shared.setdefault((table.dataset, column.domain), []).append(name)
    return {
        name: tuple(each for each in names if each != name)
        for names in shared.values()
        for name in names
    }

"""What a live database says of its tables, as far as a policy is proposed from it: plain values.

- Whoever has a connection fills them in; no row and no value of a column is among them.

Source: docs/spec/16-protection-policy.md section 7.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumn:
    """One column."""

    name: str
    type: str  # as `format_type` spells it
    is_generated: bool = False
    distinct: float | None = None  # how many values, or below zero the share of the rows, negated
    width: int | None = None  # bytes of a value on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key."""

    columns: tuple[str, ...]
    schema: str
    table: str
    targets: tuple[str, ...]  # as many as `columns`


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTable:
    """One table."""

    name: str
    columns: tuple[LiveColumn, ...]
    schema: str = "public"
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()  # other constraints and indexes that are unique
    references: tuple[Reference, ...] = ()
    rows: int | None = None

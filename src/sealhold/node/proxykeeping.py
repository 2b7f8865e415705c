"""What stands over the columns of a table that moves: its keys, its indexes, its defaults.

- Keys go before columns are renamed and are made anew after it, in the same transaction.

Source: docs/spec/61-protecting-a-live-table.md section 5; docs/spec/68 section 4.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Protocol

from sealhold.model.errors import MigrationError, SealBrokenError
from sealhold.node.proxyasking import Provider
from sealhold.protect.migrating import steps
from sealhold.protect.migrating.forms import Move, Way
from sealhold.protect.migrating.looking import Key, Looked, lost, quoted
from sealhold.protect.spec import CELL
from sealhold.protect.sql.names import DEFAULT, LOADING, WAS, Cells, Names
from sealhold.protect.sql.plan import Plan, Refused, Script


class Planned(Protocol):
    """The planner, with the names that a provider tells."""

    def names(self, answers: Sequence[Sequence[Cells]]) -> Names:
        """Return the names that answers tell of."""

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return what is done for each statement."""


def said_of(provider: Provider, looked: Looked) -> dict[str, str]:
    """Return the comments on columns of a table, by name."""
    rows = provider.ask(steps.COMMENTS, (26,), (struct.pack(">I", looked.oid),))
    return {(name or b"").decode(): (text or b"").decode() for name, text in rows}


def defaults(move: Move, said: Mapping[str, str]) -> list[str]:
    """Return what makes the defaults of columns anew under their new keys.

    Raises:
        MigrationError: one does not open, or its column will be in the clear.
    """
    made = []
    for change in move.changes:
        text, will = said.get(WAS + change.name, ""), change.will
        if change.was is None or not text.startswith(DEFAULT):
            continue
        if will is None:
            raise MigrationError(f'column "{change.name}" has a default: drop it')
        try:
            cell = bytes.fromhex(text.removeprefix(DEFAULT))
            new = will.encode(CELL, change.was.decode([cell], [0]), [0])[0] or b""
        except (SealBrokenError, ValueError):
            told = f'the default of "{change.name}" was changed at the provider'
            raise MigrationError(told) from None
        made.append(steps.comment(move, change.name, DEFAULT + new.hex()))
    return made


def drop_keys(provider: Provider, move: Move, keys: Sequence[Key]) -> None:
    """Drop keys and indexes over columns that move."""
    for key in keys:
        if key.kind in "pu":
            provider.ask(f"ALTER TABLE {steps.table_of(move)} DROP CONSTRAINT {quoted(key.name)}")
        else:
            provider.ask(f"DROP INDEX {quoted(move.schema)}.{quoted(key.name)}")


def make_keys(
    provider: Provider, move: Move, keys: Sequence[Key], planned: Planned
) -> tuple[Key, ...]:
    """Make keys and indexes anew; return those that no term holds, which are not made.

    Raises:
        MigrationError: one cannot be made.
    """
    table = steps.table_of(move)
    once = {(key.kind, key.columns): key for key in reversed(keys)}
    if move.is_back:
        for one in once.values():
            provider.ask(one.ddl(table))
        return ()
    gone = lost(keys, tuple(move.after.values()))
    names = planned.names([_cells(provider, text) for text in LOADING])
    # an index over two terms is two at the provider, and is made as one
    for key in reversed(once.values()) if move.way is Way.TURN else keys:
        if key in gone:
            continue
        (plan,) = planned.plan(key.ddl(table), (), names)
        if isinstance(plan, Refused):
            raise MigrationError(f"key {key.name} of `{move.table}`: {plan.message}")
        if isinstance(plan, Script):
            for each in plan.statements:
                provider.ask(each)
    return tuple(gone)


def _cells(provider: Provider, sql: str) -> list[list[str | None]]:
    return [[None if each is None else each.decode() for each in row] for row in provider.ask(sql)]

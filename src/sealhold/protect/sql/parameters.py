"""The parameters of a statement for the provider, collected while it is rewritten.

- A client's parameter may become several: as it is, as a cell, as a term. Each physical one has one
  type and one form.
- What is learned about the type of a client's parameter is told to the client when it asks.

Source: docs/spec/60-statements.md section 4.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.types import PgType, by_oid, named
from sealhold.protect.sql.plan import Given, Hidden, Parameter, Source
from sealhold.protect.sql.refusing import WrongError
from sealhold.protect.sql.tree import Node, parameter

BYTEA: Final = 17
UNKNOWN: Final = (0, 705)
LIKE_TEXT: Final = (25, 1043, 1042, 19, 705)


class Parameters:
    """What one statement for the provider needs, in order of its `$n`."""

    def __init__(self, declared: Sequence[int]) -> None:
        self.declared = tuple(declared)
        self.learned: dict[int, PgType] = {}
        self.asked = 0  # the client's parameters that were seen: one more than the highest
        self._sources: list[tuple[int, Source]] = []
        self._given: dict[int, int] = {}

    def type_of(self, client: int) -> PgType | None:
        """Return the type that a client's parameter was declared with, or is known to have."""
        self.asked = max(self.asked, client + 1)
        oid = self.declared[client] if client < len(self.declared) else 0
        if oid not in UNKNOWN:
            found = by_oid(oid)
            if found is None:
                raise WrongError("42704", f"parameter ${client + 1} is of a type not known here")
            return found
        return self.learned.get(client)

    def learn(self, client: int, type_: PgType) -> None:
        """Note of what type a client's parameter must be, unless that is known."""
        if self.type_of(client) is None:
            self.learned[client] = type_

    def given(self, client: int) -> Node:
        """Return the parameter that goes as the client sent it."""
        self.asked = max(self.asked, client + 1)
        if client not in self._given:
            oid = self.declared[client] if client < len(self.declared) else 0
            self._given[client] = self._add(oid, Given(client))
        return parameter(self._given[client])

    def hidden(self, hidden: Hidden) -> Node:
        """Return the parameter that a protected column's value is hidden in."""
        oid = named(hidden.column.techniques[hidden.suffix].sql_type).oid
        if hidden.is_array:
            oid = named(hidden.column.techniques[hidden.suffix].sql_type + "[]").oid
        return parameter(self._add(oid, hidden))

    def other(self, oid: int, source: Source) -> Node:
        """Return a parameter of any other source."""
        return parameter(self._add(oid, source))

    def _add(self, oid: int, source: Source) -> int:
        self._sources.append((oid, source))
        return len(self._sources)

    def all(self) -> tuple[Parameter, ...]:
        """Return the parameters for the provider: types that were learned are declared there."""
        return tuple(
            Parameter(
                self._declared(source) if isinstance(source, Given) and not oid else oid, source
            )
            for oid, source in self._sources
        )

    def types(self) -> tuple[PgType | None, ...]:
        """Return the types of the client's parameters, as far as they are known."""
        return tuple(self.type_of(each) for each in range(max(self.asked, len(self.declared))))

    def _declared(self, source: Given) -> int:
        learned = self.learned.get(source.client)
        return learned.oid if learned is not None else 0


Hide = Callable[[Column, str], Node]

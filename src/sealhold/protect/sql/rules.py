"""One policy, as statements are planned under it."""

from collections.abc import Mapping
from typing import TypeAlias

from sealhold.protect.columns import Column
from sealhold.protect.policy import Policy, Unlisted
from sealhold.protect.sumform import agent_of, form_of

Tables: TypeAlias = Mapping[tuple[str, str], Mapping[str, Column]]


class Rules:
    """One policy, as statements are planned under it."""

    def __init__(self, policy: Policy, columns: Tables, role: str = "") -> None:
        """Take the name of the role with masks under which statements are planned, if any."""
        self.columns = columns
        self.role = role
        # THREAT T738: what the policy does not list may hold what a listed column does
        self.lists_all = policy.default is Unlisted.REFUSE or bool(role)
        self._tables = {(each.schema, each.name): each for each in policy.tables}
        self.summed = frozenset(
            column
            for table in policy.tables
            if agent_of(policy, table) is not None
            for column in columns.get((table.schema, table.name), {}).values()
            if form_of(column) is not None
        )  # what an agent adds up

    def is_listed(self, schema: str, name: str) -> bool:
        """Whether the policy lets a table be used."""
        return not self.lists_all or (schema, name) in self._tables

    def listed(self, schema: str, name: str) -> list[str]:
        """Return the columns that the policy lists of a table."""
        found = self._tables.get((schema, name))
        return [] if found is None else [each.name for each in found.columns]

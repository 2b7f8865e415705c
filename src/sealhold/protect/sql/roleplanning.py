"""Planning for the users of one role with masks: its own names, its own plans.

- A plan is made under the names of its role and is kept with them, so no user of another role comes
  by it.
- The provider is asked two things more: which columns are in unique indexes and foreign keys, and
  which functions are not the server's own.

Source: docs/spec/65-roles-and-masks.md sections 3 and 4.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from sealhold.protect.columnkeys import Keys
from sealhold.protect.masking import MaskedColumn, Tables, is_masked_clear, masked_columns
from sealhold.protect.policy import Policy
from sealhold.protect.spec import CELL
from sealhold.protect.sql.names import Attribute, Cells, Names, Relation
from sealhold.protect.sql.plan import Plan
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.roleviews import why_barred

KEYS: Final = (
    "SELECT n.nspname, c.relname, a.attname, NULL, NULL, NULL FROM pg_catalog.pg_index i"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND i.indexprs IS NULL"
    " AND a.attnum = ANY (i.indkey)"
    " WHERE (i.indisunique OR i.indisexclusion)"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " UNION ALL SELECT n.nspname, c.relname, a.attname, m.nspname, d.relname, b.attname"
    " FROM pg_catalog.pg_constraint k"
    " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_class d ON d.oid = k.confrelid"
    " JOIN pg_catalog.pg_namespace m ON m.oid = d.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)"
    " JOIN pg_catalog.pg_attribute b ON b.attrelid = d.oid AND b.attnum = ANY (k.confkey)"
    " WHERE k.contype = 'f'"
)
"""A column of a unique index, or none if it has expressions; or both ends of a foreign key."""
FUNCTIONS: Final = (
    "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
)

Laid = Callable[[Relation], Relation]


class Base(Protocol):
    """How the proxy plans for users without a mask."""

    @property
    def version(self) -> int:
        """Which policy it follows."""
        ...

    @property
    def loading(self) -> Sequence[str]:
        """What is asked of the provider to know its names."""
        ...

    def read(
        self, answers: Sequence[Sequence[Cells]], is_listed: Callable[[str, str], bool], laid: Laid
    ) -> Names:
        """Return the names of the answers; `laid` is told each table, and returns it."""
        ...


@dataclass(slots=True)
class RolePlanning:
    """The planner as sessions of one role ask it."""

    base: Base
    planner: Planner  # that knows the role
    make: Callable[[], Tables]  # the masked columns of now
    _masks: tuple[int, Tables] = field(default=(-1, {}), init=False)

    @property
    def masks(self) -> Tables:
        """The masked columns, anew after each change of what is planned by."""
        version = self.version
        if self._masks[0] != version:
            self._masks = (version, self.make())
        return self._masks[1]

    @property
    def version(self) -> int:
        """Which policy and which phases of migrations it follows."""
        return self.base.version

    @property
    def loading(self) -> Sequence[str]:
        """What is asked of the provider to know its names, each a SELECT."""
        return (*self.base.loading, KEYS, FUNCTIONS)

    def names(self, answers: Sequence[Sequence[Cells]]) -> Names:
        """Return the names that the answers to `loading` tell of, as the role sees them."""
        *known, keys, functions = answers
        masks, policy = self.masks, self.planner.policy
        names = self.base.read(
            known, self.planner.is_listed, lambda each: masked_relation(each, policy, masks)
        )
        names = replace(names, functions=frozenset(row[0] or "" for row in functions))
        relations = dict(names.relations)
        names = replace(names, relations=relations)
        for schema, name, definition in known[2]:
            key = (schema or "", name or "")
            view = relations.get(key)
            if view is not None:
                relations[key] = replace(view, barred=why_barred(view, definition or "", names))
        self._note_keys(relations, keys)
        return names

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return what is done for each statement of a text."""
        return self.planner.plan(text, oids, names)

    def _note_keys(self, relations: dict[tuple[str, str], Relation], keys: Iterable[Cells]) -> None:
        physical = {
            (*table, column.physical(suffix)): name
            for table, masks in self.masks.items()
            for name, column in masks.items()
            for suffix in column.techniques
        }
        for row in keys:
            here = (row[0] or "", row[1] or "")
            if row[3] is None:
                names = self.masks.get(here, {}) if row[2] is None else ()
                found = physical.get((*here, row[2] or ""))
                unique = frozenset(names) | ({found} if found else set())
                if unique and here in relations:
                    known = relations[here]
                    relations[here] = replace(known, unique=known.unique | unique)
                continue
            there = (row[3] or "", row[4] or "")
            if (*here, row[2]) in physical or (*there, row[5]) in physical:
                for key in (here, there):
                    if key in relations:
                        relations[key] = replace(relations[key], is_probed=True)


def masked_relation(relation: Relation, policy: Policy, masks: Tables) -> Relation:
    """Return a table with its masks; it shows the columns that the policy lists, no other."""
    of_table = masks.get((relation.schema, relation.name))
    if of_table is None:
        return relation
    listed = _listed(policy, relation)
    attributes: list[Attribute] = []
    for each in relation.attributes:
        if each.name not in listed:
            continue
        column = of_table.get(each.name)
        attributes.append(each if column is None else replace(each, column=column))
        # THREAT T739: a column that the provider holds otherwise would go by its mask
        if column is not None and not _is_held(each, column):
            return replace(relation, barred=_otherwise(relation))
    if of_table.keys() - {each.name for each in attributes}:
        return replace(relation, barred=_otherwise(relation))
    dropped = {each.name for each in relation.attributes} - listed
    return replace(relation, attributes=tuple(attributes), dropped=relation.dropped | dropped)


def _listed(policy: Policy, relation: Relation) -> set[str]:
    return {
        column.name
        for table in policy.tables
        if (table.schema, table.name) == (relation.schema, relation.name)
        for column in table.columns
    }


def _is_held(attribute: Attribute, column: object) -> bool:
    """Whether the provider holds a column as the policy says that it does."""
    if not isinstance(column, MaskedColumn):
        return False
    if is_masked_clear(column):
        return attribute.column is None and attribute.type_oid == column.type.oid
    return attribute.column is column.inner and CELL in attribute.places


def _otherwise(relation: Relation) -> str:
    return (
        f'table "{relation.schema}.{relation.name}" has masks for this role, and the provider does'
        " not hold it as the policy says"
    )


def roled(
    policy: Policy, base: Base, columns: Tables, keys: Keys
) -> Callable[[str], RolePlanning | None]:
    """Return what gives the planning of a user whose role has masks, and None for any other."""
    made = {
        role.name: RolePlanning(
            base,
            Planner(policy, columns, role.name),
            partial(masked_columns, policy, role, columns, keys),
        )
        for role in policy.roles
        if role.masks
    }

    def of(user: str) -> RolePlanning | None:
        role = policy.role_of(user)
        return None if role is None else made.get(role.name)

    return of

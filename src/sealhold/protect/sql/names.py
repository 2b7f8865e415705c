"""The names a session can see: tables, views and their columns, as the client knows them.

- Read from the provider's catalogue by the session itself, so that it sees its own temporary
  tables and what its transaction defined. What the policy protects is laid over it.
- A protected column shows under its logical name and type. Its companions and the row number are
  not there for the client.
- A view of a protected table holds the companions of what it shows. Which column it shows is read
  from its definition, never from a name alone.

Source: docs/spec/60-statements.md section 2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from sealhold.protect.columns import Column
from sealhold.protect.guards import Guard, guard_among, is_guarded
from sealhold.protect.spec import CELL

RID: Final = "_sh_rid"
HIDDEN_PREFIX: Final = "_sh_"  # names at the provider that no client sees
WAS: Final = "_sh_was_"  # of columns that a migration moves
DEFAULT: Final = "_sh_default:"  # how the comment on a cell's column begins that holds its default
ORDER: Final = "sealhold order: "  # names in hex: a name may have any letter in it
SYSTEM: Final = ("pg_catalog", "information_schema", "pg_toast")
UNDEFINED_COLUMNS: Final = ("tableoid", "ctid", "xmin", "xmax", "cmin", "cmax")

PATH: Final = "SELECT unnest(current_schemas(true))::text"
COLUMNS: Final = (
    "SELECT n.nspname, c.relname, c.oid::text, c.relkind::text, a.attname, a.attnum::text,"
    " a.atttypid::text, a.atttypmod::text, a.attnotnull::text, a.atthasdef::text,"
    " pg_catalog.col_description(c.oid, a.attnum)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " ORDER BY n.nspname, c.relname, a.attnum"
)
VIEWS: Final = (
    "SELECT n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " ORDER BY c.oid"
)
COLLATION: Final = (
    "SELECT CASE WHEN datcollate = datctype THEN datcollate END FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database()"
)
LOADING: Final = (PATH, COLUMNS, VIEWS, COLLATION)  # what a session asks, in this order

TextOrder: TypeAlias = Literal["C", "C.UTF-8", "refuse"]
"""By bytes, with the case of ASCII alone or of all letters; another order is not known here."""
_ORDERS: Final[Mapping[str, TextOrder]] = {
    "C": "C", "POSIX": "C", "C.UTF-8": "C.UTF-8", "C.utf8": "C.UTF-8",
}  # fmt: skip
Cells = Sequence[str | None]
Rows = Sequence[Cells]
Shown = Mapping[str, tuple[Column, str]]  # output of a view: the column, and which suffix of it


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column of a relation, as the client knows it."""

    name: str
    number: int
    type_oid: int  # of what the provider keeps; of a protected column see `column.type`
    typmod: int
    column: Column | None = None
    places: Mapping[str, str] = field(default_factory=dict)  # suffix: name at the provider
    rid: str | None = None  # where the number of its row stands
    default: bytes | None = None  # of a protected column: a cell that is bound to no row
    is_moving: bool = False  # who writes it clears the mark of its row
    is_computed: bool = False  # the provider has a default for it, or computes it

    def at(self, suffix: str = CELL) -> str:
        """Return the name at the provider of what the technique of `suffix` stores."""
        return self.places.get(suffix, self.name)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view."""

    schema: str
    name: str
    oid: int
    kind: str
    attributes: tuple[Attribute, ...]
    dropped: frozenset[str] = frozenset()  # names at the provider that the client cannot see
    is_bare: bool = False  # the policy protects it, but the provider does not hold it so
    mark: str = ""  # of a table that is migrated: the column that says of a row that it is done
    guard: Guard | None = None  # of a table whose rows are tagged
    barred: str = ""  # why this role may not use it at all
    unique: frozenset[str] = frozenset()  # masked columns of which an index says what is there
    is_probed: bool = False  # a foreign key tells who writes it what a masked column holds

    @property
    def is_protected(self) -> bool:
        """Whether any column of it is."""
        return any(each.column is not None for each in self.attributes)

    @property
    def is_rewritten(self) -> bool:
        """Whether its columns are at the provider under the client's names, as they are."""
        return self.is_protected or bool(self.mark)

    def place(self, name: str, suffix: str = CELL) -> str:
        """Return the name at the provider of a column, or of what stands beside it."""
        attribute = self.named(name)
        return name + suffix if attribute is None else attribute.at(suffix)

    def is_moving(self, name: str) -> bool:
        """Whether who writes a column takes the mark of its row away."""
        attribute = self.named(name)
        return attribute is not None and attribute.is_moving

    def named(self, name: str) -> Attribute | None:
        """Return the column of that name."""
        return next((each for each in self.attributes if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Names:
    """All relations, and the search path at the time of asking."""

    path: tuple[str, ...]
    relations: Mapping[tuple[str, str], Relation]
    is_listed: Callable[[str, str], bool]  # whether the policy lets (schema, table) be used
    text_order: TextOrder = "refuse"
    functions: frozenset[str] = frozenset()  # outside the server's own, which a role may not call

    def find(self, schema: str, name: str) -> Relation | None:
        """Return what a name means; None if there is no such relation outside the system's."""
        if schema:
            return self.relations.get((schema, name))
        for each in self.path:
            if (each, name) in self.relations:
                return self.relations[each, name]
            if each in SYSTEM and name.startswith("pg_"):
                return None
        return None


def read_names(
    answers: Sequence[Iterable[Cells]],
    columns: Mapping[tuple[str, str], Mapping[str, Column]],
    is_listed: Callable[[str, str], bool],
    shown_by: Callable[[str, Callable[[str, str], Relation | None]], Shown],
    moving: Callable[[tuple[str, str], Rows], Relation | None] = lambda _key, _rows: None,
    laid: Callable[[Relation], Relation] = lambda relation: relation,
) -> Names:
    """Return the names that the answers to `LOADING` tell of.

    `shown_by` reads the definition of a view: which of its columns show protected ones. `moving`
    returns a table whose migration is under way, as it is used meanwhile. `laid` returns a table as
    a role sees it.
    """
    path = tuple(row[0] or "" for row in answers[0])
    relations: dict[tuple[str, str], Relation] = {}
    for key, rows in _by_relation(answers[1]):
        relations[key] = laid(moving(key, rows) or listed_as(key, rows, columns.get(key, {})))
    for schema, name, definition in answers[2]:
        view = relations.get((schema or "", name or ""))
        if view is None:
            continue
        names = Names(path, relations, is_listed)
        shown = shown_by(definition or "", names.find)
        if shown:
            relations[view.schema, view.name] = _view(view, shown)
    collation = next(iter(answers[3]), (None,))[0]
    order = _ORDERS.get(collation or "", "refuse")
    return Names(path, relations, is_listed, order)


def _by_relation(rows: Iterable[Cells]) -> Iterable[tuple[tuple[str, str], list[Cells]]]:
    found: dict[tuple[str, str], list[Cells]] = {}
    for row in rows:
        found.setdefault((row[0] or "", row[1] or ""), []).append(row)
    return found.items()


def listed_as(
    key: tuple[str, str], rows: Sequence[Cells], columns: Mapping[str, Column]
) -> Relation:
    """Return a table whose protected columns are `columns`, in the form that they have."""
    there = {row[4] or "" for row in rows}
    companions = {
        column.physical(suffix)
        for column in columns.values()
        for suffix in column.techniques
        if suffix != CELL
    }
    is_whole = all(
        column.physical(suffix) in there
        for column in columns.values()
        for suffix in column.techniques
    )
    guard = guard_among(columns)
    if guard is not None:
        # THREAT T716: a column of another type, or one more, would be read as something else
        is_whole = is_whole and is_guarded(guard, {row[4] or "": int(row[6] or 0) for row in rows})
    is_bare = bool(columns) and not (is_whole and RID in there)
    columns = {} if is_bare else columns
    ours = {name for name in there if name.startswith(HIDDEN_PREFIX)}
    hidden = (companions & there) | ours if columns else set()
    attributes = [
        attribute_of(row, columns.get(row[4] or ""))
        for row in in_order(rows)
        if row[4] not in hidden
    ]
    numbered = tuple(_numbered(each, at) for at, each in enumerate(attributes, 1))
    first = rows[0]
    return Relation(
        *key, int(first[2] or 0), first[3] or "", numbered if columns else tuple(attributes),
        frozenset(hidden), is_bare, guard=None if is_bare else guard,
    )  # fmt: skip


def in_order(rows: Rows) -> Rows:
    """Return columns in the order that the client knows: a migration leaves it in a comment."""
    said = next((row[10] for row in rows if row[4] == RID), None) or ""
    if not said.startswith(ORDER):
        return rows
    order = {name: at for at, name in enumerate(said[len(ORDER) :].split(","))}

    def place(row: Cells) -> int:
        return order.get((row[4] or "").removeprefix(WAS).encode().hex(), len(order))

    return sorted(rows, key=place)


def attribute_of(row: Cells, column: Column | None) -> Attribute:
    """Return one column of a table."""
    name = row[4] or ""
    places = {} if column is None else {each: column.physical(each) for each in column.techniques}
    return Attribute(
        name,
        int(row[5] or 0),
        int(row[6] or 0),
        int(row[7] or -1),
        column,
        places or {CELL: name},
        RID if column is not None else None,
        _default(row[10]) if column is not None else None,
        is_computed=row[9] == "true",
    )


def _default(comment: str | None) -> bytes | None:
    """Return the cell that the comment on a column holds, if it does."""
    if comment is None or not comment.startswith(DEFAULT):
        return None
    try:
        return bytes.fromhex(comment[len(DEFAULT) :])
    except ValueError:
        return b""  # opens as nothing


def _numbered(attribute: Attribute, number: int) -> Attribute:
    return replace(attribute, number=number)


def companion(output: str, suffix: str) -> str:
    """Return the name under which a derived table shows a companion of its output."""
    return output + suffix


def rid_of(output: str) -> str:
    """Return the name under which a derived table shows the row number of an output."""
    return output + RID


def _view(view: Relation, shown: Shown) -> Relation:
    """Lay what a view shows of protected columns over its columns."""
    cells = {name: column for name, (column, suffix) in shown.items() if suffix == CELL}
    there = {each.name for each in view.attributes}
    hidden: set[str] = set()
    attributes: list[Attribute] = []
    for each in view.attributes:
        column = cells.get(each.name)
        if column is None:
            attributes.append(each)
            continue
        places = {CELL: each.name}
        for suffix in column.techniques:
            name = companion(each.name, suffix)
            if suffix != CELL and shown.get(name) == (column, suffix):
                places[suffix] = name
        rid = rid_of(each.name) if rid_of(each.name) in there else None
        hidden |= {*places.values(), rid or ""} - {each.name, ""}
        attributes.append(
            Attribute(each.name, each.number, each.type_oid, each.typmod, column, places, rid)
        )
    kept = [each for each in attributes if each.name not in hidden]
    numbered = tuple(_numbered(each, at) for at, each in enumerate(kept, 1))
    return Relation(view.schema, view.name, view.oid, view.kind, numbered, frozenset(hidden))

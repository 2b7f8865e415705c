"""Statements made by a grammar over the tables of the worlds: seeded, so each can be made again.

- Constants are mostly values that stand in the column, so that predicates hold for some rows.
- Only what is fixed is asked: rows of a LIMIT by a key, sums of floating numbers that are exact.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, TypeVar

from tests.proxying.cases import Case
from tests.proxying.tables import Col, Table
from tests.proxying.talking import Step
from tests.proxying.worlds import (
    BOREHOLE,
    DIAGNOSIS,
    DOCUMENT,
    EPISODE,
    LAB,
    LEVEL,
    LINE,
    NOTE,
    PATIENT,
    SEED,
    WORDS,
)

T = TypeVar("T")
READ: Final = (PATIENT, EPISODE, DIAGNOSIS, LAB, DOCUMENT, BOREHOLE, LINE, LEVEL, NOTE)
JOINS: Final = (  # tables and the columns that join them
    (PATIENT, EPISODE, "id", "patient"),
    (PATIENT, LAB, "mrn", "mrn"),
    (PATIENT, DOCUMENT, "mrn", "mrn"),
    (LAB, DOCUMENT, "mrn", "mrn"),
    (PATIENT, EPISODE, "email", "doctor"),
    (EPISODE, DIAGNOSIS, "id", "episode"),
    (BOREHOLE, LINE, "code", "code"),
    (BOREHOLE, LEVEL, "code", "code"),
    (LINE, LEVEL, "code", "code"),
    (PATIENT, NOTE, "id", "id"),
)
NUMBERS: Final = ("integer", "smallint", "bigint", "numeric", "double")
SPANS: Final = (*NUMBERS, "date", "timestamp")
OPAQUE: Final = ("jsonb", "text[]", "bytea")
TEXTS: Final = ("text", "character")
COMPARED: Final = ("=", "=", "<>", "<", "<=", ">", ">=")


def generated(count: int, seed: int) -> Iterator[Case]:
    """Yield `count` cases of one connection each."""
    maker = Maker(Random(seed))
    for _ in range(count):
        yield maker.case()


class Maker:
    """Draws statements."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._rows = {table.name: table.made(SEED) for table in READ}
        self._fresh = 10_000

    def case(self) -> Case:
        """Return a case of a drawn kind."""
        kinds = {
            self._filtered: 40, self._aggregated: 15, self._grouped: 14, self._joined: 14,
            self._nested: 6, self._inserted: 4, self._updated: 6, self._deleted: 3,
        }  # fmt: skip
        (kind,) = self._random.choices([*kinds], weights=[*kinds.values()])
        sql = kind()
        return Case(f"made: {kind.__name__[1:]}", (Step(sql),))

    def _filtered(self) -> str:
        table = self._one(READ)
        columns = self._listed(table)
        where = self._where(table)
        order = ""
        if self._random.random() < 0.4:
            spans = [c.name for c in table.columns if c.type.startswith(SPANS)]
            way = self._one(("", " DESC", " NULLS FIRST", " DESC NULLS LAST"))
            order = f" ORDER BY {self._one(spans)}{way}, {table.key[0]}"
            if self._random.random() < 0.6:
                order += f" LIMIT {self._random.randint(0, 30)}"
            if self._random.random() < 0.3:
                order += f" OFFSET {self._random.randint(0, 9)}"
        return f"SELECT {columns} FROM {table.name}{where}{order}"

    def _listed(self, table: Table) -> str:
        if self._random.random() < 0.2:
            return "*"
        count = self._random.randint(1, len(table.columns))
        return ", ".join(c.name for c in self._random.sample(table.columns, count))

    def _where(self, table: Table, alias: str = "") -> str:
        share = self._random.random()
        return "" if share < 0.08 else f" WHERE {self._predicate(table, alias, 2)}"

    def _predicate(self, table: Table, alias: str, depth: int) -> str:
        drawn = self._random.random()
        if depth and drawn < 0.35:
            word = self._one(("AND", "AND", "OR"))
            parts = [self._predicate(table, alias, depth - 1) for _ in range(2)]
            return f"({parts[0]} {word} {parts[1]})"
        if depth and drawn < 0.42:
            return f"NOT ({self._predicate(table, alias, depth - 1)})"
        return self._atom(table, alias)

    def _atom(self, table: Table, alias: str) -> str:
        column = self._one(table.columns)
        name = f"{alias}{column.name}"
        if column.type.startswith(OPAQUE) or self._random.random() < 0.12:
            return f"{name} IS {self._one(('', 'NOT '))}NULL"
        if column.type == "boolean":
            return self._one((name, f"NOT {name}", f"{name} = {self._value(table, column)}"))
        if "words" in column.protect and self._tossed(0.7):
            return self._search(name)
        if column.type.startswith(SPANS):
            return self._span(table, column, name)
        if column.type.startswith(TEXTS) and "sealed" in column.protect:
            like = self._value(table, column).strip("«»")[:2]
            if like and "\\" not in like and self._random.random() < 0.4:
                return f"{name} LIKE «{like}%»"
        return self._equal(table, column, name)

    def _search(self, name: str) -> str:
        one, two = self._random.sample(WORDS, 2)
        said = self._one((one, one, f"{one} & {two}", f"{one} | {two}", f"{one} & !{two}"))
        value = self._one((f"«{said}»", f"'{said}'"))
        return self._one((
            f"sealhold_word({name}, {value})",
            f"{name} @@ to_tsquery('simple', {value})",
            f"to_tsvector('simple', {name}) @@ to_tsquery('simple', {value})",
            f"{name} @@ plainto_tsquery('simple', '{one} {two}')",
        ))  # fmt: skip

    def _equal(self, table: Table, column: Col, name: str) -> str:
        values = [self._value(table, column) for _ in range(3)]
        return self._one(
            (
                f"{name} = {values[0]}",
                f"{name} <> {values[0]}",
                f"{values[0]} = {name}",
                f"{name} IN ({', '.join(values)})",
                f"{name} NOT IN ({values[0]}, {values[1]})",
            )
        )

    def _span(self, table: Table, column: Col, name: str) -> str:
        if self._random.random() < 0.25:
            return self._equal(table, column, name)
        if self._random.random() < 0.3:
            low, high = (self._value(table, column) for _ in range(2))
            return f"{name} {self._one(('', 'NOT '))}BETWEEN {low} AND {high}"
        return f"{name} {self._one(COMPARED)} {self._value(table, column)}"

    def _value(self, table: Table, column: Col) -> str:
        """Return a value that stands in the column, to be sent as a parameter or said."""
        at = table.columns.index(column)
        found = [row[at] for row in self._rows[table.name]]
        value = self._one([v for v in found if v is not None and "\n" not in v])
        said = "'" + value.replace("'", "''") + "'"
        return self._one((f"«{value}»", f"«{value}»", said))

    def _aggregated(self) -> str:
        table = self._one(READ)
        parts = [self._aggregate(table) for _ in range(self._random.randint(1, 4))]
        return f"SELECT {', '.join(parts)} FROM {table.name}{self._where(table)}"

    def _aggregate(self, table: Table, alias: str = "") -> str:
        drawn = self._random.random()
        spans = [c for c in table.columns if c.type.startswith(SPANS)]
        if drawn < 0.25:
            return "count(*)"
        if drawn < 0.45:
            column = self._one([c for c in table.columns if not c.type.startswith(OPAQUE)])
            return f"count({self._one(('', 'DISTINCT '))}{alias}{column.name})"
        if drawn < 0.75 or not [c for c in spans if c.type.startswith(NUMBERS)]:
            return f"{self._one(('min', 'max'))}({alias}{self._one(spans).name})"
        summed = self._one([c for c in spans if c.type.startswith(NUMBERS)])
        return f"{self._one(('sum', 'avg'))}({alias}{summed.name})"

    def _grouped(self) -> str:
        table = self._one(READ)
        apart = {*table.key, "note", "title"}
        keys = [c.name for c in table.columns if "sealed" not in c.protect and c.name not in apart]
        chosen = self._random.sample(keys, min(len(keys), self._random.randint(1, 2)))
        key = ", ".join(chosen)
        having = f" HAVING count(*) > {self._random.randint(1, 4)}" if self._tossed(0.25) else ""
        order = f" ORDER BY {key}" if self._tossed(0.3) and not self._worded(table, chosen) else ""
        if not order and self._tossed(0.2):
            return f"SELECT DISTINCT {key} FROM {table.name}{self._where(table)}"
        return (
            f"SELECT {key}, {self._aggregate(table)} FROM {table.name}{self._where(table)} "
            f"GROUP BY {key}{having}{order}"
        )

    @staticmethod
    def _worded(table: Table, names: list[str]) -> bool:
        return any(c.name in names and c.type.startswith(TEXTS) for c in table.columns)

    def _joined(self) -> str:
        left, right, mine, yours = self._one(JOINS)
        kind = self._one(("JOIN", "JOIN", "LEFT JOIN"))
        on = (
            f"USING ({mine})" if mine == yours and self._tossed(0.4) else f"ON a.{mine} = b.{yours}"
        )
        where = f" WHERE {self._predicate(left, 'a.', 1)}"
        if self._tossed(0.4):
            where += f" AND {self._predicate(right, 'b.', 1)}"
        shown = [f"a.{self._one(left.columns).name}" for _ in range(2)]
        shown += [f"b.{self._one(right.columns).name} AS other"]
        if self._tossed(0.2):
            shown = [self._aggregate(left, "a."), self._aggregate(right, "b.")]
        source = f"{left.name} a {kind} {right.name} b {on}"
        return f"SELECT {', '.join(shown)} FROM {source}{where}"

    def _nested(self) -> str:
        left, right, mine, yours = self._one(JOINS)
        inner = self._where(right, "b.")
        listed = self._listed(left)
        if self._tossed(0.5):
            return (
                f"SELECT {listed} FROM {left.name} WHERE {mine} IN "
                f"(SELECT b.{yours} FROM {right.name} b{inner})"
            )
        word = self._one(("EXISTS", "NOT EXISTS"))
        more = inner.replace(" WHERE ", " AND ", 1)
        return (
            f"SELECT a.id FROM {left.name} a WHERE {word} "
            f"(SELECT 1 FROM {right.name} b WHERE b.{yours} = a.{mine}{more})"
        )

    def _inserted(self) -> str:
        table = self._one((LAB, LEVEL, LINE, NOTE))
        names = ", ".join(c.name for c in table.columns)
        rows = []
        for _ in range(self._random.randint(1, 3)):
            self._fresh += 1
            cells = [self._cell(c) for c in table.columns[1:]]
            rows.append(f"({self._fresh}, {', '.join(cells)})")
        end = self._one(("", " RETURNING id", " RETURNING *", " ON CONFLICT DO NOTHING"))
        return f"INSERT INTO {table.name} ({names}) VALUES {', '.join(rows)}{end}"

    def _cell(self, column: Col) -> str:
        value = column.make(self._random, self._random.randrange(100))
        return "NULL" if value is None else f"«{value}»"

    def _updated(self) -> str:
        table = self._one((LAB, LEVEL, DIAGNOSIS, EPISODE, PATIENT, NOTE, NOTE))
        free = [c for c in table.columns[1:] if not c.ddl and c.name not in {"episode", "patient"}]
        chosen = self._random.sample(free, self._random.randint(1, min(3, len(free))))
        sets = []
        for column in chosen:
            if column.type.startswith(("integer", "numeric")) and self._tossed(0.4):
                sets.append(f"{column.name} = {column.name} + 1")
            else:
                sets.append(f"{column.name} = {self._cell(column)}")
        end = self._one(("", "", " RETURNING *", f" RETURNING id, {chosen[0].name}"))
        return f"UPDATE {table.name} SET {', '.join(sets)}{self._where(table)}{end}"

    def _deleted(self) -> str:
        table = self._one((LAB, LEVEL, LINE, DIAGNOSIS, NOTE))
        return f"DELETE FROM {table.name}{self._where(table)}{self._one(('', ' RETURNING id'))}"

    def _tossed(self, share: float) -> bool:
        return self._random.random() < share

    def _one(self, values: Sequence[T]) -> T:
        return self._random.choice(values)

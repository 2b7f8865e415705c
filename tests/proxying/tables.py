"""A table of a test's world: what it is made of, what protects it, and what stands in it.

- One description gives the CREATE TABLE of an application, the policy's part, and seeded rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from sealhold.protect.offered import APART, BESIDE, TECHNIQUES

OFFERED: Final = TECHNIQUES | BESIDE
Value = Callable[[Random, int], str | None]  # text form of a cell of the nth row; None is NULL
CLEAR: Final = ("clear",)
SEARCHED: Final = {"match", "deterministic", "order", "fpe", "words", "range-hidden", "token"}
SUMMED: Final = {"he-sum", "paillier-sum"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Col:
    """One column."""

    name: str
    type: str
    protect: tuple[str, ...]
    make: Value
    ddl: str = ""  # NOT NULL, PRIMARY KEY, DEFAULT ..., REFERENCES ...
    more: Mapping[str, object] = field(default_factory=dict)  # of the policy: domain, scale, ...

    @property
    def is_clear(self) -> bool:
        return self.protect == CLEAR

    def line(self, *, is_tagged: bool) -> str:
        """Return the column as the policy says it; what is not built yet is sealed."""
        offered = OFFERED - APART if is_tagged else OFFERED
        listed = tuple(each for each in self.protect if each in offered) or ("sealed",)
        protect = '"clear"' if self.is_clear else _listed(listed)
        usages = ["storage"]
        usages += ["search"] if SEARCHED & {*listed} else []
        usages += ["compute"] if SUMMED & {*listed} else []
        said = {
            "name": _quoted(self.name),
            "type": _quoted(self.type),
            "protect": protect,
            "usages": _listed(usages),
            **{
                name: _told(value)
                for name, value in self.more.items()
                if "fpe" in listed or name != "alphabet"
            },
        }
        lines = [f"{name} = {value}" for name, value in said.items()]
        return "[[table.column]]\n" + "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table with `rows` rows."""

    name: str
    dataset: str
    columns: tuple[Col, ...]
    rows: int
    bind: str = "row"
    integrity: str = "cell"
    key: tuple[str, ...] = ("id",)
    listed: bool = True  # in the policy

    @property
    def create(self) -> str:
        return self._create({})

    @property
    def create_plainly(self) -> str:
        """The same without a DEFAULT of a protected column, which a proxy may refuse."""
        less = {c.name: c.ddl.partition("DEFAULT")[0] for c in self.columns if not c.is_clear}
        return self._create(less)

    def _create(self, ddl: Mapping[str, str]) -> str:
        parts = (f"{c.name} {c.type} {ddl.get(c.name, c.ddl)}".rstrip() for c in self.columns)
        return f"CREATE TABLE {self.name} ({', '.join(parts)})"

    def part(self, csp: str) -> str:
        """Return the table as the policy says it."""
        head = (
            f'[[table]]\ndataset = "{self.dataset}"\nname = "{self.name}"\n'
            f'key = {_listed(self.key)}\ncsps = ["{csp}"]\nbind = "{self.bind}"\n'
            f'integrity = "{self.integrity}"\n'
        )
        is_tagged = self.integrity != "cell"
        return head + "".join(c.line(is_tagged=is_tagged) for c in self.columns)

    def made(self, seed: int) -> list[tuple[str | None, ...]]:
        """Return its rows, the same for the same seed."""
        random = Random(f"{seed} {self.name}")
        return [tuple(c.make(random, nth) for c in self.columns) for nth in range(self.rows)]

    def inserts(self, seed: int, at_once: int = 50) -> list[str]:
        """Return statements that fill it."""
        names = ", ".join(c.name for c in self.columns)
        rows = ["(" + ", ".join(map(literal, row)) + ")" for row in self.made(seed)]
        return [
            f"INSERT INTO {self.name} ({names}) VALUES " + ", ".join(rows[at : at + at_once])
            for at in range(0, len(rows), at_once)
        ]


def literal(value: str | None) -> str:
    """Return a value as SQL says it."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def policy(tables: tuple[Table, ...], url: str, *, secret: str, default: str = "clear") -> str:
    """Return the policy of these tables, all with one provider, as `*.policy.toml` says it."""
    head = (
        f'format = "sealhold-policy/1"\nname = "worlds"\nversion = 1\nnames = "clear"\n'
        f'default = "{default}"\n\n'
        f'[[csp]]\nid = "rented"\nkind = "postgres"\nurl = "{url}"\nsecret = "{secret}"\n\n'
    )
    return head + "\n".join(t.part("rented") for t in tables if t.listed)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _listed(texts: "tuple[str, ...] | list[str]") -> str:
    return "[" + ", ".join(map(_quoted, texts)) + "]"


def _told(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)

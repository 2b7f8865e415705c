"""A table of which one role is shown masks alone, with a marker in each value that it hides.

- `ann` has the role, `app` has none. The others have fewer rights, and `kim` less by a role.
"""

from collections.abc import Mapping
from typing import Final

from tests.proxying.markers import text
from tests.proxying.tables import CLEAR, Col, Table

ANN: Final = "ann"
OTHERS: Final = (ANN, "eve:read@public.visit", "rob:read", "will:write", "kim")
ROWS: Final = 6


def _marked(kind: int, nth: int) -> str:
    return text(0xC0000 + kind * 0x100 + nth)


def _col(name: str, type_: str, protect: str, kind: int, **more: object) -> Col:
    return Col(
        name=name, type=type_, protect=tuple(protect.split()),
        make=lambda _, nth: None if nth == ROWS - 1 else _marked(kind, nth), more=more,
    )  # fmt: skip


STAFF: Final = Table(
    name="staff", dataset="staff", rows=ROWS, columns=(
        Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth),
            ddl="PRIMARY KEY"),
        _col("name", "text", "sealed", 1),
        Col(name="email", type="text", protect=("match",), ddl="UNIQUE",
            make=lambda _, nth: f"{_marked(2, nth)}@here.example"),
        _col("badge", "text", "deterministic", 3),
        Col(name="grade", type="integer", protect=("match", "order"),
            make=lambda _, nth: str(nth * 7 - 3)),
        Col(name="born", type="date", protect=("order",), make=lambda _, nth: f"196{nth}-07-09"),
        Col(name="city", type="text", protect=CLEAR, make=lambda _, nth: _marked(4, nth),
            ddl="UNIQUE"),
        Col(name="pay", type="numeric(10,2)", protect=CLEAR,
            make=lambda _, nth: f"{nth * 777 - 900}.50"),
        Col(name="seen", type="timestamptz", protect=CLEAR,
            make=lambda _, nth: f"2024-0{nth + 1}-17 10:11:12+00"),
        _col("card", "varchar(20)", "sealed", 5),
        _col("note", "text", "clear", 6),
        Col(name="open", type="text", protect=("match",), make=lambda _, nth: f"seen {nth}"),
    ),
)  # fmt: skip
VISIT: Final = Table(
    name="visit", dataset="staff", rows=2, columns=(
        Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth),
            ddl="PRIMARY KEY"),
        Col(name="city", type="text", protect=CLEAR, make=lambda _, nth: _marked(4, nth),
            ddl="REFERENCES staff (city)"),
        Col(name="open", type="text", protect=("match",), make=lambda _, nth: f"seen {nth}"),
    ),
)  # fmt: skip
BOOK: Final = Table(
    name="book", dataset="staff", rows=2, columns=(
        Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth)),
        Col(name="title", type="text", protect=CLEAR, make=lambda _, nth: f"volume {nth}"),
    ),
)  # fmt: skip
PAPER: Final = Table(
    name="paper", dataset="staff", rows=2, columns=(
        Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth)),
        _col("sign", "text", "sealed", 7),
        Col(name="note", type="text", protect=CLEAR, make=lambda _, nth: _marked(8, nth),
            ddl="DEFAULT 'a blank one'"),
        Col(name="code", type="text", protect=("match",), ddl="UNIQUE",
            make=lambda _, nth: _marked(9, nth)),
        Col(name="size", type="integer", protect=CLEAR, make=lambda _, nth: str(nth),
            ddl="CHECK (size < 100)"),
        Col(name="read", type="text", protect=("match",), make=lambda _, nth: f"seen {nth}"),
    ),
)  # fmt: skip
TABLES: Final = (STAFF, VISIT, BOOK, PAPER)
SHOWN: Final[Mapping[str, str]] = {
    "staff.name": "initial", "staff.email": "domain", "staff.badge": "hash",
    "staff.grade": "range:10", "staff.born": "year", "staff.city": "prefix2",
    "staff.pay": "range:1000", "staff.seen": "month", "staff.card": "last4",
    "staff.note": "nothing", "visit.city": "initial", "paper.sign": "initial",
    "paper.note": "prefix2", "paper.code": "last4",
}  # fmt: skip
WRITES: Final = ("staff.name", "visit.city", "paper.sign", "paper.note", "paper.code")


def role() -> str:
    """Return the role as the policy says it."""
    masks = (
        f'[[role.mask]]\ncolumn = "{column}"\nshow = "{show}"\n'
        + ("writes = true\n" if column in WRITES else "")
        for column, show in SHOWN.items()
    )
    desk = '\n[[role]]\nname = "desk"\nusers = ["kim"]\nmay = ["read"]\ntables = ["visit"]\n'
    return f'\n[[role]]\nname = "analyst"\nusers = ["{ANN}"]\n' + "".join(masks) + desk

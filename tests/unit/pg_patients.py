"""A protected table of two columns, with plans on it that are made by hand."""

from collections.abc import Sequence

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy
from sealhold.protect.sql.plan import Hidden, Output, Parameter, Query, Row, Touch
from sealhold.protect.sql.wire import Field, build_fields, build_row

BYTEA, BIGINT = 17, 20
POLICY = Policy(
    name="clinic",
    version=1,
    tables=(
        TablePolicy(
            dataset="clinic",
            name="patient",
            columns=(
                ColumnPolicy(name="name", type="text", protect=("match",)),
                ColumnPolicy(name="age", type="integer", protect=("sealed",)),
            ),
        ),
    ),
)
COLUMNS = columns_of(POLICY, Derived(lambda _: Secret(bytes(32), "dataset")), seeded(b"n"))
NAME: Column = COLUMNS["public", "patient"]["name"]
AGE: Column = COLUMNS["public", "patient"]["age"]
READS = Touch("SELECT", ("public.patient",), opens=(NAME, AGE))
SELECT = Query(
    "select name, age, _sh_rid from patient where name_m = $1",
    READS,
    (Parameter(BYTEA, Hidden(NAME, "_m", 0, how="=")),),
    (Output("name", 0, NAME, 2), Output("age", 1, AGE, 2)),
    (NAME.type,),
)
INSERT = Query(
    "insert into patient values ($1, $2, $3, $4)",
    Touch("INSERT", ("public.patient",), writes=(NAME, AGE)),
    (
        Parameter(BYTEA, Hidden(NAME, "", 0, row=0)),
        Parameter(BYTEA, Hidden(NAME, "_m", 0, row=0)),
        Parameter(BYTEA, Hidden(AGE, "", 1, row=0)),
        Parameter(BIGINT, Row(0)),
    ),
    None,
    (NAME.type, AGE.type),
    new_rows=1,
)
PHYSICAL = build_fields(
    Field(name, 7, at, oid, -1, -1, 0)
    for at, (name, oid) in enumerate((("name", BYTEA), ("age", BYTEA), ("_sh_rid", BIGINT)), 1)
)


def stored(rid: int, name: bytes | None, age: int | None) -> bytes:
    """Return a row as the provider keeps it."""
    cells: Sequence[bytes | None] = (
        *NAME.encode("", [name], [rid]),
        *AGE.encode("", [None if age is None else age.to_bytes(4, "big")], [rid]),
        rid.to_bytes(8, "big"),
    )
    return build_row(cells)

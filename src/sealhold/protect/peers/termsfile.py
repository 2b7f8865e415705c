"""What an owner means to grant, as TOML, and whether the policy can keep it.

    dataset = "clinic"            purpose = "quality of care"
    rows_per_day = 1000           days = 90
    [[table]]                     name = "visit"  columns = ["id", "city"]  where = "city = 'Bern'"
    [grid]                        table = "visit"  by = ["city"]  measures = ["cost"]  least = 5
    [[statement]]                 sql = "..."  types = ["int4"]  values = [["1"], ["2"]]

- One of `table`, `grid` and `statement`. Each key is checked; one that is not known is a fault.
- What the grant lets be asked is planned once, so that a condition that the provider could not do
  on what it keeps is told to the owner, and not to the asker.

Source: docs/spec/67-proxy-to-proxy.md section 1.
"""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sealhold.model.errors import InvalidGrantError
from sealhold.protect.peers.narrowing import condition_of
from sealhold.protect.peers.paper import GrantedStatement, GrantedTable, Grid, Terms
from sealhold.protect.peers.planning import normal
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import Policy, TablePolicy
from sealhold.protect.sql.refusing import PlanError

MAX_TERMS: Final = 65_536  # bytes
MOST_DAYS: Final = 366
LEAST: Final = 2  # rows of a group: of one row, a sum is the value
_WHOLE: Final = {"dataset", "purpose", "rows_per_day", "days"}
_SHAPES: Final = ("table", "grid", "statement")

Refusal = Callable[[Terms, str], str]  # why a text cannot be answered under terms; empty if it can


def read_terms(data: bytes, policy: Policy, refusal: Refusal) -> tuple[Terms, int]:
    """Return what is granted, and for how many days.

    Args:
        data: the TOML text.
        policy: the protection policy that is in force.
        refusal: plans one statement under terms.

    Raises:
        InvalidGrantError: a fault, with the key it is in.
    """
    said = _parsed(data)
    shapes = [each for each in _SHAPES if each in said]
    _keys(said, _WHOLE, {*_WHOLE, *shapes}, "the grant")
    if len(shapes) != 1:
        raise InvalidGrantError("a grant has either `table`, `grid` or `statement`")
    days = _number(said, "days", 1, MOST_DAYS)
    terms = Terms(
        dataset=_text(said, "dataset"),
        purpose=_text(said, "purpose"),
        rows_per_day=_number(said, "rows_per_day", 1, 10**9),
    )
    try:
        if shapes == ["table"]:
            tables = tuple(_table(each, policy, terms.dataset) for each in said["table"])
            if len({each.full for each in tables}) != len(tables):
                raise InvalidGrantError("a table stands twice")
            terms = replace(terms, tables=tables)
        elif shapes == ["grid"]:
            terms = replace(terms, grid=_grid(said["grid"], policy, terms.dataset))
        else:
            terms = replace(terms, statements=tuple(map(_statement, said["statement"])))
    except PlanError as err:
        raise InvalidGrantError(err.refused.message) from err
    except (TypeError, AttributeError) as err:
        raise InvalidGrantError("a part of another form than it must have") from err
    for text in _trials(terms):
        why = refusal(terms, text)
        if why:
            raise InvalidGrantError(f"it could not be answered: {why}")
    return terms, days


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_TERMS:
        raise InvalidGrantError("terms of more than 64 KiB")
    try:
        return tomllib.loads(data.decode())
    except ValueError as err:
        raise InvalidGrantError(f"not TOML: {err}") from err


def _trials(terms: Terms) -> list[str]:
    """Return what must be answerable if anything is."""
    if terms.grid is not None:
        sums = [f'sum("{each}")' for each in terms.grid.measures]
        by = ", ".join(f'"{each}"' for each in terms.grid.by)
        items = ", ".join([by, "count(*)", *sums])
        table = terms.grid.table.name
        return [f'SELECT {items} FROM "{table}" GROUP BY {by}']  # noqa: S608  # reason: it is planned
    if terms.statements:
        return [each.sql for each in terms.statements]
    return [
        f'SELECT "{column}" FROM "{each.schema}"."{each.name}"'  # noqa: S608  # reason: as above
        for each in terms.tables
        for column in each.columns
    ]


def _table(said: dict[str, Any], policy: Policy, dataset: str) -> GrantedTable:
    _keys(said, {"name", "columns"}, {"name", "schema", "columns", "where"}, "`table`")
    found = _of_policy(said, "name", policy, dataset)
    columns = _columns(said, "columns", found)
    where = _text(said, "where") if "where" in said else ""
    made = GrantedTable(schema=found.schema, name=found.name, columns=columns, where=where)
    condition_of(made)
    return made


def _grid(said: dict[str, Any], policy: Policy, dataset: str) -> Grid:
    needed = {"table", "by", "measures", "least"}
    _keys(said, needed, {*needed, "schema", "where"}, "`grid`")
    found = _of_policy(said, "table", policy, dataset)
    by, measures = _columns(said, "by", found), _columns(said, "measures", found, empty=True)
    if set(by) & set(measures):
        raise InvalidGrantError("a column of the grid is no measure")
    where = _text(said, "where") if "where" in said else ""
    table = GrantedTable(
        schema=found.schema, name=found.name, columns=(*by, *measures), where=where
    )
    condition_of(table)
    return Grid(table=table, by=by, measures=measures, least=_number(said, "least", LEAST, 10**6))


def _statement(said: dict[str, Any]) -> GrantedStatement:
    _keys(said, {"sql"}, {"sql", "types", "values"}, "`statement`")
    types = tuple(map(str, said.get("types", ())))
    for each in types:
        try:
            named(each)
        except (TypeRefusedError, ValueError) as err:
            raise InvalidGrantError(f"no type `{each}`") from err
    values = None
    if "values" in said:
        values = tuple(tuple(map(str, each)) for each in said["values"])
        if any(len(each) != len(types) for each in values):
            raise InvalidGrantError("`values` has other counts than `types`")
    return GrantedStatement(sql=normal(_text(said, "sql")), types=types, values=values)


def _of_policy(said: dict[str, Any], key: str, policy: Policy, dataset: str) -> TablePolicy:
    name, schema = _text(said, key), said.get("schema", "public")
    for each in policy.tables:
        if (each.schema, each.name, each.dataset) == (schema, name, dataset):
            return each
    raise InvalidGrantError(f"no table `{name}` of dataset `{dataset}` in the policy")


def _columns(
    said: dict[str, Any], key: str, table: TablePolicy, *, empty: bool = False
) -> tuple[str, ...]:
    found = tuple(said[key])
    there = {each.name for each in table.columns}
    if (not found and not empty) or len(set(found)) != len(found):
        raise InvalidGrantError(f"`{key}` names columns, each once")
    beyond = sorted(set(found) - there)
    if beyond:
        raise InvalidGrantError(f"no column `{beyond[0]}` of `{table.name}` in the policy")
    return found


def _keys(said: dict[str, Any], needed: set[str], all_: set[str], where: str) -> None:
    missing, beyond = sorted(needed - set(said)), sorted(set(said) - all_)
    if missing:
        raise InvalidGrantError(f"{where} has no `{missing[0]}`")
    if beyond:
        raise InvalidGrantError(f"{where} has no key `{beyond[0]}`")


def _text(said: dict[str, Any], key: str) -> str:
    if not isinstance(said[key], str) or not said[key]:
        raise InvalidGrantError(f"`{key}` is a text")
    return str(said[key])


def _number(said: dict[str, Any], key: str, least: int, most: int) -> int:
    value = said[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidGrantError(f"`{key}` is a number from {least} to {most}")
    return value

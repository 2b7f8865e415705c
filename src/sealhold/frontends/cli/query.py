"""`sealhold query`."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.encoding import Plain
from sealhold.model.errors import UsageError
from sealhold.model.tables import TableResult

NUMBERS = (int, float, Decimal)
DIGITS = 9  # of a float: a place on earth to the decimetre


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement that reads.")] = "",
    tables: Annotated[
        bool, typer.Option("--tables", help="List what can be asked instead.")
    ] = False,
) -> None:
    """Ask your own data in SQL.

    The tables are opened in memory, for this one question, and never written to a disk.

    Raises:
        UsageError: neither a statement nor `--tables`.
    """
    session = Session.of(context)
    if tables:
        _tables(session)
        return
    if not sql.strip():
        raise UsageError("there is no statement; `--tables` lists what can be asked")
    with reading(session) as node:
        result = node.records.query(sql)
    emit(session, result, *_blocks(result))


def _tables(session: Session) -> None:
    with reading(session) as node:
        datasets, counts = node.records.tables(), node.records.counts()
    blocks: list[Block] = []
    for name in sorted(datasets):
        dataset = datasets[name]
        blocks += [Line("")] if blocks else []
        blocks.append(Line(f"{safe(name)}, {counted(counts[name], 'item')}", "head"))
        rows = [(each.name, each.type.name.lower(), safe(each.about)) for each in dataset.columns]
        columns = (Column("Field", whole=True), Column("Type", whole=True), Column("What it is"))
        blocks.append(Table(columns, rows))
    if not blocks:
        blocks = [Line("The vault is empty."), Line("Next: sealhold import FILE...", "hint")]
    emit(session, datasets, *blocks)


def _blocks(result: TableResult) -> list[Block]:
    kinds = list(zip(*result.rows, strict=True)) or [()] * len(result.columns)
    columns = [
        figure(safe(name)) if _are_figures(values) else Column(safe(name))
        for name, values in zip(result.columns, kinds, strict=True)
    ]
    rows = [[_cell(value) for value in row] for row in result.rows]
    more = "; there are more" if result.truncated else ""
    told = f"{counted(len(rows), 'row')}{more}, {result.seconds:.2f} s"
    return [Table(columns, rows, tall=True), Line(told, "hint")]


def _are_figures(values: tuple[Plain, ...]) -> bool:
    told = [value for value in values if value is not None]
    return bool(told) and all(
        isinstance(value, NUMBERS) and not isinstance(value, bool) for value in told
    )


def _cell(value: Plain) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    return safe(str(value))

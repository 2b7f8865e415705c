"""`sealhold proxy audit`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import RowTamperedError, UsageError
from sealhold.model.shown.proxies import ProxyAudit
from sealhold.node.proxying import proxying

SHOWN = 50  # findings; `--json` has the first thousand of each table


def proxy_audit(
    context: typer.Context,
    policy: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
    table: Annotated[str, typer.Option("--table", metavar="TABLE", help="This table alone.")] = "",
    sample: Annotated[
        int,
        typer.Option("--sample", metavar="N", min=0, help="N parts of 1,024 rows of each table."),
    ] = 0,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Take the rows of the table as they are: after a lost state."),
    ] = False,
) -> None:
    """Compare the rows at a provider with what the proxy knows of them.

    It says how each column is protected, too. Rows are compared of tables with integrity of rows or
    tables: changed, older, invented or doubled ones are found, and under `table` those that are not
    there. While a table is looked at, nobody writes to it. Exit code 6: something was found.

    Raises:
        UsageError: `--adopt` without a table.
        Exit: with 6, if something was found.
    """
    session = Session.of(context)
    if adopt and not table:
        raise UsageError("`--adopt` takes one `--table`")
    with (
        reading(session) as node,
        proxying(node, session.shell.environment, policy=policy) as proxy,
    ):
        if adopt:
            rows = proxy.audits.adopt(table)
            said = f"{rows:,} rows of `{safe(table)}` are taken as the provider shows them."
            emit(session, {"adopted": table, "rows": rows}, Line(said, "head"))
            return
        with bar_of_objects(session) as watch:
            found = proxy.audits.run(table, sample, lambda _table, rows: watch(rows, rows))
        emit(session, found, *_shown(found))
    if any(each.found for each in found.tables):
        raise typer.Exit(RowTamperedError.kind.value)


def _shown(audit: ProxyAudit) -> list[Block]:
    tables = [
        (each.table, each.integrity, f"{each.rows:,}", f"{each.parts:,} of {each.of_parts:,}",
         f"{each.bytes:,}", f"{each.found:,}")
        for each in audit.tables
    ]  # fmt: skip
    columns = [
        (f"{each.table}.{one.name}", ", ".join(one.protect), str(one.key_version or ""))
        for each in audit.tables
        for one in each.columns
    ]
    findings = [one for each in audit.tables for one in each.findings]
    bad = [Line(f"{safe(one.table)}, row {one.row}: {one.what}", "bad") for one in findings[:SHOWN]]
    more = sum(each.found for each in audit.tables) - len(bad)
    return [
        Facts(
            [
                ("Policy", f"{audit.policy}, version {audit.version}"),
                ("Provider", safe(audit.provider)),
                ("Head of all rows", audit.head),
            ]
        ),
        Table(
            (Column("Table", whole=True), Column("Integrity"), figure("Rows"), figure("Parts"),
             figure("Bytes"), figure("Found")),
            tables,
        ),
        Table((Column("Column", whole=True), Column("Protection"), figure("Key version")), columns),
        *bad,
        *([Line(f"and {more:,} more", "bad")] if more > 0 else []),
    ]  # fmt: skip

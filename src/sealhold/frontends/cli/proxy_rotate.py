"""`sealhold proxy rotate`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.model.shown.proxies import ProxyMigration, ProxyTurning
from sealhold.node.proxying import proxying
from sealhold.node.proxyturning import carried_out, turning


def proxy_rotate(
    context: typer.Context,
    policy: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
    column: Annotated[
        str, typer.Option(metavar="TABLE.COLUMN", help="Of which column; with its schema.")
    ] = "",
    technique: Annotated[
        str, typer.Option(metavar="NAME", help="The key of this one alone; else all of the column.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made anew, and do nothing.")
    ] = False,
    begin: Annotated[
        bool,
        typer.Option("--begin", help="Draw the key alone: the next `proxy serve` does the rest."),
    ] = False,
    rows_per_second: Annotated[
        int, typer.Option(metavar="N", help="Make no more rows anew than this; 0: all it can.")
    ] = 0,
) -> None:
    """Draw the keys of a protected column anew, and make its tables anew under them.

    Without `--column` it goes on with what was begun. Applications go on meanwhile if `--begin` is
    followed by `proxy serve`: until a table is switched it is used under its older keys. A key of a
    domain is that of all its columns: joins across its tables are refused between their switches.

    Raises:
        UsageError: no column to begin with, or ways that do not go together.
    """
    session = Session.of(context)
    if (dry_run or begin or technique) and not column:
        raise UsageError("`--column TABLE.COLUMN` says of which column")
    if (dry_run and begin) or rows_per_second < 0:
        raise UsageError("`--dry-run` or `--begin`, and a pace of 0 or more rows")
    with (
        reading(session) as node,
        proxying(node, session.shell.environment, policy=policy) as proxy,
    ):
        migrations = proxy.migrations
        migrations.pace = rows_per_second
        begun = turning(migrations, column, technique, is_dry=dry_run) if column else None
        done: tuple[ProxyMigration, ...] = ()
        if not (dry_run or begin):
            with bar_of_objects(session) as watch:
                done = carried_out(
                    migrations, lambda far: watch(far.filled, max(far.whole, far.filled))
                )
        emit(session, {"turning": begun, "tables": done}, *_said(begun), *_done(begun, done))


def _said(begun: ProxyTurning | None) -> list[Block]:
    if begun is None:
        return []
    head = "drawn anew" if begun.is_begun else "would be drawn anew"
    return [
        Line(f"Keys of `{safe(begun.column)}` {head}.", "head"),
        Facts(
            [
                ("Keys", ", ".join(begun.keys)),
                ("Tables", ", ".join(begun.tables) or "none is at the provider"),
            ]
        ),
    ]


def _done(begun: ProxyTurning | None, done: tuple[ProxyMigration, ...]) -> list[Block]:
    if not done:
        is_open = begun is not None and begun.is_begun and begun.tables
        return [Line("`sealhold proxy serve` makes the tables anew.", "hint")] if is_open else []
    rows = [(each.table, f"{each.filled:,} rows, {each.per_second:,} a second") for each in done]
    hint = "Make a backup: one from before opens nothing of what these tables hold now."
    return [Facts(rows), Line(hint, "hint")]

"""`sealhold proxy migrate`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.model.shown.proxies import ProxyMigration, ProxyMigrationPreview
from sealhold.node.proxying import Proxy, proxying


def proxy_migrate(
    context: typer.Context,
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="As the policy names it; with its schema.")
    ] = "",
    policy: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would be done, and do nothing.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Say how far each table is.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Drop the clear form that was kept.")
    ] = False,
    back: Annotated[
        bool, typer.Option("--back", help="Before the end: put the clear form back in use.")
    ] = False,
) -> None:
    """Protect a table that is in use at a provider, or take its protection back.

    It goes on from where it was, and brings a table to what a new policy says of it. A proxy that
    is served does the same meanwhile, with `proxy serve --migrate TABLE`. After `--finish` old
    versions of rows lie in the provider's files until it writes the table anew, and in its backups
    for as long as it keeps them.

    Raises:
        UsageError: no table, or several ways at once.
    """
    session = Session.of(context)
    if preview + status + finish + back > 1:
        raise UsageError("one of `--preview`, `--status`, `--finish`, `--back`")
    if not (table or status):
        raise UsageError("which table?")
    with (
        reading(session) as node,
        proxying(node, session.shell.environment, policy=policy) as proxy,
    ):
        if status:
            found = proxy.migrations.standing()
            emit(session, {"tables": found}, _standing(found))
        elif preview:
            seen = proxy.migrations.preview(table)
            emit(session, seen, *_previewed(seen))
        elif finish:
            proxy.migrations.finish(table)
            said = Line(f"The clear form of `{safe(table)}` is dropped.", "head")
            hint = Line("VACUUM FULL at the provider removes old versions of its rows.", "hint")
            emit(session, {"finished": table}, said, hint)
        else:
            done = _run(session, proxy, table, is_back=back)
            emit(session, done, *_done(done))


def _run(session: Session, proxy: Proxy, table: str, *, is_back: bool) -> ProxyMigration:
    with bar_of_objects(session) as watch:
        return proxy.migrations.run(
            table, lambda far: watch(far.filled, max(far.whole, far.filled)), is_back=is_back
        )


def _standing(found: tuple[ProxyMigration, ...]) -> Block:
    rows = [(each.table, _said(each), f"{each.left:,}" if each.left else "") for each in found]
    return Table((Column("Table", whole=True), Column("How far"), figure("Rows left")), rows)


def _said(one: ProxyMigration) -> str:
    way = ", on its way back" if one.is_back else ", under other keys" if one.is_turn else ""
    return (one.phase or "never migrated") + way


def _previewed(seen: ProxyMigrationPreview) -> list[Block]:
    blocks: list[Block] = [
        Facts(
            [
                ("Table", seen.table),
                ("Rows", f"{seen.rows:,}, as the provider estimates"),
                ("Bytes now", f"{seen.bytes:,}"),
                ("Bytes more", f"{seen.adds:,}, until the end and a VACUUM FULL"),
                ("Protected", ", ".join(seen.columns)),
                ("Keys that move", ", ".join(seen.keys) or "none"),
            ]
        )
    ]
    blocks += [
        Line(f"Is dropped, since no term holds it: {safe(each)}", "bad") for each in seen.lost
    ]
    blocks += [Line(f"In the way: {safe(each)}", "bad") for each in seen.in_the_way]
    return [*blocks, *(Line(safe(each)) for each in seen.still)]


def _done(done: ProxyMigration) -> list[Block]:
    facts = Facts(
        [
            ("Rows filled", f"{done.filled:,}, {done.per_second:,} a second"),
            ("Rows compared", f"{done.compared:,}"),
        ]
    )
    if done.is_back:
        return [
            Line(f"`{safe(done.table)}` is in the clear again.", "head"), facts,
            Line("Put a policy in force that says so: until then nobody can use it.", "hint"),
        ]  # fmt: skip
    if done.is_turn:
        return [Line(f"`{safe(done.table)}` is as the policy says now.", "head"), facts]
    lost = [Line(f"Dropped: {safe(each)}", "bad") for each in done.lost]
    hint = f"`sealhold proxy migrate {safe(done.table)} --finish` drops the clear form."
    return [Line(f"`{safe(done.table)}` is protected.", "head"), facts, *lost, Line(hint, "hint")]

"""`sealhold snapshot list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment


def snapshot_list(context: typer.Context) -> None:
    """List the snapshots of what your vault is set to, the newest first.

    One is made whenever something changed: a rule, a grant, a source, an import, the program. The
    whole chain is checked before it is told.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = node.parts.snapshots.list()
    rows = [
        (
            f"{each.number}",
            moment(each.at),
            safe(", ".join(each.causes)),
            safe(each.version),
            f"{each.form}",
            each.id[:12],
        )
        for each in found
    ]
    columns = (
        figure("Number"),
        Column("When", whole=True),
        Column("Changed"),
        Column("Program"),
        figure("Form"),
        id_("Id"),
    )
    lost = found[-1].lost if found else 0
    told = [Line(f"{lost} that came before are not there any more.", "hint")] if lost else []
    emit(session, {"snapshots": found}, Table(columns, rows), *told)

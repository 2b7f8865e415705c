"""`sealhold request inbox`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind
from sealhold.model.shown.dataware import InboxLine


def request_inbox(context: typer.Context) -> None:
    """List what waits for you, with what is new in it.

    A request of an app that you allowed something before is compared with that: only what is
    other or more is told.
    """
    session = Session.of(context)
    with reading(session) as node:
        waiting = node.dataware.inbox()
    if not waiting:
        emit(session, waiting, Line("Nothing waits for you."))
        return
    blocks: list[Block] = []
    for each in waiting:
        blocks += _line(each)
    emit(session, waiting, *blocks, Line("Look at one: sealhold request show REQUEST", "hint"))


def _line(line: InboxLine) -> list[Block]:
    request = line.request
    head = f"{short(Kind.REQUEST, request.id)}  {safe(request.asker)}: {safe(request.label)}"
    if line.former is None:
        return [Line(head, "head"), Line("The first of its kind: all of it is new.", indent=2)]
    former = short(Kind.REQUEST, line.former)
    if not line.new:
        return [Line(head, "head"), Line(f"Nothing more than {former}.", indent=2)]
    rows = [(each.what, safe(each.before), safe(each.now)) for each in line.new]
    columns = (Column("New"), Column(f"In {former}"), Column("Now"))
    return [Line(head, "head"), Table(columns, rows)]

"""`sealhold request list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import day
from sealhold.model.ids import Kind
from sealhold.model.quantities import show_bits
from sealhold.model.shown import RequestLine, RequestState

STATES = {
    RequestState.WAITING: "waits for you",
    RequestState.SPENT: "answered",
    RequestState.SUSPENDED: "paused",
}


def request_list(context: typer.Context) -> None:
    """List what others ask; what waits for you comes first."""
    session = Session.of(context)
    with reading(session) as node:
        requests = node.requests.list()
    emit(session, requests, *_blocks(requests))


def _blocks(requests: tuple[RequestLine, ...]) -> list[Block]:
    if not requests:
        return [Line("No one has asked.")]
    rows = [
        (
            short(Kind.REQUEST, each.id),
            safe(each.asker),
            safe(each.label),
            show_bits(each.cost_per_answer),
            day(each.expires_at),
            STATES.get(each.state, each.state.value),
        )
        for each in requests
    ]
    columns = (
        id_("Request"),
        Column("Who"),
        Column("What"),
        figure("Bits"),
        Column("Ends", whole=True),
        Column("State"),
    )
    waiting = [each for each in requests if each.state is RequestState.WAITING]
    first = short(Kind.REQUEST, waiting[0].id) if waiting else ""
    hint = [Line(f"Read it whole: sealhold request show {first}", "hint")] if waiting else []
    return [Table(columns, rows), *hint]

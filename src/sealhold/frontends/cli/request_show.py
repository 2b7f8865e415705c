"""`sealhold request show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.card import card_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.safetext import visible
from sealhold.model.ids import Kind
from sealhold.model.shown import RequestState


def request_show(
    context: typer.Context,
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="Its id, from `sealhold request list`.")
    ],
    code: Annotated[bool, typer.Option("--code", help="Print the program, whole.")] = False,
) -> None:
    """Show one request, whole, in eight numbered parts."""
    session = Session.of(context)
    with reading(session) as node:
        card = node.requests.show(request)
    if code:
        emit(session, card, *(Line(visible(line)) for line in card.code.text.splitlines()))
        return
    blocks = card_blocks(card, card.asked_terms)
    if card.state is RequestState.WAITING:
        id_text = short(Kind.REQUEST, card.id)
        blocks += [
            Line(""),
            Line(f"Refuse it: sealhold request deny {id_text}", "hint"),
            Line(f"Allow it:  sealhold request approve {id_text}", "hint"),
        ]
    emit(session, card, *blocks)

"""`sealhold request deny`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind, canonical


def request_deny(
    context: typer.Context,
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="Its id, from `sealhold request list`.")
    ],
) -> None:
    """Refuse a request; the asker learns no reason.

    Refusing needs no proof and no reason. The asker sees the same as if the request had expired,
    and cannot ask the same again for 90 days.
    """
    session = Session.of(context)
    with reading(session) as node:
        card = node.requests.show(request)
        node.requests.refuse(request)
    emit(
        session,
        {"request": canonical(card.id), "state": "refused"},
        Line(
            f"Refused {short(Kind.REQUEST, card.id)} of {safe(card.asker.name)}. Nothing was run,"
            " nothing left."
        ),
    )

"""`sealhold source token`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import InvalidError


def source_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which source.")],
    rate: Annotated[int, typer.Option(metavar="N", help="Calls a minute, at most.")] = 60,
    count: Annotated[
        int, typer.Option("--bytes", metavar="N", help="Bytes a day, at most.")
    ] = 67_108_864,
) -> None:
    """Make the token by which a program pushes into a source; the one before ends.

    It opens `POST /v1/push/DATASET` for that one source and nothing else. It is said once and kept
    nowhere.

    Raises:
        InvalidError: nothing is pushed into that source.
    """
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.find(name)
        if source.kind != "push":
            raise InvalidError(f"`{name}` is no source that is pushed into")
        token = node.parts.crowd.pushers.renew(source.id, rate, count)
    dataset = source.settings["dataset"]["name"]
    emit(
        session,
        {"token": token, "dataset": dataset, "rate": rate, "bytes": count},
        Line("The token, said once; one before it is worth nothing now.", "head"),
        Line(token),
        Line(f"Push with it: POST /v1/push/{dataset}", "hint"),
    )

"""`sealhold device place add`, `remove`, and what they tell."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.node.devicework import DeviceWork

PLACE = "folder:PATH, s3://BUCKET/FOLDER?endpoint=https://HOST, or https://HOST of a relay."


def device_place_add(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help=PLACE)],
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the token of your account at the relay stands."),
    ] = None,
) -> None:
    """Sync through a place from now on: a stick, a bucket, a relay.

    Whoever runs it sees names that say nothing, sizes and times. Other devices hear of it when they
    join; on those that joined before, add it there, too.

    Raises:
        UsageError: the file of the token cannot be read.
    """
    session = Session.of(context)
    try:
        token = "" if token_file is None else token_file.read_text().strip()
    except OSError as err:
        raise UsageError(f"`{token_file}` cannot be read") from err
    with reading(session) as node:
        made = DeviceWork(node).add_carrier(place, token)
    emit(session, made, Line(f"Syncs through {safe(made.address)}.", "good"))


def device_place_remove(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Its address, or id.")],
) -> None:
    """Sync through a place no more; what lies there stays, sealed."""
    session = Session.of(context)
    with reading(session) as node:
        gone = DeviceWork(node).drop_carrier(place)
    emit(session, gone, Line(f"Syncs no more through {safe(gone.address)}."))

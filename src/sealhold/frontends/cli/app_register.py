"""`sealhold app register`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.app_show import app_facts
from sealhold.frontends.cli.appfolder import AppFolder, Entrance
from sealhold.frontends.cli.opening import deciding, world_of
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_key
from sealhold.model.errors import UsageError

LOOKALIKE = "lookalike"  # the point that a name like a known one needs a yes to


def app_register(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="How you want to call it.")],
    key: Annotated[
        str, typer.Option(metavar="HEX", help="Its Ed25519 public key, 64 hex digits.")
    ] = "",
    make_keys: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Be its developer: make or take keys in DIR, and put the token there.",
        ),
    ] = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option(metavar="POINT", help="Say yes to this point of it: `lookalike`."),
    ] = None,
) -> None:
    """Make an app known by its key, so that it may ask.

    Being known allows nothing: it can hand in requests, and you decide on each. The token is said
    once; give it to the app's developer. A name that looks like that of an app that you know is
    refused without `--confirm lookalike`.

    Raises:
        LookalikeError: the name looks like that of an app that is known.
        UsageError: not exactly one of `--key` and `--make-keys`, or a point that there is not.
    """
    session = Session.of(context)
    if bool(key) == (make_keys is not None):
        raise UsageError("name the app's key with `--key`, or a folder with `--make-keys`")
    points = frozenset(confirm or ())
    if unknown := sorted(points - {LOOKALIKE}):
        raise UsageError(f"there is no point `{safe(unknown[0])}`; there is `{LOOKALIKE}`")
    folder = AppFolder(make_keys) if make_keys is not None else None
    public = read_key(key) if folder is None else b""
    with deciding(session) as (node, _):
        if folder is not None:
            public = folder.keys_or_new(world_of(session).entropy).public
        app, token = node.apps.register_app(name, public, confirmed=LOOKALIKE in points)
    value = {"app": app, "token": token}
    if folder is None:
        said = [Line(f"Token, said once: {token}"), Line("Give it to the app's developer.", "hint")]
    else:
        kept = folder.keep(Entrance(app=app.id, name=app.name, token=token))
        said = [
            Line(f"Keys and token are in {safe(str(kept.parent))}, for you alone to read."),
            Line(f"Next: sealhold request add TASKFOLDER --keys {safe(str(kept.parent))}", "hint"),
        ]
    emit(session, value, Line("The app is known now.", "head"), app_facts(app), *said)

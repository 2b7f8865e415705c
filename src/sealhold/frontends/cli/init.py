"""`sealhold init`."""

from pathlib import Path
from typing import Annotated, assert_never

import typer

from sealhold.frontends.cli.opening import folder_of, new_passphrase, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import NoKeyError, TakenError, UsageError
from sealhold.model.shown import LogState
from sealhold.node import Places, Way, World, create, new_key_file, opened

Rows = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Rows on a PostgreSQL server: postgresql://USER@HOST/DATABASE?schema=NAME.",
    ),
]
Packs = Annotated[
    str,
    typer.Option(
        metavar="URL", help="Packs in a bucket: s3://BUCKET/FOLDER?endpoint=https://HOST."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="With `--root keyfile`: the file to write, elsewhere."),
]
Root = Annotated[
    Way,
    typer.Option("--root", help="What opens the vault. With a key, whoever has it also decides."),
]
HOW = {
    Way.PASSPHRASE: "headless: SEALHOLD_PASSPHRASE decides, too; every receipt says so",
    Way.KEYFILE: "headless: whoever has the key file decides; every receipt says so",
    Way.ENVIRONMENT: "headless: whoever has SEALHOLD_ROOT decides; every receipt says so",
}
KEEP = {
    Way.PASSPHRASE: "There is no way in without the passphrase: write it down on paper.",
    Way.KEYFILE: "There is no way in without the key file: keep a copy where the vault is not."
    " Commands find it by SEALHOLD_KEY_FILE.",
    Way.ENVIRONMENT: "There is no way in without the root value: keep a copy where the vault is"
    " not.",
}


def init(
    context: typer.Context,
    headless: Annotated[
        bool,
        typer.Option(
            "--headless",
            help="For a machine without a terminal: SEALHOLD_PASSPHRASE also decides. Said in"
            " every receipt.",
        ),
    ] = False,
    root: Root = Way.PASSPHRASE,
    key_file: KeyFile = None,
    records: Rows = "",
    objects: Packs = "",
) -> None:
    """Make a new, empty vault.

    The passphrase opens it and is kept nowhere: whoever forgets it has lost the vault. It is
    typed twice, or taken from SEALHOLD_PASSPHRASE. Without a terminal the vault is headless.
    With `--root keyfile` a file is written whose key takes the passphrase's place, and with
    `--root environment` the 32 random bytes of SEALHOLD_ROOT do, in base64.
    Servers are not trusted: they keep sealed bytes, and the keys stay in the folder.

    Raises:
        TakenError: the folder holds something already; told before anything is asked.
        UsageError: a key file without a root that is one, or the other way round.
    """
    places = Places(records=records, objects=objects)
    session = Session.of(context)
    folder, world = folder_of(session), world_of(session)
    if folder.is_dir() and any(folder.iterdir()):
        raise TakenError(f"`{safe(str(folder))}` is not empty")
    if (key_file is not None) is not (root is Way.KEYFILE):
        raise UsageError("`--key-file` and `--root keyfile` go together")
    alone = not session.shell.terminal.is_there() or root is not Way.PASSPHRASE
    is_headless = headless or alone
    given = _given(session, root, key_file, folder, world)
    try:
        create(folder, given, headless=is_headless, way=root, places=places, world=world)
    except BaseException:
        if key_file is not None:
            key_file.unlink()  # made a moment ago, and of no use
        raise
    with opened(folder, given, world) as node:
        state = node.audit.state()
    _tell(session, root, folder, state, is_headless=is_headless)


def _tell(session: Session, root: Way, folder: Path, state: LogState, *, is_headless: bool) -> None:
    value = {
        "home": str(folder),
        "headless": is_headless,
        "root": root.value,
        "log_key": state.key_digest,
        "checkpoint": state.checkpoint,
    }
    how = HOW[root] if is_headless else "by you alone, at a terminal"
    emit(
        session,
        value,
        Line("Your vault is made.", "head"),
        Facts(
            [
                ("Folder", safe(str(folder))),
                ("Decided", how),
                ("Log key", state.key_digest),
            ]
        ),
        Line(KEEP[root], "plain"),
        Line("Next: sealhold import FILE...", "hint"),
    )


def _given(session: Session, root: Way, key_file: Path | None, folder: Path, world: World) -> str:
    """Return what is to open the vault, after writing the key file if it is one.

    Raises:
        NoKeyError: SEALHOLD_ROOT says nothing.
        UsageError: the key file would lie in the vault.
    """
    match root:
        case Way.PASSPHRASE:
            return new_passphrase(session)
        case Way.KEYFILE:
            assert key_file is not None  # noqa: S101  reason: `init` checked
            if key_file.resolve().is_relative_to(folder.resolve()):
                raise UsageError("a key file in the vault opens it for whoever copies the vault")
            return new_key_file(key_file, world.entropy)
        case Way.ENVIRONMENT:
            if session.shell.root is None:
                raise NoKeyError("SEALHOLD_ROOT is not set")
            return session.shell.root
        case _:
            assert_never(root)

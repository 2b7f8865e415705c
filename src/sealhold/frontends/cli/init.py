"""`sealhold init`."""

from dataclasses import replace
from typing import Annotated, assert_never

import typer

from sealhold.frontends.cli.opening import folder_of, new_passphrase, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.rootwords import (
    KEPT_IN,
    RECOVER,
    REGISTERS,
    TOKEN,
    KeyFile,
    Module,
    NoRecovery,
    Recovery,
    Registers,
    RootKind,
    Said,
    Tcti,
    Token,
    Unlock,
    root_value,
)
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import TakenError
from sealhold.model.shown import Status
from sealhold.node import Places, Way, create, opened

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
Root = Annotated[
    RootKind,
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


def init(  # noqa: PLR0913, PLR0917  # reason: there are as many kinds of roots
    context: typer.Context,
    headless: Annotated[
        bool,
        typer.Option(
            "--headless",
            help="For a machine without a terminal: SEALHOLD_PASSPHRASE also decides. Said in"
            " every receipt.",
        ),
    ] = False,
    root: Root = RootKind.PASSPHRASE,
    unlock: Unlock = None,
    key_file: KeyFile = None,
    registers: Registers = REGISTERS,
    tcti: Tcti = "",
    module: Module = None,
    token: Token = TOKEN,
    recovery: Recovery = None,
    no_recovery: NoRecovery = False,
    records: Rows = "",
    objects: Packs = "",
) -> None:
    """Make a new, empty vault.

    The passphrase opens it and is kept nowhere: whoever forgets it has lost the vault. It is
    typed twice, or taken from SEALHOLD_PASSPHRASE. Without a terminal the vault is headless.
    With `--root keyfile` a file is written whose key takes the passphrase's place, and with
    `--root environment` the 32 random bytes of SEALHOLD_ROOT do, in base64. With `tpm2` the keys of
    epochs lie in this machine's TPM, with `pkcs11` on a token, whose PIN is typed or SEALHOLD_PIN:
    then the vault opens with its device alone, so keep a recovery secret.
    Servers are not trusted: they keep sealed bytes, and the keys stay in the folder.

    Raises:
        TakenError: the folder holds something already; told before anything is asked.
        UsageError: options that do not go together.
    """
    places = Places(records=records, objects=objects)
    session = Session.of(context)
    folder = folder_of(session)
    if folder.is_dir() and any(folder.iterdir()):
        raise TakenError(f"`{safe(str(folder))}` is not empty")
    said = Said(
        root=root,
        unlock=unlock,
        key_file=key_file,
        registers=registers,
        tcti=tcti,
        module=module,
        token=token,
        recovery=recovery,
        no_recovery=no_recovery,
    )
    said.check(folder)
    alone = not session.shell.terminal.is_there() or said.way is not Way.PASSPHRASE
    _make(session, said, places, is_headless=headless or alone)


def _make(session: Session, said: Said, places: Places, *, is_headless: bool) -> None:
    """Make the vault, and show how it is."""
    folder, world = folder_of(session), world_of(session)
    typed = _given(session, said.way)
    keeping = said.keeping(session)
    with said.files(world, lambda: True) as (key, public):
        given, keeping = typed or key, replace(keeping, recovery=public)
        create(
            folder,
            given,
            headless=is_headless,
            way=said.way,
            keeping=keeping,
            places=places,
            world=world,
        )
    with opened(folder, given, world) as node:
        shown = node.status()
    _tell(session, shown, is_headless=is_headless)


def _tell(session: Session, shown: Status, *, is_headless: bool) -> None:
    value = {
        "home": shown.home,
        "headless": is_headless,
        "root": shown.root,
        "slots": shown.slots,
        "root_strength": shown.root_strength,
        "recovery": shown.recovery,
        "log_key": shown.log.key_digest,
        "checkpoint": shown.log.checkpoint,
    }
    way = Way(shown.root)
    how = HOW[way] if is_headless else "by you alone, at a terminal"
    device = (
        [] if shown.slots == "home" else [("Opens only", f"with what lies {KEPT_IN[shown.slots]}")]
    )
    emit(
        session,
        value,
        Line("Your vault is made.", "head"),
        Facts(
            [
                ("Folder", safe(shown.home)),
                ("Decided", how),
                *device,
                ("Log key", shown.log.key_digest),
            ]
        ),
        Line(RECOVER if shown.recovery else KEEP[way], "plain"),
        Line("Next: sealhold import FILE...", "hint"),
    )


def _given(session: Session, way: Way) -> str:
    """Return what is to open the vault; nothing yet if that is a key file."""
    match way:
        case Way.PASSPHRASE:
            return new_passphrase(session)
        case Way.KEYFILE:
            return ""
        case Way.ENVIRONMENT:
            return root_value(session)
        case _:
            assert_never(way)

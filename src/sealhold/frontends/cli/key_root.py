"""`sealhold key change-root`."""

from dataclasses import replace
from typing import Annotated, assert_never

import typer

from sealhold.frontends.cli.opening import (
    check_can_confirm,
    confirmed,
    folder_of,
    next_passphrase,
    reading,
    world_of,
)
from sealhold.frontends.cli.out import Block, Line, emit, say
from sealhold.frontends.cli.rootwords import (
    KEPT_IN,
    OPENED_BY,
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
from sealhold.frontends.cli.words import counted
from sealhold.model.shown.keys import ClosingView
from sealhold.node import Node, Way, rooting

To = Annotated[RootKind, typer.Option("--to", help="What is to stand above all keys.")]


def key_change_root(  # noqa: PLR0913, PLR0917  # reason: there are as many kinds of roots
    context: typer.Context,
    to: To,
    unlock: Unlock = None,
    key_file: KeyFile = None,
    registers: Registers = REGISTERS,
    tcti: Tcti = "",
    module: Module = None,
    token: Token = TOKEN,
    recovery: Recovery = None,
    no_recovery: NoRecovery = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Put the keys under another root: a passphrase, a key, a TPM or a token.

    The epoch is closed: all keys move under a new one, whose slot the new root keeps. It is tried
    from the disk before it takes over, and the old slot is destroyed after that; from then on what
    opened the vault so far opens nothing of it. The passphrase stays, if the vault has one, unless
    a recovery secret was given in its place; else a new one is typed, or SEALHOLD_NEW_PASSPHRASE in
    a headless vault. A kill in the middle loses nothing.
    """
    session = Session.of(context)
    folder, world = folder_of(session), world_of(session)
    said = Said(
        root=to,
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
    with reading(session) as node:
        look = node.keys.look()
        if dry_run:
            said.keeping(session).checked(world.entropy)
            emit(session, look, *_would(look, said), Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        keeping = said.keeping(session).checked(world.entropy)
        say(session, *_would(look, said), Line(""))
        passphrase = confirmed(session, node, "Passphrase, to change the root: ")
        typed = _given(session, node, said.way, passphrase)
        with said.files(world, lambda: node.home.epoch == look.epoch) as (key, public):
            kept = replace(keeping, recovery=public)
            done = rooting.change_root(node, passphrase, typed or key, said.way, kept)
    emit(session, done, *_done(done, said))


def _given(session: Session, node: Node, way: Way, passphrase: str) -> str:
    """Return what is to open the vault from now on; nothing yet if that is a key file."""
    match way:
        case Way.PASSPHRASE:
            stays = node.way is Way.PASSPHRASE and not rooting.is_recovery(node, passphrase)
            return passphrase if stays else next_passphrase(session, node)
        case Way.KEYFILE:
            return ""
        case Way.ENVIRONMENT:
            return root_value(session)
        case _:
            assert_never(way)


def _would(look: ClosingView, said: Said) -> list[Block]:
    keys = counted(look.keys, "key", "keys")
    where = f"{OPENED_BY[said.way]}; epoch keys {KEPT_IN[said.keeper]}"
    return [
        Line(f"The next root: {where}."),
        Line(f"Closing epoch {look.epoch}: {keys} move to epoch {look.next}, and its slot goes."),
        Line("What opened the vault so far opens nothing any more; nor do copies of its keys."),
        Line(f"Recovery: {'a new secret' if said.recovery else 'none'}; an older one ends."),
    ]


def _done(done: ClosingView, said: Said) -> list[Block]:
    gone = (
        Line(f"The slot of the root before is gone: {done.method} ({done.strength}).")
        if done.method
        else Line("The slot of the root before lies on a device that is away: open the vault once"
                  " while it is there, and it goes.", "bad")
    )  # fmt: skip
    recovery = [Line(RECOVER)] if said.recovery else []
    return [
        Line("The root is changed.", "head"),
        gone,
        *recovery,
        Line("Make a backup now: sealhold backup make PLACE", "hint"),
    ]

"""`sealhold restore`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.backup_make import Place, backup_facts
from sealhold.frontends.cli.backup_verify import LogKey, Which
from sealhold.frontends.cli.init import Packs, Rows
from sealhold.frontends.cli.opening import (
    accepting,
    folder_of,
    new_passphrase,
    owners_word,
    world_of,
)
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe, say
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.model.shown.backups import RestoreView
from sealhold.node import RECOVERY_VARIABLE, ByRecovery, Node, Places, backing, recovery_in

KEYS = {
    "home": "the older folder",
    "backup": "the backup and the slots",
    "recovery": "the backup, and what your recovery secret opens",
}


def restore(  # noqa: PLR0913, PLR0917  # reason: what a vault is made of lies in as many places
    context: typer.Context,
    place: Place,
    slots: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where `backup slots` copied them.")
    ] = None,
    keys_of: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The vault's own older folder, to take keys from."),
    ] = None,
    recovery: Annotated[
        bool, typer.Option("--recovery", help="By SEALHOLD_RECOVERY_FILE, as cards give it.")
    ] = False,
    which: Which = "",
    log_key: LogKey = None,
    records: Rows = "",
    objects: Packs = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Go back to a backup, into an empty folder.

    If the vault's older folder is still there, name it: its keys know who was erased since. Else
    name the slots that you kept, or take the recovery secret of your cards, if `backup recovery`
    was called for the place; the vault then gets a new passphrase. What was told, withdrawn or
    revoked since the backup is not known any more, so all budgets count as spent, every app is
    stopped, every consent is unknown until you confirm it, and no token of a person or officer
    holds. Takes the passphrase.

    Raises:
        UsageError: no keys are named, or keys of two kinds.
    """
    session = Session.of(context)
    if [slots is None, keys_of is None, not recovery].count(False) != 1:
        raise UsageError("name `--slots`, `--keys-of` or `--recovery`, one of them")
    by_cards = _by_cards(session, is_meant=not dry_run) if recovery else None
    wanted = backing.Restore(
        folder_of(session),
        place,
        by_cards or slots or Node(keys_of or Path()).home,
        world_of(session),
        backup=which,
        log_key=log_key,
        places=Places(records=records, objects=objects),
    )
    look = wanted.look
    if dry_run:
        emit(session, look, *_would(look), Line("Nothing was changed."))
        return
    say(session, *_would(look), Line(""))
    with bar_of_objects(session) as watch:
        given = wanted.fill(watch, lambda: by_cards.passphrase if by_cards else _word(session))
    with accepting(session, None, given) as node:
        done = wanted.told(node)
    emit(session, done, *_done(done))


def _by_cards(session: Session, *, is_meant: bool) -> ByRecovery:
    """Return what cards gave, and a new passphrase.

    Raises:
        UsageError: no recovery secret was given.
    """
    path = session.shell.environment.get(RECOVERY_VARIABLE)
    if not path:
        raise UsageError(f"{RECOVERY_VARIABLE} names the file that `key recover --to` wrote")
    text = recovery_in(Path(path))
    return backing.by_recovery(text, new_passphrase(session) if is_meant else "", world_of(session))


def _word(session: Session) -> str:
    with Node(folder_of(session), world_of(session)) as node:
        return owners_word(session, node)


def _would(look: RestoreView) -> list[Block]:
    keys = KEYS[look.keys]
    lines: list[Block] = [
        Line("What goes back:", "head"),
        Facts([*backup_facts(look.backup), ("To", safe(look.home)), ("Keys from", keys)]),
    ]
    if look.keys != "home":
        words = "Who was erased since, in this epoch, is in it again: erase them once more."
        lines.append(Line(words, "bad"))
    return lines


def _done(done: RestoreView) -> list[Block]:
    def some(number: int) -> str:
        return f"{number:,}" if number else "none: there was none"

    erased = f"{done.people:,}; their rows went again" if done.people else "nobody"
    confirm = f"{counted(done.consents, 'consent')} to confirm: sealhold grant confirm GRANT"
    return [
        Line("The backup counts now. All budgets of its time are spent.", "head"),
        Facts(
            [
                ("Apps stopped", some(done.apps)),
                ("Consents unknown", some(done.consents)),
                ("Tokens ended", some(done.tokens)),
                ("People erased since", erased),
            ]
        ),
        *([Line(confirm)] if done.consents else []),
        *([Line("Let an app ask again: sealhold app resume APP", "hint")] if done.apps else []),
    ]

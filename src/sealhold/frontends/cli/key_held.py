"""`sealhold key held list`, `key held open` and `key held show`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.key_cards import card_text
from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import NoFileError, UsageError
from sealhold.model.quantities import DAY, Instant, rfc3339
from sealhold.model.shown.recovery import HeldView, OpeningView, RecoveryView
from sealhold.node import rooting
from sealhold.node.recoverywork import RecoveryWork

LONGEST = 524_288  # bytes of a file with notices
Person = Annotated[str, typer.Argument(metavar="NAME", help="Whose share, or their id.")]
Notices = Annotated[
    Path | None,
    typer.Option("--notices", metavar="FILE", help="What other holders gave to be brought here."),
]


def key_held_list(context: typer.Context) -> None:
    """List the shares that are held here for people you know.

    Recoveries of theirs that were opened, here or at other holders, stand below: how long the share
    is held back, and whether a device of theirs said no.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = RecoveryWork(node).held()
    rows = [
        (safe(each.name), each.standing, f"{each.place} of {each.count}", str(each.needed))
        for each in found
    ]
    table = Table((Column("Of", whole=True), Column(""), Column("Share"), Column("Needed")), rows)
    if not rows:
        emit(session, {"held": found}, Line("No share is held here."))
        return
    lines = [line for each in found for one in each.recoveries for line in _recovery(each, one)]
    last = Line("Hand one back: sealhold key held open NAME --out FILE", "hint")
    emit(session, {"held": found}, table, *lines, last)


def key_held_open(
    context: typer.Context,
    person: Person,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write what is brought to the next holder."),
    ] = None,
    notices: Notices = None,
    heir: Annotated[
        bool, typer.Option("--heir", help="You are the heir, and open it for yourself.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it would do, and change nothing.")
    ] = False,
) -> None:
    """Open a recovery of somebody whose share is held here, and have them told.

    Be sure who asks: meet them, or hear them. All their devices hear of it with the next sync, and
    from then on the window runs, at the end of which the share can be handed out. The file goes to
    the next holder, by hand or mail, and comes back here at the end; it holds no secret. Takes your
    passphrase, typed at the terminal for this one decision.

    Raises:
        UsageError: neither `--out` nor `--dry-run`, or both.
    """
    session = Session.of(context)
    if (out is None) is not dry_run:
        raise UsageError("say `--out FILE` for the notices, or `--dry-run`")
    text = _read(notices)
    if out is None:
        with reading(session) as node:
            seen = RecoveryWork(node).look(person, text, as_heir=heir)
        would = Line(f"Would open a recovery of {safe(seen.owner)}.", "head")
        emit(session, seen, would, _facts(seen), Line("Nothing was changed.", "hint"))
        return
    with deciding(session) as (node, _):
        found = RecoveryWork(node).open(person, text, as_heir=heir)
    rooting.write_private([(out, found.text)], "notices")
    head = f"A recovery of {safe(found.owner)} is open."
    what = f"What is brought to the next holder is in {safe(str(out))}."
    hint = "Have them told, which begins the window: sealhold device sync"
    emit(session, found, Line(head, "head"), _facts(found), Line(what), Line(hint, "hint"))


def key_held_show(
    context: typer.Context,
    person: Person,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Write the share there, as a card.")
    ],
    notices: Notices = None,
) -> None:
    """Write a share that is held here on a card, to hand it back to whose it is.

    It is held back until the window of a recovery that you opened is over. Be sure who asks: meet
    them, or hear them. Whoever brings as many shares together as are needed opens that person's
    vault.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        found, words = RecoveryWork(node).show(person, _read(notices))
    text = card_text(words, found.place, found.count, found.needed)
    rooting.write_private([(out, text)], "recovery card")
    emit(
        session,
        found,
        Line(f"The share of {safe(found.name)} is in {safe(str(out))}.", "head"),
        Line("Hand it to them alone, then delete the file. They join cards: key recover", "hint"),
    )


def _read(file: Path | None) -> str:
    """Return the notices in a file; empty if none was named.

    Raises:
        NoFileError: it cannot be read.
        UsageError: it is too long for notices.
    """
    if file is None:
        return ""
    try:
        with file.open("rb") as opened:
            data = opened.read(LONGEST + 1)
    except OSError as err:
        raise NoFileError(f"`{file}` cannot be read") from err
    if len(data) > LONGEST:
        raise UsageError(f"`{file}` holds more than notices")
    return data.decode("utf-8", "replace")


def _facts(found: OpeningView) -> Facts:
    days = counted(found.window // DAY, "day")
    return Facts(
        [
            ("For", "the heir" if found.by_heir else f"{safe(found.owner)}"),
            ("Opened by", f"{counted(found.notices, 'holder')}; {found.needed} are needed"),
            ("Held back", f"{days} from when its owner was told" if found.window else "not at all"),
            ("Opened here", "now" if found.is_new else "before; what was brought is added"),
        ]
    )


def _recovery(held: HeldView, one: RecoveryView) -> list[Block]:
    """Return lines about a recovery."""
    who = "their heir" if one.by_heir else safe(held.name)
    where = "opened here" if one.is_opened else "heard of"
    lines: list[Block] = [Line(f"A recovery for {who}, {where}: {_state(held, one)}.", "head")]
    if one.vetoed_by:
        lines.append(
            Line(f"Their device {safe(one.vetoed_by)} said no: the window is doubled.", "bad")
        )
    return lines


def _state(held: HeldView, one: RecoveryView) -> str:
    if one.course == "prevails":
        return "its window is over"
    if one.course != "held":
        return "it ended: the owner is there"
    if not one.is_told:
        return "its owner was not told yet"
    if one.until is None:
        return f"{one.notices} of {held.needed} holders opened it"
    return f"held back until {rfc3339(Instant(one.until))}"

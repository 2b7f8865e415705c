"""What the commands about links share: how one is shown, and how its passphrase is asked for.

Source: docs/spec/53-link-shares.md section 6.
"""

from collections.abc import Sequence
from typing import Final

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.errors import UsageError
from sealhold.model.quantities import Instant
from sealhold.model.shown.links import LinkPreview, LinkView

PASSPHRASE_VARIABLE: Final = "SEALHOLD_LINK_PASSPHRASE"  # noqa: S105  # reason: the name of a variable
LAST: Final = 10  # openings that are listed
LINES: Final = 20  # of a record that are shown


def passphrase_of(session: Session, *, is_new: bool) -> str:
    """Return the passphrase of a link: from SEALHOLD_LINK_PASSPHRASE, or typed.

    Raises:
        UsageError: neither is there, or it was not typed the same twice.
    """
    given = session.shell.environment.get(PASSPHRASE_VARIABLE)
    if given:
        return given
    terminal = session.shell.terminal
    if not terminal.is_there():
        raise UsageError(f"there is no terminal to type it at; {PASSPHRASE_VARIABLE} gives it")
    typed = terminal.ask("Passphrase of the link: ")
    if is_new and terminal.ask("Once more: ") != typed:
        raise UsageError("the two passphrases differ")
    return typed


def preview_blocks(shown: LinkPreview) -> list[Block]:
    """Return what a link would show, and each finding with its sign."""
    blocks: list[Block] = [
        Line("What the page will show:", "head"),
        Facts(
            [
                ("Name", safe(shown.name)),
                ("Size", f"{shown.size:,} bytes"),
                ("From", safe(shown.sender) or "not said"),
                ("Ends", moment(Instant(shown.until))),
                ("Opens", "as often as they like" if not shown.most else f"{shown.most:,} times"),
                ("Passphrase", "asked for" if shown.asks else "none"),
                ("Kept by", safe(shown.host)),
                ("Label", shown.label),
                ("Preview", shown.digest),
            ]
        ),
    ]
    lines = shown.text.splitlines()
    blocks += [Line(safe(each), indent=2) for each in lines[:LINES]]
    if len(lines) > LINES:
        blocks.append(Line(f"and {counted(len(lines) - LINES, 'line')} more", "hint", indent=2))
    for each in shown.findings:
        blocks.append(Line(f"{each.sign}: {safe(each.says)}.", "bad"))
        blocks.append(Line(f"What can be done: {safe(each.fix)}.", indent=2))
    return blocks


def link_rows(found: Sequence[LinkView]) -> list[Block]:
    """Return links as a table."""
    if not found:
        return [Line("No link was made yet.")]
    rows = [
        (
            each.id[:12],
            safe(each.name),
            state_of(each),
            f"{each.opened} of {each.most}" if each.most else str(each.opened),
            moment(Instant(each.until)),
        )
        for each in found
    ]
    columns = (id_(), Column("Name"), Column("State"), Column("Opened"), Column("Ends"))
    blocks: list[Block] = [Table(columns, rows, tall=True)]
    if any(not each.heard for each in found):
        blocks.append(Line("A host does not answer: what it knows may be newer.", "hint"))
    return blocks


def link_facts(link: LinkView) -> list[Block]:
    """Return one link with its openings."""
    facts = [
        ("Link", link.id),
        ("Name", safe(link.name)),
        ("Size", f"{link.size:,} bytes"),
        ("From", safe(link.sender) or "not said"),
        ("State", state_of(link)),
        ("Made", moment(Instant(link.made))),
        ("Ends", moment(Instant(link.until))),
        ("Passphrase", "asked for" if link.asks else "none"),
        ("Wrong tries", str(link.wrong)),
        ("Opened", f"{link.opened} of {link.most}" if link.most else str(link.opened)),
        ("Kept by", safe(link.host)),
    ]
    facts += [("", moment(Instant(at))) for at in link.times[-LAST:]]
    blocks: list[Block] = [Facts(facts)]
    if not link.heard:
        blocks.append(Line("Its host does not answer: what it knows may be newer.", "hint"))
    return blocks


def state_of(link: LinkView) -> str:
    """Return what became of a link, in words."""
    return {
        "begun": "not all of it is there",
        "closed": "closed: too many wrong tries",
        "used": "used up",
        "revoked": "taken back",
        "gone": "forgotten by its host",
    }.get(link.state, link.state)

"""What the commands about shares say alike: previews, tables, clauses in words."""

from collections.abc import Sequence
from typing import Final

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, id_, safe
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.quantities import Instant, show_bits, show_bits_left
from sealhold.model.shown.shares import (
    AnswersView,
    EffectView,
    LineView,
    PreviewView,
    ProgramView,
    ReceivedView,
    ShareView,
    UseView,
)

SHARE = "Its name, or how its id begins."
LISTED: Final = 8  # objects that a preview names
ASKED: Final = 24  # questions that are listed
ANSWERS: Final = "T3"  # the tier at which a program answers


def preview_blocks(shown: PreviewView) -> list[Block]:
    """Return what a share would do, and what is odd about it."""
    blocks: list[Block] = [Line(shown.label, "head"), *line_blocks(shown.lines)]
    if shown.answers is not None:
        blocks += answers_blocks(shown.answers)
    for each in shown.effects:
        who = f"{safe(each.person)} would see ({each.tier}):"
        if each.tier == ANSWERS:
            who = f"A program would read, and answer {safe(each.person)} of ({each.tier}):"
        blocks.append(Line(who, "head"))
        blocks += _effect(each)
    for days, added in shown.would_add if shown.answers is None else ():
        blocks.append(
            Line(f"Of the last {days} days it would have added {counted(added, 'object')}.")
        )
    for finding in shown.findings:
        what = f": {safe(', '.join(finding.objects[:LISTED]))}" if finding.objects else ""
        blocks.append(Line(f"{finding.sign}{what}", "bad"))
        blocks.append(Line(f"What can be done: {finding.fix}.", indent=2))
    blocks.append(Facts([("Preview", shown.digest)]))
    return blocks


def program_blocks(shown: ProgramView) -> list[Block]:
    """Return what a manifest says of a program that answers, and what it may be asked."""
    facts = [
        ("Program", f"{safe(shown.name)} {safe(shown.version)}, by {safe(shown.author)}"),
        ("Why", safe(shown.reason)),
        ("It says", shown.says),
        ("Task", shown.task),
    ]
    rows = [(safe(param), safe(selection)) for param, selection in shown.inputs[:ASKED]]
    more = len(shown.inputs) - ASKED
    return [
        Facts(facts),
        Table((Column("Parameter"), Column("Selection")), rows),
        *([Line(f"and {more} more that it may be asked", indent=2)] if more > 0 else []),
    ]


def answers_blocks(shown: AnswersView) -> list[Block]:
    """Return what a share in which a program answers can tell."""
    blocks: list[Block] = [
        Line("They get answers of this program and nothing else.", "head"),
        *program_blocks(shown.program),
    ]
    if shown.left_out:
        told = safe(", ".join(shown.left_out))
        blocks.append(Line(f"The program asks for what it does not get here: {told}.", "hint"))
    whole, added = show_bits(shown.object_bits), show_bits(shown.object_added)
    new = f", {added} of them new" if shown.object_added else ""
    each, left = show_bits(shown.answer_bits), show_bits_left(shown.person_left)
    facts = [
        ("Of each object", f"at most {whole} bits for life{new}"),
        ("A new answer", f"at most {each} bits, of {left} that are left for them this year"),
        ("Answers charged", f"{shown.charged} of {len(shown.program.inputs)}"),
    ]
    return [*blocks, Facts(facts)]


def _effect(each: EffectView) -> list[Block]:
    found: list[Block] = []
    for word, names in (
        ("new", each.appears),
        ("no more", each.goes),
        ("in another way", each.changed),
    ):
        if names:
            listed = ", ".join(safe(name) for name in names[:LISTED])
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            text = f"{word}: {counted(len(names), 'object')}: {listed}{more}"
            found.append(Line(text, indent=2))
    if each.unchanged:
        found.append(Line(f"as before: {counted(each.unchanged, 'object')}", indent=2))
    return found


def line_blocks(lines: Sequence[LineView]) -> list[Block]:
    """Return clauses, each with what makes it hold."""
    rows = [(safe(each.says), each.holds) for each in lines]
    return [Table((Column("It says"), Column("What makes it hold")), rows)]


def share_rows(found: Sequence[ShareView]) -> list[Block]:
    """Return shares as a table."""
    if not found:
        return [Line("Nothing is shared with anybody.")]
    rows = [
        (
            safe(each.name),
            safe(", ".join(each.people)),
            each.label,
            each.standing,
            f"{each.objects}",
            f"{each.uses} of {each.most}" if each.most else f"{each.uses}",
            each.id[:12],
        )
        for each in found
    ]
    columns = (
        Column("Name"),
        Column("With"),
        Column("Tier"),
        Column("Standing"),
        figure("Objects"),
        figure("Uses"),
        id_(),
    )
    return [Table(columns, rows)]


def share_blocks(found: ShareView) -> list[Block]:
    """Return all about one share."""
    used = f"{found.uses} of {found.most}" if found.most else f"{found.uses}"
    facts = [
        ("Name", safe(found.name)),
        ("With", safe(", ".join(found.people))),
        ("Standing", found.standing),
        ("Objects", f"{found.objects}"),
        ("Uses", f"{used}, {counted(found.receipts, 'receipt')}"),
        ("Id", found.id),
    ]
    blocks: list[Block] = [Line(found.label, "head"), Facts(facts), *line_blocks(found.lines)]
    if found.answers is not None:
        blocks += answers_blocks(found.answers)
    if found.odd:
        blocks.append(Line(f"Among the receipts does not fit: {', '.join(found.odd)}.", "bad"))
    if found.silent:
        told = ", ".join(found.silent)
        blocks.append(Line(f"No receipt came for a day of use {told}.", "bad"))
    if found.unconfirmed:
        told = safe(", ".join(found.unconfirmed))
        blocks.append(Line(f"Until its lease ends may still answer: {told}.", "hint"))
    return blocks


def use_rows(found: Sequence[UseView]) -> list[Block]:
    """Return uses as a table."""
    if not found:
        return [Line("No use was told of.")]
    rows = [
        (
            "" if each.number is None else f"{each.number}",
            moment(Instant(each.at)),
            safe(each.person),
            each.action,
            each.purpose,
            safe(each.object),
            "yes" if each.permitted else "refused",
            each.signed,
        )
        for each in found
    ]
    columns = (
        figure("Use"),
        Column("When"),
        Column("Who"),
        Column("What"),
        Column("What for"),
        Column("Object"),
        Column("Permitted"),
        Column("Signed"),
    )
    return [Table(columns, rows)]


def received_rows(found: Sequence[ReceivedView]) -> list[Block]:
    """Return what others share as a table."""
    if not found:
        return [Line("Nobody shares anything with you.")]
    rows = [
        (
            safe(each.name),
            safe(each.owner),
            each.label,
            each.standing,
            f"{len(each.objects)}",
            each.id[:12],
        )
        for each in found
    ]
    columns = (
        Column("Name"),
        Column("From"),
        Column("Tier"),
        Column("Standing"),
        figure("Objects"),
        id_(),
    )
    return [Table(columns, rows)]

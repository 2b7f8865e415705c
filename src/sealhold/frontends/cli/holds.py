"""Duties to keep, in words: what the commands of holds show."""

from collections.abc import Mapping

from sealhold.frontends.cli.out import Block, Facts, Line, safe
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.web.formats import day
from sealhold.model.holds import HoldView
from sealhold.model.ids import Kind, canonical

NOUNS = {  # by the table in which it lies
    "ident": ("field", "fields"),
    "personrecord": ("record", "records"),
    "attachment": ("attachment", "attachments"),
}


def items_in_words(items: Mapping[str, int]) -> str:
    """Return what is held: `2 fields, 3 records of notes`."""
    said = []
    for name, number in items.items():
        table, _, collection = name.partition("/")
        about = f" of {safe(collection)}" if collection else ""
        said.append(counted(number, *NOUNS[table]) + about)
    return ", ".join(said) or "nothing"


def hold_facts(hold: HoldView) -> list[Block]:
    """Return a hold as a list of facts."""
    named = [
        *hold.fields,
        *hold.collections,
        *(f"{each.collection}/{canonical(each.record)}" for each in hold.records),
    ]
    whose = canonical(hold.subject) if hold.subject else "everybody"
    facts = [
        ("App", short(Kind.APP, hold.app)),
        ("Of", whose),
        ("What", safe(", ".join(named))),
        ("Ground", f"Article 17(3)({hold.letter}): {hold.ground}"),
        ("Law", safe(hold.law)),
        ("Read for", hold.purpose),
        ("Until", day(hold.until)),
    ]
    return [Facts(facts), Line("")]

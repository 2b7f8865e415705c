"""What the commands about other people share: tables, words, and texts that came."""

import sys
from collections.abc import Sequence
from pathlib import Path

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, id_, safe
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.model.shown.contacts import ContactView, LetterView

PERSON = "How you call them, or how their id begins."
MOST = 4_194_304  # bytes of a file that is read


def text_of(file: str) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises:
        UsageError: it cannot be read, is no text, or is too long.
    """
    try:
        data = sys.stdin.buffer.read(MOST + 1) if file == "-" else _head(Path(file))
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"`{file}` cannot be read as text") from err
    if len(data) > MOST:
        raise UsageError(f"`{file}` is too long")
    return text


def write_text(file: Path, text: str) -> None:
    """Write a text into a new file.

    Raises:
        UsageError: the file is there, or cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as made:
            made.write(text)
    except OSError as err:
        raise UsageError(f"`{file}` is there already, or cannot be written") from err


def in_rows(words: Sequence[str]) -> str:
    """Return twelve words, with a gap after each third."""
    return "   ".join(" ".join(words[at : at + 3]) for at in range(0, len(words), 3))


def contact_blocks(found: Sequence[ContactView]) -> list[Block]:
    """Return contacts as a table."""
    rows = [(safe(each.name), each.standing, f"{each.devices}", each.id[:12]) for each in found]
    columns = (Column("Name"), Column("Standing"), figure("Devices"), id_("Id"))
    return [Table(columns, rows)] if rows else [Line("You know nobody yet.")]


def one_blocks(found: ContactView) -> list[Block]:
    """Return all that is known of a contact."""
    facts = [
        ("Name", safe(found.name)),
        ("They call themselves", safe(found.calls_themselves)),
        ("Standing", found.standing),
        ("Id", found.id),
        ("Words", in_rows(found.words)),
        ("Devices", f"{found.devices}"),
        ("Letters go to", safe(", ".join(found.hosts)) or "a folder or bucket that both have"),
    ]
    blocks: list[Block] = [Facts(facts)]
    if found.other_words:
        blocks.append(Line("A card came that does not follow theirs: nothing is shared.", "bad"))
        blocks.append(Facts([("Words of that card", in_rows(found.other_words))]))
    if found.standing != "verified":
        told = "Have them read their words to you: sealhold contact verify NAME WORDS"
        blocks.append(Line(told, "hint"))
    if found.new_hosts:
        hosts = safe(", ".join(found.new_hosts))
        told = f"Their card names {hosts} now. Say yes: sealhold contact allow NAME"
        blocks.append(Line(told, "hint"))
    return blocks


def letter_blocks(found: Sequence[LetterView]) -> list[Block]:
    """Return letters that wait."""
    if not found:
        return [Line("No letter waits.")]
    rows = [
        (
            "to" if each.way == "out" else "from",
            safe(each.person) or "nobody you know",
            safe(each.kind),
            safe(each.why),
            each.sender[:12],
        )
        for each in found
    ]
    columns = (Column(""), Column("Person"), Column("Kind"), Column("Why"), id_("Sender"))
    blocks: list[Block] = [Table(columns, rows)]
    words = {each.sender: each.words for each in found if each.words}
    facts = [(f"Words of {sender[:12]}", in_rows(told)) for sender, told in words.items()]
    return [*blocks, Facts(facts)] if facts else blocks


def taken(count: int) -> str:
    """Return how many letters were taken in, in words."""
    return f"{counted(count, 'letter')} taken in."


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MOST + 1)

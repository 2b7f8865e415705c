"""What the columns of a table are, asked one by one: samples, a guess, and Enter takes it.

- Nothing is kept before the first rows were shown as bookings and the owner said yes to them.

Source: docs/spec/44-money-and-mail.md section 5.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from sealhold.frontends.cli.import_map import map_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Line, emit, safe, say
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import InvalidError, UsageError
from sealhold.model.shown import MapPreview, TableLook
from sealhold.node import Node

ROLES = ("date", "amount", "payee", "memo", "currency", "account")
NONE = "-"
TRIES = 3  # at one question
_DOUBTS = {  # what the rows may leave open, and the answers to it
    "order": ("day-first", "month-first", "year-first"),
    "sign": ("comma", "point"),
}


def asked_map(session: Session, node: Node, paths: Sequence[Path]) -> MapPreview | None:
    """Ask what the columns of a table are, show it as bookings, and return that if it is wanted.

    Raises:
        UsageError: no terminal, more than one file, or no answer that fits.
        InvalidError: its columns are not what was said.
        UnreadableSourceError: it is no table.
    """
    found = _asked(session, node, paths)
    typed = _line(session, "Take it in so, and later tables like it? y or n [n]: ")
    if typed.casefold() in {"y", "yes"}:
        return found
    emit(session, found, Line("Nothing was taken in.", "hint"))
    return None


def try_asked(session: Session, paths: Sequence[Path]) -> None:
    """Ask what the columns of a table are, show it as bookings, and keep nothing."""
    with reading(session) as node:
        found = _asked(session, node, paths)
    emit(session, found, Line("Nothing was taken in.", "hint"))


def _asked(session: Session, node: Node, paths: Sequence[Path]) -> MapPreview:
    if len(paths) != 1 or not paths[0].is_file():
        raise UsageError("name one table to be asked about")
    if not session.shell.terminal.is_there():
        raise UsageError("there is no terminal to ask at; say it with `--map`")
    look = node.sources.table_look(paths[0])
    head = Line(f"What are the columns of {safe(paths[0].name)}?", "head")
    say(session, head, Line(_help(), "hint"))
    found = _shown(session, node, paths[0], _columns(session, look))
    say(session, *map_blocks(found))
    return found


def _help() -> str:
    return f"One of {', '.join(ROLES)}, or {NONE} for none; Enter takes what stands in brackets."


def _columns(session: Session, look: TableLook) -> dict[str, str]:
    guessed = {column: role for role, column in look.guess.items()}
    said: dict[str, str] = {}
    for column, samples in look.samples.items():
        shown = ", ".join(map(safe, samples)) or "empty"
        blocks: list[Block] = [Line(f"{safe(column)}: {shown}")]
        say(session, *blocks)
        left = [role for role in ROLES if role not in said]
        guess = guessed.get(column, NONE)
        role = _answer(session, "  is", (*left, NONE), guess if guess in left else NONE)
        if role != NONE:
            said[role] = column
    if "currency" not in said:
        typed = _line(session, "Currency of all rows, as EUR; Enter for none: ")
        said |= {"currency": typed} if typed else {}
    return said


def _shown(session: Session, node: Node, path: Path, said: dict[str, str]) -> MapPreview:
    """Return the mapping, once what the rows leave open was asked, too.

    Raises:
        InvalidError: what was said does not fit.
    """
    for name, answers in _DOUBTS.items():
        try:
            return node.sources.map_preview(path, said)
        except InvalidError as err:
            if f"`{name}=`" not in str(err):
                continue
            say(session, Line(f"{safe(str(err).partition(':')[0])}."))
            said[name] = _answer(session, "  is", answers, answers[0])
    return node.sources.map_preview(path, said)


def _answer(session: Session, prompt: str, answers: Collection[str], guess: str) -> str:
    for _ in range(TRIES):
        typed = _line(session, f"{prompt} [{guess}]: ") or guess
        if typed in answers:
            return typed
        say(session, Line(f"Say {', '.join(answers)}.", "hint"))
    raise UsageError("no answer that fits; say it with `--map`")


def _line(session: Session, prompt: str) -> str:
    try:
        return session.shell.terminal.line(prompt).strip()
    except EOFError:
        raise UsageError("the questions were left") from None

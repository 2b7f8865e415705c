"""What a command prints: one JSON object, or lines and tables that fit the terminal.

- Standard output is the result alone. Hints come last and are left out with `--quiet`.
- A text from a record, a file name or another person is shown by `safe`: no escape code, no
  character that hides or turns a line reaches the terminal.
- Tables wrap words; digests and ids are whole; figures stand to the right.

Source: docs/spec/20-faces.md section 8.
"""

import io
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import rich.console
import rich.table
from rich.cells import cell_len
from rich.text import Text

from sealhold.frontends.cli.session import Session
from sealhold.frontends.http.wire import to_wire
from sealhold.frontends.web.safetext import visible
from sealhold.model.encoding import Plain

PIPED = 100  # columns where there is no terminal to fit
GAP = 2  # spaces between columns
LEAST, MOST = 40, 120  # columns; longer lines are hard to read
_PADDING = re.compile(r" +(?=(?:\x1b\[0m)?$)", re.MULTILINE)

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    align: Align = "left"
    whole: bool = False  # ids and figures: never broken


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    tall: bool = False  # where it does not fit, each row becomes a list of facts


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are, one below the other."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph; `head` stands out, `hint` is left out with `--quiet`."""

    text: str
    kind: Literal["plain", "head", "hint", "good", "bad"] = "plain"
    indent: int = 0


Block = Table | Facts | Line
_STYLES = {"plain": "", "head": "bold", "hint": "dim", "good": "green", "bad": "bold red"}


def id_(name: str = "Id") -> Column:
    """Return a column of ids."""
    return Column(name, whole=True)


def figure(name: str) -> Column:
    """Return a column of figures."""
    return Column(name, "right", whole=True)


def safe(text: str) -> str:
    """Return `text` on one line, with each character that could hide or command written out."""
    # THREAT T22: a mail's subject with an escape code would otherwise write to the terminal
    return visible(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def emit(session: Session, value: Plain, *blocks: Block) -> None:
    """Print `value` as JSON, or else `blocks`."""
    if session.as_json:
        _write(as_json(value) + "\n")
    else:
        say(session, *blocks)


def say(session: Session, *blocks: Block) -> None:
    """Print `blocks` for a person; nothing where JSON is asked for."""
    if session.as_json:
        return
    shown = [block for block in blocks if not (session.quiet and is_hint(block))]
    _write(render(shown, width=width_of(session), color=_has_color(session)))


def as_json(value: Plain) -> str:
    """Return `value` as one line of JSON, in ASCII."""
    return json.dumps(to_wire(value), separators=(",", ":"), default=str)


def fields_of(value: Plain) -> dict[str, Plain]:
    """Return the JSON fields of a value, so that more can stand beside them."""
    fields: dict[str, Plain] = to_wire(value)
    return fields


def is_hint(block: Block) -> bool:
    """Return whether `block` only says what could come next."""
    return isinstance(block, Line) and block.kind == "hint"


def render(blocks: Sequence[Block], *, width: int, color: bool) -> str:
    """Return `blocks` as lines of at most `width` columns."""
    target = io.StringIO()
    console = rich.console.Console(
        file=target,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    for block in blocks:
        for part in _fitting(block, width):
            console.print(_renderable(part))
    return _PADDING.sub("", target.getvalue())


def width_of(session: Session) -> int:
    """Return how many columns there are."""
    told = session.shell.environment.get("COLUMNS", "")
    if told.isdecimal():
        return max(LEAST, min(int(told), MOST))
    if sys.stdout.isatty():
        return max(LEAST, min(shutil.get_terminal_size().columns, MOST))
    return PIPED


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()  # who reads a pipe sees it when it is said, as with `serve`


def _has_color(session: Session) -> bool:
    is_dumb = session.shell.environment.get("TERM") == "dumb"
    return session.color and not is_dumb and sys.stdout.isatty()


def _fitting(block: Block, width: int) -> Iterator[Block]:
    """Yield the block, or its rows one below the other if it is a tall table too wide to read."""
    if not isinstance(block, Table) or not block.tall or _breadth(block) <= width:
        yield block
        return
    for number, row in enumerate(block.rows, 1):
        yield Line(f"row {number}", "head")
        named = zip(block.columns, row, strict=True)
        yield Facts([(column.name, cell) for column, cell in named if cell])


def _breadth(table: Table) -> int:
    cells = [[column.name for column in table.columns], *table.rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return sum(widths) + GAP * len(widths)


def _renderable(block: Block) -> rich.console.RenderableType:
    match block:
        case Line(text, kind, indent):
            line = Text(text, style=_STYLES[kind], overflow="fold")
            return _indented(line, indent) if indent else line
        case Facts(pairs):
            table = _table()
            table.add_column(no_wrap=True, style="dim")
            table.add_column(overflow="fold")
            for name, what in pairs:
                table.add_row(Text(name), Text(what))
            return table
        case Table(columns=columns, rows=rows):
            table = _table(show_header=True)
            for column in columns:
                table.add_column(
                    Text(column.name),
                    justify=column.align,
                    no_wrap=column.whole,
                    overflow="fold",
                )
            for row in rows:
                table.add_row(*(Text(cell) for cell in row))
            return table


def _table(*, show_header: bool = False) -> rich.table.Table:
    return rich.table.Table(
        box=None,
        show_header=show_header,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP, 0, 0),
        header_style="bold",
    )


def _indented(line: Text, indent: int) -> rich.table.Table:
    table = _table()
    table.add_column(width=max(0, indent - 2))
    table.add_column(overflow="fold")
    table.add_row("", line)
    return table

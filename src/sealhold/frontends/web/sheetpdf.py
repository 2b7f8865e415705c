"""A statement as a PDF of one page of A4.

- The library comes with the extra `pdf`. Its own fonts have the letters of Western Europe; any
  other is written as its code point, so that nothing is left out unseen.
- The same statement gives the same bytes: the time in the file is that of the statement.

Source: docs/spec/40-statement.md.
"""

from typing import TYPE_CHECKING

from sealhold.frontends.web.safetext import visible
from sealhold.frontends.web.sheets import HEAD, Note, Sheet, sheet_of
from sealhold.model.errors import ExtraMissingError
from sealhold.model.quantities import utc
from sealhold.model.shown.statement import Statement

if TYPE_CHECKING:
    from fpdf import FPDF

LEFT, TOP, WIDTH = 18, 16, 174  # millimetres of a page of 210 by 297
COLUMNS = (62, 56, 19, 19, 18)
ROW = 7.0
GAP = 8  # between two columns of notes
INK, MUTED, SEAL, LINE = (27, 34, 48), (86, 93, 107), (15, 94, 90), (217, 212, 201)
FONT, MONO = "Helvetica", "Courier"
ROOM = {"lead": 3, "note": 3, "decide": 2, "log": 3}  # lines, so that all of it is one page


def pdf_of(statement: Statement) -> bytes:
    """Return the file.

    Raises:
        ExtraMissingError: the library is not installed.
    """
    try:
        from fpdf import FPDF  # noqa: PLC0415  # reason: an extra
    except ImportError as err:
        raise ExtraMissingError("a PDF needs `sealhold[pdf]`; HTML does not") from err
    sheet = sheet_of(statement)
    pdf = FPDF(format="A4")
    pdf.set_creation_date(utc(statement.made))
    pdf.set_title(_plain(sheet.title))
    pdf.set_lang("en")
    pdf.set_auto_page_break(auto=False)  # each part has its room, so there is one page
    pdf.set_margins(LEFT, TOP, LEFT)
    pdf.c_margin = 0  # text begins where the rules do
    pdf.add_page()
    _head(pdf, sheet)
    _rows(pdf, sheet)
    _notes(pdf, sheet.notes)
    _decide(pdf, sheet)
    _end(pdf, sheet)
    return bytes(pdf.output())


def _head(pdf: "FPDF", sheet: Sheet) -> None:
    _type(pdf, 22, "B")
    pdf.set_xy(LEFT, TOP)
    pdf.cell(WIDTH - 40, 10, _plain(sheet.title))
    _type(pdf, 12, "B", SEAL)
    pdf.cell(40, 10, "sealhold", align="R")
    _type(pdf, 9.5, color=MUTED)
    pdf.set_xy(LEFT, TOP + 10)
    pdf.cell(WIDTH, 5, _plain(sheet.span))
    _rule(pdf, TOP + 18, INK, 0.5)
    _type(pdf, 12)
    pdf.set_y(TOP + 22)
    _text(pdf, sheet.lead, LEFT, WIDTH, 6, ROOM["lead"])
    pdf.set_y(pdf.get_y() + 4)


def _rows(pdf: "FPDF", sheet: Sheet) -> None:
    if not sheet.rows:
        return
    _type(pdf, 8.5, color=MUTED)
    _row(pdf, HEAD, 5.5)
    _rule(pdf, pdf.get_y(), LINE, 0.2)
    for row in sheet.rows:
        _type(pdf, 10)
        _row(pdf, row, ROW)
        _rule(pdf, pdf.get_y(), LINE, 0.2)
    _rule(pdf, pdf.get_y(), INK, 0.5)
    _type(pdf, 10, "B")
    _row(pdf, sheet.foot, ROW)
    pdf.set_y(pdf.get_y() + 5)


def _row(pdf: "FPDF", cells: tuple[str, ...], height: float) -> None:
    x, y = float(LEFT), pdf.get_y()
    for number, (cell, width) in enumerate(zip(cells, COLUMNS, strict=True)):
        pdf.set_xy(x, y)
        pdf.cell(width, height, _fit(pdf, cell, width - 3), align="R" if number > 1 else "L")
        x += width
    pdf.set_xy(LEFT, y + height)


def _notes(pdf: "FPDF", notes: tuple[Note, ...]) -> None:
    width = (WIDTH - GAP) / 2
    for at in range(0, len(notes), 2):
        top = bottom = pdf.get_y()
        for column, note in enumerate(notes[at : at + 2]):
            x = LEFT + column * (width + GAP)
            pdf.set_xy(x, top)
            _type(pdf, 10, "B")
            pdf.cell(width, 5.5, _plain(note.heading))
            _type(pdf, 10)
            pdf.set_y(top + 5.5)
            _text(pdf, note.text, x, width, 5, ROOM["note"])
            bottom = max(bottom, pdf.get_y())
        pdf.set_y(bottom + 4)


def _decide(pdf: "FPDF", sheet: Sheet) -> None:
    top = pdf.get_y()
    _type(pdf, 10, "B", SEAL)
    pdf.set_xy(LEFT + 4, top)
    pdf.cell(WIDTH - 4, 6, "To decide now")
    _type(pdf, 10)
    pdf.set_y(top + 6)
    for text in sheet.decide or ("Nothing.",):
        _text(pdf, text, LEFT + 4, WIDTH - 4, 5, ROOM["decide"])
    pdf.set_draw_color(*SEAL)
    pdf.set_line_width(0.8)
    pdf.line(LEFT, top, LEFT, pdf.get_y())


def _end(pdf: "FPDF", sheet: Sheet) -> None:
    _rule(pdf, 262, LINE, 0.2)
    _type(pdf, 8.5, color=MUTED)
    pdf.set_y(265)
    told = f"The log held {sheet.log} Each figure is a sum over the log."
    _text(pdf, told, LEFT, WIDTH, 4.2, ROOM["log"])
    pdf.set_font(MONO, size=8)
    for line in (f"root {sheet.root}", sheet.check):
        pdf.set_x(LEFT)
        pdf.cell(WIDTH, 4.2, _plain(line))
        pdf.ln(4.2)


# THREAT T419: whatever it is called, no asker takes more room than this, or hides a line
def _text(pdf: "FPDF", text: str, x: float, width: float, height: float, room: int) -> None:
    """Write `text` in at most `room` lines; what does not fit is said to be left out."""
    found = pdf.multi_cell(width, height, _plain(text), dry_run=True, output="LINES", align="L")
    lines = found if isinstance(found, list) else []
    for number, line in enumerate(lines[:room]):
        is_cut = number == room - 1 and len(lines) > room
        pdf.set_x(x)
        pdf.cell(width, height, _fit(pdf, f"{line} ... (more in the detail)", width) if is_cut
                 else line)  # fmt: skip
        pdf.ln(height)


def _fit(pdf: "FPDF", text: str, width: float) -> str:
    """Return `text` cut to what `width` holds."""
    plain = _plain(text)
    if pdf.get_string_width(plain) <= width:
        return plain
    while plain and pdf.get_string_width(f"{plain}...") > width:
        plain = plain[:-1]
    return f"{plain}..."


def _plain(text: str) -> str:
    """Return `text` in the letters of the file's own fonts, any other as its code point."""
    common = visible(text).replace("…", "...").replace("–", "-").replace("’", "'")
    return "".join(each if ord(each) < 256 else f"[U+{ord(each):04X}]" for each in common)  # noqa: PLR2004  # reason: Latin-1


def _type(pdf: "FPDF", size: float, style: str = "", color: tuple[int, int, int] = INK) -> None:
    pdf.set_font(FONT, style=style, size=size)
    pdf.set_text_color(*color)


def _rule(pdf: "FPDF", y: float, color: tuple[int, int, int], width: float) -> None:
    pdf.set_draw_color(*color)
    pdf.set_line_width(width)
    pdf.line(LEFT, y, LEFT + WIDTH, y)

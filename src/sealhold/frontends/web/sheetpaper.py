"""A statement as one HTML file: no script, no other file, one sheet of A4 when it is printed.

- Every text in it is escaped, and each character that could hide something is written out.

Source: docs/spec/40-statement.md.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sealhold.frontends.web.pattern import rosette
from sealhold.frontends.web.safetext import visible
from sealhold.frontends.web.sheets import HEAD, sheet_of
from sealhold.model.shown.statement import Statement

STYLE = Path(__file__).parent / "sheet.css"
TEMPLATES = Path(__file__).parent / "templates"


def html_of(statement: Statement) -> str:
    """Return the whole document."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        # THREAT T419: a name that an app gave itself is text here, and nothing else
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template("statement_file.html").render(
        sheet=sheet_of(statement),
        head=HEAD,
        pattern=rosette(statement.end.root, "entry"),
        # our own sheet, and nothing of it comes from anybody else
        style=Markup(f"<style>\n{STYLE.read_text()}</style>"),  # noqa: S704 - reason: see above
    )

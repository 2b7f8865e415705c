"""What the commands about schemas and collections share: their files, and what is shown of them.

Source: docs/spec/20-faces.md section 8.
"""

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from sealhold.frontends.cli.out import Block, Column, Line, Table, figure, safe
from sealhold.frontends.cli.reading import read_file
from sealhold.model.errors import InvalidError
from sealhold.model.shown.laying import COUNTED, RuleChange, RulesPreview

MOST = 262_144  # bytes of a file; a schema of 100 fields has some ten thousand
App = Annotated[str, typer.Argument(metavar="APP", help="Its name or id.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the collection.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The rules, as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]

Form = TypeVar("Form", bound=msgspec.Struct)


def read_form(path: Path, form: type[Form]) -> Form:
    """Return the rules in a file.

    Raises:
        NoFileError: it is not there, or cannot be read.
        InvalidError: it is no JSON of that form; the message names the place.
    """
    try:
        return msgspec.json.decode(read_file(path, MOST), type=form, strict=True)
    except msgspec.ValidationError as err:
        raise InvalidError(f"`{safe(str(path))}` does not fit: {safe(str(err))[:200]}") from err
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise InvalidError(f"`{safe(str(path))}` is not JSON") from err


def preview_blocks(found: RulesPreview) -> list[Block]:
    """Return what rules would do to what is kept."""
    if not found.changes:
        same = "Nothing that is kept would change."
        return [Line(same if found.version > 1 else "Nothing of the kind was laid down before.")]
    columns = (
        Column("Field", whole=True),
        Column("What", whole=True),
        Column("Now"),
        Column("Then"),
        figure("Kept"),
    )
    effects = [Line(f"{_named(each)}: {safe(each.effect)}.") for each in found.changes]
    return [Table(columns, [_row(each) for each in found.changes]), Line(""), *effects]


def _row(change: RuleChange) -> tuple[str, ...]:
    more = "+" if change.kept >= COUNTED else ""
    told = (change.field or "-", change.what, change.before or "-", change.after)
    return (*map(safe, told), f"{change.kept:,}{more}")


def _named(change: RuleChange) -> str:
    return safe(f"{change.field}, {change.what}" if change.field else change.what)

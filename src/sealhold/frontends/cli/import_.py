"""`sealhold import`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.import_ask import asked_map, try_asked
from sealhold.frontends.cli.import_map import MapOf, forget, said_map, try_map
from sealhold.frontends.cli.import_report import report_blocks
from sealhold.frontends.cli.import_undo import undo
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe, say
from sealhold.frontends.cli.progress import bar_over
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, read_key
from sealhold.model.errors import NoFileError, UnreadableSourceError, UsageError
from sealhold.node import Found, look

Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="ROLE=COLUMN",
        help="A table of bookings: which column is date, amount, payee, memo, currency, account."
        " Where rows do not prove it: order=day-first|month-first, sign=comma|point.",
    ),
]
Asks = Annotated[
    bool,
    typer.Option("--ask", help="A table of bookings: ask what each column is, with a guess."),
]
Forgotten = Annotated[str, typer.Option(metavar="NAME", help="Forget what `--map` said.")]


def import_(  # noqa: PLR0913, PLR0917  # reason: each is a word of the command line
    context: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH...", help="Files, and folders of files.")
    ] = None,
    undo_job: Annotated[
        str, typer.Option("--undo", metavar="JOB", help="Take back what an import brought.")
    ] = "",
    signed_by: Annotated[
        str,
        typer.Option(
            metavar="HEX", help="Read only what this Ed25519 key signed: FILE beside FILE.sig."
        ),
    ] = "",
    accept_change: Annotated[
        bool,
        typer.Option(
            "--accept-change", help="Take a source that gives something else than before."
        ),
    ] = False,
    parts: Parts = None,
    ask: Asks = False,
    forget_map: Forgotten = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Take files in: tracks, calendars, contacts, mail, bookings, tables.

    A file is known by its content, whatever its name, also within a zip or tar archive. Formats:
    GPX, FIT, GeoJSON, Google Takeout, Apple Health, Green Button, pictures; iCalendar, vCard, mbox,
    eml; OFX, CAMT.053, MT940; WhatsApp, Telegram, Signal, Mastodon, ChatGPT, Claude, Spotify;
    histories and bookmarks of browsers; CSV and JSON lines. What was there before is recognised, so
    the same file may come again.

    Tables are rows. With `--map` or `--ask` the tables of one header are bookings, now and later.

    Raises:
        UsageError: neither a path nor `--undo`, or both; or `--signed-by` is no key.
    """
    session = Session.of(context)
    if [bool(paths), bool(undo_job), bool(forget_map)].count(True) != 1:
        raise UsageError("name files to import, or `--undo` with a job")
    if parts and (signed_by or not paths):
        raise UsageError("`--map` says what a table is: name it, and no key")
    if ask and (parts or signed_by or not paths):
        raise UsageError("`--ask` asks about one table: name it, and no key and no `--map`")
    key = read_key(signed_by) if signed_by else None
    if undo_job:
        undo(session, undo_job, dry_run=dry_run)
    elif forget_map:
        forget(session, forget_map, dry_run=dry_run)
    elif ask and dry_run:
        try_asked(session, paths or [])
    elif parts and dry_run:
        try_map(session, paths or [], parts)
    elif dry_run:
        found = _found(paths or [], key)
        emit(session, found, *_found_blocks(found), Line("Nothing was taken in.", "hint"))
    else:
        map_of = asked_map if ask else said_map(parts) if parts else None
        _import(session, paths or [], key, map_of, accept=accept_change)


def _import(
    session: Session,
    paths: Sequence[Path],
    signed_by: bytes | None,
    map_of: MapOf | None,
    *,
    accept: bool,
) -> None:
    with reading(session) as node:
        if map_of is not None:
            preview = map_of(session, node, paths)
            if preview is None:
                return
            node.sources.maps.keep(preview)
        found = _found(paths, signed_by)
        say(session, *_found_blocks(found))
        with bar_over(session, found) as watch:
            report = node.sources.import_paths(paths, watch, signed_by, accept=accept)
    emit(session, report, *report_blocks(report))
    if report.unreadable == len(report.files):
        raise typer.Exit(UnreadableSourceError.kind.value)


def _found(paths: Sequence[Path], signed_by: bytes | None) -> list[Found]:
    for path in paths:
        if not path.exists():
            raise NoFileError(f"no file `{safe(str(path))}`")
    found = list(look(paths, signed_by))
    if not found:
        raise NoFileError("there is no file in this folder")
    return found


def _found_blocks(found: Sequence[Found]) -> list[Block]:
    kinds = Counter(each.what or "not readable" for each in found)
    sizes: Counter[str] = Counter()
    for each in found:
        sizes[each.what or "not readable"] += each.size
    rows = [(safe(what), f"{number:,}", _size(sizes[what])) for what, number in kinds.items()]
    rows.sort(key=lambda row: row[0])
    columns = (Column("What it is"), figure("Files"), figure("Size"))
    return [Line(f"Found {counted(len(found), 'file')}:", "head"), Table(columns, rows), Line("")]


def _size(length: int) -> str:
    """Return a size as people read it: `0.4 kB`, `15.2 MB`, `1.5 GB`."""
    for unit, bytes_ in (("GB", 1e9), ("MB", 1e6)):
        if length >= bytes_:
            return f"{length / bytes_:,.1f} {unit}"
    return f"{length / 1000:,.1f} kB"

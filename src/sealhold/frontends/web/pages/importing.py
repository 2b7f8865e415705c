"""Files: what was recognised before anything is taken in, tables that get a meaning, the import.

- What was handed in waits in memory under this sign-in; each page after that names it.
- A table whose columns nobody has said the meaning of goes in as rows, or becomes bookings: the
  owner says which column is what, sees ten of them, and confirms.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.frontends.web.formats import day
from sealhold.frontends.web.pages.sources import listed
from sealhold.frontends.web.upload import Upload
from sealhold.frontends.web.visit import Outcome, Page, Visit
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, InvalidError, SealholdError
from sealhold.model.quantities import Instant
from sealhold.model.shown import ImportReport, MapPreview, Recognised

ROLES = ("date", "amount", "payee", "memo", "currency", "account")
COLUMN = "is-"  # before the number of a column in the form
SHOWN = ("at", "amount", "currency", "payee", "memo", "account")  # of a booking


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One column of a table, and what it may be."""

    number: int
    name: str
    samples: tuple[str, ...]
    role: str  # as said or guessed; empty: none


def look(visit: Visit) -> Outcome:
    """Return what the files of the form are; nothing is taken in.

    Raises:
        InvalidError: no file was chosen.
    """
    uploads = tuple(upload for upload in visit.uploads if upload.name)
    if not uploads:
        raise InvalidError("no file was chosen")
    return _found(visit, visit.tray.put(uploads, visit.now))


def back(visit: Visit) -> Outcome:
    """Return once more what the files are."""
    return _found(visit, visit.form.one("files"))


def drop(visit: Visit) -> Outcome:
    """Let go of the files."""
    visit.tray.clear()
    return listed(visit)


def take(visit: Visit) -> Outcome:
    """Import the files that were shown, and tell what became of each."""
    files = visit.tray.files(visit.form.one("files"), visit.now)
    return _taken(visit, files)


def table(visit: Visit) -> Outcome:
    """Ask what the columns of a table are; show what it would be; or keep that and import."""
    files = visit.tray.files(visit.form.one("files"), visit.now)
    file = _chosen(files, visit.form.one("table"))
    do = visit.form.one("do")
    if do == "ask":
        return _asked(visit, file)
    try:
        preview = visit.vault.sources.map_preview(file.path, _said(visit, file))
        if do == "keep":
            visit.vault.sources.maps.keep(preview)
            return _found(visit, visit.form.one("files"), kept=preview.name)
    except (InvalidError, ConflictError) as err:
        return _asked(visit, file, trouble=err)
    return _asked(visit, file, preview=preview)


def _taken(visit: Visit, files: tuple[Upload, ...]) -> Page:
    reports = tuple(_import(visit, each) for each in files)
    visit.tray.clear()
    return listed(visit, reports=reports)


def _import(visit: Visit, file: Upload) -> ImportReport:
    return visit.vault.sources.import_file(file.name, file.path, lambda _done, _total: None)


def _found(visit: Visit, name: str, kept: str = "") -> Page:
    files = visit.tray.files(name, visit.now)
    found = visit.vault.sources.recognise({each.path: each.name for each in files})
    return Page(
        template="import.html",
        values={
            "files": name,
            "found": found,
            "known": sum(bool(each.what) for each in found),
            "tables": _tables(files, found),
            "kept": kept,
        },
    )


def _tables(files: tuple[Upload, ...], found: tuple[Recognised, ...]) -> dict[str, int]:
    """Return which of the files are tables that nobody has said the meaning of."""
    names = {each.name for each in found if each.is_table}
    return {file.name: number for number, file in enumerate(files) if file.name in names}


def _chosen(files: tuple[Upload, ...], number: str) -> Upload:
    if not (number.isascii() and number.isdigit() and int(number) < len(files)):
        raise InvalidError("no such file")
    return files[int(number)]


def _said(visit: Visit, file: Upload) -> dict[str, str]:
    """Return what the form says: role to column, or to a text.

    Raises:
        InvalidError: two columns have one role.
    """
    form = visit.form
    columns = list(visit.vault.sources.table_look(file.path).samples)
    said: dict[str, str] = {}
    for number, column in enumerate(columns):
        role = form.one(f"{COLUMN}{number}")
        if role in said:
            raise InvalidError(f"two columns are the {role}; say which one is")
        if role in ROLES:
            said[role] = column
    for name in ("order", "sign", "currency"):
        if form.one(name).strip():
            said.setdefault(name, form.one(name).strip())
    return said


def _asked(
    visit: Visit,
    file: Upload,
    *,
    preview: MapPreview | None = None,
    trouble: SealholdError | None = None,
) -> Page:
    form, look_ = visit.form, visit.vault.sources.table_look(file.path)
    guessed = {column: role for role, column in look_.guess.items()}
    is_first = form.one("do") == "ask"
    columns = tuple(
        Asked(
            number=number,
            name=name,
            samples=samples,
            role=guessed.get(name, "") if is_first else form.one(f"{COLUMN}{number}"),
        )
        for number, (name, samples) in enumerate(look_.samples.items())
    )
    return Page(
        template="map.html",
        status=200 if trouble is None else 409,
        values={
            "name": file.name,
            "files": form.one("files"),
            "table": form.one("table"),
            "columns": columns,
            "roles": ROLES,
            "prefix": COLUMN,
            "said": form,
            "preview": preview,
            "rows": [] if preview is None else [_row(each) for each in preview.bookings],
            "shown": SHOWN,
            "trouble": trouble,
        },
    )


def _row(fields: Mapping[str, Plain]) -> tuple[str, ...]:
    return tuple(
        day(Instant(value)) if name == "at" and isinstance(value, int) else str(value or "")
        for name, value in ((name, fields[name]) for name in SHOWN)
    )

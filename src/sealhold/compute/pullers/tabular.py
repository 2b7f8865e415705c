"""What pullers of tables have in common: the dataset that a table is, and its rows in pieces.

- Columns, types, key and time are looked up when the source is added; the owner may say otherwise.
  They are the dataset from then on: a column that is gone, or of another type in its place, is told
  and nothing is read until the owner accepts it.
- Rows come as JSON lines in memory. A table with a key comes in pieces; without one in one piece,
  as equal rows are told apart by their order in it.

Source: docs/spec/38-in-place.md section 3.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.compute.engine.cell import Engine, UnfitError, memory_of
from sealhold.compute.engine.fields import fields_of, unit_of
from sealhold.compute.engine.orders import Begin, Found, Lines, Look, Looked, Rows
from sealhold.connectors.columns import column
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.shaping import dataset_from
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    InvalidError,
    SourceChangedError,
    UnreadableSourceError,
)
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import ColumnType, Dataset, Sensitivity

OPTIONS: Final[Mapping[str, str]] = {
    "columns": "`when:instant,kwh:decimal`: only these, and as what; without it all, as they are",
    "key": "columns that name a row, with commas; without it the table's own",
    "time": "the column of its time",
    "unit": "`s` or `ms`: what a time is told in, if in numbers; `ms` without it",
    "cursor": "a column that only grows: then only what is new is read",
    "sensitivity": "0 public to 3 special; 2 without it",
}
PIECE: Final = 20_000  # rows
MOST: Final = 1_073_741_824  # bytes of one piece in memory
TYPES: Final = {each.name.lower(): each for each in ColumnType}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table at a place, and how it is reached."""

    begin: Begin
    what: str = ""
    is_query: bool = False
    path: str = ""


def looked(table: Table, where: Where, said: str) -> Health:
    """Look at a table: what its rows are, or whether they still are what they were.

    Raises:
        InvalidError: an option does not fit the table, and which.
        SourceChangedError: it is another table than was accepted.
        UnreadableSourceError: the engine broke on it.
    """
    order = Look(what=table.what, is_query=table.is_query, path=table.path)
    with Engine(table.begin) as engine:
        found = next((each for each in _asked(engine, order) if isinstance(each, Looked)), None)
    if found is None:
        raise UnreadableSourceError("the engine did not say what the table is")
    count = "rows" if found.rows < 0 else f"{found.rows:,} rows"
    sentence = f"{said}: {count}, {len(found.columns)} columns"
    told = where.settings.get("dataset")
    if isinstance(told, dict):
        _check_shape(where.settings, found.columns)
        return Health(sentence=sentence, settings=where.settings)
    dataset = _dataset(where.settings, found)
    shape: Plain = {each.name: each.declared for each in _wanted(where.settings, found.columns)}
    settings = {name: value for name, value in where.settings.items() if name != "dataset"}
    asks = () if dataset.natural_key else ("key",)
    return Health(
        sentence=sentence, settings={**settings, "shape": shape}, dataset=dataset, asks=asks
    )


def pieces(table: Table, where: Where, cursor: str | None) -> Iterator[Piece]:
    """Yield the rows that came since `cursor`, or all there are.

    Raises:
        SourceChangedError: it is another table than was accepted.
        InvalidError: nobody looked at it yet.
    """
    told = where.settings.get("dataset")
    if not isinstance(told, dict):
        raise InvalidError("the table was not looked at yet")
    dataset = dataset_from(told)
    with Engine(table.begin) as engine:
        order = Look(what=table.what, is_query=table.is_query, path=table.path)
        found = [each for each in _asked(engine, order) if isinstance(each, Looked)]
        _check_shape(where.settings, found[0].columns)
        rows = Rows(
            what=table.what,
            is_query=table.is_query,
            path=table.path,
            fields=fields_of(dataset, where.settings),
            by=str(where.settings.get("cursor") or ""),
            after=cursor,
            is_paged=bool(dataset.natural_key) and not table.is_query,
        )
        parts = (each for each in _asked(engine, rows) if isinstance(each, Lines))
        yield from _pieces(parts, str(dataset.name), is_parted=bool(dataset.natural_key))


def _asked(engine: Engine, order: Look | Rows) -> Iterator[object]:
    try:
        yield from engine.ask(order)
    except UnfitError as err:
        raise SourceChangedError("the table cannot be read") from err


def _pieces(parts: Iterator[Lines], name: str, *, is_parted: bool) -> Iterator[Piece]:
    file, count, size, upto = memory_of(name), 0, 0, ""
    try:
        for part in parts:
            if is_parted and count >= PIECE:
                yield _piece(file, name, count, upto)
                os.close(file)
                file, count, size = memory_of(name), 0, 0
            size += len(part.text)
            if size > MOST:
                raise UnreadableSourceError("the table is too large for one piece: name its key")
            _write(file, part.text)
            count += part.count
            upto = part.upto or upto
        if count:
            yield _piece(file, name, count, upto)
    finally:
        os.close(file)


def _write(file: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(file, rest) :]


def _piece(file: int, name: str, count: int, upto: str) -> Piece:
    return Piece(path=Path(f"/proc/self/fd/{file}"), name=f"{name}, {count:,} rows", cursor=upto)


def _check_shape(settings: Mapping[str, Plain], columns: Sequence[Found]) -> None:
    """Compare what is there with what was accepted; what came in addition does no harm.

    Raises:
        SourceChangedError: a column is gone, or is of another type.
    """
    shape, there = settings.get("shape"), {each.name: each.declared for each in columns}
    for name, declared in shape.items() if isinstance(shape, dict) else ():
        if name not in there:
            raise SourceChangedError(f"the column `{name}` is gone")
        if there[name] != declared:
            now, was = there[name] or "nothing", declared or "nothing"
            raise SourceChangedError(f"the column `{name}` is declared as {now}, and was as {was}")


def _dataset(settings: Mapping[str, Plain], found: Looked) -> Dataset:
    types, _ = _types(settings), unit_of(settings)
    time = str(settings.get("time") or "")
    columns = tuple(
        column(
            each.name,
            ColumnType.INSTANT
            if each.name == time and each.is_time and each.name not in types
            else types.get(each.name, ColumnType[each.type]),
            each.declared.lower() or "as the table has it",
        )
        for each in _wanted(settings, found.columns)
    )
    names = {str(each.name): each.type for each in columns}
    key = _named(settings, "key") or [each for each in found.key if each in names]
    key = key if set(key) <= names.keys() else _missing("key", key, names)
    if time and names.get(time) is not ColumnType.INSTANT:
        raise InvalidError(f"`time`: there is no time in `{time}`")
    return Dataset(
        name=_name(settings),
        columns=columns,
        time_column=FieldName(time) if time else None,
        natural_key=tuple(FieldName(each) for each in key),
        sensitivity=_sensitivity(settings),
        granularity="a row, because the table's maker chose it as the unit",
    )


def _wanted(settings: Mapping[str, Plain], columns: Sequence[Found]) -> list[Found]:
    named = [each.partition(":")[0] for each in _named(settings, "columns")]
    there = {each.name: each for each in columns}
    if named and not set(named) <= there.keys():
        _missing("columns", named, there)
    return [there[each] for each in named] or list(columns)


def _missing(option: str, wanted: Sequence[str], there: Mapping[str, object]) -> list[str]:
    lacking = next(each for each in wanted if each not in there)
    raise InvalidError(f"`{option}`: the table has no column `{lacking}`")


def _types(settings: Mapping[str, Plain]) -> dict[str, ColumnType]:
    found = {}
    for each in _named(settings, "columns"):
        name, _, kind = each.partition(":")
        if kind and kind not in TYPES:
            raise InvalidError(f"`columns`: `{kind}` is none of {', '.join(sorted(TYPES))}")
        if kind:
            found[name] = TYPES[kind]
    return found


def _named(settings: Mapping[str, Plain], option: str) -> list[str]:
    return [each.strip() for each in str(settings.get(option) or "").split(",") if each.strip()]


def _name(settings: Mapping[str, Plain]) -> Collection:
    """Return what the rows are called: what the owner says, else the table's or the file's name.

    Raises:
        InvalidError: neither is a name.
    """
    said = str(settings.get("dataset") or "")
    if not said and not settings.get("query"):
        table = str(settings.get("table") or Path(str(settings["place"])).stem)
        said = re.sub(r"[^a-z0-9]+", "_", table.rpartition(".")[2].lower()).strip("_")
    if not said.isascii() or not said.isidentifier() or said != said.lower():
        raise InvalidError("`dataset`: what the rows shall be called: a-z, digits and `_`")
    return Collection(said)


def _sensitivity(settings: Mapping[str, Plain]) -> Sensitivity:
    said = str(settings.get("sensitivity") or int(Sensitivity.INTIMATE))
    if said not in {str(int(each)) for each in Sensitivity}:
        raise InvalidError("`sensitivity` is 0 to 3")
    return Sensitivity(int(said))


def placed(where: Where, kind: str) -> str:
    """Return the file that a place names, as it stands now.

    Raises:
        InvalidError: it names none.
    """
    said = where.settings.get("place")
    if not isinstance(said, str) or not said:
        raise InvalidError(f"a {kind} is named by its path")
    return str(Path(said).expanduser().absolute())

"""What can be shared by a link: a file by its path, one of what this device syncs, or a record.

- `COLLECTION:PATH` is looked for before a path of that form; a record is named by its id.
- A file is read twice, to be looked at and to be sent; nothing of it is held whole.

Source: docs/spec/53-link-shares.md section 6.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, NoFileError, NotFoundError
from sealhold.model.ids import FieldName, Kind, show
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.records import Column, ColumnType
from sealhold.node.devicework import DeviceWork
from sealhold.node.node import Node
from sealhold.sharing.devices.contents import Content
from sealhold.sharing.devices.contents import Kind as ContentKind
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.syncing import Round, Syncing
from sealhold.sharing.links.hidden import MOST, hidden_in
from sealhold.sharing.links.linkhead import file_name
from sealhold.sharing.links.looking import Subject, shown_row

PART: Final = 1_048_576  # bytes read at once
RECORD: Final = re.compile(r"r-[0-9a-f]{12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What its owner says about an object."""

    object: str
    omit: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    as_text: bool = False  # a record; else as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object, ready to be shared."""

    subject: Subject
    name: str
    size: int
    text: str  # of a record; else empty
    content: Callable[[], Iterable[bytes]]


def find(node: Node, choice: Choice) -> Found:
    """Return the object that its owner named.

    Raises:
        NotFoundError: there is no such record, or no such file in the collection.
        NoFileError: there is no such file, or it cannot be read.
        InvalidError: it is no file, or a rule is said of a file.
        InvalidFilterError: a rule is not in the language.
    """
    if RECORD.fullmatch(choice.object):
        return _record(node, choice)
    if choice.omit or choice.precision or choice.as_text:
        raise InvalidError("fields are left out or made coarser of a record, not of a file")
    name, colon, path = choice.object.partition(":")
    work = DeviceWork(node) if colon and name and path else None
    if work is not None and work.devices.is_begun:
        for opened in work.devices.collections():
            if opened.about.name == name and opened.about.holds is Holds.FILES:
                return _synced(work, opened, path)
    return _file(Path(choice.object))


# --- files ---


def _file(path: Path) -> Found:
    try:
        if not path.is_file():
            raise NoFileError(f"`{path}` is no file")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as err:
        raise NoFileError(f"`{path}` cannot be read") from err
    return _found(path.name, size, lambda: _parts(path))


def _parts(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while part := file.read(PART):
                yield part
    except OSError as err:
        raise NoFileError(f"`{path}` cannot be read") from err


def _synced(work: DeviceWork, opened: Open, path: str) -> Found:
    content = _content(opened, path)
    near = Syncing(work.devices, work.places.reached()).near(opened, Round())
    opened.bodies.reach(near)
    name = path.rpartition("/")[2]
    return _found(name, content.size, lambda: opened.bodies.read(content))


def _content(opened: Open, path: str) -> Content:
    state = opened.replica.state
    for thing, each in state.tree.shown(state.versions.edited_over_deletes()).items():
        if "/".join(each.path) != path.strip("/"):
            continue
        shown = state.versions.standing(thing).shown
        if shown is None or shown.id not in state:
            raise NotFoundError("this file has not come to this device yet")
        content = state.content(shown.id)
        if content.kind is not ContentKind.FILE:
            raise InvalidError("a link shares a file, and this is none")
        return content
    raise NotFoundError("no such file in this collection")


def _found(name: str, size: int, content: Callable[[], Iterable[bytes]]) -> Found:
    first = bytearray()
    for part in islice(content(), -(-MOST // PART)):
        first += part
        if len(first) >= MOST:
            break
    named = file_name(name)
    subject = Subject(kind="file", row={"name": named}, hidden=hidden_in(bytes(first[:MOST])))
    return Found(subject=subject, name=named, size=size, text="", content=content)


# --- records ---


def _record(node: Node, choice: Choice) -> Found:
    item = node.records.get(choice.object)
    columns = tuple(column for column, _ in item.fields)
    row: dict[str, Plain] = {column.name: value for column, value in item.fields}
    shown = shown_row(row, columns, choice.precision, choice.omit)
    dataset = node.records.tables()[item.collection]
    text = _text(shown, columns) if choice.as_text else _json(shown, columns)
    data = text.encode()
    ending = "txt" if choice.as_text else "json"
    return Found(
        subject=Subject(
            kind="record",
            dataset=item.collection,
            row=shown,
            columns=columns,
            sensitivity=dataset.sensitivity,
            precision=choice.precision,
            omit=frozenset(map(FieldName, choice.omit)),
        ),
        name=file_name(f"{item.collection}-{show(Kind.RECORD, item.id)}.{ending}"),
        size=len(data),
        text=text,
        content=lambda: (data,),
    )


def _said(shown: Mapping[str, Plain], columns: Sequence[Column]) -> dict[str, Plain]:
    """Return what is shown with its times as people write them."""
    times = {column.name for column in columns if column.type is ColumnType.INSTANT}
    return {
        name: rfc3339(Instant(value)) if name in times and isinstance(value, int) else value
        for name, value in shown.items()
    }


def _json(shown: Mapping[str, Plain], columns: Sequence[Column]) -> str:
    told = _said(shown, columns)
    return json.dumps(told, ensure_ascii=False, indent=2, default=str) + "\n"


def _text(shown: Mapping[str, Plain], columns: Sequence[Column]) -> str:
    lines = []
    for name, value in _said(shown, columns).items():
        told = "\n  ".join(map(str, value)) if isinstance(value, list) else value
        lines.append(f"{name}: {'' if told is None else told}\n")
    return "".join(lines)

"""Rows in JSON from a server of the web: page by page, as JSON lines.

- Pages go on by the `Link` header, by a field that holds the next cursor, or by a page number.
- What the rows are is guessed at the first look from a page, and asked of every page later: rows
  that all lack what all had, or hold another type, end the pull before they are given.
- The first page's ETag is the cursor. If the server says that nothing changed, nothing is read;
  else all is read, and what lacks is gone.

Source: docs/spec/37-live.md section 6; RFC 8259, RFC 8288, RFC 9110.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final, NoReturn
from urllib.parse import parse_qsl, urlencode

from sealhold.compute.live.asking import Answer, Asker
from sealhold.compute.live.guessing import guessed, is_of
from sealhold.compute.live.saying import Ended, FailedError, Order, Shown, Up
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.model.encoding import Plain

MAX_PAGES: Final = 100_000
MAX_PIECE: Final = 16_777_216  # bytes of JSON lines
SAMPLE: Final = 1_000  # rows that are looked at to guess what they are
_JSON: Final = {"Accept": "application/json"}

Row = dict[str, Plain]


@dataclass(frozen=True, slots=True)
class _Paging:
    """How the next page is found."""

    way: str = "link"  # `link` | `cursor` | `page` | `none`
    field: str = ""  # of `cursor`: where the next stands
    parameter: str = ""  # of the address

    @classmethod
    def of(cls, said: str) -> "_Paging":
        way, *more = said.split(":")
        return cls(way, *more) if way == "cursor" else cls(way, "", *more)


def speak(order: Order, up: Up) -> None:
    """Do what an order says.

    Raises:
        FailedError: it goes no further.
        DialError: there is no connection.
    """
    asker = Asker(order)
    if order.is_check:
        _, rows = next(_pages(asker, order, ""), (None, []))
        cells = _cells(rows[:SAMPLE])
        columns, key, time = guessed(cells)
        more = "" if len(rows) < SAMPLE else " at least"
        up.send(Shown(f"{len(rows):,} rows{more} on the first page", columns, key, time))
        return
    _read(asker, order, up)


def _read(asker: Asker, order: Order, up: Up) -> None:
    """Give all rows, unless the server says that none changed."""
    shape: Plain = order.settings.get("shape") or {}
    tag, size, count, number = "", 0, 0, 0
    for answer, rows in _pages(asker, order, order.cursor or ""):
        if answer is None:
            return
        number += 1
        if number == 1:
            tag = answer.headers.get("ETag", "")[:512]
        _check(rows, shape)
        lines = b"".join(map(_line, rows))
        if size and size + len(lines) > MAX_PIECE:
            up.send(Ended(f"{count:,} rows", ""))
            size = count = 0
        up.give(lines)
        size, count = size + len(lines), count + len(rows)
    is_one = number == 1  # the tag of one page says nothing of the others
    up.send(Ended(f"{count:,} rows", tag if is_one else "", complete=True))


def _pages(asker: Asker, order: Order, tag: str) -> Iterator[tuple[Answer | None, list[Row]]]:
    """Yield each page with its rows; None if nothing changed since a tag.

    Raises:
        FailedError: a page is none, or they go in a circle.
    """
    paging = _Paging.of(str(order.settings.get("paging", "link")))
    path, met = order.path, set[str]()
    for number in range(1, MAX_PAGES + 1):
        headers = _JSON | ({"If-None-Match": tag} if tag and number == 1 else {})
        fine = (200, 304) if tag and number == 1 else (200,)
        found = asker.ask("GET", path, headers=headers, fine=fine)
        if found.status == 304:  # noqa: PLR2004  reason: what HTTP calls not changed
            yield None, []
            return
        value = _parsed(found.body)
        rows = _rows(value, str(order.settings.get("rows", "")))
        yield found, rows
        met.add(path)
        path = _next(asker, paging, order.path, found, value) if rows else ""
        if not path:
            return
        if path in met:  # THREAT T400: pages that lead in a circle end
            raise FailedError("cut")
    raise FailedError("size")


def _next(asker: Asker, paging: _Paging, first: str, found: Answer, value: Plain) -> str:
    match paging.way:
        case "link":
            link = _link(found.headers.get("Link", ""))
            return asker.path_of(link, found.path) if link else ""
        case "cursor":
            told = _at(value, paging.field)
            if told is None or told in ("", False):
                return ""
            if not isinstance(told, str | int):
                raise FailedError("cut")
            return asker.path_of(_with(first, paging.parameter, str(told)), first)
        case "page":
            query = dict(parse_qsl(found.path.partition("?")[2]))
            now = query.get(paging.parameter, "1")
            if not now.isdigit():
                raise FailedError("cut")
            return _with(first, paging.parameter, str(int(now) + 1))
        case _:
            return ""


def _with(path: str, name: str, value: str) -> str:
    bare, _, query = path.partition("?")
    pairs = [each for each in parse_qsl(query, keep_blank_values=True) if each[0] != name]
    return f"{bare}?{urlencode([*pairs, (name, value)])}"


def _link(header: str) -> str:
    """Return the address of the link that is called `next`."""
    for each in header[:8_192].split(","):
        address, *parameters = each.split(";")
        names = {p.strip().lower().replace('"', "").replace(" ", "") for p in parameters}
        if "rel=next" in names:
            return address.strip().removeprefix("<").removesuffix(">")
    return ""


def _parsed(body: bytes) -> Plain:
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as err:
        raise FailedError("form") from err


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _at(value: Plain, path: str) -> Plain:
    for name in filter(None, path.split(".")):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _rows(value: Plain, path: str) -> list[Row]:
    """Return the rows of a page.

    Raises:
        FailedError: there is no list of objects where it is to be.
    """
    found = _at(value, path)
    if not path and isinstance(found, dict):
        lists = [each for each in found.values() if isinstance(each, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise FailedError("rows", path or "the top")
    return found


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _cells(rows: list[Row]) -> list[Row]:
    """Return the cells of rows, as the connector of JSON lines names them."""
    if not rows:
        return []
    content = BytesIO(b"".join(map(_line, rows)))
    return [
        item.fields["cells"]
        for batch in JsonLines().read(content, "", None)
        for item in batch.items
    ]


def _check(rows: list[Row], shape: Mapping[str, str]) -> None:
    """See that rows are what was accepted.

    Raises:
        FailedError: they lack what all rows had, or it is of another type.
    """
    # THREAT T403: what changed its meaning is told to the owner, and is not taken in
    if not rows or not shape:
        return
    cells = _cells(rows)
    met = {name for row in cells for name in row}
    # an inner object may be empty as a whole
    lacking = [name for name in shape if name not in met and name.partition(".")[0] not in met]
    if lacking:
        raise FailedError("lacks", *lacking)
    other = [
        name for name, kind in shape.items() if not any(is_of(row.get(name), kind) for row in cells)
    ]
    if other:
        raise FailedError("types", *other)

"""The owner's own data: by time, by word, and one by one.

- Content of strangers is shown as text; nothing in it is followed, drawn or run.
"""

import json
from dataclasses import dataclass

from sealhold.frontends.web.formats import day, local, moment
from sealhold.frontends.web.visit import Outcome, Page, Visit
from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, ColumnType
from sealhold.model.shown import Hits, ItemLine
from sealhold.model.shown.origins import OriginView

PAGE_ITEMS = 40
MAX_WORDS = 200  # characters of a search
EMPTY: tuple[Plain, ...] = (None, "", [])  # a field that says nothing is not shown
LONG_TEXT = 120  # characters; longer text stands on lines of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The items of one day."""

    title: str
    items: tuple[ItemLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One field as it is read."""

    name: str
    about: str
    text: str
    is_long: bool


def timeline(visit: Visit) -> Outcome:
    """Return the items by time."""
    hits = visit.vault.records.timeline(_cursor(visit), PAGE_ITEMS)
    return _list(visit, "timeline.html", hits, "")


def search(visit: Visit) -> Outcome:
    """Return the items that hold the words."""
    words = visit.query.one("words").strip()[:MAX_WORDS]
    if not words:
        return _list(visit, "search.html", None, "")
    return _list(
        visit, "search.html", visit.vault.records.search(words, _cursor(visit), PAGE_ITEMS), words
    )


def show(visit: Visit) -> Outcome:
    """Return one item, open, with its history."""
    item = visit.vault.records.get(visit.names["id"])
    return Page(
        template="item.html",
        values={
            "item": item,
            "fields": [
                _shown(column, value) for column, value in item.fields if value not in EMPTY
            ],
            "raw": _raw(item.raw),
            "hash": item.provenance.content_hash.hex(),
            "origin": _origin(visit),
        },
    )


def _origin(visit: Visit) -> OriginView | None:
    """Return what brought each version, if it is asked for: each look is in the log."""
    is_asked = "why" in visit.query
    return visit.vault.records.origins.why(visit.names["id"]) if is_asked else None


def _list(visit: Visit, template: str, hits: Hits | None, words: str) -> Page:
    return Page(
        template=template,
        values={
            "hits": hits,
            "days": _days(hits.items) if hits else (),
            "words": words,
            "is_first": "cursor" not in visit.query,
        },
    )


def _cursor(visit: Visit) -> str | None:
    return visit.query.one("cursor") or None


def _days(items: tuple[ItemLine, ...]) -> tuple[Day, ...]:
    grouped: dict[str, list[ItemLine]] = {}
    for item in items:
        title = "No date" if item.at is None else f"{local(item.at):%A}, {day(item.at)}"
        grouped.setdefault(title, []).append(item)
    return tuple(Day(title=title, items=tuple(found)) for title, found in grouped.items())


def _shown(column: Column, value: Plain) -> Shown:
    if column.type is ColumnType.INSTANT and isinstance(value, int):
        text = moment(Instant(value))
    elif isinstance(value, list | dict):
        text = ", ".join(map(_part, value)) if isinstance(value, list) else _part(value)
    else:
        text = str(value)
    is_long = len(text) > LONG_TEXT or "\n" in text
    return Shown(name=column.name, about=column.about, text=text, is_long=is_long)


def _part(value: Plain) -> str:
    """Return one part of a list as data is written, not as Python writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def _raw(raw: Plain) -> str:
    if raw is None:
        return ""
    if isinstance(raw, str):
        return raw
    return json.dumps(raw, indent=2, ensure_ascii=False, default=repr)

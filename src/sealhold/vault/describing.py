"""What an item is called, when it was, and by which words it is found.

- A dataset says which of its columns hold words, which its title, which its time. Of an item whose
  dataset is not known, or names no column, every text and whole number counts.
- An item without a title of its own is called by its first text, or by the cells of its row.

Source: docs/spec/18-connectors.md section 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant
from sealhold.model.records import Dataset


class Description(NamedTuple):  # one per item
    """What lists and the index take from an item."""

    title: str  # on one line; empty if there is nothing to call it by
    at: Instant | None
    text: str  # holds each word by which it is found


class Describer:
    """Describes the items of one dataset; None stands for one that nobody knows."""

    def __init__(self, dataset: Dataset | None) -> None:
        columns = dataset.columns if dataset else ()
        self._columns = [column.name for column in columns if column.searchable]
        self._title = dataset.title if dataset else None
        self._time = dataset.time_column if dataset else None

    def describe(self, fields: Mapping[str, Plain]) -> Description:
        """Return the description of an item with these fields."""
        found = map(fields.get, self._columns) if self._columns else fields.values()
        values = [*found]
        named = fields.get(self._title) if self._title else None
        title = named if isinstance(named, str) and named.strip() else _first_line(values)
        when = fields.get(self._time) if self._time else None
        at = Instant(when) if type(when) is int else None
        return Description(title, at, "\n".join(_texts(values)))


def _first_line(values: Sequence[Plain]) -> str:
    for value in values:
        if isinstance(value, str) and value.strip():
            return value.strip().splitlines()[0]
        if isinstance(value, dict):
            return ", ".join([f"{name} {cell}" for name, cell in value.items() if cell is not None])
    return ""


def _texts(values: Iterable[Plain]) -> list[str]:
    found: list[str] = []
    _gather(values, found)
    return found


def _gather(values: Iterable[Plain], found: list[str]) -> None:
    for value in values:
        kind = type(value)  # compared, not matched: every cell of every item comes by
        if kind is str:
            found.append(value)
        elif kind is int:
            found.append(str(value))
        elif kind is list:
            _gather(value, found)
        elif kind is dict:
            _gather(value.values(), found)

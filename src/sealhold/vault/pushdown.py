"""The owner's SQL answered where the tables lie, if all that it names lies in one place each.

- It is a shorter way to the same rows: whoever answers says no to what it cannot answer alike, and
  then the items are read as always.
- A dataset with a single item here, or with two sources, is not answered so.

Source: docs/spec/38-in-place.md section 7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset
from sealhold.vault.catalogue import SourceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A dataset, and the one source that has its items."""

    source: SourceRow
    dataset: Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Plain, ...], ...]
    is_cut: bool  # there were more rows than are shown


Pushdown = Callable[[str, Sequence[There]], Told | None]
"""Answers SQL over what lies elsewhere, or does not: None.

Raises:
    SourceAwayError: a place cannot be read.
    InvalidQueryError: it took too long or too much memory.
    IsolationUnavailableError: the engine cannot be confined here.
"""

"""Finding what implements a seam: the only place where code is found by name.

- A plug-in is an entry point of an installed package. One that does not load is a fault of that
  package and named with it; the others still work.
- What is installed is looked for once: that reads the notes of every package there is.

Source: docs/architecture.md section 5.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoints, entry_points

from sealhold.connectors.spec import Source
from sealhold.model.ids import Collection
from sealhold.model.records import Dataset

SOURCES = "sealhold.sources"
DATASETS = "sealhold.datasets"


def sources() -> Mapping[str, type[Source]]:
    """Return each connector by its name."""
    return {point.name: point.load() for point in _points(SOURCES)}


def datasets() -> Mapping[Collection, Dataset]:
    """Return each dataset that some connector can fill, by its name.

    A package that names its datasets by entry points of their own is not asked for its connectors:
    parsers are loaded by whoever reads a file.
    """
    named = _points(DATASETS)
    known = {point.dist.name for point in named if point.dist is not None}
    others = [
        each.load() for each in _points(SOURCES) if each.dist is None or each.dist.name not in known
    ]
    found = [dataset for source in others for dataset in source.datasets]
    return {dataset.name: dataset for dataset in (*found, *(point.load() for point in named))}


@cache
def is_per_file(connector: str) -> bool:
    """Return whether items of a connector mean nothing without the file they stand in."""
    for point in _points(SOURCES):
        if point.name == connector:
            found: type[Source] = point.load()
            is_keyed = any(dataset.natural_key for dataset in found.datasets)
            return getattr(found, "per_file", False) or not is_keyed
    return True


@cache
def _points(group: str) -> EntryPoints:
    return entry_points(group=group)

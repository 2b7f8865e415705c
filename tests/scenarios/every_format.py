"""A folder that holds one export of each format, and what a vault holds of it."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from multiprocessing.connection import Connection
from pathlib import Path

from sealhold.connectors import samples as built_in
from sealhold.connectors.samples import Sample
from sealhold.model.encoding import Plain
from sealhold.node import Node
from tests.scenarios.vaults import opened

FIRST = ("gpx", "icalendar", "vcard", "mbox", "ofx", "csv", "jsonlines")  # in `samples.py`


def made(count: int) -> Mapping[str, Sample]:
    """Return a made-up file of each installed format, with `count` items or so."""
    points = entry_points(group="sealhold.sources.conformance")
    others = {each.name: each.load() for each in points}
    makers = {**{name: getattr(built_in, name) for name in FIRST}, **others}
    return {name: make(count) for name, make in sorted(makers.items())}


def write(folder: Path, count: int) -> Mapping[str, Sample]:
    """Write all of them into a folder, each into one of its own."""
    found = made(count)
    for name, sample in found.items():
        place = folder / name
        place.mkdir(parents=True)
        (place / sample.file_name).write_bytes(sample.content)
    return found


def content(node: Node) -> dict[str, list[tuple[Plain, ...]]]:
    """Return all items by collection, without their ids."""
    return {
        name: [*node.records.query(f'SELECT * EXCLUDE (id) FROM "{name}" ORDER BY ALL').rows]
        for name in sorted(node.records.counts())
    }


def work(home: Path, folder: Path, said: Connection) -> None:
    """Import the folder, and say so; the process is killed somewhere on the way."""
    with opened(home) as node:
        said.send("open")
        node.sources.import_paths([folder])
        said.send("done")

"""A source that is left in place and one that is kept give equal answers, whatever is asked."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.connectors import samples
from sealhold.node import Node
from tests.scenarios.vaults import Hands, new_home, opened

QUERIES = 100
NUMBERS = {
    "trips": ("duration_s", "distance_m", "max_speed_ms", "start_lat"),
    "events": ("offset_min",),
    "bookings": ("amount",),
}
TEXTS = {
    "trips": ("name", "source", "id"),
    "events": ("summary", "id"),
    "bookings": ("payee", "id"),
}


@pytest.fixture(scope="module")
def vault() -> Iterator[Node]:
    clock = Hands()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "all"
        place.mkdir()
        for made in (samples.gpx(20), samples.icalendar(30), samples.ofx(25)):
            (place / made.file_name).write_bytes(made.content)
        with opened(new_home(Path(folder) / "home", clock), clock) as node:
            node.standing.add("all", "folder", {"place": str(place)}, mode="federate")
            yield node


def asked(chance: random.Random) -> str:
    """Return a query of a person who is curious."""
    table = chance.choice(sorted(NUMBERS))
    number, text = chance.choice(NUMBERS[table]), chance.choice(TEXTS[table])
    bound = chance.choice(("IS NOT NULL", "> 1", "< 1000", "BETWEEN 0 AND 600"))
    match chance.randrange(4):
        case 0:
            return f"SELECT {text}, {number} FROM {table} WHERE {number} {bound} ORDER BY ALL"
        case 1:
            return (
                f"SELECT count(*), sum({number}), min({text}) FROM {table} WHERE {number} {bound}"
            )
        case 2:
            return f"SELECT {text}, count(*) n FROM {table} GROUP BY ALL ORDER BY ALL LIMIT 7"
        case _:
            return (
                f"SELECT a.{text} FROM {table} a JOIN {table} b ON a.{number} = b.{number} "
                "ORDER BY ALL LIMIT 50"
            )


def test_a_hundred_queries_give_the_same_rows_in_both_modes(vault: Node) -> None:
    chance = random.Random(60)
    queries = [asked(chance) for _ in range(QUERIES)]
    there = {each: vault.records.query(each).rows for each in queries}
    vault.standing.set_mode(vault.standing.find("all"), "archive")
    here = {each: vault.records.query(each).rows for each in queries}
    assert here == there
    assert sum(bool(rows) for rows in here.values()) > QUERIES // 2

"""A database that is left in place and one that is kept give equal answers, whatever is asked."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.node import Node
from tests.scenarios.tables import Watched, fill
from tests.scenarios.vaults import Hands, new_home, opened

QUERIES = 100


@pytest.fixture(scope="module")
def vault() -> Iterator[tuple[Node, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Hands()
        with opened(new_home(folder / "home", clock), clock) as node:
            yield node, folder


@pytest.fixture
def watched(vault: tuple[Node, Path], monkeypatch: pytest.MonkeyPatch) -> Watched:
    firewall = vault[0].records._firewall
    watched = Watched(firewall._pushdown)
    monkeypatch.setattr(firewall, "_pushdown", watched)
    return watched


def asked(chance: random.Random, table: str) -> str:
    """Return a query of a person who is curious."""
    number = chance.choice(("n", "weight", "cost", "id_"))
    rare = chance.random() < 0.03  # what an engine leaves to the vault
    text = chance.choice(("mixed", "photo", "id") if rare else ("place", "source", "paid", '"at"'))
    low = chance.randrange(60)
    bound = chance.choice(("IS NOT NULL", f"> {low}", f"< {low}", f"BETWEEN {low} AND {low + 20}"))
    match chance.randrange(5):
        case 0:
            return f"SELECT {text}, {number} FROM {table} WHERE {number} {bound} ORDER BY ALL"
        case 1:
            return (
                f"SELECT count(*), sum({number}), min({text}) FROM {table} WHERE {number} {bound}"
            )
        case 2:
            return f"SELECT {text}, count(*) n FROM {table} GROUP BY ALL ORDER BY ALL LIMIT {low}"
        case 3:
            day = "date_trunc('day', \"at\")"
            return f"SELECT {day} d, max({number}) FROM {table} GROUP BY d ORDER BY d"
        case _:
            return (
                f"WITH few AS (SELECT * EXCLUDE (id) FROM {table} WHERE {number} {bound}) "
                f"SELECT a.{text} FROM few a JOIN few b ON a.{number} = b.{number} "
                "ORDER BY ALL LIMIT 50"
            )


def test_a_hundred_queries_of_a_database_give_the_same_rows_in_both_modes(
    vault: tuple[Node, Path], watched: Watched
) -> None:
    node, folder = vault
    place = fill(folder / "visits.db", 120)
    settings = {"place": str(place), "table": "visits", "dataset": "stays", "time": "at"}
    source = node.standing.add("visits", "sqlite", settings, mode="federate")
    chance = random.Random(14)
    queries = sorted({asked(chance, "stays") for _ in range(QUERIES * 2)})[:QUERIES]
    there = {each: node.records.query(each).rows for each in queries}
    assert 0.75 * len(there) < watched.answered < len(there)  # both ways were gone
    node.standing.set_mode(source, "archive")
    here = {each: node.records.query(each).rows for each in queries}
    assert here == there
    assert sum(bool(rows) for rows in here.values()) > QUERIES // 2
    node.standing.set_mode(node.standing.find("visits"), "federate")
    assert {each: node.records.query(each).rows for each in queries[:10]} == {
        each: there[each] for each in queries[:10]
    }

"""A provider that changes what it keeps: found before a byte of it reaches the client."""

from collections.abc import Iterator

import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.hostile_pg import TRICKS, HostileProvider, hostile
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Step, Talk, Way
from tests.proxying.worlds import LEVEL, PATIENT, SEED

FOUND = ("bit_flipped", "cut_short", "cells_swapped", "columns_swapped")  # by each cell alone
ASKED = {
    "by a key": "SELECT name, email FROM patient WHERE id < «9»",
    "by a term": "SELECT id, name, email FROM patient WHERE email = «doctor3@clinic.example»",
    "opened and sorted": "SELECT id, name FROM patient ORDER BY name, id",
    "summed": "SELECT sum(balance) FROM patient",
}


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def lying(
    rented: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Address, HostileProvider]]:
    folder = tmp_path_factory.mktemp("proxy")
    tables = (PATIENT, LEVEL)
    with (
        hostile(rented.port) as (port, provider),
        start_proxy(policy_for(rented, tables, port=port), folder) as proxy,
    ):
        with Talk(proxy.address) as link:
            for table in tables:
                for sql in (table.create_plainly, *table.inserts(SEED)):
                    (answer,) = link.say(sql)
                    assert answer.kind == "done", answer
        yield proxy.address, provider


@pytest.mark.threat("T660")
@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("asked", ASKED)
def test_a_cell_that_was_changed_or_moved_is_never_opened(
    lying: tuple[Address, HostileProvider], name: str, asked: str
) -> None:
    address, provider = lying
    with Talk(address) as link:
        honest = link.say(Step(ASKED[asked]), Way.TEXT)
        assert honest[-1].kind == "rows", honest
        with provider.playing(TRICKS[name]):
            (lied,) = link.say(Step(ASKED[asked]), Way.TEXT)
            played = provider.played
        again = link.say(Step(ASKED[asked]), Way.TEXT)

    assert played
    assert lied.sqlstate == "SH003"
    assert not lied.rows
    assert "clinic.example" not in lied.message
    assert again == honest  # the session goes on


@pytest.mark.threat("T660")
def test_a_change_in_a_transaction_fails_all_of_it(
    lying: tuple[Address, HostileProvider],
) -> None:
    address, provider = lying
    with Talk(address) as link:
        link.say("BEGIN")
        with provider.playing(TRICKS["bit_flipped"]):
            (lied,) = link.say("UPDATE patient SET name = name || 'x' WHERE id = 3")
        state = link.state
        (done,) = link.say("COMMIT")
        (left,) = link.rows("SELECT name FROM patient WHERE id = 3")

    assert (lied.sqlstate, state, done.tag) == ("SH003", "INERROR", "ROLLBACK")
    assert not (left[0] or "").endswith("x")


@pytest.mark.threat("T661")
@pytest.mark.parametrize("name", TRICKS)
def test_whatever_a_provider_answers_the_client_gets_rows_that_stood_there_or_an_error(
    lying: tuple[Address, HostileProvider], name: str
) -> None:
    address, provider = lying
    with Talk(address) as link:
        honest = set(link.rows("SELECT id, name, mrn, born FROM patient"))
        with provider.playing(TRICKS[name]):
            came = link.say("SELECT id, name, mrn, born FROM patient")

    for answer in came:
        if answer.kind == "rows" and name != "nulled":
            rows = {tuple(None if c is None else c.decode() for c in r) for r in answer.rows}
            assert rows <= honest
        else:
            assert answer.sqlstate.startswith("SH") or name == "nulled"

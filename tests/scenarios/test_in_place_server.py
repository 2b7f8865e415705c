"""A table of a PostgreSQL server is read where it lies, whatever the server says."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import (
    InvalidError,
    LoginNeededError,
    SourceAwayError,
    SourceChangedError,
)
from sealhold.net.pg import PgClient
from sealhold.node import Node
from tests.conformance import pgserver
from tests.scenarios.vaults import Hands, new_home, opened

ASK = """
SELECT no, cost, "at", doc->'a'->>'b', raw, tags->>0, weight FROM bills ORDER BY no LIMIT 1
"""


@pytest.fixture(scope="module")
def vault() -> Iterator[Node]:
    with tempfile.TemporaryDirectory() as name:
        clock = Hands()
        with opened(new_home(Path(name) / "home", clock), clock) as node:
            yield node


@pytest.fixture(scope="module")
def server() -> Iterator[pgserver.Server]:
    room = pgserver.binaries()
    if room is None:
        pytest.skip("postgresql is not installed: tools/system-packages.txt")
    with tempfile.TemporaryDirectory(prefix="sealhold-pg-") as name:
        yield pgserver.own(room, Path(name))


def run(server: pgserver.Server, *statements: str) -> None:
    """Run statements on a server."""
    client = PgClient(server.address, places=1)
    try:
        client.alone(statements)
    finally:
        client.close()


@pytest.fixture(scope="module")
def settings(server: pgserver.Server) -> dict[str, str]:
    """Lay a table on the server that one role with a password may read."""
    run(
        server,
        """CREATE TABLE bills (no int8 PRIMARY KEY, cost numeric, at timestamptz, doc jsonb,
           raw bytea, tags text[], weight float8)""",
        """INSERT INTO bills SELECT n, 12345678901234.5678 + n, '2026-03-29 01:30+02',
           '{"a":{"b":1}}', '\\x00ff', '{x}', 0.1 FROM generate_series(1, 5) n""",
        "CREATE ROLE reader LOGIN PASSWORD 'right'",
        "GRANT SELECT ON bills TO reader",
    )
    hba = server.folder / "data" / "pg_hba.conf"
    hba.write_text("host all reader 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
    run(server, "SELECT pg_reload_conf()")
    place = server.address.replace("sealhold@", "reader@")
    return {"place": place, "table": "bills", "dataset": "bills", "time": "at"}


def test_a_server_that_is_down_refuses_or_changes_is_told_and_recovered(
    vault: Node, server: pgserver.Server, settings: dict[str, str]
) -> None:
    with pytest.raises(LoginNeededError):
        vault.standing.add("bills", "postgres", settings, "wrong", mode="federate")
    source = vault.standing.add("bills", "postgres", settings, "right", mode="federate")
    there = vault.records.query(ASK).rows
    assert (str(there[0][1]), *there[0][3:]) == ("12345678901235.5678", "1", "00ff", "x", 0.1)
    assert str(there[0][2]) == "2026-03-28 23:30:00"
    kept = vault.standing.set_mode(source, "archive")
    assert vault.records.query(ASK).rows == there
    run(server, "INSERT INTO bills VALUES (6, 1, now(), null, null, null, null)")
    run(server, "DELETE FROM bills WHERE no = 1")
    taken = vault.standing.pull(kept)
    assert (taken.new, taken.same, taken.gone) == (1, 4, 1)

    server.kill()
    assert state_after(vault, SourceAwayError) == "failed"
    server.start_again()
    run(server, "ALTER ROLE reader PASSWORD 'other'")
    assert state_after(vault, LoginNeededError) == "needs_login"
    vault.standing.login(vault.standing.find("bills"), "other")
    assert vault.standing.pull(vault.standing.find("bills")).same == 5
    run(server, "ALTER TABLE bills RENAME COLUMN weight TO mass")
    assert state_after(vault, SourceChangedError) == "broken"
    assert "`weight` is gone" in vault.standing.find("bills").why
    run(server, "ALTER TABLE bills RENAME COLUMN mass TO weight")
    assert vault.standing.pull(vault.standing.find("bills")).same == 5
    assert vault.standing.find("bills").state == ""


def state_after(vault: Node, error: type[Exception]) -> str:
    """Return the state of the source when a pull ended in an error."""
    with pytest.raises(error):
        vault.standing.pull(vault.standing.find("bills"))
    return vault.standing.find("bills").state


@pytest.mark.parametrize(
    "place", ["postgresql://me:secret@127.0.0.1/x", "mysql://me@h/x", "postgresql://h/x", "no"]
)
def test_an_address_that_holds_a_password_or_is_none_is_refused(vault: Node, place: str) -> None:
    with pytest.raises(InvalidError) as told:
        vault.standing.check("postgres", {"place": place, "table": "t", "dataset": "x"})
    assert "secret" not in str(told.value)

"""A proxy that is served, from the outside: who comes in, what the log says, how it ends."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.node import opened
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.starting import PASSPHRASE, Started, policy_for, start_proxy
from tests.proxying.tables import CLEAR, Col, Table
from tests.proxying.talking import Talk

NOTES = Table(
    name="note",
    dataset="clinic",
    rows=0,
    columns=(
        Col(name="id", type="integer", protect=CLEAR, make=lambda _, nth: str(nth)),
        Col(name="body", type="text", protect=("match",), make=lambda _, nth: f"note {nth}"),
    ),
)
MADE = "CREATE TABLE note (id integer, body bytea, body_m bytea, _sh_rid bigint NOT NULL UNIQUE)"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as made:
        made.run(MADE, "rented")
        yield made


def end(started: Started, how: signal.Signals) -> int:
    """End a proxy, and return its exit code."""
    assert started.process.stdout is not None
    with started.process.stdout:
        started.process.send_signal(how)
        return started.process.wait(20)


def told(started: Started) -> list[str]:
    """Return what the log of an ended proxy's vault says, the oldest first."""
    with opened(started.home, PASSPHRASE) as node:
        return [line.what for line in reversed(node.audit.ledger(limit=100))]


def test_what_is_done_through_a_proxy_stands_in_the_log(rented: Cluster, tmp_path: Path) -> None:
    with start_proxy(policy_for(rented, (NOTES,)), tmp_path) as started:
        with Talk(started.address) as link:
            link.rows("INSERT INTO note (id, body) VALUES (1, 'in plain')")
            rows = link.rows("SELECT body FROM note WHERE body = 'in plain'")
        address = started.address
        for wrong in (replace(address, user="nobody"), replace(address, password="wrong")):
            with pytest.raises(ConnectionError), Talk(wrong):
                pass
        code = end(started, signal.SIGTERM)

    said, [state] = told(started), list((started.home / "proxy").glob("*.db"))
    assert (code, rows) == (0, [("in plain",)])
    assert "in plain" not in str(rented.run("SELECT encode(body, 'escape') FROM note", "rented"))
    assert any("1 statement of INSERT run" in each for each in said)
    assert any("1 statement of SELECT run, 1 cell opened" in each for each in said)
    assert not any("in plain" in each for each in said)
    assert sum("a login at a proxy was refused" in each for each in said) == 2
    assert said[-2].endswith("a proxy ended")
    assert state.stat().st_mode & 0o077 == 0


def test_t682_a_proxy_that_is_killed_leaves_its_leases_in_the_log(
    rented: Cluster, tmp_path: Path
) -> None:
    policy = policy_for(rented, (NOTES,))
    with start_proxy(policy, tmp_path) as started, Talk(started.address) as link:
        link.rows("INSERT INTO note (id, body) VALUES (2, 'before')")
        end(started, signal.SIGKILL)

    said = told(started)
    assert any("up to 10,000 statements of INSERT allowed" in each for each in said)
    assert not any("of INSERT run" in each for each in said)

"""Two proxies before a real provider: rows and sums under grants, and attacks on the way."""

import os
import signal
from collections.abc import Iterator
from secrets import token_bytes

import pytest

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.errors import DeniedError, PeerAwayError, QueryRefusedError
from sealhold.net.proxies import frames
from sealhold.net.proxies.calling import connected
from sealhold.net.proxies.greeting import Proven
from sealhold.net.relay.link import Link
from sealhold.node import create, opened
from sealhold.node.node import Node
from sealhold.node.peerwork import PeerWork, revoke_beside
from sealhold.vault.proxyasked import Asked
from sealhold.vault.proxyrows import ProxyRows, Thing
from tests.proxying.cluster import cluster
from tests.proxying.peering import GRID, HEAD, ROWS, Pair, pair, serving
from tests.proxying.starting import PASSPHRASE

FEW = HEAD.replace("10000", "45")
TEXT = """
[[statement]]
sql = "SELECT city, age FROM patient WHERE id = $1"
types = ["int4"]
values = [["7"], ["8"]]
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with cluster() as rented:
        made = pair(rented, tmp_path_factory.mktemp("peers"))
        summer = made.folder / "summer"
        create(summer, PASSPHRASE, headless=True)
        for name in ("rows", "ended"):
            made.grant(name, HEAD + ROWS)
        made.grant("few", FEW + ROWS)
        made.grant("texts", HEAD + TEXT)
        made.grant("sums", HEAD + GRID, summer)
        with made.stack:
            made.stack.enter_context(serving(made))
            yield made


@pytest.fixture(scope="module")
def asking(both: Pair) -> Iterator[Node]:
    with opened(both.requester, PASSPHRASE) as node:
        yield node


def refused(both: Pair, asking: Node, name: str, sql: str, *values: str) -> str:
    """Return the code by which a statement is refused."""
    with pytest.raises(QueryRefusedError) as found:
        both.asked(PeerWork(asking), name, sql, *values)
    return str(found.value).split(":", 1)[0]


def link_of(both: Pair, asking: Node) -> tuple[Asked, Link]:
    """Return a connection to the owner's proxy."""
    asked = Asked(asking.parts.core)
    host, _, port = both.peers.rpartition(":")
    return asked, connected(host, int(port), asked.me(), PublicKey(bytes.fromhex(both.key)))


def said(link: Link, request: bytes) -> list[bytes]:
    """Say a request, and return the kinds of frames that come."""
    frames.send(link, frames.ASK, request)
    kinds: list[bytes] = []
    while not kinds or kinds[-1] not in {frames.DONE, frames.ERROR}:
        kinds.append(frames.answered(link)[0])
    return kinds


def test_rows_under_a_grant_come_with_a_receipt_that_is_kept(both: Pair, asking: Node) -> None:
    work, before = PeerWork(asking), len(Asked(asking.parts.core).receipts())
    sql = "SELECT id, name, age FROM patient WHERE name = $1"
    one = both.asked(work, "rows", sql, "name 7")
    many = both.asked(work, "rows", "SELECT upper(name) FROM patient WHERE age > 30")
    none = both.asked(work, "rows", "SELECT name FROM patient WHERE id = -1")

    assert (one.columns, one.rows) == (("id", "name", "age"), (("7", "name 7", "27"),))
    assert len(many.rows) == 53
    assert (none.columns, none.rows) == (("name",), ())
    assert len(Asked(asking.parts.core).receipts()) == before + 3


def test_rows_outside_the_condition_are_not_there(both: Pair, asking: Node) -> None:
    work = PeerWork(asking)
    texts = (
        "SELECT city FROM patient WHERE city = 'Genf' OR true",
        "WITH w AS (SELECT * FROM patient) SELECT city FROM w",
        "SELECT q.city FROM patient p RIGHT JOIN patient q ON p.id = q.id",
        # these fail on a row of Genf, if they are ever computed there
        "SELECT city FROM patient WHERE 1 / (CASE city WHEN 'Genf' THEN 0 ELSE 1 END) = 1",
        "SELECT city FROM patient WHERE CASE city WHEN 'Genf' THEN city::int4 ELSE 1 END = 1",
    )
    for text in texts:
        found = both.asked(work, "rows", text).rows
        assert len(found) == 64
        assert {row[0] for row in found} == {"Bern", "Basel", "Chur"}


@pytest.mark.threat("T757")
def test_t757_an_error_is_told_by_its_code_alone(both: Pair, asking: Node) -> None:
    with pytest.raises(QueryRefusedError) as found:
        both.asked(PeerWork(asking), "rows", "SELECT city::int4 FROM patient")

    assert str(found.value) == "22P02: it has no answer"
    assert refused(both, asking, "rows", "SELECT finding FROM patient") == "42703"
    assert refused(both, asking, "rows", "SELECT * FROM pg_stat_activity") == "42P01"
    assert refused(both, asking, "rows", "SELECT pg_sleep(9)") == "SH007"


def test_the_groups_of_a_grid_are_told_if_they_are_large_enough(both: Pair) -> None:
    with opened(both.folder / "summer", PASSPHRASE) as node:
        work = PeerWork(node)
        sql = "SELECT city, count(*), sum(age) FROM patient GROUP BY city"
        answer = both.asked(work, "sums", sql)
        with pytest.raises(QueryRefusedError):
            both.asked(work, "sums", "SELECT city, count(*) FROM patient GROUP BY city LIMIT 9")

    assert sorted(answer.rows) == [
        ("Basel", "20", str(sum(20 + nth % 60 for nth in range(100, 120)))),
        ("Bern", "40", str(sum(range(20, 60)))),
        ("Genf", "10", str(sum(20 + nth % 60 for nth in range(300, 310)))),
    ]


def test_a_statement_of_the_grant_is_answered_with_its_values(both: Pair, asking: Node) -> None:
    sql = "select city, age from patient where id = $1"

    answer = both.asked(PeerWork(asking), "texts", sql, "7")

    assert answer.rows == (("Bern", "27"),)
    assert refused(both, asking, "texts", sql, "9") == "SH007"
    assert refused(both, asking, "texts", "SELECT city FROM patient") == "SH007"


@pytest.mark.threat("T761")
def test_t761_what_was_said_before_is_not_answered_again(both: Pair, asking: Node) -> None:
    asked, link = link_of(both, asking)
    grant = asked.grant(both.grants["rows"].read_bytes(), bytes.fromhex(both.key))
    _, request = asked.ask(grant, "SELECT id FROM patient WHERE id = 1", ())
    try:
        first, again = said(link, request), said(link, request)
    finally:
        link.close()

    assert first == [frames.COLUMNS, frames.ROWS, frames.DONE]
    assert again == [frames.ERROR]


@pytest.mark.threat("T761")
@pytest.mark.parametrize(
    "data",
    [
        b"q\xff\xff\xff\xff",
        b"x\0\0\0\1x",
        b"q\0\0\0\2{}",
        b"d\0\0\0\2{}",
        b"q\0\0\0\4\xff\xfe\xfd\xfc",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_t761_what_is_no_frame_ends_its_connection_alone(
    both: Pair, asking: Node, data: bytes
) -> None:
    _, link = link_of(both, asking)
    try:
        link.send(data, b"", 5)
        kind, _ = frames.answered(link)
        with pytest.raises(PeerAwayError):
            frames.answered(link)
    finally:
        link.close()

    assert kind == frames.ERROR
    assert both.asked(PeerWork(asking), "rows", "SELECT id FROM patient WHERE id = 1").rows


@pytest.mark.threat("T763")
def test_t763_strangers_and_proxies_in_another_s_place_get_nowhere(
    both: Pair, asking: Node
) -> None:
    asked = Asked(asking.parts.core)
    host, _, port = both.peers.rpartition(":")
    with pytest.raises(PeerAwayError):
        connected(host, int(port), asked.me(), PublicKey(bytes(32)))

    stranger = Proven(signer=SigningKey(Secret(bytes(32), "none")), entropy=token_bytes)
    with pytest.raises(DeniedError):
        connected(host, int(port), stranger, PublicKey(bytes.fromhex(both.key)))


@pytest.mark.threat("T755")
def test_t755_a_grant_that_was_passed_on_serves_nobody(both: Pair, asking: Node) -> None:
    mine = Asked(asking.parts.core)
    grant = mine.grant(both.grants["rows"].read_bytes(), bytes.fromhex(both.key))
    _, request = mine.ask(grant, "SELECT id FROM patient", ())
    with opened(both.folder / "summer", PASSPHRASE) as node:
        _, link = link_of(both, node)
        try:
            kinds = said(link, request)
        finally:
            link.close()

    assert kinds == [frames.ERROR]


@pytest.mark.threat("T760")
def test_t760_a_grant_that_is_revoked_while_the_proxy_serves_ends_at_once(
    both: Pair, asking: Node
) -> None:
    sql = "SELECT id FROM patient WHERE id = 1"
    before = both.asked(PeerWork(asking), "ended", sql)
    revoke_beside(both.owner, before.grant)

    assert refused(both, asking, "ended", sql) == "SH007"
    assert both.asked(PeerWork(asking), "rows", sql).rows


@pytest.mark.threat("T762")
def test_t762_a_proxy_that_is_killed_has_charged_all_that_left(both: Pair, asking: Node) -> None:
    asked, link = link_of(both, asking)
    grant = asked.grant(both.grants["few"].read_bytes(), bytes.fromhex(both.key))
    _, request = asked.ask(grant, "SELECT id FROM patient WHERE city = 'Bern'", ())
    frames.send(link, frames.ASK, request)
    kinds = [frames.answered(link)[0] for _ in range(2)]
    assert both.started is not None
    os.kill(both.started.process.pid, signal.SIGKILL)
    both.started.process.wait()
    link.close()

    with opened(both.owner, PASSPHRASE) as node:
        kept = ProxyRows(node.parts.core).get(Thing.QUERY_USE, grant.id.hex())
        said_ = [line.what for line in node.audit.ledger(limit=300)]
    assert kinds == [frames.COLUMNS, frames.ROWS]
    assert kept is not None
    assert kept.paper["rows"] == 40
    assert any("40 rows leave for another proxy" in each for each in said_)
    assert any("a statement of another proxy may run" in each for each in said_)
    both.stack.enter_context(serving(both))
    assert refused(both, asking, "few", "SELECT id FROM patient") == "SH006"
    assert both.asked(PeerWork(asking), "few", "SELECT id FROM patient WHERE id < 3").rows

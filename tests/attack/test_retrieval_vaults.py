"""Attacks through third parties' files on vaults: by signers, servers, authors and owners."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sealhold.audit.receipt import open_receipt, verify_receipt
from sealhold.audit.receiptbody import RunBody, Secrecy
from sealhold.compute.resources import sign_version
from sealhold.compute.retrieve import Fetch
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import InvalidManifestError, LeakExhaustedError, NotFetchedError
from sealhold.model.quantities import DAY, HOUR
from sealhold.model.shown import ResourceView
from sealhold.net.fetch import Way, fetch
from sealhold.node import Node
from sealhold.vault.resources import RESOURCES, TURNS
from tests.attack.test_retrieval import fetcher
from tests.scenarios.servers import HOST, Server, file, says, serving
from tests.scenarios.supplies import READS, SIGNER, TABLE, give, pinned, reading, signed
from tests.scenarios.vaults import Asker, Hands, Job, calendar, card_of, new_home, opened

URL = f"https://{HOST}/table"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def fed(home: Path, clock: Hands, server: Server) -> Iterator[Node]:
    """Return a vault that fetches from the server; it holds 10 green events and 20 red ones."""
    with opened(home, clock, server.fetch()) as node:
        yield node


def only(node: Node) -> ResourceView:
    (view,) = node.resources.list()
    return view


def next_day(node: Node, clock: Hands) -> ResourceView:
    clock.move(DAY)
    node.resources.refresh()
    return only(node)


# --- what comes is not what the task names ---


@pytest.mark.threat("T182")
def test_a_file_with_another_digest_is_not_kept(fed: Node, server: Server) -> None:
    server.give("/table", TABLE + b"!")
    grant = Asker(fed).granted(fed, reading(pinned(URL)))

    view = only(fed)
    assert (view.fetched_at, view.why) == (
        None,
        "the file is not the one whose digest its task names",
    )
    with pytest.raises(NotFetchedError):
        fed.runs.run(grant)


@pytest.mark.threat("T182")
def test_a_version_that_another_key_signed_is_not_kept(fed: Node, server: Server) -> None:
    other = SigningKey(Secret(b"o" * 32, "other"))
    server.give("/table", sign_version(URL, 1, TABLE, other))
    Asker(fed).granted(fed, reading(signed(URL)))

    assert "did not sign this file" in only(fed).why


@pytest.mark.threat("T182")
def test_a_file_of_the_signer_for_another_place_is_not_kept(fed: Node, server: Server) -> None:
    server.give("/table", sign_version(f"https://{HOST}/prices", 1, TABLE, SIGNER))
    Asker(fed).granted(fed, reading(signed(URL)))

    assert "did not sign this file" in only(fed).why


@pytest.mark.threat("T182")
@pytest.mark.parametrize("at", [0, 4, 5, 12, 13, 76, 77, 80])
def test_each_changed_byte_of_a_signed_version_is_seen(fed: Node, server: Server, at: int) -> None:
    whole = bytearray(sign_version(URL, 1, TABLE, SIGNER))
    whole[at] ^= 1
    server.give("/table", bytes(whole))
    Asker(fed).granted(fed, reading(signed(URL)))

    assert only(fed).fetched_at is None


@pytest.mark.threat("T182")
def test_a_signed_version_over_its_limit_is_not_kept(fed: Node, server: Server) -> None:
    give(server, 1, b"x" * 1_001)
    Asker(fed).granted(fed, reading(signed(URL)))

    assert only(fed).why == "the file is larger than its task allows"


# --- versions as a channel ---


@pytest.mark.threat("T183")
def test_an_older_version_is_not_taken_back(fed: Node, server: Server, clock: Hands) -> None:
    give(server, 7, b"green")
    grant = Asker(fed).granted(fed, reading(signed(URL)))
    give(server, 8, b"red")
    assert next_day(fed, clock).versions == 2

    give(server, 7, b"green")
    view = next_day(fed, clock)

    assert view.why == "the file is an older version than the one that is kept"
    assert view.digest == sha256(b"red").hex()
    assert fed.runs.run(grant).value == 20


@pytest.mark.threat("T183")
def test_two_files_of_one_number_are_not_both_taken(
    fed: Node, server: Server, clock: Hands
) -> None:
    give(server, 1, b"green")
    Asker(fed).granted(fed, reading(signed(URL)))

    give(server, 1, b"red")
    view = next_day(fed, clock)

    assert view.why == "the signer gave one number to two versions of the file"
    assert view.versions == 1


@pytest.mark.threat("T183")
def test_a_content_that_was_replaced_is_never_bound_again(
    fed: Node, server: Server, clock: Hands
) -> None:
    """The signer gives the first content a new number, to come back to it after an answer."""
    give(server, 1, b"green")
    grant = Asker(fed).granted(fed, reading(signed(URL)))
    answers = [fed.runs.run(grant).value]
    for serial, content in ((2, b"red"), (3, b"green"), (4, b"red")):
        give(server, serial, content)
        next_day(fed, clock)
        answers.append(fed.runs.run(grant).value)

    assert answers == [10, 20, 20, 20]
    assert only(fed).versions == 2


@pytest.mark.threat("T183")
def test_two_files_advanced_by_turns_make_no_more_tuples_than_were_charged(
    fed: Node, server: Server, clock: Hands
) -> None:
    code = READS.replace(
        b"res['resources']['table']", b"(res['resources']['table'] + res['resources']['more'])"
    )
    give(server, 1, b"one ")
    give(server, 1, b"two ", "/more")
    job = Job(
        code=code,
        resources=[signed(URL, 2), signed(f"https://{HOST}/more", 3, "more")],
    )
    asker = Asker(fed)
    request = asker.ask(fed, job)
    assert card_of(fed, request).cost_per_object == 4_000_000  # 1 + 1 + 2 tuples of 1 bit
    grant = asker.granted(fed, replace(job, name="Same"))
    assert [each.why for each in fed.resources.list()] == ["", ""]
    fed.runs.run(grant)

    for serial in range(2, 9):
        path = ("/table", "/more")[serial % 2]
        give(server, serial, b"content %d " % serial, path)
        clock.move(DAY)
        fed.resources.refresh()
        fed.runs.run(grant)

    bound = [found.row for found in fed.parts.core.deciding.all(TURNS.name)]
    assert len(bound) == 4
    assert [each.versions for each in fed.resources.list()] == [2, 3]


@pytest.mark.threat("T183")
def test_versions_that_nobody_can_afford_are_refused_at_approval(fed: Node, server: Server) -> None:
    give(server, 1, b"green")

    with pytest.raises(LeakExhaustedError):
        Asker(fed).granted(fed, reading(signed(URL, 17)))

    assert server.requests == []


@pytest.mark.threat("T183")
def test_the_same_program_under_another_name_gets_no_tuples_of_its_own(
    fed: Node, server: Server, clock: Hands
) -> None:
    asker = Asker(fed)
    give(server, 1, b"green")
    asker.granted(fed, reading(signed(URL, 2)))
    give(server, 2, b"red")
    next_day(fed, clock)

    give(server, 3, b"blue")
    asker.granted(fed, replace(reading(signed(URL, 2)), name="Another", version="2.0.0"))

    assert len(list(fed.parts.core.deciding.all(TURNS.name))) == 2


# --- what a request for a file tells ---


@pytest.mark.threat("T184")
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://data.example.org/{summary}", "depends on data"),
        ("https://data.example.org/$1", "depends on data"),
        ("https://data.example.org/t?day=1", "a query"),
        ("https://data.example.org/t#day", "a fragment"),
        ("https://me:secret@data.example.org/t", "a user's name"),
        ("http://data.example.org/t", "only `https`"),
        ("http://127.0.0.1/t", "only `https`"),
        ("file:///etc/passwd", "only `https`"),
        ("https://127.0.0.1/t", "an address reads"),
        ("https://[::1]/t", "an address reads"),
        ("https://2130706433/t", "an address reads"),
        ("https://localhost/t", "an address reads"),
        ("https://data.example.org:8443/t", "an address reads"),
        ("https://data.example.org", "an address reads"),
        ("https://data.example.org/a b", "an address reads"),
        ("https://data.example.org/\r\nX: y", "an address reads"),
        ("https://DATA.example.org/t", "an address reads"),
        ("https://d\u0430ta.example.org/t", "an address reads"),
        ("https://data.example.org/a/../b", "may not hold `.`"),
    ],
)
def test_an_address_that_could_carry_or_reach_something_is_refused(
    fed: Node, url: str, why: str
) -> None:
    with pytest.raises(InvalidManifestError, match=why):
        Asker(fed).ask(fed, reading(pinned(url)))


@pytest.mark.threat("T184")
def test_vaults_with_different_data_send_the_same_bytes(
    tmp_path: Path, home: Path, clock: Hands, server: Server
) -> None:
    give(server, 1, b"green")
    other = new_home(tmp_path / "other", clock)
    with opened(other, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "o.ics", ["blue"] * 400, uid="o")])
    sent = []
    for place, name in ((home, "A Corp"), (other, "Another Corporation")):
        server.requests.clear()
        with opened(place, clock, server.fetch()) as node:
            grant = Asker(node, name).granted(node, replace(reading(signed(URL)), name=name))
            node.runs.run(grant)
            node.resources.fetch()
        sent.append(list(server.requests))

    assert sent[0] == sent[1]
    assert len(sent[0]) == 2
    assert len(set(sent[0])) == 1


@pytest.mark.threat("T184")
def test_an_app_cannot_make_the_vault_fetch(fed: Node, server: Server, clock: Hands) -> None:
    give(server, 1, b"green")
    asker = Asker(fed)
    request = asker.ask(fed, reading(signed(URL)))
    assert server.requests == []
    card = card_of(fed, request)
    fed.requests.approve(request, card.asked_terms, card.digest, "correct horse battery", {"glass"})
    assert len(server.requests) == 1

    clock.move(30 * HOUR)
    fed.outside.invoke(asker.token, request)
    fed.outside.request_status(asker.token, request)
    fed.outside.fetch(asker.token, request)

    assert len(server.requests) == 1


# --- ended midway ---


def shop(home: Path, way: Way, clock: Hands) -> None:
    """Fetch, in a process of its own, until it is killed."""
    source: Fetch = partial(fetch, way=way)
    with opened(home, clock, source) as node:
        node.resources.fetch()


@pytest.mark.threat("T185")
def test_a_fetching_process_that_is_killed_leaves_nothing(
    fed: Node, home: Path, server: Server
) -> None:
    def strike(link: object) -> None:
        del link
        os.kill(int(fetcher().name), signal.SIGKILL)

    server.paths["/table"] = strike
    packs = set((home / "objects").rglob("*"))

    Asker(fed).granted(fed, reading(pinned(URL)))

    assert only(fed).why == "the server broke off, or what it sent is no answer"
    assert list(fed.parts.core.deciding.all(RESOURCES.name)) == []
    assert set((home / "objects").rglob("*")) == packs


@pytest.mark.threat("T185")
def test_a_vault_that_is_killed_while_it_fetches_holds_whole_versions_or_none(
    home: Path, server: Server, clock: Hands
) -> None:
    give(server, 1, b"green")
    chance, context = random.Random(7), multiprocessing.get_context("spawn")
    with opened(home, clock, server.fetch()) as node:
        grant = Asker(node).granted(node, reading(signed(URL, 9)))
    for serial in range(2, 10):
        asked = len(server.requests)
        give(server, serial, b"green %d" % serial + b" x" * 400)
        process = context.Process(target=shop, args=(home, server.way(), clock))
        process.start()
        until = time.monotonic() + 20
        while len(server.requests) == asked and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.join()

    with opened(home, clock, server.fetch()) as node:
        node.resources.fetch()
        assert only(node).digest == sha256(b"green 9" + b" x" * 400).hex()
        assert node.audit.verify().whole
        assert node.runs.run(grant).value == 10


# --- whose secret it is ---


@pytest.mark.threat("T186")
def test_a_third_partys_file_lies_nowhere_in_plain(
    home: Path, clock: Hands, server: Server
) -> None:
    model = b"weights of a model that somebody paid for " * 20
    with opened(home, clock, server.fetch()) as node:
        url = server.give("/table", model)
        grant = Asker(node).granted(node, reading(pinned(url, model)))
        node.runs.run(grant)
        log = repr(list(node.audit.lines()))

    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not [each for each in kept if b"weights of" in each or HOST.encode() in each]
    assert "weights" not in log


@pytest.mark.threat("T186")
def test_a_receipt_says_that_the_owner_could_have_read_the_file(fed: Node, server: Server) -> None:
    asker = Asker(fed)
    with_file = fed.runs.run(asker.granted(fed, reading(pinned(server.give("/table", TABLE)))))
    without = fed.runs.run(asker.granted(fed, Job()))

    key = fed.parts.core.keyring.signer("proof-sign").public
    body = open_receipt(with_file.owner_receipt, [key]).receipt.body
    other = open_receipt(without.owner_receipt, [key]).receipt.body
    told = [check.detail for check in verify_receipt(with_file.owner_receipt, [key]).checks]

    assert isinstance(body, RunBody)
    assert isinstance(other, RunBody)
    assert (body.third_party, other.third_party) == (Secrecy.NOT_FROM_OWNER, None)
    assert "secrecy of the files it read: not guaranteed from the owner" in told


@pytest.mark.threat("T180")
def test_what_a_server_gets_wrong_costs_its_own_file(fed: Node, server: Server) -> None:
    server.paths["/table"] = says(file(b"", "Location: /other", status="302 Go"))
    asker = Asker(fed)
    asker.granted(fed, reading(pinned(URL)))
    grant = asker.granted(fed, replace(reading(pinned(server.give("/b", TABLE))), name="B"))

    assert fed.runs.run(grant).value == 10
    assert sorted(view.why for view in fed.resources.list()) == [
        "",
        "the server points to another address, which is not followed",
    ]

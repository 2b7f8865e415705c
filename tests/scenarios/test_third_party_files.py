"""Tasks that read third parties' files, from the request to the answer, with a real server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from sealhold.compute.replay import Replay
from sealhold.crypto.digest import sha256
from sealhold.frontends.http.rounds import Rounds
from sealhold.model.errors import NotFetchedError, UnavailableError
from sealhold.model.quantities import DAY, HOUR
from sealhold.node import Node
from tests.scenarios.servers import HOST, Server, serving
from tests.scenarios.supplies import READS, TABLE, give, pinned, reading, signed
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    new_home,
    opened,
    preview,
    sum_of,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def vault(tmp_path: Path, server: Server, clock: Hands) -> Iterator[Node]:
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock, server.fetch()) as node:
        file = calendar(tmp_path / "e.ics", ["green one", "blue two", "red three", "green four"])
        node.sources.import_paths([file])
        yield node


def test_a_program_reads_a_file_that_its_task_names_by_digest(vault: Node, server: Server) -> None:
    grant = Asker(vault).granted(vault, reading(pinned(server.give("/table", TABLE))))

    answer = vault.runs.run(grant)

    assert answer.value == 3
    assert len(server.requests) == 1


def test_nothing_is_fetched_before_the_owner_says_yes(vault: Node, server: Server) -> None:
    request = Asker(vault).ask(vault, reading(pinned(server.give("/table", TABLE))))

    card = card_of(vault, request)

    assert server.requests == []
    assert [(each.id, each.size, each.why) for each in card.resources] == [("table", None, "")]
    assert vault.resources.list() == ()


def test_a_look_fetches_first_and_is_charged_only_if_the_file_came(
    vault: Node, server: Server
) -> None:
    asker, url = Asker(vault), f"https://{HOST}/table"
    request = asker.ask(vault, reading(pinned(url)))
    before = charged(vault)

    with pytest.raises(NotFetchedError, match="does not give the file out"):
        preview(vault, request)
    assert charged(vault) == before

    server.give("/table", TABLE)
    assert preview(vault, request) == b"3"
    assert charged(vault) > before


def test_a_look_that_waits_for_a_server_holds_up_no_other_decision(
    tmp_path: Path, clock: Hands
) -> None:
    asked, let_go = Event(), Event()

    def slow(host: str, path: str, most: int, tell: object = None) -> bytes:
        assert (host, path, most >= len(TABLE), tell is None) == (HOST, "/table", True, False)
        asked.set()
        assert let_go.wait(60)
        return TABLE

    with opened(new_home(tmp_path / "home", clock), clock, slow) as node:
        node.sources.import_paths([calendar(tmp_path / "e.ics", ["green one", "red two"])])
        slower = Asker(node, "one").ask(node, reading(pinned(f"https://{HOST}/table")))
        other = Asker(node, "two").ask(node, Job())
        with ThreadPoolExecutor(2) as pool:
            look = pool.submit(preview, node, slower)
            assert asked.wait(20)
            try:
                pool.submit(allow, node, other).result(timeout=20)
            finally:
                let_go.set()

            assert look.result() == b"1"


def test_a_run_asks_nobody(vault: Node, server: Server) -> None:
    grant = Asker(vault).granted(vault, reading(pinned(f"https://{HOST}/table")))
    asked, before = len(server.requests), charged(vault)

    with pytest.raises(NotFetchedError, match="not fetched yet"):
        vault.runs.run(grant)

    assert len(server.requests) == asked == 1
    assert charged(vault) == before


def test_what_did_not_come_is_said_and_tried_again_after_an_hour(
    vault: Node, server: Server, clock: Hands
) -> None:
    grant = Asker(vault).granted(vault, reading(pinned(f"https://{HOST}/table")))
    (view,) = vault.resources.list()
    assert (view.fetched_at, view.why) == (None, "the server does not give the file out")

    server.give("/table", TABLE)
    vault.resources.refresh()
    assert len(server.requests) == 1

    clock.move(HOUR)
    vault.resources.refresh()
    (view,) = vault.resources.list()
    assert (view.size, view.why, view.digest) == (len(TABLE), "", sha256(TABLE).hex())
    assert vault.runs.run(grant).value == 3


def test_each_version_of_a_signed_file_has_an_answer_of_its_own_and_a_price_at_approval(
    vault: Node, server: Server, clock: Hands
) -> None:
    asker = Asker(vault)
    request = asker.ask(vault, reading(signed(give(server, 1, b"green"), versions=3)))
    assert card_of(vault, request).cost_per_object == 3_000_000
    grant = asker.granted(vault, replace(reading(signed(give(server, 1, b"green"))), name="Same"))

    found = [vault.runs.run(grant).value]
    for serial, content in enumerate([b"green blue", b"red", b"green red blue"], 2):
        give(server, serial, content)
        clock.move(DAY)
        vault.resources.refresh()
        found.append(vault.runs.run(grant).value)

    assert found == [2, 3, 1, 1]  # the fourth version is beyond what was approved
    assert [each.versions for each in vault.resources.list()] == [3]


def test_an_answer_that_is_owed_is_made_over_the_files_that_stood_when_it_was_charged(
    vault: Node, server: Server, clock: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = Asker(vault).granted(vault, reading(signed(give(server, 1, b"green"))))
    with monkeypatch.context() as broken:
        broken.setattr(Replay, "values", fail)
        with pytest.raises(UnavailableError):
            vault.runs.run(grant)
    cost = charged(vault)
    give(server, 2, b"red")
    clock.move(DAY)
    vault.resources.refresh()

    first = vault.runs.run(grant)
    assert (first.value, charged(vault)) == (2, cost)
    assert vault.runs.owed() == []

    second = vault.runs.run(grant)
    assert second.value == 1
    assert charged(vault) > cost


def fail(*_: object) -> list[int]:
    raise UnavailableError("the host fails")


def test_a_file_that_may_change_no_more_is_asked_for_no_more(
    vault: Node, server: Server, clock: Hands
) -> None:
    Asker(vault).granted(vault, reading(signed(give(server, 1, b"green"), versions=2)))
    for serial in (2, 3, 4):
        give(server, serial, b"blue %d" % serial)
        clock.move(DAY)
        vault.resources.refresh()

    assert len(server.requests) == 2


def test_a_served_vault_fetches_by_the_clock(vault: Node, server: Server, clock: Hands) -> None:
    Asker(vault).granted(vault, reading(signed(give(server, 1, b"green"))))
    rounds = Rounds(vault, clock)

    for serial in (2, 3):
        give(server, serial, b"blue %d" % serial)
        rounds.once()
        clock.move(DAY)
        rounds.once()

    assert len(server.requests) == 3
    assert [each.versions for each in vault.resources.list()] == [3]


def test_an_answer_over_an_open_set_is_of_the_newest_version(
    vault: Node, server: Server, clock: Hands
) -> None:
    job = replace(
        reading(signed(give(server, 1, b"green"), versions=2)),
        objects="open",
        expires="2026-11-25T00:00:00Z",
    )
    grant = Asker(vault).granted(vault, job)
    assert vault.runs.run(grant).value == 2

    give(server, 2, b"red")
    clock.move(DAY)
    vault.resources.refresh()

    assert vault.runs.run(grant).value == 1


def test_what_was_fetched_is_there_after_the_vault_was_closed(
    tmp_path: Path, server: Server, clock: Hands
) -> None:
    home = new_home(tmp_path / "other", clock)
    with opened(home, clock, server.fetch()) as node:
        url = server.give("/table", TABLE)
        grant = Asker(node).granted(node, reading(pinned(url)))
        assert node.audit.verify().whole

    with opened(home, clock) as node:
        (view,) = node.resources.list()
        assert view.size == len(TABLE)
        assert node.runs.run(grant).value == 0
        assert node.audit.verify().whole


def test_two_programs_that_read_one_file_fetch_it_once(vault: Node, server: Server) -> None:
    url, asker = server.give("/table", TABLE), Asker(vault)
    asker.granted(vault, reading(pinned(url)))
    asker.granted(vault, replace(reading(pinned(url)), name="Other", code=READS + b"\n"))

    assert len(server.requests) == 1


def test_a_file_of_six_megabytes_reaches_the_program(vault: Node, server: Server) -> None:
    content = bytes(range(256)) * 24_576  # 6 MiB
    size = "def evaluate(obj, res):\n    return len(res['resources']['model']) // 1024\n"
    job = Job(
        code=size.encode(),
        evaluate={"min": 0, "max": 8_191, "step": 1},
        aggregate={**sum_of(0, 8_191), "kind": "max"},
        milliseconds=2_000,
        resources=[
            {
                **pinned(server.give("/model", content), content, "model"),
                "max_bytes": len(content),
            }
        ],
        most=4,
    )

    grant = Asker(vault).granted(vault, job)

    assert vault.runs.run(grant).value == 6_144

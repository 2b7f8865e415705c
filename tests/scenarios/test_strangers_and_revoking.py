"""Acceptance 6 to 9 of access by third parties: one bit a day, strangers of one house, revoking."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from sealhold.__main__ import main
from sealhold.compute.appkit import make_keys, open_answer, told_in
from sealhold.frontends.cli.session import Shell
from sealhold.model.errors import DeniedError, ErrorKind, SealBrokenError, SealholdError
from sealhold.model.ids import RequestId
from sealhold.model.quantities import DAY, MICRO, MINUTE, MicroBits
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import AckState, ComponentView
from sealhold.node import Node
from sealhold.policy.request import Destination
from tests.calm import Calm
from tests.scenarios.vaults import (
    DENIED,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    charged,
    named,
    new_home,
    opened,
    refusal,
    world,
)

TOKYO = b"""def evaluate(obj, res):
    if obj['lat'] is None or obj['lon'] is None:
        return 0
    return 1 if 35.5 < obj['lat'] < 35.9 and 139.4 < obj['lon'] < 140.0 else 0
"""
DEREK = Job(
    code=TOKYO,
    name="Is Derek in Tokyo?",
    collection="places",
    fields=("lat", "lon"),
    objects="open",
    most=100,
    aggregate={
        "kind": "max",
        "args": {},
        "range": {"min": 0, "max": 1, "step": 1},
        "default": 0,
    },
    expires="2026-11-27T00:00:00Z",
)
SPINS = b"""def evaluate(obj, res):
    while obj['summary'].startswith('green'):
        pass
    return 0
"""
SLOW = Job(
    code=SPINS,
    name="Slow",
    most=4,
    milliseconds=2_000,
    slot={"seconds": 10, "mode": "demand", "max_slots": 2},
)
LATER = replace(SLOW, code=Job().code, name="Later", most=60, milliseconds=100)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def node(tmp_path: Path, clock: Hands) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home", clock), clock) as found:
        yield found


def place(node: Node, folder: Path, name: str, *, mode: str = "federate") -> Path:
    """Add a folder with two events of its own under `name`, and return it."""
    there = folder / name
    there.mkdir()
    calendar(there / "plans.ics", [f"green {name}", "red"], uid=name)
    node.standing.add(name, "folder", {"place": str(there)}, mode=mode)
    return there


def sources(node: Node, grant: str) -> dict[str, ComponentView]:
    return {each.name: each for each in node.grants.show(grant)[1]}


# --- one bit ---


def test_whether_derek_is_in_tokyo_leaves_as_one_bit_until_the_budget_ends_the_series(
    tmp_path: Path, clock: Hands, capsys: pytest.CaptureFixture[str]
) -> None:
    home = new_home(tmp_path / "home", clock)
    marked = tmp_path / "marked.gpx"
    marked.write_text(
        '<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="51.5" lon="-0.12"><name>Home</name></wpt>'
        '<wpt lat="35.68" lon="139.77"><name>Hotel</name></wpt></gpx>'
    )
    with opened(home, clock) as node:
        node.sources.import_paths([marked])
        asker = Asker(node, "Friends")
        request = asker.ask(node, DEREK, budget=MicroBits(3 * MICRO))
        grant = named(allow(node, request))
        for _ in range(3):
            answer = node.runs.run(grant)
            assert (answer.value, answer.cost) == (1, MICRO)
            clock.move(DAY)
        assert charged(node) == 3 * MICRO

        proof = open_answer(
            node.outside.fetch(asker.token, request) or b"",
            asker.keys,
            RequestId(node.requests.show(request).id),
            asker.papers(DEREK).digest,
        )
        assert told_in(proof)["value"] == 1
        assert b"35.68" not in proof
    shell = Shell(environment={"SEALHOLD_PASSPHRASE": PASSPHRASE}, world=world(clock))
    assert main(["run", grant, "--home", str(home)], shell) == int(ErrorKind.EXHAUSTED)
    assert "more than this one grant still covers" in capsys.readouterr().err
    with opened(home, clock) as node:
        assert charged(node) == 3 * MICRO


# --- two apps of one organisation ---


def test_two_apps_of_one_organisation_hear_and_get_each_its_own_alone(
    node: Node, tmp_path: Path
) -> None:
    node.sources.import_paths([calendar(tmp_path / "c.ics", ["green"])])
    payroll, health = Asker(node, "House: payroll"), Asker(node, "House: health")
    twin = Asker.__new__(Asker)
    twin.keys, twin.author = payroll.keys, payroll.author  # one organisation signs with one key
    view, twin.token = node.apps.register_app("House: travel", payroll.keys.public, confirmed=True)
    twin.id = view.id
    mine, theirs = (
        each.ask(node, Job(name=each_name))
        for each, each_name in ((payroll, "Payroll"), (twin, "Travel"))
    )
    allow(node, mine)
    allow(node, theirs)

    for token, other in ((payroll.token, theirs), (twin.token, mine), (health.token, mine)):
        for use in (node.outside.invoke, node.outside.fetch, node.outside.request_status):
            assert refusal(lambda: use(token, other)) == DENIED  # noqa: B023  # reason: called at once
    refused = [line for line in node.audit.lines() if line.kind == "access"]
    assert len(refused) == 3  # one for each of the three: what they try further is counted
    assert {line.outcome for line in refused} == {"denied"}
    assert charged(node) == 0


# --- code, key and address ---


def test_a_program_that_is_not_the_granted_one_by_a_byte_is_not_run_and_costs_nothing(
    node: Node, tmp_path: Path
) -> None:
    node.sources.import_paths([calendar(tmp_path / "c.ics", ["green"])])
    grant = allow(node, Asker(node).ask(node, LATER))
    office = node.parts._ground[3]
    row = office.grants.get(grant.id)
    code = office.requests.get(grant.request).code.read()

    office.dispatch().check(row, code)
    for bent in (code + b"\n", code[:-1], bytes([code[0] ^ 1]) + code[1:]):
        with pytest.raises(DeniedError), office.dispatch().running(row, bent):
            raise AssertionError("it ran")
    assert charged(node) == 0
    told = [line for line in node.audit.lines() if line.kind == "component"]
    assert len(told) == 3


def test_whoever_stands_at_the_destination_gets_nothing_and_no_other_key_opens_the_answer(
    node: Node, tmp_path: Path, clock: Hands
) -> None:
    node.sources.import_paths([calendar(tmp_path / "c.ics", ["green", "red"])])
    asker = Asker(node)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"https://127.0.0.1:{server.getsockname()[1]}/redirect"
        to = Destination(name="Payroll", url=url, box_key=asker.keys.box.public)
        request = asker.ask(node, Job(), destination=to)
        answer = node.runs.run(named(allow(node, request)))
        assert answer.value == 1
        with pytest.raises(TimeoutError):  # nothing is ever sent there: the app comes and fetches
            server.accept()
    clock.move(MINUTE)
    sealed = node.outside.fetch(asker.token, request)
    assert sealed is not None
    found = RequestId(node.requests.show(request).id)
    task = asker.papers(Job()).digest
    assert told_in(open_answer(sealed, asker.keys, found, task))["value"] == 1
    with pytest.raises(SealBrokenError):
        open_answer(sealed, make_keys(lambda n: b"x" * n), found, task)


# --- revoking ---


def test_a_live_source_ends_its_run_within_a_second_and_one_that_is_away_stands_as_pending(
    node: Node, tmp_path: Path
) -> None:
    place(node, tmp_path, "here")
    place(node, tmp_path, "away")
    asker = Asker(node)
    request = asker.ask(node, SLOW)
    grant = named(allow(node, request))
    assert {each.state for each in sources(node, grant).values()} == {AckState.LAID}
    node.standing.pause(node.standing.find("away"))
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(node.runs.run, grant)
        live = node.parts.dispatch._live
        while not live._runs:
            sleep(0.01)
        sleep(0.3)
        begun = Calm()
        node.grants.revoke(grant)
        assert begun.within(1)
        assert isinstance(run.exception(5), DeniedError)

    stand = sources(node, grant)
    assert (stand["here"].state, stand["here"].killed) == (AckState.ACKED, 1)
    assert (stand["away"].state, stand["away"].acked_at) == (AckState.PENDING, None)
    assert node.runs.answers() == ()
    with pytest.raises(SealholdError):
        node.runs.run(grant)
    assert refusal(lambda: node.outside.invoke(asker.token, request)) == DENIED

    node.standing.resume(node.standing.find("away"))
    stand = sources(node, grant)
    assert stand["away"].state is AckState.ACKED
    assert node.grants.list()[0].state is RequestState.REVOKED


def test_a_source_that_never_comes_back_loses_what_it_held_within_a_day(
    tmp_path: Path, clock: Hands
) -> None:
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock) as node:
        place(node, tmp_path, "away")
        grant = named(allow(node, Asker(node).ask(node, Job())))
        node.standing.pause(node.standing.find("away"))
        node.grants.revoke(grant)
        assert sources(node, grant)["away"].state is AckState.PENDING
    with opened(home, clock) as node:  # it is told once more, and is still away
        assert sources(node, grant)["away"].state is AckState.PENDING
        clock.move(DAY)
        assert sources(node, grant)["away"].state is AckState.LAPSED


def test_ten_sources_say_within_a_second_that_a_grant_has_ended(node: Node, tmp_path: Path) -> None:
    for number in range(10):
        place(node, tmp_path, f"place {number}")
    grant = named(allow(node, Asker(node).ask(node, LATER)))
    begun = Calm()
    node.grants.revoke(grant)
    assert begun.within(1)
    stand = sources(node, grant)
    assert len(stand) == 10
    assert {each.state for each in stand.values()} == {AckState.ACKED}

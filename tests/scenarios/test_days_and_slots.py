"""Days, slots and points: open sets looked at once a day, answers on demand, each its own yes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.compute import leaving
from sealhold.compute.leakage import bits_of_choice
from sealhold.compute.leaving import papers_of
from sealhold.compute.members import epochs
from sealhold.compute.slots import REPLY_BYTES, unpad
from sealhold.frontends.http.rounds import Rounds
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, InvalidError
from sealhold.model.quantities import DAY, HOUR, MICRO, SECOND
from sealhold.node import Node
from sealhold.policy.request import Schedule
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    kinds,
    new_home,
    opened,
    sum_of,
)

DEMAND: Plain = {"seconds": 10, "mode": "demand", "max_slots": 2}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Node, Hands, Path]]:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        yield node, clock, tmp_path


def bring(node: Node, folder: Path, summaries: list[str], uid: str = "u") -> None:
    node.sources.import_paths([calendar(folder / f"{uid}{len(summaries)}.ics", summaries, uid=uid)])


# --- open sets ---


@pytest.mark.threat("T171")
def test_who_asks_gets_the_last_day_that_was_looked_at(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    asker = Asker(node)
    grant = allow(node, asker.ask(node, Job(objects="open", expires="2026-11-25T00:00:00Z")))
    bring(node, folder, ["green"] * 2, uid="v")
    node.runs.begin(grant.id)()
    clock.move(DAY)

    node.runs.begin(grant.id)()  # nobody looked today
    before = [answer.value for answer in node.runs.answers()]
    turned = [node.runs.epochs.turn(each) for each in node.runs.epochs.due()]
    node.runs.begin(grant.id)()

    assert before == [3]
    assert turned == [True]
    assert [answer.value for answer in node.runs.answers()] == [5, 3]
    assert charged(node) == 2 * 5 * MICRO


def test_within_a_day_the_same_bytes_leave_for_nothing(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    grant = Asker(node).granted(node, Job(objects="open", expires="2026-11-25T00:00:00Z"))

    answers = []
    for _ in range(3):
        answers.append(node.runs.run(grant))
        bring(node, folder, ["green"] * 4, uid=f"v{len(answers)}")
        clock.move(HOUR)

    assert len({answer.sealed for answer in answers}) == 1
    assert [answer.cost for answer in answers] == [5 * MICRO, 0, 0]


@pytest.mark.threat("T169")
def test_who_was_seen_to_be_gone_does_not_come_back(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    file = calendar(folder / "v.ics", ["green"] * 4, uid="v")
    grant = Asker(node).granted(node, Job(objects="open", expires="2026-11-25T00:00:00Z"))
    values, job = [], None
    for turn in range(4):
        if turn == 1:
            job = node.sources.import_paths([file]).files[0].job
        if turn == 2:
            node.sources.undo(next(each for each in node.sources.jobs() if each.id == job))
        if turn == 3:
            node.sources.import_paths([file])
        values.append(node.runs.run(grant).value)
        clock.move(DAY)

    assert values == [3, 7, 3, 3]


def test_an_open_set_keeps_only_the_days_that_are_needed(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    asker = Asker(node)
    grant = asker.granted(node, Job(objects="open", expires="2026-12-25T00:00:00Z", most=30))
    for _ in range(4):
        node.runs.run(grant)
        clock.move(DAY)

    core, row = node.parts.core, node.grants.list()[0]

    assert len(epochs(core, row.id)) == 2
    assert node.runs.epochs.due() == [row.id]


def test_a_served_vault_looks_at_open_sets_by_itself(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    Asker(node).granted(
        node, Job(objects="open", expires="2026-11-25T00:00:00Z"), schedule=Schedule.DEMAND
    )
    clock.move(DAY)

    left = Rounds(node, clock).once()

    assert (left, node.runs.epochs.due()) == (0, [])


# --- on demand ---


def test_on_demand_nothing_runs_before_it_is_asked(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    asker = Asker(node)
    request = asker.ask(node, Job(slot=DEMAND, most=100))
    card = card_of(node, request)
    grant = allow(node, request)
    runs = kinds(node).count("run")

    node.runs.begin(grant.id)()
    early = node.outside.fetch(asker.token, request)
    clock.move(10 * SECOND)

    assert (runs, kinds(node).count("run")) == (0, 1)
    assert early is None
    assert node.outside.fetch(asker.token, request)
    slots = bits_of_choice(3)  # the first, the second, given up
    assert card.cost_per_object == 1 * MICRO + slots
    assert card.cost_per_answer == charged(node) == 5 * MICRO + slots


@pytest.mark.threat("T172")
def test_on_demand_what_is_late_is_given_up_and_that_is_said_in_a_reply_of_the_one_size(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    asker = Asker(node)
    request = asker.ask(node, Job(slot=DEMAND, most=100))
    grant = allow(node, request)
    finish = node.runs.begin(grant.id)
    clock.move(20 * SECOND + 1)

    with pytest.raises(ConflictError):
        finish()
    again = node.runs.begin(grant.id)
    again()

    reply = node.outside.fetch(asker.token, request)
    assert reply is not None
    assert (len(reply), unpad(reply)) == (REPLY_BYTES, b"")
    assert node.runs.answers() == ()
    assert node.runs.owed() == []
    assert charged(node) == card_of(node, request).cost_per_answer  # and nothing is given back


@pytest.mark.threat("T172")
def test_that_an_answer_is_given_up_is_said_at_the_last_boundary_though_the_program_still_runs(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    asker = Asker(node)
    request = asker.ask(node, Job(slot=DEMAND, most=100))
    grant = allow(node, request)
    finish = node.runs.begin(grant.id)  # the program is at work until `finish` is through

    clock.move(20 * SECOND)
    before = node.outside.fetch(asker.token, request)
    clock.move(1)
    after = node.outside.fetch(asker.token, request)
    with pytest.raises(ConflictError):
        finish()

    assert before is None
    assert after is not None
    assert (len(after), unpad(after)) == (REPLY_BYTES, b"")
    assert node.outside.fetch(asker.token, request) == after
    assert node.runs.answers() == ()
    told = [(line.kind, line.outcome) for line in node.audit.lines()]
    assert told.count(("release", "denied")) == 1


def test_an_answer_that_was_given_up_meanwhile_does_not_leave(
    vault: tuple[Node, Hands, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, clock, folder = vault
    bring(node, folder, ["green"] * 3)
    asker = Asker(node)
    request = asker.ask(node, Job(slot=DEMAND, most=100))
    grant = allow(node, request)
    finish = node.runs.begin(grant.id)

    def slow(*parts: Plain) -> Plain:
        papers = papers_of(*parts)  # in time; and while they are signed, time passes
        clock.move(21 * SECOND)
        assert node.outside.fetch(asker.token, request)
        return papers

    monkeypatch.setattr(leaving, "papers_of", slow)
    with pytest.raises(ConflictError):
        finish()

    reply = node.outside.fetch(asker.token, request)
    assert reply is not None
    assert unpad(reply) == b""
    assert node.runs.answers() == ()


# --- points ---


@pytest.mark.threat("T173")
@pytest.mark.parametrize(
    ("job", "code"),
    [
        (Job(k=4), "partition_k"),
        (Job(versions=2), "max_versions"),
        (Job(objects="open", expires="2026-11-25T00:00:00Z"), "objects_open"),
        (Job(slot=DEMAND, most=100), "mode_demand"),
        (
            Job(evaluate={"min": 0, "max": 65_536, "step": 1}, aggregate=sum_of(0, 31)),
            "range_wide",
        ),
    ],
    ids=str,
)
def test_each_point_needs_its_own_yes(vault: tuple[Node, Hands, Path], job: Job, code: str) -> None:
    node, _, folder = vault
    bring(node, folder, ["green"])
    request = Asker(node).ask(node, job)
    card = card_of(node, request)

    wrong: list[set[str]] = [set(), {"another"}, {code, "another"}]
    for points in wrong:
        with pytest.raises(InvalidError):
            node.requests.approve(request, card.asked_terms, card.digest, PASSPHRASE, points)
        with pytest.raises(InvalidError):
            node.requests.preview(request, card.asked_terms, card.digest, PASSPHRASE, points)

    assert list(card.points) == [code]
    assert "run" not in kinds(node)
    assert node.grants.list() == ()

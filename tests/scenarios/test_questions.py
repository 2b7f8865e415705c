"""How often a task may be asked: counted before it runs, across kills, and never given back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import QuestionsExhaustedError
from sealhold.model.quantities import DAY
from sealhold.node import Node
from tests.scenarios.vaults import (
    DENIED,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    kinds,
    named,
    new_home,
    opened,
    preview,
    refusal,
)
from tests.transcripts.cli import Cli, furnish

TWO = {"ms_per_partition": 100, "memory_mib": 16, "queries": 2}


class Twice(Job):
    """A task that may be asked twice."""

    def manifest(self, author: bytes) -> dict[str, Plain]:
        return {**super().manifest(author), "limits": TWO}


@dataclass
class Place:
    """A vault with events, and an app that may ask about them each day."""

    home: Path
    clock: Hands
    asker: Asker
    request: str


@pytest.fixture
def place(tmp_path: Path) -> Place:
    home, clock = new_home(tmp_path / "home", Hands()), Hands()
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green"] * 4)])
        asker = Asker(node)
        request = asker.ask(node, Twice(objects="open", expires="2026-12-01T00:00:00Z"))
        allow(node, request)
    return Place(home, clock, asker, request)


@pytest.fixture
def node(place: Place) -> Iterator[Node]:
    with opened(place.home, place.clock) as found:
        yield found


def grant_of(node: Node) -> str:
    return named(node.grants.list()[0])


def asked(node: Node, place: Place) -> tuple[int, int]:
    card = card_of(node, place.request)
    return card.asked_before, card.asked_most


@pytest.mark.threat("T91")
def test_the_third_day_gets_no_answer_and_is_charged_nothing(place: Place, node: Node) -> None:
    for day in range(2):
        node.runs.run(grant_of(node))
        assert node.runs.run(grant_of(node)).cost == 0  # the same bytes: no question
        assert asked(node, place) == (day + 1, 2)
        place.clock.move(DAY)
    used = node.budgets.meters()[0].used

    with pytest.raises(QuestionsExhaustedError, match="was asked 2 times, of 2 in all"):
        node.runs.run(grant_of(node))

    assert node.budgets.meters()[0].used == used
    assert asked(node, place) == (2, 2)
    assert next(node.audit.lines()).reason == "questions"
    assert kinds(node).count("charge") == 2


@pytest.mark.threat("T91")
def test_to_an_app_the_last_question_ends_like_any_other_no(place: Place, node: Node) -> None:
    for _ in range(2):
        node.runs.run(grant_of(node))
        place.clock.move(DAY)
    node.runs.epochs.turn(node.grants.list()[0].id)
    stranger = Asker(node, "Stranger")

    spent = refusal(lambda: node.outside.invoke(place.asker.token, place.request))
    foreign = refusal(lambda: node.outside.invoke(stranger.token, place.request))

    assert spent == foreign == DENIED
    assert [line.reason for line in node.audit.lines()].count("questions") == 1


@pytest.mark.threat("T91")
def test_a_question_counts_once_though_the_process_ends_before_its_answer(place: Place) -> None:
    for _ in range(3):  # charged, and ended at once: nothing was evaluated
        with opened(place.home, place.clock) as node:
            node.runs.begin(node.grants.list()[0].id)
            assert asked(node, place) == (1, 2)

    with opened(place.home, place.clock) as node:
        assert node.runs.run(grant_of(node)).value == 4
        assert asked(node, place) == (1, 2)


@pytest.mark.threat("T91")
def test_another_grant_parameter_or_app_asks_from_the_same_count(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green"] * 4)])
        one, other = Asker(node, "One"), Asker(node, "Other")
        other.author = one.author  # the same signed manifest
        task = Twice(params={"p": 0, "q": 1})
        first = one.granted(node, task)
        second = one.ask(node, task, param="q")
        third = other.ask(node, task)

        node.runs.run(first)
        preview(node, second)  # a look is a question
        grant = allow(node, third)
        card = card_of(node, third)

        assert (card.asked_before, card.asked_most) == (2, 2)
        with pytest.raises(QuestionsExhaustedError):
            node.runs.run(named(grant))


def test_the_table_and_the_screen_say_how_often(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    manifest = tmp_path / "examples" / "green-bonus" / "task.json"
    document = json.loads(manifest.read_text())
    document["limits"]["queries"] = 3
    manifest.write_text(json.dumps(document))
    for line in (
        "init --headless",
        "import tracks",
        "app register GreenCorp --make-keys greencorp",
        "request add examples/green-bonus --keys greencorp --mode until --selection all",
    ):
        assert cli.line(line).code == 0, line

    leak = "task leakage examples/green-bonus --queries 100"
    table, figures = cli.line(leak).out, json.loads(cli.line(f"{leak} --json").out)
    request = json.loads(cli.line("request list --json").out)[0]["id"]
    screen = cli.line(f"request show {request}").out

    assert "It can be asked 3 times in all" in table
    assert figures["most_queries"] == 3
    assert figures["data_set"] == 3 * figures["query"]["answer"] + 3 * figures["query"]["timing"]
    assert "0 times so far, at most 3" in screen

"""What a served vault does by itself: daily answers once a day, and a failing one no more often."""

from pathlib import Path

import pytest

from sealhold.frontends.http.rounds import Rounds
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.node import Node, World, opened
from tests.transcripts.cli import NOW, PASSPHRASE, QUICK, Cli, Repeating, furnish
from tests.warmreader import READER

STORY = (
    "init --headless",
    "import tracks",
    "app register GreenCorp --make-keys greencorp",
    "request add examples/green-bonus --keys greencorp --mode until --daily --until 2d",
)


class Turned:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Instant:
        return self.now


@pytest.fixture
def clock() -> Turned:
    return Turned()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    cli = Cli(furnish(tmp_path))
    manifest = tmp_path / "examples" / "green-bonus" / "task.json"
    # Of a set that is frozen there is one answer. Of an open one there is another each day, and an
    # object pays for each day on which it shows, so the task is short.
    text = manifest.read_text().replace('"fields"', '"objects": "open", "fields"', 1)
    manifest.write_text(text.replace("2027-12-31", "2026-11-24"))
    for line in STORY:
        assert cli.line(line).code == 0, line
    request = cli.line("request list --json").out.partition('"id":"')[2].partition('"')[0]
    assert cli.line(f"request approve {request} --confirm objects_open").code == 0
    return cli.home


def world(clock: Turned) -> World:
    return World(clock=clock, entropy=Repeating(), stretch=QUICK, reader=READER)


def test_a_daily_answer_leaves_once_a_day(home: Path, clock: Turned) -> None:
    with opened(home, PASSPHRASE, world(clock)) as node:
        rounds = Rounds(node, clock)

        today = [rounds.once(), rounds.once()]
        clock.now = Instant(NOW + DAY)
        tomorrow = [rounds.once(), rounds.once()]

        assert (today, tomorrow) == ([1, 0], [1, 0])
        assert len(node.runs.answers()) == 2


def test_a_locked_vault_is_left_alone(home: Path, clock: Turned) -> None:
    with Node(home, world(clock)) as node:
        assert Rounds(node, clock).once() == 0


def test_an_answer_that_was_refused_is_tried_again_after_an_hour_and_no_sooner(
    home: Path, clock: Turned
) -> None:
    with opened(home, PASSPHRASE, world(clock)) as node:
        node.apps.suspend("GreenCorp")
        rounds = Rounds(node, clock)

        rounds.once()
        first = node.audit.state().size
        rounds.once()
        again = node.audit.state().size
        clock.now = Instant(NOW + HOUR)
        node.apps.resume("GreenCorp")

        assert again == first
        assert rounds.once() == 1


def test_stopping_ends_the_rounds(home: Path, clock: Turned) -> None:
    with opened(home, PASSPHRASE, world(clock)) as node:
        rounds = Rounds(node, clock)
        rounds.stop()

        rounds.run()

        assert node.runs.answers() == ()

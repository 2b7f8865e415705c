"""Rules that answer in the owner's place, by command: tried out first, written, seen at work."""

from pathlib import Path
from typing import Any

import pytest

from sealhold.model.encoding import from_json
from sealhold.model.quantities import MICRO, MicroBits
from sealhold.model.shown import RequestState
from sealhold.node import openparts
from tests.scenarios.vaults import (
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    Papers,
    allow,
    calendar,
    card_of,
    new_home,
    opened,
)
from tests.transcripts.cli import NOW, Cli

SAID = {"SEALHOLD_PASSPHRASE": PASSPHRASE}


class Story:
    """A home, an app that asks there, and the command line of its owner."""

    def __init__(self, folder: Path) -> None:
        self.cli = Cli(folder)
        self.clock = Hands(NOW)
        new_home(self.cli.home, self.clock)
        with opened(self.cli.home, self.clock) as node:
            node.sources.import_paths([calendar(folder / "c.ics", ["green 1", "red 2"])])
            self.asker = Asker(node, "Tax office")

    def ask(self, job: Job, **wish: Any) -> str:  # noqa: ANN401  # reason: as `papers` takes it
        """Hand a request in, let rules answer, and return its id."""
        papers: Papers = self.asker.papers(job, self.clock.now, **wish)
        with opened(self.cli.home, self.clock) as node:
            return self.asker.hand_in(node, papers)

    def state(self, request: str) -> RequestState:
        with opened(self.cli.home, self.clock) as node:
            return card_of(node, request).state

    def said(self, line: str) -> Any:  # noqa: ANN401  # reason: JSON is what it is
        ended = self.cli(*line.split("|"), "--json", env=SAID)
        assert ended.code == 0, ended.err
        return from_json(ended.out.encode())

    def shown(self, line: str) -> str:
        ended = self.cli(*line.split("|"), env=SAID)
        assert ended.code == 0, ended.err
        return " ".join(ended.out.split())


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setattr(openparts, "_in_background", lambda work: work())
    return Story(tmp_path)


def test_always_for_my_tax_office_up_to_so_many_bits_and_never_of_places(story: Story) -> None:
    waits = story.ask(Job(name="Before"))
    look = story.shown("policy|add|allow|--app|Tax office|--bits|20|--preview")
    assert "Nothing was changed" in look
    assert waits in look
    assert story.said("policy|list")["rules"] == []

    story.said("policy|add|allow|--app|Tax office|--bits|25")
    story.said("policy|add|deny|--dataset|places")
    assert story.state(waits) is RequestState.WAITING  # a rule takes hold of the next
    yes = story.ask(Job(name="Green"))
    no = story.ask(
        Job(
            name="Where",
            collection="places",
            fields=("lat",),
            code=b"def evaluate(obj, res):\n    return 0\n",
        )
    )
    assert story.state(yes) is RequestState.ALLOWED
    assert story.state(no) is RequestState.REFUSED

    allows, denies = story.said("policy|list")["rules"]
    if allows["effect"] == "deny":
        allows, denies = denies, allows
    assert allows["sentence"] == "Allow Tax office: any dataset; up to 25 bits a month"
    assert denies["sentence"] == "Deny anybody: places"
    shown = story.shown(f"policy|show|l-{allows['id'].replace('-', '')[-12:]}")
    assert "20 of 25 bits" in shown
    assert yes in shown
    gone = story.shown(f"policy|remove|l-{allows['id'].replace('-', '')[-12:]}")
    assert "1 grant is in force" in gone
    assert story.state(yes) is RequestState.ALLOWED


def test_the_inbox_tells_only_what_is_new_against_what_was_allowed_before(story: Story) -> None:
    first = story.ask(Job(), budget=MicroBits(5 * MICRO))
    (line,) = story.said("request|inbox")
    assert (line["former"], line["new"]) == (None, [])
    with opened(story.cli.home, story.clock) as node:
        allow(node, first)
    assert story.shown("request|inbox") == "Nothing waits for you."

    story.ask(Job(), budget=MicroBits(9 * MICRO), retention_days=90)
    (line,) = story.said("request|inbox")
    assert line["new"] == [
        {"what": "retention_days", "before": "30 days", "now": "90 days"},
        {"what": "budget_micro_bits", "before": "5 bits", "now": "9 bits"},
    ]
    assert "90 days" in story.shown("request|inbox")


def test_an_app_hears_of_what_a_rule_shows_and_the_owner_sees_of_what(story: Story) -> None:
    story.said("policy|add|show|--app|Tax office|--dataset|events")
    (shown,) = story.said("policy|list")["shown"]
    assert [each["name"] for each in shown["datasets"]] == ["events"]
    assert "Hears of" in story.shown("policy|list")
    with opened(story.cli.home, story.clock) as node:
        (heard,) = node.outside.datasets(story.asker.token)
    assert (heard.name, heard.freshness) == ("events", "still")
    assert len(heard.schema) == 16

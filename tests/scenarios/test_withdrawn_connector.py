"""What one version of a connector brought is taken back as one set, and read once more."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import NotFoundError
from sealhold.node import Node
from sealhold.vault import withdrawal
from sealhold.vault.catalogue import Catalogue, JobRow
from sealhold.vault.core import Core
from sealhold.vault.index import Index
from sealhold.vault.snapshots import entry_of
from sealhold.vault.undoing import undo
from sealhold.vault.writer import Work
from tests.forking import ended
from tests.scenarios.vaults import Hands, calendar, new_home, opened
from tests.transcripts.cli import Cli


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def node(tmp_path: Path, clock: Hands) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home", clock), clock) as found:
        yield found


def summaries(node: Node) -> list[str]:
    found = node.records.query("SELECT summary FROM events ORDER BY summary")
    return [row[0] for row in found.rows]


def test_acceptance_g2_all_readings_of_a_version_go_as_one_and_come_again(
    node: Node, clock: Hands, tmp_path: Path
) -> None:
    first = calendar(tmp_path / "a.ics", ["a", "b"], uid="a")
    other = calendar(tmp_path / "b.ics", ["c"], uid="b")
    (tmp_path / "t.jsonl").write_text('{"n": 1}\n')
    node.sources.import_paths([first, other, tmp_path / "t.jsonl"])
    look = node.sources.withdrawn("icalendar", "1", preview=True)
    assert summaries(node) == ["a", "b", "c"]

    done = node.sources.withdrawn("icalendar", "1", preview=False)

    assert (look.items, look.done, done.items, done.done) == (3, False, 3, True)
    assert [each.items for each in done.readings] == [1, 2]
    assert not any(each.by_itself for each in done.readings)
    assert summaries(node) == []
    assert sum(node.records.counts().values()) == 1
    with pytest.raises(NotFoundError):
        node.sources.withdrawn("icalendar", "1", preview=True)
    clock.move(1_000)
    assert node.sources.import_paths([first, other]).new == 3
    assert node.audit.verify().whole


def read_by_the_next_version(node: Node) -> None:
    """Let the newest reading have been made by the next version of its connector."""
    core, job = node.parts.core, node.sources.jobs()[-1]
    later = replace(job, readers={"icalendar": "2"})
    op = Catalogue(core.store, core.papers, core.owner).put_job(later)
    core.writer.commit(Work((op,), (entry_of(core, bytes(32), "a test"),)))


def test_what_a_later_version_read_again_stays_and_loses_that_past_alone(
    node: Node, clock: Hands, tmp_path: Path
) -> None:
    path = calendar(tmp_path / "a.ics", ["old", "same"], uid="a")
    node.sources.import_paths([path])
    clock.move(1_000)
    node.sources.import_paths([calendar(path, ["new", "same"], uid="a")])
    read_by_the_next_version(node)
    (item,) = node.records.search("new").items

    done = node.sources.withdrawn("icalendar", "1", preview=False)

    assert [each.items for each in done.readings] == [1]  # the other one is the later version's
    assert summaries(node) == ["new"]
    (only,) = node.records.origins.why(f"r-{item.id.hex()[-12:]}").versions
    assert only.snapshot is not None
    assert node.audit.verify().whole


def test_a_named_source_is_read_again_by_itself(node: Node, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    calendar(folder / "a.ics", ["a", "b"], uid="a")
    source = node.standing.add("days", "folder", {"place": str(folder)})
    node.standing.pull(source)

    (reading,) = node.sources.withdrawn("icalendar", "1", preview=False).readings

    assert (reading.by_itself, reading.items, reading.source) == (True, 2, "days")
    assert summaries(node) == []
    node.standing.pull(node.standing.find("days"))
    assert summaries(node) == ["a", "b"]


def die_after_one(home: Path) -> None:
    done = list[int]()

    def dying(core: Core, index: Index, job: JobRow) -> int:
        if done:
            os._exit(9)
        done.append(undo(core, index, job))
        return done[0]

    setattr(withdrawal, "undo", dying)  # noqa: B010  # reason: it is not for others to see
    with opened(home) as node:
        node.sources.withdrawn("icalendar", "1", preview=False)


def test_after_a_kill_the_rest_goes_next_time(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    with opened(home) as node:
        files = [calendar(tmp_path / f"{name}.ics", [name], uid=name) for name in "ab"]
        node.sources.import_paths(files)
    assert ended(die_after_one, home) == 9

    with opened(home) as node:
        assert len(summaries(node)) == 1
        node.sources.withdrawn("icalendar", "1", preview=False)
        assert summaries(node) == []
        assert node.audit.verify().whole


def test_the_commands_tell_look_and_take_back(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.line("init --headless")
    calendar(tmp_path / "c.ics", ["green"])
    cli.line("import c.ics")
    items = json.loads(cli.line("source why --connector icalendar --json").out)["items"]
    told = json.loads(cli.line(f"source why {items[0]['id']} --json").out)
    look = json.loads(cli.line("source withdraw icalendar 1 --preview --json").out)

    assert cli.line("source withdraw icalendar 1").out.startswith("Took back 1 item.")

    assert (look["items"], look["done"]) == (1, False)
    assert cli.line("source withdraw icalendar 1 --preview").code != 0
    number = told["versions"][0]["snapshot"]
    shown = json.loads(cli.line(f"snapshot show {number} --json").out)
    assert any(each["path"].startswith("imports/") for each in shown["paths"])
    changes = json.loads(cli.line("snapshot diff --json").out)["changes"]
    assert {each["change"] for each in changes} <= {"changed", "added"}
    assert "Snapshot" in cli.line(f"snapshot show {number}").out
    assert cli.line("snapshot list").code == cli.line("snapshot diff").code == 0

"""Where an item is from: source, import, connector and place, for each of its versions."""

import json
from pathlib import Path

import pytest

from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Kind, show
from tests.scenarios.vaults import Hands, calendar, kinds, new_home, opened
from tests.transcripts.cli import Cli


def test_an_item_tells_where_it_is_from_and_what_brought_each_version(tmp_path: Path) -> None:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        path = calendar(tmp_path / "c.ics", ["first", "other"])
        node.sources.import_paths([path])
        clock.move(1_000)
        node.sources.import_paths([calendar(path, ["second", "other"])])
        (item,) = node.records.search("second").items
        origins = node.records.origins

        origin = origins.why(show(Kind.RECORD, item.id))

        old, new = node.sources.jobs()
        record = node.records.get(show(Kind.RECORD, item.id))
        assert [(each.version, each.job) for each in origin.versions] == [
            (2, new.id),
            (1, old.id),
        ]
        assert [each.input for each in origin.versions] == [new.input.hex(), old.input.hex()]
        assert {each.file for each in origin.versions} == {old.file}
        assert origin.content == record.provenance.content_hash.hex()
        assert (origin.connector, origin.original_id) == (
            "icalendar",
            record.provenance.original_id,
        )
        assert origin.position == record.provenance.position
        with pytest.raises(NotFoundError):
            origins.why("r-000000000000")


def test_what_a_connector_made_is_listed_and_goes_with_its_imports(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        table = tmp_path / "t.jsonl"
        table.write_text('{"n": 1}\n{"n": 2}\n')
        node.sources.import_paths([table, calendar(tmp_path / "c.ics", ["a", "b", "c"])])
        origins = node.records.origins
        made = origins.made_by("icalendar")
        (version,) = {each.connector_version for each in made}

        assert len(made) == 3
        assert origins.made_by("icalendar", version) == made
        assert origins.made_by("icalendar", "none") == ()
        assert kinds(node)[0] == "read"

        for job in node.sources.jobs():
            if job.id in {each.job for each in made}:
                node.sources.undo(job)
        assert origins.made_by("icalendar") == ()
        assert sum(node.records.counts().values()) == 2


def test_the_command_tells_the_same(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    cli.line("init --headless")
    calendar(tmp_path / "c.ics", ["green"])
    cli.line("import c.ics")
    listed = json.loads(cli.line("source why --connector icalendar --json").out)["items"]

    told = json.loads(cli.line(f"source why {listed[0]['id']} --json").out)

    assert (told["connector"], len(told["versions"])) == ("icalendar", 1)
    assert "Import" in cli.line("source why --connector icalendar").out
    assert cli.line(f"source why {listed[0]['id']}").out.count("version") == 1
    assert cli.line("source why").code == 2
    assert cli.line("source why x --connector icalendar").code == 2

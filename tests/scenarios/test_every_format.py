"""One export of each format: recognised, taken in, recognised again, and whole after any kill."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from sealhold.node import Node
from tests.forked import FORKS
from tests.scenarios.every_format import content, made, work, write
from tests.scenarios.vaults import new_home, opened

ITEMS = 12  # of each format
KILLS = 20
MANY = 150  # items of each format, so that a kill meets an import
LONGEST = 1.0  # seconds that an import lives before its kill


def test_a_folder_of_all_formats_is_read_whole_and_once(tmp_path: Path) -> None:
    samples = write(tmp_path / "all", ITEMS)
    with opened(new_home(tmp_path / "home")) as node:
        report = node.sources.import_paths([tmp_path / "all"])
        assert [each.name for each in report.files if each.error] == []
        read_by = {each.connector for each in node.sources.list()}
        assert read_by == set(samples)
        wanted = sum((Counter(each.items) for each in samples.values()), Counter())
        assert all(each.rejected == len(each.rejects) < ITEMS for each in report.files)
        assert dict(report.by_collection) == dict(wanted)
        again = node.sources.import_paths([tmp_path / "all"])
        assert (again.new, again.changed, again.same) == (0, 0, report.new)


def test_an_import_of_all_formats_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    write(tmp_path / "all", MANY)
    with opened(new_home(tmp_path / "whole")) as node:
        node.sources.import_paths([tmp_path / "all"])
        wanted = content(node)
    home = new_home(tmp_path / "home")
    chance = random.Random(5)
    for _ in range(KILLS):
        live_and_die(home, tmp_path / "all", chance.uniform(0, LONGEST))
    with opened(home) as node:
        node.sources.import_paths([tmp_path / "all"])
        assert content(node) == wanted
        check(node)


def live_and_die(home: Path, folder: Path, seconds: float) -> None:
    """Import in a process, which is killed so many seconds after it opened the vault."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=work, args=(home, folder, theirs))
    process.start()
    theirs.close()
    assert ours.poll(60)
    time.sleep(seconds)
    process.kill()
    process.join()
    ours.close()


def check(node: Node) -> None:
    state = node.audit.verify()
    assert state.whole, state.faults


def test_no_two_connectors_take_one_file() -> None:
    from sealhold import plugins  # noqa: PLC0415  # reason: of this case alone

    sources = [each() for each in plugins.sources().values()]
    for name, sample in made(30).items():
        sure = {
            each.name: each.sniff(sample.content[:65_536], sample.file_name).sure
            for each in sources
        }
        best = max(sure.values())
        assert [each for each, found in sure.items() if found == best] == [name], sure


pytestmark = pytest.mark.timeout(300)

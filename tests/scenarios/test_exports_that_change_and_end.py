"""Acceptance 2 and 4 of sources: an import that is killed, and a Takeout that lost a key."""

import json
import random
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sealhold.connectors.samples_places import google_semantic
from sealhold.model.encoding import Plain
from sealhold.model.errors import SourceChangedError
from sealhold.node import Node
from sealhold.vault.deciding import scan_all
from sealhold.vault.owned import RECORDS
from tests.forked import FORKS
from tests.scenarios.vaults import Hands, new_home, opened

SOME = 5_000  # items opened at once
EACH = "SELECT * EXCLUDE (id) FROM {} ORDER BY ALL"


# --- acceptance 2 ---


def rows_of(path: Path, count: int) -> Path:
    """Write rows of which some are equal; each of them is one of its own."""
    with path.open("w") as file:
        for n in range(count):
            row = {"n": n // 2, "text": f"word{n % 97} {'lorem ' * (n % 5)}", "at": {"deep": [n]}}
            file.write(json.dumps(row) + "\n")
    return path


def work(home: Path, path: Path, said: Connection) -> None:
    """Import a file; the process is killed somewhere on the way."""
    with opened(home) as node:
        said.send("open")
        node.sources.import_paths([path])
        said.send("done")


def live_and_die(home: Path, path: Path, seconds: float) -> bool:
    """Import in a process that is killed so long after it opened; return whether it was done."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=work, args=(home, path, theirs))
    process.start()
    theirs.close()
    assert ours.poll(60)
    assert ours.recv() == "open"
    time.sleep(seconds)
    process.kill()
    process.join()
    was_done = False
    with suppress(EOFError):
        was_done = ours.poll(0) and ours.recv() == "done"
    ours.close()
    return was_done


def whole(node: Node) -> Counter[str]:
    """Return all items and where each is from; keyed digests differ between two vaults."""
    kept = [each.row[0] for each in scan_all(node.parts.core.store, RECORDS)]
    hashes: Counter[bytes] = Counter()
    found: Counter[str] = Counter()
    for start in range(0, len(kept), SOME):
        for each in node.parts.records._firewall.get(kept[start : start + SOME]):
            made = each.provenance
            named = f"{made.connector} {made.connector_version} {made.position}"
            found[f"{named} {json.dumps(each.fields, sort_keys=True)}"] += 1
            hashes[made.content_hash] += 1
    return found + Counter(f"equal {times}" for times in hashes.values())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("rows", "kills", "longest"),
    [(3_000, 3, 0.3), pytest.param(100_000, 20, 6.0, marks=pytest.mark.soak)],
)
def test_an_import_that_is_killed_at_any_moment_ends_as_one_that_was_not(
    tmp_path: Path, rows: int, kills: int, longest: float
) -> None:
    path = rows_of(tmp_path / "rows.jsonl", rows)
    with opened(new_home(tmp_path / "whole")) as node:
        assert node.sources.import_paths([path]).new == rows
        wanted = whole(node)
    home, chance = new_home(tmp_path / "home"), random.Random(7)
    done = [live_and_die(home, path, chance.uniform(0, longest)) for _ in range(kills)]
    assert not all(done)

    with opened(home) as node:
        node.sources.import_paths([path])
        assert whole(node) == wanted
        again = node.sources.import_paths([path])
        assert (again.new, again.changed) == (0, 0)
        assert node.audit.verify().whole


# --- acceptance 4 ---


def without(content: bytes, *keys: str) -> bytes:
    """Return a Takeout file in which no object has any of `keys`."""

    def left(value: Plain) -> Plain:
        if isinstance(value, dict):
            return {name: left(each) for name, each in value.items() if name not in keys}
        return [left(each) for each in value] if isinstance(value, list) else value

    return json.dumps(left(json.loads(content))).encode()


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("name", r"`visits\.name`"),
        ("activityType", r"`trips\.type`"),
        ("duration", "an activity without its times"),
    ],
)
def test_a_takeout_that_lost_a_key_is_broken_named_and_told_and_changes_nothing(
    tmp_path: Path, key: str, path: str
) -> None:
    folder, clock = tmp_path / "Takeout", Hands()
    folder.mkdir()
    sample = google_semantic(30)
    (folder / sample.file_name).write_bytes(sample.content)
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.standing.add("location", "folder", {"place": str(folder)})
        node.standing.pull(node.standing.find("location"))
        before = [node.records.query(EACH.format(name)).rows for name in ("trips", "visits")]
        assert [len(each) for each in before] == [30, 30]
        (folder / sample.file_name).write_bytes(without(google_semantic(40).content, key))

        with pytest.raises(SourceChangedError, match=path):
            node.standing.pull(node.standing.find("location"))

        source = node.standing.find("location")
        assert source.state == "broken"
        after = [node.records.query(EACH.format(name)).rows for name in ("trips", "visits")]
        assert after == before
        drawn = node.statements.statement("2026-11").drawn
        (told,) = (each for each in drawn.standings if each.what == "source")
        assert (told.id, told.marks) == (source.id.hex(), ("broken",))


def test_a_takeout_of_an_unknown_form_takes_nothing_out(tmp_path: Path) -> None:
    folder, clock = tmp_path / "Takeout", Hands()
    folder.mkdir()
    sample = google_semantic(30)
    (folder / sample.file_name).write_bytes(sample.content)
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.standing.add("location", "folder", {"place": str(folder)})
        node.standing.pull(node.standing.find("location"))
        before = node.records.query(EACH.format("trips")).rows
        other = json.dumps({"segments2": [{"n": n} for n in range(30)]})
        (folder / sample.file_name).write_bytes(other.encode())

        with pytest.raises(SourceChangedError, match="`trips`, `visits`"):
            node.standing.pull(node.standing.find("location"))

        assert node.standing.find("location").state == "broken"
        assert node.records.query(EACH.format("trips")).rows == before
        (folder / sample.file_name).unlink()  # what its owner took away is gone
        node.standing.accept(node.standing.find("location"))
        assert node.standing.pull(node.standing.find("location")).gone >= 60

"""A process dies at any moment: what was acknowledged is there, the rest whole or not at all."""

from pathlib import Path
from random import Random
from time import sleep

import pytest

from sealhold.model.ids import ObjectName
from sealhold.stores.spec import Health

from . import object_openers, record_openers
from .children import (
    OBJECT,
    batches_in,
    child,
    die_at_statement,
    kept,
    put_objects,
    reopened,
    write_batch,
    write_batches,
)
from .record_bench import KEY, Place

DELAYS = [Random(seed).uniform(0, 0.05) for seed in range(6)]  # seconds after the first batch

POINTS = [  # statement of a batch, how many such come before it, and on which side of it
    ("BEGIN IMMEDIATE", 3, "after"),
    ("SELECT EXISTS (SELECT 1 FROM s_lease", 1, "after"),
    ("COMMIT", 2, "before"),
    ("COMMIT", 2, "after"),
    ("COMMIT", 4, "before"),
    ("PRAGMA wal_checkpoint", 0, "before"),
    ("PRAGMA wal_checkpoint", 0, "after"),
]


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("opener", record_openers.LASTING)
def test_a_writer_that_is_killed_loses_nothing_acknowledged(
    opener: str, delay: float, tmp_path: Path
) -> None:
    with child(write_batches, opener, str(tmp_path)) as writer:
        assert writer.stdout
        first = writer.stdout.readline()
        sleep(delay)
        writer.kill()
        acknowledged = kept([first, *writer.stdout])

    opened = reopened(Place(record_openers.LASTING[opener], tmp_path), KEY)

    there = batches_in(opened)
    assert there[: len(acknowledged)] == acknowledged
    assert len(there) - len(acknowledged) in {0, 1}
    assert opened.store.check() == Health(faults=())
    write_batch(opened, len(there))


@pytest.mark.parametrize("opener", record_openers.LASTING)
def test_a_writer_that_is_killed_in_mid_batch_leaves_nothing_of_it(
    opener: str, tmp_path: Path
) -> None:
    with child(write_batches, opener, str(tmp_path), "2") as writer:
        assert writer.stdout
        lines = [writer.stdout.readline() for _ in range(3)]
        writer.kill()

    opened = reopened(Place(record_openers.LASTING[opener], tmp_path), KEY)

    assert lines == ["kept 0\n", "kept 1\n", "paused\n"]
    assert batches_in(opened) == [0, 1]


@pytest.mark.parametrize(("begins", "before", "when"), POINTS)
def test_sqlcipher_is_whole_after_a_death_at_each_step_of_a_commit(
    begins: str, before: int, when: str, tmp_path: Path
) -> None:
    with child(die_at_statement, str(tmp_path), begins, str(before), when) as writer:
        assert writer.stdout
        acknowledged = kept([*writer.stdout])
        writer.wait()

    opened = reopened(Place(record_openers.LASTING["sqlcipher"], tmp_path), KEY)

    assert writer.returncode == -9
    there = batches_in(opened)
    unsaid = [len(acknowledged)] if (begins, when) == ("COMMIT", "after") else []
    assert there == acknowledged + unsaid
    assert opened.store.check() == Health(faults=())


@pytest.mark.parametrize("when", ["before", "after"])
def test_sqlcipher_that_died_while_it_was_made_can_be_made_again(when: str, tmp_path: Path) -> None:
    with child(die_at_statement, str(tmp_path), "COMMIT", "0", when) as writer:
        writer.wait()

    Place(record_openers.LASTING["sqlcipher"], tmp_path).create()

    assert writer.returncode == -9


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("opener", object_openers.LASTING)
def test_a_putter_that_is_killed_leaves_whole_objects_alone(
    opener: str, delay: float, tmp_path: Path
) -> None:
    with child(put_objects, opener, str(tmp_path)) as putter:
        assert putter.stdout
        first = putter.stdout.readline()
        sleep(delay)
        putter.kill()
        acknowledged = kept([first, *putter.stdout])

    store = object_openers.LASTING[opener](tmp_path)

    there = list(store.names())
    assert {f"some/o{number}" for number in acknowledged} <= set(there)
    assert all(store.get(name) == OBJECT for name in there)
    store.put(ObjectName(f"some/o{len(there) + 1}"), store.get(there[0]))

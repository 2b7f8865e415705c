"""Two processes at one store, and a disk that is full: somebody is told no, and nothing is lost."""

from contextlib import suppress
from pathlib import Path

import pytest

from sealhold.model.errors import StoreBusyError, StoreFullError, StoreUnavailableError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.model.quantities import Instant
from sealhold.stores import cipherfile
from sealhold.stores.spec import Health, Kept

from . import object_openers, record_openers
from .children import batches_in, child, write_batch, write_batches, write_until_told
from .record_bench import HOLDER, KEY, NOW, RIVAL, SHARD, TABLES, TTL_S, Opened, Place
from .small_disk import small_disk


@pytest.mark.parametrize("opener", record_openers.LASTING)
def test_a_second_process_gets_no_lease_but_reads(opener: str, tmp_path: Path) -> None:
    with child(write_until_told, opener, str(tmp_path)) as writer:
        assert writer.stdout
        assert writer.stdin
        assert writer.stdout.readline() == "open\n"
        store = record_openers.LASTING[opener](tmp_path)
        store.open(TABLES, lambda: KEY, create=False)

        with pytest.raises(StoreBusyError):
            store.lease(SHARD, RIVAL, TTL_S, NOW)

        writer.stdin.write("go\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "kept 0\n"
        assert len(store.scan("leaves", "key", (), ()).rows) == 1


@pytest.mark.parametrize("opener", record_openers.LASTING)
def test_a_process_whose_lease_another_took_over_writes_nothing_more(
    opener: str, tmp_path: Path
) -> None:
    with child(write_until_told, opener, str(tmp_path)) as writer:
        assert writer.stdout
        assert writer.stdin
        assert writer.stdout.readline() == "open\n"
        store = record_openers.LASTING[opener](tmp_path)
        store.open(TABLES, lambda: KEY, create=False)
        late = Instant(NOW + TTL_S * 1000)

        opened = Opened(store, store.lease(SHARD, RIVAL, TTL_S, late))
        write_batch(opened, 7)
        writer.stdin.write("go\n")
        writer.stdin.flush()

        assert writer.stdout.readline() == "lost\n"
        assert batches_in(opened) == [7]


def test_a_process_that_waits_too_long_for_anothers_batch_finds_the_store_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cipherfile, "PATIENCE", 50)
    with child(write_batches, "sqlcipher", str(tmp_path), "1") as writer:
        assert writer.stdout
        assert [writer.stdout.readline() for _ in range(2)] == ["kept 0\n", "paused\n"]
        store = record_openers.LASTING["sqlcipher"](tmp_path)
        store.open(TABLES, lambda: KEY, create=False)

        with pytest.raises(StoreBusyError):
            store.lease(SHARD, HOLDER, TTL_S, NOW)

        assert len(store.scan("leaves", "key", (), ()).rows) == 1


@pytest.mark.parametrize("opener", record_openers.IN_FILES)
def test_a_batch_that_finds_no_room_leaves_nothing_and_the_next_goes_on(
    opener: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path) as disk:
        opened = Place(record_openers.LASTING[opener], disk.folder).create()

        number = _write_until(StoreFullError if disk.is_mounted else StoreUnavailableError, opened)

        assert number > 3
        assert batches_in(opened) == list(range(number))
        disk.grow()
        write_batch(opened, number)
        assert batches_in(opened) == list(range(number + 1))
        assert opened.store.check() == Health(faults=())
        opened.store.close()


@pytest.mark.parametrize("opener", object_openers.IN_FILES)
def test_an_object_that_finds_no_room_leaves_nothing(opener: str, tmp_path: Path) -> None:
    name, big = ObjectName("big/one"), SealedBytes(bytes(8_000_000))
    with small_disk(tmp_path) as disk:
        store = object_openers.LASTING[opener](disk.folder)

        with pytest.raises(StoreFullError):
            store.put(name, big)

        assert list(store.names()) == []
        disk.grow()
        assert store.put(name, big) is Kept.CREATED
        assert store.get(name) == big


def _write_until(error: type[Exception], opened: Opened) -> int:
    """Return the number of the first batch that found no room."""
    number = 0
    with suppress(error):
        for number in range(1_000):  # far more than fits
            write_batch(opened, number)
    return number

"""Checks of an object store."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Event

import pytest

from sealhold.model.errors import InvalidError, ObjectNotFoundError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.spec import Kept, ObjectStore

NAME = ObjectName("a1b2")
ONE, TWO = SealedBytes(b"\x00one"), SealedBytes(b"\x00two")

HOSTILE = (
    "", ".", "..", "/", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", "/a", "a/.b", ".hidden",
    "a/..", "A", "a B", "a\x00b", "a\nb", "a\\b", "c:a", "naïve", "~a", "-a", "_a", "a+", "a/-b",
    "%2e%2e", "x" * 201, "a/" * 100 + "b",
)  # fmt: skip


def a_taken_name_keeps_its_first_bytes(store: ObjectStore) -> None:
    ended = [store.put(NAME, sealed) for sealed in (ONE, ONE, TWO)]

    assert ended == [Kept.CREATED, Kept.EXISTS, Kept.EXISTS]
    assert store.get(NAME) == ONE


def of_many_writers_at_once_exactly_one_creates(store: ObjectStore) -> None:
    rivals = [SealedBytes(bytes([n]) * 70_000) for n in range(16)]

    with ThreadPoolExecutor(len(rivals)) as pool:
        ended = list(pool.map(lambda sealed: store.put(NAME, sealed), rivals))

    assert ended.count(Kept.CREATED) == 1
    assert store.get(NAME) == rivals[ended.index(Kept.CREATED)]
    assert list(store.names()) == [NAME]


def a_reader_sees_all_of_an_object_or_none(store: ObjectStore) -> None:
    big = SealedBytes(bytes(range(256)) * 8_192)
    names = [ObjectName(f"big/{n}") for n in range(8)]
    seen: set[SealedBytes] = set()
    written = Event()

    def read() -> None:
        while not written.is_set():
            for name in names:
                with suppress(ObjectNotFoundError):
                    seen.add(store.get(name))

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for name in names:
            store.put(name, big)
        written.set()
        reading.result()

    assert seen <= {big}


def objects_of_any_length_come_back_whole(store: ObjectStore) -> None:
    for length in (0, 1, 4_096, 8 * 1_048_576):
        name, sealed = ObjectName(f"n{length}"), SealedBytes(Random(length).randbytes(length))

        assert store.put(name, sealed) is Kept.CREATED

        assert store.get(name) == sealed
        assert store.head(name) == length


def what_was_given_may_change_afterwards(store: ObjectStore) -> None:
    given = bytearray(b"first bytes")

    store.put(NAME, SealedBytes(given))  # type: ignore[arg-type]  # a caller may break the type
    given[:] = b"other bytes"

    assert store.get(NAME) == b"first bytes"


def a_range_is_exactly_what_was_asked(store: ObjectStore) -> None:
    store.put(NAME, SealedBytes(bytes(range(100))))

    assert store.get(NAME, 10, 5) == bytes(range(10, 15))
    assert store.get(NAME, 95) == bytes(range(95, 100))
    assert store.get(NAME, 100) == b""
    assert store.get(NAME, 100, 0) == b""
    assert store.get(NAME, 0, 100) == bytes(range(100))


def a_range_beyond_the_end_is_an_error_and_no_short_answer(store: ObjectStore) -> None:
    store.put(NAME, SealedBytes(bytes(100)))

    for offset, length in ((99, 2), (101, None), (101, 0), (0, 101), (2**62, 1)):
        with pytest.raises(TamperedError):
            store.get(NAME, offset, length)


def a_negative_range_is_refused(store: ObjectStore) -> None:
    store.put(NAME, ONE)

    for offset, length in ((-1, None), (-1, 2), (0, -1)):
        with pytest.raises(InvalidError):
            store.get(NAME, offset, length)


def a_deleted_object_is_gone_and_deleting_again_is_no_error(store: ObjectStore) -> None:
    store.put(NAME, ONE)
    store.delete(NAME)
    store.delete(NAME)
    store.delete(ObjectName("never/put"))

    with pytest.raises(ObjectNotFoundError):
        store.get(NAME)
    with pytest.raises(ObjectNotFoundError):
        store.head(NAME)
    assert list(store.names()) == []
    assert store.put(NAME, TWO) is Kept.CREATED
    assert store.get(NAME) == TWO


def what_was_never_put_is_not_found(store: ObjectStore) -> None:
    store.put(ObjectName("a/b"), ONE)

    for name in ("b", "a", "a/b/c", "a/c", "a/b.c"):
        with pytest.raises(ObjectNotFoundError):
            store.get(ObjectName(name))
        with pytest.raises(ObjectNotFoundError):
            store.head(ObjectName(name))


def names_come_once_in_byte_order_below_their_prefix(store: ObjectStore) -> None:
    names = ["b", "a", "a.b", "a-b", "a/b", "a/b/c", "a0", "ab/c", "a_b", "z/1", "z/10", "z/2"]
    for name in Random(7).sample(names, len(names)):
        store.put(ObjectName(name), ONE)

    assert list(store.names()) == sorted(names)
    assert list(store.names("a/")) == ["a/b", "a/b/c"]
    assert list(store.names("z/1")) == ["z/1", "z/10"]
    assert list(store.names("a")) == [name for name in sorted(names) if name[0] == "a"]
    assert list(store.names("nothing")) == []


def a_name_and_a_longer_one_below_it_live_side_by_side(store: ObjectStore) -> None:
    short, long = ObjectName("a"), ObjectName("a/b")
    for first, second in ((short, long), (long, short)):
        assert store.put(first, ONE) is Kept.CREATED
        assert store.put(second, TWO) is Kept.CREATED
        assert (store.get(first), store.get(second)) == (ONE, TWO)

        store.delete(first)

        assert list(store.names()) == [second]
        store.delete(second)


def the_longest_name_works(store: ObjectStore) -> None:
    for name in (ObjectName("x" * 200), ObjectName("a/" * 99 + "bc")):
        assert store.put(name, ONE) is Kept.CREATED
        assert store.get(name) == ONE
        assert list(store.names(name)) == [name]


def a_hostile_name_is_refused_before_anything_is_touched(store: ObjectStore) -> None:
    store.put(NAME, ONE)

    for hostile in HOSTILE:
        name = ObjectName(hostile)
        with pytest.raises(InvalidError):
            store.put(name, TWO)
        with pytest.raises(InvalidError):
            store.get(name)
        with pytest.raises(InvalidError):
            store.head(name)
        with pytest.raises(InvalidError):
            store.delete(name)

    assert list(store.names()) == [NAME]

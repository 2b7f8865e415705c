"""Checks of a record store: declarations, limits, leases, copies, life from open to close."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.model.errors import (
    InvalidError,
    SealholdError,
    StoreBusyError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.model.quantities import SECOND, Instant
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.spec import (
    MAX_ROW,
    Backup,
    ColumnKind,
    DeleteWhere,
    Health,
    Put,
    TableSpec,
    Unit,
)

from .record_bench import (
    HOLDER,
    KEY,
    NOW,
    RIVAL,
    SHARD,
    TABLES,
    THINGS,
    TTL_S,
    Place,
    leaf,
    put,
    thing,
)

SEALED_KEY = {"id": ColumnKind.ID16, "body": ColumnKind.SEALED}


def _bad_tables() -> Iterator[list[TableSpec]]:
    good = TableSpec(name="t", columns=SEALED_KEY, key=("id",), indexes={})
    yield [good, good]
    yield [replace(good, name="")]
    yield [replace(good, name='t"; --')]
    yield [replace(good, columns={"id": ColumnKind.ID16, "no way": ColumnKind.FLAG})]
    yield [replace(good, key=())]
    yield [replace(good, key=("id", "id"))]
    yield [replace(good, key=("other",))]
    yield [replace(good, key=("body",))]
    yield [replace(good, indexes={"key": ("id",)})]
    yield [replace(good, indexes={"by_id": ()})]
    yield [replace(good, indexes={"by_body": ("body",)})]
    yield [replace(good, indexes={"by id": ("id",)})]
    wide = {f"c{n}": ColumnKind.HASH32 for n in range(17)}
    yield [replace(good, columns=wide, key=tuple(wide))]


def a_declaration_that_breaks_a_rule_is_refused_and_nothing_is_made(place: Place) -> None:
    for tables in _bad_tables():
        with pytest.raises(InvalidError):
            place.store().open(tables, lambda: KEY, create=True)

    place.create()


def names_of_tables_and_columns_may_be_words_of_any_language(place: Place) -> None:
    columns = {"select": ColumnKind.ID16, "v": ColumnKind.I64, "rowid": ColumnKind.I64}
    words = [
        TableSpec(name="group", columns=columns, key=("select",), indexes={"v": ("v",)}),
        TableSpec(name="group_v", columns=columns, key=("v", "rowid"), indexes={}),
        TableSpec(name="sqlite_master", columns=columns, key=("select",), indexes={}),
    ]
    store = place.store()
    store.open(words, lambda: KEY, create=True)
    fence = store.lease(SHARD, HOLDER, TTL_S, NOW)
    row = (b"i" * 16, 7, 8)

    store.commit(
        [Unit((Put(spec.name, row),)) for spec in words],
        lambda _results: [],
        fence,
    )

    for spec in words:
        [found] = store.scan(spec.name, "key", (), ()).rows
        assert (found.row, found.v) == (row, 1)


def a_batch_over_a_limit_is_refused_whole(place: Place) -> None:
    opened = place.create()
    almost = MAX_ROW - 1_000

    for units in (
        [[put(thing(n))] for n in range(1_001)],
        [[put(thing(1))], [put(thing(2, size=MAX_ROW))]],
        [[put(thing(n, size=almost))] for n in range(9)],
    ):
        with pytest.raises(InvalidError):
            opened.commit(*units)
    with pytest.raises(InvalidError):
        opened.commit([put(thing(1))], finish=[put(thing(2, size=MAX_ROW))])

    assert opened.numbers() == []


def a_batch_at_its_limits_is_kept(place: Place) -> None:
    opened = place.create()

    opened.commit(*([put(thing(n))] for n in range(1_000)))
    opened.commit(*([put(thing(2_000 + n, size=MAX_ROW - 1_000))] for n in range(8)))

    assert len(opened.numbers()) == 1_000
    assert opened.versions(999, 2_000, 2_007) == [1, 1, 1]


def a_lease_keeps_another_holder_out_until_it_ends(place: Place) -> None:
    store = place.create().store
    last = type(NOW)(NOW + TTL_S * 1000 - 1)

    with pytest.raises(StoreBusyError):
        store.lease(SHARD, RIVAL, TTL_S, last)

    assert store.lease(SHARD, RIVAL, TTL_S, type(NOW)(last + 1)) > 0


def a_renewed_lease_ends_later(place: Place) -> None:
    store = place.create().store
    end = type(NOW)(NOW + TTL_S * 1000)

    store.lease(SHARD, HOLDER, TTL_S, type(NOW)(end - 1))

    with pytest.raises(StoreBusyError):
        store.lease(SHARD, RIVAL, TTL_S, end)


def a_store_begins_anew_while_a_snapshot_is_read(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1))

    with opened.store.snapshot() as view:
        opened.keep(thing(2))
        opened.store.renew()
        opened.keep(thing(3))

        assert len(view.scan("things", "key", (), ()).rows) == 1
        assert opened.numbers() == [1, 2, 3]
    opened.store.renew()
    assert opened.numbers() == [1, 2, 3]
    assert opened.store.check().faults == ()


def a_closed_store_opens_again_with_all_that_was_committed(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1), thing(2), leaf(1))
    opened.commit([DeleteWhere("leaves", "key", ())])
    opened.store.close()

    opened.store.open(TABLES, lambda: KEY, create=False)

    assert opened.numbers() == [1, 2]
    assert opened.store.scan("leaves", "key", (), ()).rows == []
    assert opened.store.lease(SHARD, HOLDER, TTL_S, NOW) == opened.fence
    opened.keep(thing(3))
    assert opened.numbers() == [1, 2, 3]


def a_store_is_made_once_and_opened_with_the_tables_it_has(place: Place) -> None:
    store = place.store()
    with pytest.raises(StoreUnavailableError):
        store.open(TABLES, lambda: KEY, create=False)
    store.open(TABLES, lambda: KEY, create=True)
    with pytest.raises(InvalidError):
        store.open(TABLES, lambda: KEY, create=False)
    store.close()
    renamed = replace(THINGS, indexes={"by_day": ("day",)})

    for tables, create in ((TABLES, True), (TABLES[:1], False), ([renamed, TABLES[1]], False)):
        with pytest.raises(InvalidError):
            store.open(tables, lambda: KEY, create=create)

    store.open(TABLES[::-1], lambda: KEY, create=False)


def a_store_that_is_not_open_answers_nothing(place: Place) -> None:
    opened = place.create()
    store = opened.store
    store.close()
    store.close()

    for call in (
        lambda: store.get("things", []),
        lambda: store.scan("things", "key", (), ()),
        lambda: store.snapshot().__enter__(),
        lambda: store.lease(SHARD, HOLDER, TTL_S, NOW),
        lambda: opened.commit([put(thing(1))]),
        lambda: store.backup(MemoryObjects(), "b"),
        store.purge,
        store.check,
    ):
        with pytest.raises(StoreUnavailableError):
            call()


def a_whole_store_has_no_faults(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n, size=3_000) for n in range(50)))

    assert opened.store.check() == Health(faults=())


def a_purge_keeps_what_is_there(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n, size=5_000, day=n % 2) for n in range(100)))
    opened.commit([DeleteWhere("things", "day", (0,))])

    opened.store.purge()

    assert opened.numbers() == list(range(1, 100, 2))
    assert opened.store.check() == Health(faults=())
    opened.keep(thing(100))


def a_backup_is_one_moment_and_restores_to_an_equal_store(place: Place) -> None:
    opened = place.create()
    for first in (0, 300):  # more than one part of a backup
        opened.keep(*(thing(n, size=20_000) for n in range(first, first + 300)))
    opened.keep(leaf(1))
    sink = MemoryObjects()
    backup = opened.store.backup(sink, "copies/1")
    opened.commit([DeleteWhere("things", "key", ())])

    restored = place.beside().store()
    restored.restore(sink, backup)
    restored.open(TABLES, lambda: KEY, create=False)

    assert sorted(backup.objects) == list(sink.names("copies/1/"))
    assert all(sink.head(name) == length for name, length in backup.objects.items())
    assert restored.count("things", 1_000) == 600
    assert len(restored.scan("leaves", "key", (), ()).rows) == 1
    assert restored.check() == Health(faults=())


def a_restored_store_goes_on_with_the_fences_of_the_old_one(place: Place) -> None:
    opened = place.create()
    sink = MemoryObjects()
    backup = opened.store.backup(sink, "copies")

    restored = place.beside().store()
    restored.restore(sink, backup)
    restored.open(TABLES, lambda: KEY, create=False)

    with pytest.raises(StoreBusyError):
        restored.lease(SHARD, RIVAL, TTL_S, NOW)
    later = Instant(NOW + (TTL_S + 1) * SECOND)
    assert restored.lease(SHARD, RIVAL, TTL_S, later) > opened.fence


def a_backup_takes_no_prefix_that_is_in_use(place: Place) -> None:
    opened = place.create()
    sink = MemoryObjects()
    backup = opened.store.backup(sink, "copies")
    before = {name: sink.get(name) for name in sink.names()}

    with pytest.raises(InvalidError):
        opened.store.backup(sink, "copies")

    assert {name: sink.get(name) for name in backup.objects} == before


def a_restore_needs_an_empty_place_and_a_whole_backup(place: Place) -> None:
    opened = place.create()
    sink = MemoryObjects()
    backup = opened.store.backup(sink, "copies")
    with pytest.raises(InvalidError):
        opened.store.restore(sink, backup)
    opened.store.close()
    with pytest.raises(InvalidError):
        opened.store.restore(sink, backup)
    empty = place.beside().store()
    [(name, length)] = backup.objects.items()
    sink.put(ObjectName("cut"), SealedBytes(sink.get(name)[:-1]))

    for objects in ({name: length - 1}, {ObjectName("gone"): length}, {ObjectName("cut"): length}):
        with pytest.raises(TamperedError):
            empty.restore(sink, Backup(objects=objects))

    with pytest.raises(SealholdError):  # a failed restore leaves the place empty
        empty.open(TABLES, lambda: KEY, create=False)
    empty.restore(sink, backup)
    empty.open(TABLES, lambda: KEY, create=False)

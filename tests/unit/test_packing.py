"""Much content into packs and out again: what goes once, what is told when, what fails alone."""

from collections.abc import Callable, Iterator, Sequence
from threading import Event

import pytest

from sealhold.crypto.cutter import MAX_CHUNK
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    ConflictError,
    InvalidEncodingError,
    NoFileError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.packs import LARGEST
from sealhold.vault.chunkplaces import Manifest, MemoryIndex, Place, Shelf, on_store
from sealhold.vault.handedover import Content, Held
from sealhold.vault.packing import (
    AHEAD,
    Counted,
    Packing,
    PackKeys,
    pack_name,
)
from sealhold.vault.unpacking import Take, Unpacking, read_all

KEYS = PackKeys(
    naming=Secret(b"n" * 32, "naming key"),
    seed=Secret(b"s" * 32, "seed"),
    table=Secret(b"t" * 32, "table key"),
)
NOISE = seeded(b"packing")(20_000_000)


def packed(
    shelf: Shelf, index: MemoryIndex, contents: Sequence[Content]
) -> tuple[list[Manifest], Counted]:
    with Packing(shelf, index, KEYS, seeded(b"packs")) as packing:
        held = [packing.add(content) for content in contents]
        counted = packing.finish()
    return [each.manifest for each in held], counted


def out(shelf: Shelf, manifest: Manifest) -> bytes:
    return b"".join(Unpacking(shelf, KEYS.naming).read(manifest))


def test_contents_come_back_as_they_went_in() -> None:
    contents = [b"", b"a", b"note " * 900, NOISE[:70_000], NOISE, bytes(3 * MAX_CHUNK)]
    store = MemoryObjects()

    manifests, counted = packed(on_store(store), MemoryIndex(), contents)

    assert [out(on_store(store), each) for each in manifests] == contents
    assert [each.size for each in manifests] == [len(each) for each in contents]
    assert counted.contents == len(contents)
    assert counted.read == sum(map(len, contents))
    assert counted.packs == len(list(store.names())) > 1
    assert counted.sent == sum(map(store.head, store.names()))
    assert all(store.head(name) <= LARGEST for name in store.names())


def test_what_was_put_once_is_not_put_again() -> None:
    store, index = MemoryObjects(), MemoryIndex()
    first, _ = packed(on_store(store), index, [NOISE])
    before = list(store.names())

    second, counted = packed(on_store(store), index, [NOISE, NOISE])

    assert second == first * 2
    assert list(store.names()) == before
    assert counted.fresh == counted.sent == 0


def test_an_edit_of_a_kilobyte_sends_a_few_chunks() -> None:
    store, index = MemoryObjects(), MemoryIndex()
    packed(on_store(store), index, [NOISE[:17_000_000]])
    edited = NOISE[:8_000_000] + b"x" * 1_000 + NOISE[8_000_000:17_000_000]

    [manifest], counted = packed(on_store(store), index, [edited])

    assert counted.sent <= 300_000
    assert out(on_store(store), manifest) == edited


def test_equal_contents_of_one_run_are_sealed_once() -> None:
    store = MemoryObjects()

    manifests, counted = packed(on_store(store), MemoryIndex(), [NOISE[:90_000]] * 9)

    assert counted.fresh == 90_000
    assert len({each.encoded() for each in manifests}) == 1


def test_each_chunk_has_a_key_of_its_own_whichever_thread_sealed_it() -> None:
    contents = [NOISE[at : at + 90_000] for at in range(0, 9_000_000, 90_000)]

    manifests, _ = packed(on_store(MemoryObjects()), MemoryIndex(), contents)

    chunks = {place.chunk: place.key.reveal() for each in manifests for place in each.chunks}
    assert len(chunks) > 90
    assert len(set(chunks.values())) == len(chunks)


def test_after_finish_more_is_added_to_the_same_run() -> None:
    store = MemoryObjects()
    with Packing(on_store(store), MemoryIndex(), KEYS, seeded(b"")) as packing:
        one = packing.add(NOISE[:90_000])
        packing.finish()
        two = packing.add(one.manifest.encoded())
        packing.finish()

    assert Manifest.decoded(out(on_store(store), two.manifest)) == one.manifest


def test_some_contents_are_settled_while_others_are_handed_over() -> None:
    store, entered, over = MemoryObjects(), Event(), Event()

    def endless() -> Iterator[bytes]:
        yield NOISE[:90_000]  # which the content that is waited for has as well
        entered.set()
        over.wait(60)
        yield NOISE[:90_000]

    with Packing(on_store(store), MemoryIndex(), KEYS, seeded(b"")) as packing:
        later = packing.add(endless())
        assert entered.wait(60)
        some = [packing.add(NOISE[:90_000]), packing.add(b"short")]
        packing.begin_all()
        packing.settle(some)
        told = [each.manifest for each in some]
        with pytest.raises(ConflictError):
            later.manifest  # noqa: B018  # reason: that it is refused is what is tried
        over.set()
        packing.finish()

    assert [out(on_store(store), each) for each in told] == [NOISE[:90_000], b"short"]
    assert out(on_store(store), later.manifest) == NOISE[:90_000] * 2


def test_who_waits_for_some_hears_of_a_shelf_that_is_away() -> None:
    def away(_name: ObjectName, _sealed: SealedBytes) -> None:
        raise StoreUnavailableError("away")

    shelf = Shelf(away, MemoryObjects().get, ranges=True)
    with Packing(shelf, MemoryIndex(), KEYS, seeded(b"")) as packing:
        held = packing.add(NOISE[:90_000])
        with pytest.raises(StoreUnavailableError):
            packing.settle([held])


def test_a_range_is_asked_for_where_few_of_many_are_wanted() -> None:
    store, asked = MemoryObjects(), list[int | None]()
    contents = [NOISE[start : start + 90_000] for start in range(0, 1_800_000, 90_000)]
    manifests, _ = packed(on_store(store), MemoryIndex(), contents)

    def get(name: ObjectName, offset: int, length: int | None) -> bytes:
        asked.append(length)
        return store.get(name, offset, length)

    shelf = Shelf(store.put, get, ranges=True)
    one = b"".join(Unpacking(shelf, KEYS.naming, by_range=True).read(manifests[7]))

    assert one == contents[7]
    assert sum(length or LARGEST for length in asked) < 100_000


def test_many_contents_are_given_out_by_threads_each_to_its_own_taker() -> None:
    store = MemoryObjects()
    contents = [NOISE[at : at + 40_000 + at % 7] for at in range(0, 12_000_000, 40_000)] + [b""]
    manifests, _ = packed(on_store(store), MemoryIndex(), contents)
    taken: dict[int, bytes] = {}

    def taker(at: int) -> Take:
        return lambda content: taken.update({at: b"".join(content)})

    read_all(on_store(store), KEYS.naming, [(m, taker(at)) for at, m in enumerate(manifests)])

    assert [taken[at] for at in range(len(contents))] == contents
    store.delete(next(store.names()))
    with pytest.raises(TamperedError):
        read_all(on_store(store), KEYS.naming, [(m, taker(at)) for at, m in enumerate(manifests)])


def test_a_manifest_is_told_only_when_its_packs_are_durable() -> None:
    store, there = MemoryObjects(), Event()

    def put(name: ObjectName, sealed: SealedBytes) -> None:
        there.wait(20)
        store.put(name, sealed)

    with Packing(Shelf(put, store.get, ranges=True), MemoryIndex(), KEYS, seeded(b"")) as packing:
        held = packing.add(NOISE[:50_000])
        with pytest.raises(ConflictError):
            held.manifest  # noqa: B018  # reason: that it is refused is what is tried
        there.set()
        packing.finish()

    assert out(on_store(store), held.manifest) == NOISE[:50_000]


def test_the_index_hears_of_a_chunk_once_its_pack_is_durable() -> None:
    store = MemoryObjects()

    class Watching(MemoryIndex):
        def add(self, places: Sequence[Place]) -> None:
            super().add(places)
            assert {ObjectName(f"packs/{p.pack.hex()[:2]}/{p.pack.hex()}") for p in places} <= {
                *store.names()
            }

    packed(on_store(store), Watching(), [NOISE])


def test_a_content_that_cannot_be_read_fails_alone() -> None:
    def torn() -> Iterator[bytes]:
        yield NOISE[:400_000]
        raise NoFileError("gone")

    store = MemoryObjects()
    with Packing(on_store(store), MemoryIndex(), KEYS, seeded(b"")) as packing:
        bad, good = packing.add(torn()), packing.add(b"whole")
        packing.finish()

    with pytest.raises(NoFileError):
        bad.manifest  # noqa: B018  # reason: that it is refused is what is tried
    assert out(on_store(store), good.manifest) == b"whole"


def test_a_shelf_that_is_away_ends_the_run_and_no_thread_waits() -> None:
    def away(_name: ObjectName, _sealed: SealedBytes) -> None:
        raise StoreUnavailableError("away")

    shelf = Shelf(away, MemoryObjects().get, ranges=True)
    held: list[Held] = []

    def run() -> None:
        with Packing(shelf, MemoryIndex(), KEYS, seeded(b"")) as packing:
            held.extend(packing.add(NOISE[n:]) for n in range(3))
            held.extend(packing.add(b"%d" % n) for n in range(2 * AHEAD))
            packing.finish()

    with pytest.raises(StoreUnavailableError):
        run()
    with pytest.raises(ConflictError):
        held[0].manifest  # noqa: B018  # reason: that it is refused is what is tried


@pytest.mark.parametrize(
    "bent",
    [
        lambda data: data + b"\x00",
        lambda data: data[:-1],
        lambda data: data.replace(b"\x01\x01", b"\x01\x02", 1),
        lambda _data: b"\xa0",
        lambda _data: bytes(67_108_865),
    ],
)
def test_a_manifest_has_one_form(bent: Callable[[bytes], bytes]) -> None:
    [manifest], _ = packed(on_store(MemoryObjects()), MemoryIndex(), [NOISE[:300_000]])
    data = manifest.encoded()

    assert Manifest.decoded(data) == manifest
    with pytest.raises(InvalidEncodingError):
        Manifest.decoded(bent(data))


def test_packs_that_are_expected_are_fetched_once_and_before_they_are_asked_for() -> None:
    store = MemoryObjects()
    contents = [NOISE[at : at + 4_000_000] for at in range(0, 20_000_000, 4_000_000)]
    manifests, _ = packed(on_store(store), MemoryIndex(), contents)
    packs = sorted({place.pack for each in manifests for place in each.chunks})
    fetched, second = list[ObjectName](), Event()

    def get(name: ObjectName, offset: int, length: int | None) -> SealedBytes:
        fetched.append(name)
        if len(fetched) > 1:
            second.set()
        return store.get(name, offset, length)

    reader = Unpacking(Shelf(store.put, get, ranges=True), KEYS.naming)
    reader.expect(packs)
    reader.whole(packs[0])
    assert second.wait(10.0)
    for pack in packs:
        assert fingerprint(reader.whole(pack)) == pack
    assert len(fetched) == len(packs) > 1


def test_an_expected_pack_that_is_gone_fails_when_it_is_asked_for() -> None:
    store = MemoryObjects()
    manifests, _ = packed(on_store(store), MemoryIndex(), [NOISE])
    packs = sorted({place.pack for place in manifests[0].chunks})
    store.delete(pack_name(packs[1]))
    reader = Unpacking(on_store(store), KEYS.naming)
    reader.expect(packs)
    assert reader.whole(packs[0])
    with pytest.raises(TamperedError):
        reader.whole(packs[1])


def test_a_pack_that_came_and_is_not_asked_for_next_is_no_hindrance() -> None:
    store = MemoryObjects()
    manifests, _ = packed(on_store(store), MemoryIndex(), [NOISE])
    one, two, three, *_ = dict.fromkeys(place.pack for place in manifests[0].chunks)
    fetched = list[ObjectName]()

    def get(name: ObjectName, offset: int, length: int | None) -> SealedBytes:
        fetched.append(name)
        if name == pack_name(three):
            raise StoreUnavailableError("away")
        return store.get(name, offset, length)

    reader = Unpacking(Shelf(store.put, get, ranges=True), KEYS.naming)
    reader.expect([two, three, one])
    for pack in (one, two, one):
        assert fingerprint(reader.whole(pack)) == pack
    assert sorted(fetched) == sorted(map(pack_name, (one, two, three)))
    with pytest.raises(StoreUnavailableError):
        reader.whole(three)

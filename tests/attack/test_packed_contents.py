"""A place that keeps packs: what it changes, cuts, swaps or hides is found before it is used."""

import pytest
import zstandard
from msgspec.structs import replace

from sealhold.crypto.chunkid import FRAME, ChunkId, open_chunk
from sealhold.crypto.cutter import MAX_CHUNK
from sealhold.crypto.digest import framed
from sealhold.crypto.entropy import seeded
from sealhold.crypto.seal import seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidEncodingError, SealBrokenError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.vault.chunkplaces import Manifest, MemoryIndex, Place, Shelf, on_store
from sealhold.vault.packing import Packing, PackKeys
from sealhold.vault.unpacking import Unpacking

KEY = Secret(b"n" * 32, "naming key")
KEYS = PackKeys(naming=KEY, seed=Secret(b"s" * 32, "seed"), table=Secret(b"t" * 32, "table key"))
NOISE = seeded(b"packed contents")(400_000)


def kept() -> tuple[MemoryObjects, list[Manifest]]:
    store = MemoryObjects()
    with Packing(on_store(store), MemoryIndex(), KEYS, seeded(b"packs")) as packing:
        held = [packing.add(NOISE[:200_000]), packing.add(NOISE[200_000:])]
        packing.finish()
    return store, [each.manifest for each in held]


def read(store: MemoryObjects, manifest: Manifest, *, by_range: bool) -> bytes:
    return b"".join(Unpacking(on_store(store), KEY, by_range=by_range).read(manifest))


@pytest.mark.threat("T484")
@pytest.mark.parametrize("by_range", [False, True])
def test_a_pack_that_was_changed_cut_or_taken_away_gives_nothing(*, by_range: bool) -> None:
    store, [manifest, _] = kept()
    [name] = store.names()
    whole = store.get(name)
    at = manifest.chunks[0].offset + 5
    bent = (
        whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        whole[: at + 40],
        whole[:at] + bytes(len(whole) - at),
    )

    for bytes_there in bent:
        other = MemoryObjects()
        other.put(name, SealedBytes(bytes_there))
        with pytest.raises(TamperedError):
            read(other, manifest, by_range=by_range)
    with pytest.raises(TamperedError):
        read(MemoryObjects(), manifest, by_range=by_range)
    assert read(store, manifest, by_range=by_range) == NOISE[:200_000]


@pytest.mark.threat("T484")
def test_chunks_that_are_swapped_left_out_or_told_twice_are_found() -> None:
    store, [one, two] = kept()
    first, *rest = one.chunks
    swapped = replace(first, offset=two.chunks[0].offset, length=two.chunks[0].length)

    for chunks in ((swapped, *rest), (*rest,), (first, first, *rest)):
        with pytest.raises(TamperedError):
            read(store, replace(one, chunks=chunks), by_range=False)


@pytest.mark.threat("T484")
def test_a_pack_longer_than_any_is_not_used() -> None:
    store, [manifest, _] = kept()

    def get(name: ObjectName, _offset: int, _length: int | None) -> bytes:
        return store.get(name) + bytes(9_000_000)

    with pytest.raises(TamperedError):
        list(Unpacking(Shelf(store.put, get, ranges=False), KEY).read(manifest))


@pytest.mark.threat("T483")
@pytest.mark.parametrize("tells_size", [True, False])
def test_a_chunk_that_would_unpack_to_more_than_a_chunk_is_not_unpacked(
    *, tells_size: bool
) -> None:
    machine = zstandard.ZstdCompressor(level=1, write_content_size=tells_size)
    name = ChunkId(bytes(32))
    bombs = [machine.compress(bytes(MAX_CHUNK + 1)), machine.compress(bytes(200_000_000))]
    bombs += [machine.compress(b"one") * 2] if tells_size else [machine.compress(b"one")]

    for bomb in bombs:
        sealed = seal_once(KEY, FRAME + bomb, framed(Tag.CHUNK, name))
        with pytest.raises(SealBrokenError, match="unpack"):
            open_chunk(KEY, name, KEY, sealed)


@pytest.mark.threat("T483")
def test_a_manifest_that_reaches_out_of_its_bounds_is_refused() -> None:
    store, [manifest, _] = kept()
    del store
    place = manifest.chunks[0]

    def encoded(bad: Place, size: int) -> bytes:
        row = [bad.chunk, 0, bad.offset, bad.length, bad.key.reveal()]
        return pack({1: 1, 2: size, 3: [bad.pack], 4: [row]})

    bad = [
        encoded(replace(place, offset=8_388_608), 1),
        encoded(replace(place, offset=-1), 1),
        encoded(replace(place, length=MAX_CHUNK + 18), 1),
        encoded(replace(place, length=3), 1),
        encoded(place, MAX_CHUNK + 1),
        encoded(place, 0),
        encoded(replace(place, pack=b"short"), 1),
        pack({1: 1, 2: 1, 3: [], 4: [[place.chunk, 0, 37, 99, bytes(32)]]}),
    ]
    assert Manifest.decoded(encoded(place, 1)).chunks == (place,)
    for data in bad:
        with pytest.raises(InvalidEncodingError):
            Manifest.decoded(data)

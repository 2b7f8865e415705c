"""Packs: what is written is read back, and anything else is refused before a byte of it is used."""

import struct

import pytest

from sealhold.model.errors import InvalidError, SealBrokenError, TamperedError
from sealhold.model.ids import SealedBytes
from sealhold.stores.packs import (
    LARGEST,
    SMALLEST,
    Entry,
    PackWriter,
    chunk_of,
    padded,
    read_pack,
)

SALT = bytes(range(32))
HEAD = 37  # bytes before the first chunk
TAG = b"sixteen byte tag"


def seal(salt: bytes, table: bytes) -> SealedBytes:
    """Seal in a way that a test can see through."""
    return SealedBytes(salt[:4] + table + TAG)


def unseal(salt: bytes, sealed: SealedBytes) -> bytes:
    """Open what `seal` made.

    Raises:
        SealBrokenError: it did not.
    """
    if sealed[:4] != salt[:4] or sealed[-16:] != TAG:
        raise SealBrokenError
    return sealed[4:-16]


def chunk_id(number: int) -> bytes:
    """Return an id."""
    return number.to_bytes(32, "big")


def pack_of(*chunks: bytes) -> SealedBytes:
    """Return a finished pack of these ciphertexts."""
    writer = PackWriter(SALT)
    for number, chunk in enumerate(chunks):
        writer.add(chunk_id(number), SealedBytes(chunk))
    return writer.finish(seal)


def pack_with_table(body: bytes, *entries: tuple[int, int, int]) -> SealedBytes:
    """Return a pack whose table says what we like."""
    rows = [struct.pack(">32sII", chunk_id(chunk), at, length) for chunk, at, length in entries]
    table = seal(SALT, b"".join(rows))
    whole = b"SHPK\x01" + SALT + body + table + struct.pack(">I", len(table)) + b"\x80"
    return SealedBytes(whole.ljust(padded(len(whole)), b"\x00"))


def test_each_chunk_comes_back_by_its_entry() -> None:
    chunks = [b"a" * 16, b"b" * 300, b"\x00" * 40]

    pack = pack_of(*chunks)

    contents = read_pack(pack, unseal)
    assert contents.salt == SALT
    assert [entry.chunk for entry in contents.entries] == [chunk_id(n) for n in range(3)]
    assert [chunk_of(pack, entry) for entry in contents.entries] == chunks


def test_an_entry_says_where_its_chunk_will_stand() -> None:
    writer = PackWriter(SALT)

    entries = [writer.add(chunk_id(n), SealedBytes(bytes([n]) * (20 + n))) for n in range(5)]

    assert writer.entries == tuple(entries)
    assert entries[0] == Entry(chunk=chunk_id(0), offset=HEAD, length=20)
    assert read_pack(writer.finish(seal), unseal).entries == tuple(entries)


def test_a_pack_without_chunks_is_read_as_empty() -> None:
    pack = pack_of()

    assert len(pack) == SMALLEST
    assert read_pack(pack, unseal).entries == ()


def test_the_bytes_of_a_pack_are_these() -> None:
    pack = pack_of(b"c" * 16)

    table = SALT[:4] + chunk_id(0) + b"\x00\x00\x00\x25\x00\x00\x00\x10" + TAG
    told = b"SHPK\x01" + SALT + b"c" * 16 + table + b"\x00\x00\x00\x3c\x80"
    assert pack == told + bytes(512 - len(told))


def test_there_are_57_lengths_and_none_wastes_a_quarter() -> None:
    lengths = {padded(length) for length in range(1, LARGEST + 1, 61)} | {padded(LARGEST)}

    assert len(lengths) == 57
    assert (min(lengths), max(lengths)) == (SMALLEST, LARGEST)
    assert all(padded(length) == length for length in lengths)
    assert all(padded(length + 1) < 1.25 * (length + 1) for length in lengths - {LARGEST})
    with pytest.raises(InvalidError):
        padded(LARGEST + 1)


def test_a_full_pack_is_exactly_8_mib() -> None:
    writer = PackWriter(SALT)
    chunk = SealedBytes(bytes(65_536))
    number = 0

    while writer.has_room(len(chunk)):
        writer.add(chunk_id(number), chunk)
        number += 1

    pack = writer.finish(seal)
    assert len(pack) == LARGEST
    assert len(read_pack(pack, unseal).entries) == number == 127


@pytest.mark.parametrize(
    ("chunk", "length"),
    [(chunk_id(0), 20), (b"short", 20), (chunk_id(1), 15), (chunk_id(1), LARGEST)],
)
def test_a_chunk_that_does_not_fit_is_refused(chunk: bytes, length: int) -> None:
    writer = PackWriter(SALT)
    writer.add(chunk_id(0), SealedBytes(bytes(20)))

    with pytest.raises(InvalidError):
        writer.add(chunk, SealedBytes(bytes(length)))

    assert len(writer.entries) == 1


def test_a_salt_of_another_length_and_a_seal_that_adds_too_much_are_refused() -> None:
    with pytest.raises(InvalidError):
        PackWriter(SALT[:-1])
    with pytest.raises(InvalidError):
        PackWriter(SALT).finish(lambda _salt, table: SealedBytes(table + bytes(65)))


@pytest.mark.parametrize(
    "entries",
    [
        (),  # says nothing of the chunk that is there
        ((0, HEAD, 39),),  # leaves a byte out
        ((0, HEAD, 41),),  # reaches into the table
        ((0, HEAD + 1, 39),),  # begins late
        ((0, HEAD - 1, 41),),  # begins in the salt
        ((0, HEAD, 2**32 - 1),),  # reaches out of the pack
        ((0, 2**32 - 1, 40),),
        ((0, HEAD, 20), (1, HEAD, 20)),  # overlap
        ((0, HEAD, 20), (1, HEAD + 21, 19)),  # gap
        ((1, HEAD + 20, 20), (0, HEAD, 20)),  # out of order
        ((0, HEAD, 20), (0, HEAD + 20, 20)),  # the same chunk twice
        ((0, HEAD, 40), (1, HEAD + 40, 0)),  # an empty chunk
    ],
)
def test_a_table_that_does_not_tile_the_pack_is_tampered(
    entries: tuple[tuple[int, int, int], ...],
) -> None:
    pack = pack_with_table(b"x" * 40, *entries)

    with pytest.raises(TamperedError):
        read_pack(pack, unseal)


def test_a_table_that_tiles_the_pack_is_read() -> None:
    pack = pack_with_table(b"x" * 40, (0, HEAD, 20), (1, HEAD + 20, 20))

    assert len(read_pack(pack, unseal).entries) == 2


def test_a_pack_that_is_cut_extended_or_of_another_kind_is_tampered() -> None:
    pack = pack_of(b"a" * 600)
    whole = pack.rstrip(b"\x00")
    broken = [
        b"",
        pack[:-1],
        pack + b"\x00",
        pack + bytes(len(pack)),
        pack[: len(pack) // 2],
        whole[:-1].ljust(len(pack), b"\x00"),
        b"XXXX" + pack[4:],
        b"SHPK\x02" + pack[5:],
        bytes(SMALLEST),
        bytes(SMALLEST - 1) + b"\x80",
        b"SHPK\x01\x80".ljust(SMALLEST, b"\x00"),
        whole[:-5] + b"\xff\xff\xff\xff\x80" + bytes(len(pack) - len(whole)),
        whole[:-5] + struct.pack(">I", 61) + b"\x80" + bytes(len(pack) - len(whole)),
        bytes(LARGEST + 1),
    ]

    for data in broken:
        with pytest.raises(TamperedError):
            read_pack(SealedBytes(data), unseal)

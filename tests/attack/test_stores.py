"""Whoever can write to the disk, or name an object: what the stores themselves stop."""

import sqlite3
import struct
from pathlib import Path

import pytest

from sealhold.model.errors import (
    InvalidError,
    PlaintextStoreError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import Id16, ObjectName, SealedBytes
from sealhold.model.quantities import Instant
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.packs import LARGEST, PackWriter, chunk_of, padded, read_pack
from sealhold.stores.spec import Backup, ColumnKind, Expect, Found, Put, TableSpec, Unit

PAGE = 8_192
KEY = bytes(range(32))
TABLE = TableSpec(
    name="notes",
    columns={"id": ColumnKind.ID16, "code": ColumnKind.CODE, "body": ColumnKind.SEALED},
    key=("id",),
    indexes={"code": ("code",)},
)
CANARY = b"a canary that must not be readable"


def _filled(path: Path) -> dict[bytes, bytes]:
    """Make a store of 200 rows at `path`, and return what it holds."""
    store = SqlCipherStore(path)
    store.open([TABLE], lambda: KEY, create=True)
    fence = store.lease(Id16(b"s" * 16), Id16(b"h" * 16), 60, Instant(0))
    rows = [(n.to_bytes(16, "big"), f"c{n % 7}", CANARY + bytes([n]) * 900) for n in range(200)]
    units = [Unit((Put("notes", row, Expect.ABSENT),)) for row in rows]
    store.commit(units, lambda _results: [], fence)
    store.close()
    return {row[0]: row[2] for row in rows}


def _read(path: Path) -> list[Found]:
    """Return all rows of the store at `path`, read through its table and its index."""
    store = SqlCipherStore(path)
    store.open([TABLE], lambda: KEY, create=False)
    try:
        by_code = store.scan("notes", "code", (), ()).rows
        return by_code + store.scan("notes", "key", (), ()).rows
    finally:
        store.close()


@pytest.mark.threat("T05")
def test_a_plain_database_in_place_of_the_encrypted_one_is_refused_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "vault.db"
    _filled(path)
    path.unlink()
    plain = sqlite3.connect(path)
    plain.execute("CREATE TABLE t_notes (c_id BLOB, c_code TEXT, c_body BLOB, v INTEGER)")
    plain.commit()
    plain.close()
    before = path.read_bytes()

    with pytest.raises(PlaintextStoreError):
        _read(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.petrus("P5")
@pytest.mark.threat("T05")
def test_no_file_of_an_open_store_its_backup_or_its_scratch_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    sink = MemoryObjects()
    store = SqlCipherStore(path)
    store.open([TABLE], lambda: KEY, create=True)
    fence = store.lease(Id16(b"s" * 16), Id16(b"h" * 16), 60, Instant(0))
    row = (b"i" * 16, "openword", CANARY)
    store.commit([Unit((Put("notes", row),))], lambda _results: [], fence)

    store.backup(sink, "copy")

    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    files |= {name: sink.get(name) for name in sink.names()}
    assert {"vault.db", "vault.db-wal", "copy/00000000"} <= set(files)
    for name, content in files.items():
        for word in (CANARY, b"openword", b"notes", b"SQLite format"):
            assert word not in content, name
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())


@pytest.mark.threat("T06")
def test_a_flipped_bit_in_any_page_is_an_error_and_never_a_wrong_row(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    rows = _filled(path)
    whole = path.read_bytes()
    said: list[str] = []

    for page in range(len(whole) // PAGE):
        changed = bytearray(whole)
        changed[page * PAGE + 97 * page % PAGE] ^= 0x10
        path.write_bytes(changed)
        try:
            read = {row.row[0]: row.row[2] for row in _read(path)}
        except TamperedError as err:
            said.append(str(err))
        else:
            assert read == rows  # a page that no row needs

    assert len(said) > 20
    assert set(said) == {"`vault.db` is damaged, or its key is another"}


@pytest.mark.threat("T06")
def test_a_check_names_each_flipped_page(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    _filled(path)
    whole = bytearray(path.read_bytes())
    for page in (5, 9):
        whole[page * PAGE + 1_000] ^= 1
    path.write_bytes(whole)
    store = SqlCipherStore(path)
    store.open([TABLE], lambda: KEY, create=False)

    faults = store.check().faults

    assert len(faults) == 2
    assert ["page 6" in faults[0], "page 10" in faults[1]] == [True, True]
    store.close()


@pytest.mark.threat("T06")
def test_a_page_that_took_anothers_place_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    _filled(path)
    whole = path.read_bytes()
    pages = [whole[at : at + PAGE] for at in range(0, len(whole), PAGE)]
    pages[6], pages[7] = pages[7], pages[6]
    path.write_bytes(b"".join(pages))

    with pytest.raises(TamperedError):
        _read(path)


@pytest.mark.threat("T06")
@pytest.mark.parametrize("left", [0, 1, 16, 100, PAGE - 1, PAGE, 5 * PAGE, 10 * PAGE + 5])
def test_a_truncated_file_is_an_error(left: int, tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    _filled(path)
    path.write_bytes(path.read_bytes()[:left])

    with pytest.raises(TamperedError):
        _read(path)


@pytest.mark.threat("T06")
def test_another_key_opens_nothing_and_says_nothing_aside(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "vault.db"
    _filled(path)
    store = SqlCipherStore(path)

    with pytest.raises(TamperedError) as caught:
        store.open([TABLE], lambda: bytes(32), create=False)

    assert caught.value.__cause__ is not None
    assert KEY.hex() not in repr(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.threat("T06")
def test_a_changed_backup_does_not_become_a_store_that_opens(tmp_path: Path) -> None:
    _filled(tmp_path / "vault.db")
    store = SqlCipherStore(tmp_path / "vault.db")
    store.open([TABLE], lambda: KEY, create=False)
    sink, changed = MemoryObjects(), MemoryObjects()
    backup = store.backup(sink, "copy")
    store.close()
    for name, length in backup.objects.items():
        data = bytearray(sink.get(name))
        data[length // 2] ^= 1
        changed.put(name, SealedBytes(bytes(data)))
    restored = SqlCipherStore(tmp_path / "restored.db")

    restored.restore(changed, backup)

    with pytest.raises(TamperedError):
        _read(tmp_path / "restored.db")


def _seal(salt: bytes, table: bytes) -> SealedBytes:
    return SealedBytes(salt[:16] + table + salt[16:])


def _unseal(salt: bytes, sealed: SealedBytes) -> bytes:
    if not (sealed.startswith(salt[:16]) and sealed.endswith(salt[16:])):
        raise SealBrokenError
    return sealed[16:-16]


def _pack(salt: bytes, *chunks: bytes) -> SealedBytes:
    writer = PackWriter(salt)
    for number, chunk in enumerate(chunks):
        writer.add(number.to_bytes(32, "big"), SealedBytes(chunk))
    return writer.finish(_seal)


@pytest.mark.threat("T07")
def test_the_table_of_one_pack_does_not_open_in_another() -> None:
    mine, other = _pack(b"m" * 32, b"x" * 100), _pack(b"o" * 32, b"y" * 100)
    spliced = SealedBytes(mine[:37] + other[37:])

    with pytest.raises(TamperedError):
        read_pack(spliced, _unseal)


@pytest.mark.threat("T07")
def test_a_chunk_that_is_inserted_removed_or_stretched_does_not_fit_the_table() -> None:
    pack = _pack(b"m" * 32, b"x" * 100, b"y" * 100)
    whole = pack.rstrip(b"\x00")

    for spliced in (
        whole[:37] + b"z" * 100 + whole[37:],
        whole[:37] + whole[137:],
        whole[:137] + b"z" + whole[137:],
    ):
        padding = padded(len(spliced)) - len(spliced)
        with pytest.raises(TamperedError):
            read_pack(SealedBytes(spliced + bytes(padding)), _unseal)


@pytest.mark.threat("T07")
@pytest.mark.parametrize("length", [0, 1, 113, 2**31, 2**32 - 1])
def test_a_table_length_that_lies_is_refused(length: int) -> None:
    pack = _pack(b"m" * 32, b"x" * 100, b"y" * 100)
    whole = pack.rstrip(b"\x00")
    lying = whole[:-5] + struct.pack(">I", length) + b"\x80" + bytes(len(pack) - len(whole))

    with pytest.raises(TamperedError):
        read_pack(SealedBytes(lying), _unseal)


@pytest.mark.threat("T07")
def test_an_entry_that_reaches_out_of_its_pack_is_refused_even_under_a_good_seal() -> None:
    table = struct.pack(">32sII", bytes(32), 37, LARGEST)
    sealed = _seal(b"m" * 32, table)
    whole = b"SHPK\x01" + b"m" * 32 + b"x" * 100 + sealed + struct.pack(">I", len(sealed)) + b"\x80"
    pack = SealedBytes(whole.ljust(padded(len(whole)), b"\x00"))

    with pytest.raises(TamperedError):
        read_pack(pack, _unseal)


@pytest.mark.threat("T07")
def test_bytes_hidden_in_the_padding_are_refused() -> None:
    pack = _pack(b"m" * 32, b"x" * 100)

    with pytest.raises(TamperedError):
        read_pack(SealedBytes(pack[:-1] + b"!"), _unseal)
    assert chunk_of(pack, read_pack(pack, _unseal).entries[0]) == b"x" * 100


@pytest.mark.threat("T08")
@pytest.mark.parametrize(
    "hostile",
    ["../out", "a/../../out", "/out", "..", "a/./b", ".tmp-x", "a\x00b", "a//b", "", "A", "a+/b"],
)
def test_a_hostile_name_touches_nothing_in_or_beside_the_folder(
    hostile: str, tmp_path: Path
) -> None:
    outside = tmp_path / "out"
    outside.write_bytes(b"not ours")
    folder = tmp_path / "objects"
    folder.mkdir()
    store, name = LocalDir(folder), ObjectName(hostile)

    with pytest.raises(InvalidError):
        store.put(name, SealedBytes(b"evil"))
    with pytest.raises(InvalidError):
        store.get(name)
    with pytest.raises(InvalidError):
        store.delete(name)

    assert outside.read_bytes() == b"not ours"
    assert list(folder.iterdir()) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["objects", "out"]


@pytest.mark.threat("T08")
def test_a_backup_that_names_hostile_objects_reads_none_of_them(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not ours")
    folder = tmp_path / "objects"
    folder.mkdir()
    store = SqlCipherStore(tmp_path / "vault.db")

    with pytest.raises(SealholdError):
        store.restore(LocalDir(folder), Backup(objects={ObjectName("../secret"): 8}))

    assert not (tmp_path / "vault.db").exists()

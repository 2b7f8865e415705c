"""What a SQLCipher store leaves in its folder, seen by somebody who has the key."""

from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlcipher3 import dbapi2 as sqlcipher

from sealhold.model.errors import StoreBusyError
from sealhold.stores import cipherfile
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.spec import DeleteWhere
from sealhold.stores.sqltext import TableText
from sealhold.stores.tables import Tables

from .record_bench import KEY, THINGS, Opened, Place, leaf, thing
from .record_openers import OPENERS

PAGE, RESERVE, SALT = 8_192, 80, 16  # of SQLCipher 4: a 16-byte IV and a 64-byte MAC end each page
FRAME_HEAD, LOG_HEAD = 24, 32  # of SQLite's write-ahead log


def _opened(page: bytes, *, is_first: bool) -> bytes:
    """Return a page as SQLite sees it."""
    cipher = Cipher(algorithms.AES256(KEY), modes.CBC(page[-RESERVE : SALT - RESERVE]))
    return cipher.decryptor().update(page[SALT if is_first else 0 : -RESERVE])


def _main(folder: Path) -> bytes:
    whole = (folder / "store.db").read_bytes()
    return b"".join(
        _opened(whole[at : at + PAGE], is_first=at == 0) for at in range(0, len(whole), PAGE)
    )


def _log(folder: Path) -> bytes:
    whole = (folder / "store.db-wal").read_bytes()[LOG_HEAD:]
    frames = [whole[at : at + FRAME_HEAD + PAGE] for at in range(0, len(whole), FRAME_HEAD + PAGE)]
    return b"".join(_opened(f[FRAME_HEAD:], is_first=f[:4] == b"\x00\x00\x00\x01") for f in frames)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _marks(*numbers: int) -> list[bytes]:
    return [thing(number, size=3_000)[-1] for number in numbers]


def test_a_purged_row_is_in_no_file_even_for_whoever_has_the_key(tmp_path: Path) -> None:
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(*(thing(n, size=3_000, day=n // 31) for n in range(1, 60)))
    gone, kept = _marks(31, 45, 59), _marks(1, 15, 30)
    opened.store.purge()
    assert all(mark in _main(tmp_path) for mark in gone + kept)
    before = (tmp_path / "store.db").stat().st_size

    opened.commit([DeleteWhere("things", "day", (1,))])
    assert any(mark in _main(tmp_path) + _log(tmp_path) for mark in gone)
    opened.store.purge()

    left = _main(tmp_path)
    assert (tmp_path / "store.db-wal").stat().st_size == 0
    assert not any(mark in left for mark in gone)
    assert all(mark in left for mark in kept)
    assert (tmp_path / "store.db").stat().st_size < before


def test_a_purge_that_a_snapshot_hinders_says_so_and_works_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cipherfile, "PATIENCE", 20)
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(thing(1), thing(2))

    with opened.store.snapshot():
        opened.commit([DeleteWhere("things", "key", ())])
        with pytest.raises(StoreBusyError):
            opened.store.purge()

    opened.store.purge()
    assert (tmp_path / "store.db-wal").stat().st_size == 0
    opened.keep(thing(3))


def test_a_closed_store_is_one_private_file(tmp_path: Path) -> None:
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(thing(1), leaf(1))
    with opened.store.snapshot():
        opened.store.backup(MemoryObjects(), "copy")

    opened.store.close()

    [file] = tmp_path.iterdir()
    assert file.name == "store.db"
    assert file.stat().st_mode & 0o777 == 0o600


def test_threads_that_ended_leave_no_open_file(tmp_path: Path) -> None:
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(thing(1))
    opened.numbers()
    before = _open_files()

    for _ in range(30):
        reader = Thread(target=opened.numbers)
        reader.start()
        reader.join()

    assert _open_files() <= before + 6  # a reader or two, of three files each


def test_one_snapshot_after_another_opens_no_file_anew_and_shows_what_is_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(thing(1))
    _things(opened)
    monkeypatch.delattr(cipherfile.CipherFile, "connect")

    opened.keep(thing(2))

    assert _things(opened) == 2


def test_what_a_snapshot_that_ended_in_an_error_read_with_is_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(thing(1))
    with pytest.raises(ZeroDivisionError), opened.store.snapshot():
        raise ZeroDivisionError
    monkeypatch.delattr(cipherfile.CipherFile, "connect")

    with pytest.raises(AttributeError, match="connect"):
        _things(opened)


def test_a_store_that_is_closed_under_a_snapshot_leaves_no_open_file(tmp_path: Path) -> None:
    before = _open_files()
    opened = Place(OPENERS["sqlcipher"], tmp_path).create()
    opened.keep(thing(1))

    with opened.store.snapshot():
        _things(opened)
        opened.store.close()

    assert _open_files() <= before


def test_a_page_of_rows_is_asked_for_without_preparing_the_statement_again() -> None:
    (table,) = Tables((THINGS,))
    text = TableText(table)
    connection = sqlcipher.connect(":memory:", isolation_level=None)
    for statement in text.creates:
        connection.execute(statement)
    ask = text.scan("day", 1, 0, past=False, reverse=False)
    prepared: list[int] = []

    def note(*_asked: object) -> int:
        prepared.append(1)
        return int(sqlcipher.SQLITE_OK)

    connection.set_authorizer(note)

    counts = []
    for limit in (5, 7, 5):
        connection.execute(ask, (0, limit)).fetchall()
        counts.append(len(prepared))

    assert counts[0] > 0
    assert counts == [counts[0]] * 3
    connection.close()


def _things(opened: Opened) -> int:
    with opened.store.snapshot() as view:
        return len(view.scan("things", "key", (), ()).rows)

"""Tables in place: files made to break a reader, servers that lie, queries that reach further."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import pytest

from sealhold.compute.engine import sqlitefile
from sealhold.compute.engine.cell import Engine
from sealhold.compute.engine.orders import HEAD, LARGEST, Begin, Failed, Look, Rows, packed
from sealhold.model.errors import (
    InvalidError,
    InvalidQueryError,
    SealholdError,
    SourceAwayError,
    SourceChangedError,
    UnreadableSourceError,
)
from sealhold.node import Node
from tests.scenarios.tables import Watched
from tests.scenarios.vaults import Hands, new_home, opened

SECRET = "hunter2-9d1f"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Path]]:
    folder = tmp_path_factory.mktemp("in-place")
    with opened(new_home(folder / "home", Hands()), Hands()) as node:
        yield node, folder


def made(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as file:
        for each in statements:
            file.execute(each)
        file.commit()
    return path


def look(path: Path, what: str) -> object:
    begin = Begin(kind="sqlite", files=(str(path),))
    with Engine(begin) as engine:
        return list(engine.ask(Look(what=what, path=str(path))))


@pytest.mark.threat("T405")
def test_a_file_that_is_damaged_anywhere_ends_in_a_named_error(tmp_path: Path) -> None:
    path = tmp_path / "whole.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, said TEXT)")
        file.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"{n:040}") for n in range(300)])
        file.commit()
    whole, broken = path.read_bytes(), tmp_path / "broken.db"
    begin = Begin(kind="sqlite", files=(str(broken),))
    broken.write_bytes(whole)
    with Engine(begin) as engine:
        ended = 0
        for at in range(16, len(whole), len(whole) // 40):
            with broken.open("r+b") as file:  # the very file that the engine may read
                file.write(whole[:at] + bytes([whole[at] ^ 0xFF, 0xFF, 0x00]) + whole[at + 3 :])
            with suppress(SourceChangedError, SourceAwayError):  # and no other error
                list(engine.ask(Look(what="t", path=str(broken))))
                continue
            ended += 1
    assert ended


@pytest.mark.threat("T405")
@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"no database at all" * 50])
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.db"
    path.write_bytes(content)
    with pytest.raises((SourceChangedError, SourceAwayError)):
        look(path, "t")


@pytest.mark.threat("T405")
@pytest.mark.parametrize(
    "view",
    [
        "CREATE VIEW v AS SELECT load_extension('/tmp/evil.so') AS x",
        "CREATE VIEW v AS SELECT writefile('/tmp/evil', 'x') AS x",
        "CREATE VIEW v AS SELECT readfile('/etc/passwd') AS x",
        "CREATE VIEW v AS SELECT zeroblob(1000000000) AS x",
    ],
)
def test_a_view_of_a_foreign_file_runs_nothing_that_reaches_out(tmp_path: Path, view: str) -> None:
    with pytest.raises((SourceChangedError, UnreadableSourceError)):
        look(made(tmp_path / "view.db", "CREATE TABLE t (x)", view), "v")


@pytest.mark.threat("T405")
def test_a_view_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    path = made(tmp_path / "endless.db", "CREATE TABLE t (x)", f"CREATE VIEW v AS {endless}")
    monkeypatch.setattr(sqlitefile, "SECONDS", 0.2)
    with pytest.raises(SourceChangedError, match="longer than"):
        list(sqlitefile.do(Look(what="v", path=str(path))))


@pytest.mark.threat("T405")
def test_an_engine_reads_no_file_but_its_own(tmp_path: Path) -> None:
    mine = made(tmp_path / "mine.db", "CREATE TABLE t (x)")
    other = made(tmp_path / "other.db", "CREATE TABLE t (x)")
    link = tmp_path / "link.db"
    link.symlink_to(other)
    with Engine(Begin(kind="sqlite", files=(str(mine),))) as engine:
        assert list(engine.ask(Look(what="t", path=str(mine))))
        for path in (other, link):
            with pytest.raises(SourceAwayError):
                list(engine.ask(Look(what="t", path=str(path))))


class Liar(Engine):
    """An engine that was taken over: it says what it likes."""

    def __init__(self, *said: bytes) -> None:
        super().__init__(Begin(kind="sqlite"), patience=0.3)
        ours, theirs = socket.socketpair()
        theirs.sendall(b"".join(said))
        self._talk, self._other = ours, theirs

    def close(self) -> None:
        super().close()
        self._other.close()


@pytest.mark.threat("T405")
@pytest.mark.parametrize(
    "said",
    [
        (LARGEST + 1).to_bytes(HEAD, "big"),
        (5).to_bytes(HEAD, "big") + b"hello",
        (9).to_bytes(HEAD, "big") + b"short",
        packed(Begin(kind="sqlite")),
        b"",
    ],
)
def test_what_a_captured_engine_says_is_not_believed(said: bytes) -> None:
    rows = Rows(what="t", path="/x", fields=())
    with Liar(said) as engine, pytest.raises(UnreadableSourceError):
        list(engine.ask(rows))


@pytest.mark.threat("T405")
def test_the_words_of_a_captured_engine_are_printable_and_short() -> None:
    said = packed(Failed("changed", "\x1b[2J" + "x" * 5_000))
    with Liar(said) as engine, pytest.raises(SourceChangedError) as told:
        list(engine.ask(Look(what="t")))
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 500


@pytest.mark.threat("T406")
def test_a_password_is_in_no_setting_and_in_no_address(vault: tuple[Node, Path]) -> None:
    node, _ = vault
    settings = {"place": f"postgresql://me:{SECRET}@127.0.0.1:1/x", "table": "t", "dataset": "d"}
    with pytest.raises(InvalidError) as told:
        node.standing.check("postgres", settings)
    assert SECRET not in str(told.value)


@pytest.mark.threat("T406")
@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"R\x00\x00\x00\x08\x00\x00\x00\x00" * 3, b"E\xff\xff\xff\xff"],
)
def test_a_server_that_is_none_gets_one_connection_and_an_error(said: bytes) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def lie() -> None:
            while True:
                try:
                    talk, _ = server.accept()
                except OSError:
                    return
                with talk:
                    asked.append(talk.recv(4_096))
                    talk.sendall(said)

        thread = Thread(target=lie, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        begin = Begin(kind="postgres", address=f"postgresql://me@127.0.0.1:{port}/x", secret=SECRET)
        with Engine(begin) as engine, pytest.raises(SealholdError) as told:
            list(engine.ask(Look(what="t")))
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert isinstance(told.value, SourceAwayError | SourceChangedError)
    assert len(asked) == 1
    assert SECRET.encode() not in b"".join(asked)


@pytest.mark.threat("T408")
@pytest.mark.parametrize(
    "ask",
    [
        'SELECT said FROM "place of open_t".hidden',
        "SELECT said FROM hidden",
        "SELECT said FROM sqlite_scan('{path}', 'hidden')",
        "SELECT said FROM open_t, (SELECT said h FROM sqlite_scan('{path}', 'hidden'))",
        "SELECT said FROM query('SELECT said FROM hidden') WHERE said <> 'open_t'",
        "SELECT content FROM read_text('{path}'), open_t",
        "SELECT said FROM '{path}', open_t",
        "ATTACH '{path}' AS more",
        "COPY open_t TO '{path}.out'",
        "CREATE TABLE kept AS SELECT * FROM open_t",
    ],
)
def test_sql_over_a_table_in_place_reaches_no_other_table_and_no_file(
    vault: tuple[Node, Path], ask: str
) -> None:
    node, folder = vault
    path = folder / "two.db"
    if not path.exists():
        made(
            path,
            "CREATE TABLE open_t (id INTEGER PRIMARY KEY, said TEXT)",
            "CREATE TABLE hidden (id INTEGER PRIMARY KEY, said TEXT)",
            f"INSERT INTO hidden VALUES (1, '{SECRET}')",
            "INSERT INTO open_t VALUES (1, 'open')",
        )
        settings = {"place": str(path), "table": "open_t", "dataset": "open_t"}
        node.standing.add("two", "sqlite", settings, mode="federate")
    text = ask.format(path=path)
    try:
        rows = node.records.query(text).rows
    except InvalidQueryError:
        rows = ()
    assert SECRET not in str(rows)
    assert sorted(each.name for each in folder.glob("two.db*")) == ["two.db"]
    assert node.records.query("SELECT said FROM open_t").rows == (("open",),)


@pytest.mark.threat("T409")
def test_two_rows_of_one_key_are_one_item_in_both_ways(
    vault: tuple[Node, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, folder = vault
    path = made(
        folder / "double.db",
        "CREATE TABLE double_t (name TEXT, n INTEGER)",
        "INSERT INTO double_t VALUES ('a', 1), ('a', 2), ('b', 3)",
    )
    settings = {"place": str(path), "table": "double_t", "dataset": "double_t", "key": "name"}
    node.standing.add("double", "sqlite", settings, mode="federate")
    firewall = node.records._firewall
    watched = Watched(firewall._pushdown)
    monkeypatch.setattr(firewall, "_pushdown", watched)
    assert node.records.query("SELECT count(*) FROM double_t").rows == ((2,),)
    assert watched.answered == 0


@pytest.mark.threat("T409")
def test_a_file_that_took_the_place_of_another_is_read_anew(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    path, other = folder / "swap.db", folder / "swap2.db"
    for each, word in ((path, "first"), (other, "second")):
        made(
            each,
            "CREATE TABLE s (id INTEGER PRIMARY KEY, said TEXT)",
            f"INSERT INTO s VALUES (1, '{word}')",
        )
    settings = {"place": str(path), "table": "s", "dataset": "swapped"}
    node.standing.add("swap", "sqlite", settings, mode="federate")
    assert node.records.query("SELECT said FROM swapped").rows == (("first",),)
    Path(other).replace(path)
    assert node.records.query("SELECT said FROM swapped").rows == (("second",),)

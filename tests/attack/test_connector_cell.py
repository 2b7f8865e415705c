"""Parsers that break or are taken over: what they try, in the real cell."""

import ctypes
import os
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar

import pytest
import uvloop

from sealhold.compute.readercell import ReaderCell
from sealhold.compute.readerworker import serve
from sealhold.connectors.frames import (
    Broken,
    Finished,
    Frame,
    Known,
    Portion,
    Unconfined,
    encode,
)
from sealhold.connectors.samples import SAMPLES
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.spec import Batch, Guess, Item, Source
from sealhold.model.errors import (
    IsolationUnavailableError,
    UnreadableSourceError,
)
from sealhold.model.records import Dataset
from tests.forking import wait_until_still

Deed = Callable[[], object]


class Captured:
    """A connector that an attacker took over: it does a deed and tells how it went."""

    name: ClassVar[str] = "captured"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = ()

    def __init__(self, deed: Deed) -> None:
        self._deed = deed

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del head, file_name
        return Guess(sure=100, what="captured")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name, cursor
        file.read()
        try:
            said = f"done: {self._deed()}"
        except OSError as err:
            said = f"refused: {type(err).__name__}"
        item = Item(dataset="x", fields={"said": said}, raw=None, original_id=None, position="1")
        yield Batch(items=[item], rejects=[], cursor="")


PATIENCE = 30.0  # seconds for a server to end


def forked(*sources: Source) -> Callable[[socket.socket], Callable[[], None]]:
    """Return what starts the real server, in a fork of this process, with these sources."""

    def launch(orders: socket.socket) -> Callable[[], None]:
        wait_until_still()
        pid = os.fork()
        if pid == 0:
            try:
                os.closerange(3, orders.fileno())
                os.closerange(orders.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
                serve(orders, sources)
            finally:
                os._exit(0)

        def wait() -> None:
            until = time.monotonic() + PATIENCE
            while os.waitpid(pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > until:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.01)

        return wait

    return launch


def said_in_the_cell(tmp_path: Path, deed: Deed) -> str:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with ReaderCell(launch=forked(Captured(deed)), patience=20) as cell:
        (portion,) = list(cell.read(path, "captured", None))
    return str(portion.batch.items[0].fields["said"])


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "deed",
    [
        lambda: ctypes.string_at(0),
        lambda: os._exit(0),
        lambda: bytearray(3 << 30),
        lambda: [bytearray(1 << 24) for _ in range(1000)],
        lambda: (_ for _ in ()).throw(RuntimeError("private words")),
    ],
    ids=["crash", "exit", "one huge block", "many blocks", "an error"],
)
def test_a_parser_that_breaks_costs_its_own_file_only(tmp_path: Path, deed: Deed) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good.csv"
    bad.write_bytes(b"x")
    good.write_bytes(SAMPLES["csv"](5).content)

    with ReaderCell(launch=forked(Captured(deed), Csv()), patience=20) as cell:
        with pytest.raises(UnreadableSourceError) as told:
            list(cell.read(bad, "captured", None))
        portions = list(cell.read(good, "csv", None))

    assert "private" not in str(told.value)
    assert sum(len(portion.batch.items) for portion in portions) == 5


@pytest.mark.threat("T21")
def test_a_parser_that_hangs_is_stopped_and_the_next_file_is_read(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good.csv"
    bad.write_bytes(b"x")
    good.write_bytes(SAMPLES["csv"](5).content)
    with ReaderCell(launch=forked(Captured(_for_ever), Csv()), patience=0.5) as cell:
        with pytest.raises(UnreadableSourceError, match="no sign of life"):
            list(cell.read(bad, "captured", None))
        cell._patience = PATIENCE  # of what comes next, which is good
        assert list(cell.read(good, "csv", None))


def _for_ever() -> None:
    while True:
        time.sleep(0.01)


ROW = Portion(
    Batch(
        items=[Item(dataset="x", fields={}, raw=None, original_id=None, position="1")],
        rejects=[],
        cursor="1:1",
    ),
    1,
)
KNOWN = Known("csv", "1", "CSV", 60)


def saying(*frames: bytes) -> Callable[[socket.socket], Callable[[], None]]:
    """Return what starts a server that is captured itself: it answers each file with these."""

    def answer(orders: socket.socket) -> None:
        while True:
            word, given, _flags, _address = socket.recv_fds(orders, 16, 2)
            if not word:
                return
            if given:
                with socket.socket(fileno=given[1]) as talk:
                    talk.sendall(b"".join(frames))
                    talk.shutdown(socket.SHUT_WR)
                    talk.recv(1000)

    def launch(orders: socket.socket) -> Callable[[], None]:
        own = socket.socket(fileno=os.dup(orders.fileno()))
        thread = threading.Thread(target=answer, args=(own,))
        thread.start()

        def wait() -> None:
            thread.join(10)
            own.close()

        return wait

    return launch


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b"\x00"],
        [encode(ROW)[:-1]],
        [encode(ROW)],
        [encode(ROW), b"\xff" * 8],
        [encode(KNOWN), encode(Finished())],
        [encode(Broken("cut off"))],
    ],
    ids=["silence", "half a head", "half a row", "no end", "garbage", "another answer", "broken"],
)
def test_a_reader_that_does_not_keep_to_the_form_costs_its_file(
    tmp_path: Path, frames: list[bytes]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")

    with (
        ReaderCell(launch=saying(*frames), patience=20) as cell,
        pytest.raises(UnreadableSourceError),
    ):
        list(cell.read(path, "csv", None))


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "frames", [[Finished()], [KNOWN, KNOWN, Finished()], [ROW, Finished()]], ids=len
)
def test_a_file_is_known_once_or_not_at_all(tmp_path: Path, frames: list[Frame]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")

    with (
        ReaderCell(launch=saying(*map(encode, frames)), patience=20) as cell,
        pytest.raises(UnreadableSourceError),
    ):
        cell.detect(path)


@pytest.mark.threat("T24")
def test_without_a_jail_nothing_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")

    with (
        ReaderCell(launch=saying(encode(Unconfined())), patience=20) as cell,
        pytest.raises(IsolationUnavailableError),
    ):
        cell.detect(path)


@pytest.mark.threat("T22")
def test_what_is_told_of_a_broken_file_cannot_move_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")

    def deed() -> None:
        raise UnreadableSourceError("\x1b[2Jgone\r\n")

    with (
        ReaderCell(launch=forked(Captured(deed)), patience=20) as cell,
        pytest.raises(UnreadableSourceError) as told,
    ):
        list(cell.read(path, "captured", None))

    assert str(told.value).isprintable()


@pytest.mark.threat("T23")
def test_an_archive_is_named_and_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" * 1_000_000)

    with ReaderCell() as cell, pytest.raises(UnreadableSourceError, match="ZIP archive"):
        cell.detect(path)


@pytest.mark.threat("T24")
@pytest.mark.parametrize(
    "deed",
    [
        socket.socket,
        lambda: socket.socket(socket.AF_UNIX),
        lambda: socket.create_connection(("127.0.0.1", 80), 1),
        lambda: Path("/etc/passwd").read_bytes(),
        lambda: os.listdir("/"),  # noqa: PTH208 - the call itself is tried
        lambda: Path("/tmp/out").write_bytes(b"x"),
        lambda: os.open(__file__, os.O_RDWR),
        lambda: Path("/proc/self/environ").read_bytes(),
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: os.kill(os.getppid(), 0),
    ],
    ids=[
        "internet socket", "local socket", "connection", "a file", "a folder", "a new file",
        "a file to write", "the environment", "a process", "a program", "a signal",
    ],
)  # fmt: skip
def test_a_connector_in_the_cell_opens_reaches_and_starts_nothing(
    tmp_path: Path, deed: Deed
) -> None:
    assert said_in_the_cell(tmp_path, deed).startswith("refused")


@pytest.mark.threat("T24")
def test_a_connector_in_the_cell_holds_only_its_file_and_its_way_out(tmp_path: Path) -> None:
    def open_ones() -> list[int]:
        found = []
        for descriptor in range(64):
            try:
                os.fstat(descriptor)
            except OSError:
                continue
            found.append(descriptor)
        return found

    uvloop.new_event_loop().close()  # libuv opens a pipe at each fork from now on
    said = said_in_the_cell(tmp_path, open_ones)

    assert len(said.removeprefix("done: [").split(",")) <= 5  # null thrice, the file, the socket

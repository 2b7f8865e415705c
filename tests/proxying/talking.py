"""One client of a PostgreSQL end that keeps all of an answer that two ends can differ in.

- Over libpq itself, below any driver: rows as bytes, names, types and modifiers of columns, tags
  of commands, SQLSTATEs, the state of the transaction.
- Three ways to ask the same: as one text; with parameters as text; prepared, described, and
  executed with parameters and results in binary form.
- An end that says nothing for a while is cut off and counts as silent.
"""

import re
import select
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from time import monotonic
from typing import Final, Self

import psycopg
from psycopg import adapters, pq

from tests.proxying.addresses import Address

PATIENCE: Final = 20.0  # seconds for one answer
MARKED: Final = re.compile("«([^»]*)»")  # a value that becomes a parameter
NOTHING: Final = "NULL"  # so marked it is NULL
READY: Final = {pq.PollingStatus.READING, pq.PollingStatus.WRITING}
ROWS: Final = pq.ExecStatus.TUPLES_OK
OWN: Final = 16_384  # the first number of what users made: each database counts its own
BINARY_COPY: Final = b"PGCOPY\n\xff\r\n\0"


@unique
class Way(Enum):
    """How a statement is sent."""

    SIMPLE = "simple"
    TEXT = "text"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement; what stands between « and » are its values."""

    sql: str
    data: bytes | None = None  # of COPY FROM STDIN

    @property
    def values(self) -> list[bytes | None]:
        return [None if v == NOTHING else v.encode() for v in MARKED.findall(self.sql)]

    @property
    def literal(self) -> str:
        """The text with its values as literals."""
        return MARKED.sub(lambda found: _literal(found[1]), self.sql)

    @property
    def numbered(self) -> str:
        """The text with $1, $2, ... for its values."""
        numbers = iter(range(1, 1_000))
        return MARKED.sub(lambda _: f"${next(numbers)}", self.sql)


def _literal(value: str) -> str:
    return NOTHING if value == NOTHING else "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Heading:
    """What is told of one column before its rows."""

    name: str
    oid: int
    typmod: int
    binary: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for one statement."""

    kind: str  # rows, done, empty, error, copied, silent, lost
    tag: str = ""
    headings: tuple[Heading, ...] = ()
    rows: tuple[tuple[bytes | None, ...], ...] = ()
    sqlstate: str = ""
    message: str = ""
    parameters: tuple[int, ...] = ()  # types of them, where they were asked for

    @property
    def is_refused(self) -> bool:
        """Whether a proxy says that it will not: neither tampering nor failure."""
        return self.sqlstate in {"SH001", "SH002", "SH006", "SH007"}


class Talk:
    """A connection; it ends with the block that it is used in."""

    def __init__(self, address: Address, *, options: str = "") -> None:
        self.link = pq.PGconn.connect_start(f"{address.conninfo} {options}".encode())
        until = monotonic() + PATIENCE  # no call blocks: relays of tests live in this process
        while (now := self.link.connect_poll()) in READY:
            ready = [self.link.socket]
            reading = now == pq.PollingStatus.READING
            select.select(ready if reading else [], [] if reading else ready, [], 1.0)
            if monotonic() > until:
                raise ConnectionError("no answer")
        if self.link.status != pq.ConnStatus.OK:
            raise ConnectionError(self.link.error_message.decode(errors="replace"))
        self.link.nonblocking = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.link.finish()

    @property
    def state(self) -> str:
        """Return IDLE, INTRANS, INERROR, ..."""
        return pq.TransactionStatus(self.link.transaction_status).name

    def say(self, step: Step | str, way: Way = Way.SIMPLE) -> list[Answer]:
        """Send one statement, or several in one text, and return what came for each."""
        asked = Step(step) if isinstance(step, str) else step
        try:
            match way:
                case Way.SIMPLE:
                    self.link.send_query(asked.literal.encode())
                    return self._came(asked.data)
                case Way.TEXT:
                    self.link.send_query_params(asked.numbered.encode(), asked.values)
                    return self._came(asked.data)
                case Way.BINARY:
                    return self._prepared(asked)
        except TimeoutError:
            self.link.finish()
            return [Answer("silent")]
        except psycopg.Error as error:  # the connection is gone
            return [Answer("lost", message=str(error))]

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a statement that must be answered, as text."""
        (answer,) = self.say(sql)
        assert answer.kind in {"rows", "done"}, (sql, answer)
        return [tuple(None if c is None else c.decode() for c in row) for row in answer.rows]

    def _prepared(self, asked: Step) -> list[Answer]:
        self.link.send_prepare(b"", asked.numbered.encode())
        made = self._came(None)
        if [answer.kind for answer in made] != ["done"]:
            return made
        self.link.send_describe_prepared(b"")
        came = self._came(None)
        if len(came) != 1 or came[0].kind == "error":
            return came or [Answer("lost", message="not described")]
        (told,) = came
        if len(told.parameters) != len(asked.values):
            return [Answer("lost", message=f"{len(told.parameters)} parameters told")]
        values, formats = _in_binary(asked.values, told.parameters)
        self.link.send_query_prepared(b"", values, formats, pq.Format.BINARY)
        return [told, *self._came(asked.data)]

    def _came(self, data: bytes | None) -> list[Answer]:
        came = []
        while (found := self._next()) is not None:
            if found.status == pq.ExecStatus.COPY_IN:
                self._copy_in(b"" if data is None else data)
            elif found.status == pq.ExecStatus.COPY_OUT:
                came.append(self._copy_out())
            else:
                came.append(_answer(found))
        return came

    def _next(self) -> pq.abc.PGresult | None:
        until = monotonic() + PATIENCE
        while self.link.is_busy():
            self._wait(until)
            self.link.consume_input()
        return self.link.get_result()

    def _wait(self, until: float) -> None:
        writing = [self.link.socket] if self.link.flush() else []
        ready = select.select([self.link.socket], writing, [], max(0.0, until - monotonic()))
        if not any(ready):
            raise TimeoutError

    def _copy_in(self, data: bytes) -> None:
        until = monotonic() + PATIENCE
        for at in range(0, len(data), 4_000):  # pieces end in the middle of lines
            while not self.link.put_copy_data(data[at : at + 4_000]):
                self._wait(until)
        while not self.link.put_copy_end():
            self._wait(until)

    def _copy_out(self) -> Answer:
        pieces = []
        until = monotonic() + PATIENCE
        while True:
            size, piece = self.link.get_copy_data(1)
            if size == 0:
                self._wait(until)
                self.link.consume_input()
            elif size < 0:
                break
            else:
                pieces.append(bytes(piece))
        return Answer("copied", rows=tuple((line,) for line in lines_of(b"".join(pieces))))


def lines_of(copied: bytes) -> Iterator[bytes]:
    """Yield the lines of what COPY gave, or its rows in binary form."""
    if not copied.startswith(BINARY_COPY):
        yield from copied.splitlines(keepends=True)
        return
    at = len(BINARY_COPY) + 8
    yield copied[:at]
    while (count := struct.unpack_from(">h", copied, at)[0]) != -1:
        end = at + 2
        for _ in range(count):
            end += 4 + max(0, struct.unpack_from(">i", copied, end)[0])
        yield copied[at:end]
        at = end
    yield copied[at:]


def _answer(found: pq.abc.PGresult) -> Answer:
    if found.status in {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE}:
        state = found.error_field(pq.DiagnosticField.SQLSTATE) or b""
        said = found.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
        return Answer("error" if state else "lost", sqlstate=state.decode(), message=said.decode())
    if found.status == pq.ExecStatus.EMPTY_QUERY:
        return Answer("empty")
    headings = tuple(
        Heading(
            (found.fname(at) or b"").decode(), min(found.ftype(at), OWN), found.fmod(at),
            found.fformat(at) == pq.Format.BINARY,
        )
        for at in range(found.nfields)
    )  # fmt: skip
    rows = tuple(
        tuple(found.get_value(row, at) for at in range(found.nfields))
        for row in range(found.ntuples)
    )
    return Answer(
        "rows" if found.status == ROWS else "done",
        tag=(found.command_status or b"").decode(),
        headings=headings,
        rows=rows,
        parameters=tuple(found.param_type(at) for at in range(found.nparams)),
    )


def _in_binary(
    values: Sequence[bytes | None], oids: Sequence[int]
) -> tuple[list[bytes | None], list[pq.Format]]:
    """Return values in the binary form of their types; as text those without a form here."""
    made: list[bytes | None] = []
    formats = []
    for value, oid in zip(values, oids, strict=True):
        binary = None if value is None else _binary(value, oid)
        made.append(value if binary is None else binary)
        formats.append(pq.Format.TEXT if binary is None else pq.Format.BINARY)
    return made, formats


def _binary(value: bytes, oid: int) -> bytes | None:
    reader = adapters.get_loader(oid, pq.Format.TEXT)
    if reader is None:
        return None
    try:
        read = reader(oid).load(value)
        writer = adapters.get_dumper_by_oid(oid, pq.Format.BINARY)
        made = writer(type(read)).dump(read)
    except Exception:  # noqa: BLE001 - no form for it, or no such value: then text goes
        return None
    return None if made is None else bytes(made)

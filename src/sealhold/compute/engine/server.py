"""A table of a PostgreSQL server: one connection, one read-only transaction, a cursor on its side.

- The connection is opened before the jail closes, to the address that was looked up; what the
  server says, from its first byte on, is parsed behind it.
- TLS is verified, unless the server is on this machine.
- Each value comes as the text that the server writes of it: nothing is rounded on the way.

Source: docs/spec/38-in-place.md section 6; postgresql.org: protocol, DECLARE, SET TRANSACTION.
"""

import asyncio
import ipaddress
import json
import math
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg

from sealhold.compute.engine.orders import (
    Failed,
    Field,
    Found,
    Lines,
    Look,
    Looked,
    Order,
    Rows,
    Said,
)
from sealhold.compute.engine.values import written
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    LoginNeededError,
    SealholdError,
    SourceAwayError,
    SourceChangedError,
)
from sealhold.model.records import ColumnType

CONNECTING: Final = 10  # seconds
PATIENCE: Final = 300.0  # seconds of one statement
CHUNK: Final = 2_000  # rows of a message
_PORT: Final = 5432
_LOGIN: Final = ("28000", "28P01", "42501", "3D000")  # account, password, right, database
_CHANGED: Final = ("42P01", "42703", "42804", "42883", "42601")  # table, column, types, query
_TYPES: Final = {
    "int2": ColumnType.INTEGER,
    "int4": ColumnType.INTEGER,
    "int8": ColumnType.INTEGER,
    "float4": ColumnType.FLOAT,
    "float8": ColumnType.FLOAT,
    "numeric": ColumnType.DECIMAL,
    "bool": ColumnType.BOOL,
    "date": ColumnType.INSTANT,
    "timestamp": ColumnType.INSTANT,
    "timestamptz": ColumnType.INSTANT,
    "json": ColumnType.LIST,
    "jsonb": ColumnType.LIST,
}
_KEY: Final = """
SELECT a.attname FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = to_regclass($1) AND i.indisprimary ORDER BY array_position(i.indkey, a.attnum)
"""
_SETTINGS: Final = {
    "application_name": "sealhold",
    "default_transaction_read_only": "on",
    "statement_timeout": str(int(PATIENCE * 1000)),
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "1",
}
_T = TypeVar("_T")


class _Open(socket.socket):
    """A connection whose options are set: the jail has no call to set them."""

    def setsockopt(self, *_: object) -> None:
        """Leave them as they are."""


class _OneLoop(asyncio.SelectorEventLoop):
    """An event loop that has one connection to give, and it is open already."""

    ready: socket.socket | None = None

    async def create_connection(self, factory: Any, *_: Any, **more: Any) -> Any:  # type: ignore[override]  # noqa: ANN401  # reason: the driver calls one of its forms
        """Give the connection that is open, once.

        Raises:
            OSError: it was given already.
        """
        sock, self.ready = self.ready, None
        if sock is None:
            raise OSError("there is one connection")
        kept = {name: more[name] for name in ("ssl", "server_hostname") if more.get(name)}
        return await super().create_connection(factory, sock=sock, **kept)


class Server:
    """A server that can be logged in to, and how."""

    def __init__(self, sock: socket.socket, parts: Any, secret: str, tls: Any) -> None:  # noqa: ANN401  # reason: of the standard library
        self._loop = _OneLoop()
        self._loop.ready = sock
        self._parts = parts
        self._secret = secret
        self._tls = tls
        self._connection: Any = None

    def do(self, order: Order) -> Iterator[Said]:
        """Look at a table, or give its rows.

        Raises:
            SourceAwayError: the server does not answer, or not as one.
            LoginNeededError: it refuses the account.
            SourceChangedError: there is something else than what was accepted.
        """
        try:
            if self._connection is None:
                self._connection = self._wait(self._login())
            match order:
                case Look():
                    yield self._wait(self._look(order))
                case Rows():
                    yield from self._rows(order)
                case _:
                    yield Failed("unfit", "")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as err:
            told = _meaning(err)
            raise told from err

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run_until_complete(work)

    async def _login(self) -> Any:  # noqa: ANN401  # reason: the driver's own type
        return await asyncpg.connect(
            host=self._parts.hostname,
            port=self._parts.port or _PORT,
            user=unquote(self._parts.username or ""),
            password=self._secret,
            database=unquote(self._parts.path[1:]) or None,
            ssl=self._tls,
            timeout=CONNECTING,
            server_settings=_SETTINGS,
            statement_cache_size=0,
        )

    async def _look(self, order: Look) -> Looked:
        of = relation(order.what, is_query=order.is_query)
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            told = await self._connection.prepare(f"SELECT * FROM {of} AS t LIMIT 0")  # noqa: S608  # reason: quoted, or the owner's own query
            columns = tuple(
                Found(
                    name=each.name,
                    declared=each.type.name,
                    type=type_of(each.type.name, each.type.kind).name,
                )
                for each in told.get_attributes()
            )
            count = await self._connection.fetchval(f"SELECT count(*) FROM {of} AS t")  # noqa: S608  # reason: as above
            key = [] if order.is_query else await self._connection.fetch(_KEY, of)
        return Looked(columns=columns, key=tuple(each[0] for each in key), rows=count)

    def _rows(self, order: Rows) -> Iterator[Said]:
        transaction = self._connection.transaction(isolation="repeatable_read", readonly=True)
        self._wait(transaction.start())
        cursor = self._wait(self._opened(order))
        while some := self._wait(cursor.fetch(CHUNK)):
            rows = [{f.name: cell(f, row[at]) for at, f in enumerate(order.fields)} for row in some]
            yield Lines(len(rows), written(rows), some[-1][len(order.fields)] if order.by else None)
        self._wait(transaction.rollback())

    async def _opened(self, order: Rows) -> Any:  # noqa: ANN401  # reason: the driver's own type
        of = relation(order.what, is_query=order.is_query)
        told = await self._connection.prepare(f"SELECT * FROM {of} AS t LIMIT 0")  # noqa: S608  # reason: as above
        kinds = {each.name: each.type.name for each in told.get_attributes()}
        if lacking := [each.of for each in order.fields if each.of not in kinds]:
            raise SourceChangedError(f"the column `{lacking[0]}` is gone")
        cells = ", ".join(sent(each, kinds[each.of]) for each in order.fields)
        by = named(order.by) if order.by else ""
        where = f" WHERE {by} >= {_text(order.after)}" if order.after else ""
        more, ordered = (f", {by}::text", f" ORDER BY {by}") if by else ("", "")
        return await self._connection.cursor(f"SELECT {cells}{more} FROM {of} AS t{where}{ordered}")  # noqa: S608  # reason: as above


def connected(address: str, secret: str) -> Server:
    """Connect to a server; nothing that it says was read yet.

    Raises:
        SourceAwayError: it does not answer.
    """
    parts = urlsplit(address)
    host, port = str(parts.hostname), parts.port or _PORT
    try:
        sock = socket.create_connection((host, port), timeout=CONNECTING)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setblocking(False)  # noqa: FBT003  # reason: its only form
    except OSError as err:
        raise SourceAwayError("the server does not answer") from err
    here = ipaddress.ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback
    # THREAT T406: a password goes to nobody whose certificate is not the server's
    return Server(
        _Open(fileno=sock.detach()), parts, secret, False if here else ssl.create_default_context()
    )


def type_of(name: str, kind: str) -> ColumnType:
    """Return what a column of a type of the server's is here."""
    if kind in ("array", "composite"):
        return ColumnType.LIST
    return _TYPES.get(name, ColumnType.TEXT)


def relation(what: str, *, is_query: bool) -> str:
    """Return a table, `schema.table` too, or a query, as it stands in a statement."""
    return f"({what})" if is_query else ".".join(named(each) for each in what.split("."))


def named(name: str) -> str:
    """Return a name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def sent(field: Field, kind: str) -> str:
    """Return the expression that gives a column as exact text."""
    cell, is_time = f"t.{named(field.of)}", kind in ("date", "timestamp", "timestamptz")
    match ColumnType[field.type]:
        case ColumnType.INSTANT if is_time:
            whole = f"floor(extract(epoch FROM {cell}) * 1000)"
            return f"CASE WHEN isfinite({cell}) THEN {whole} END::int8::text"
        case ColumnType.TEXT if kind == "bytea":
            return f"encode({cell}, 'hex')"
        case ColumnType.LIST:
            return f"to_json({cell})::text"
        case _:
            return f"{cell}::text"


def cell(field: Field, text: str | None) -> Plain:
    """Return a value from the text that the server wrote; what is none of its type stays text."""
    if text is None:
        return None
    try:
        if field.type == ColumnType.INSTANT.name:
            return int(text) * field.unit
        return _READ[field.type](text) if field.type in _READ else text
    except ValueError:
        return text


def _float(text: str) -> Plain:
    number = float(text)
    return number if math.isfinite(number) else text


_READ: Final[Mapping[str, Callable[[str], Plain]]] = {
    ColumnType.INTEGER.name: int,
    ColumnType.FLOAT.name: _float,
    ColumnType.BOOL.name: lambda text: {"true": True, "false": False}.get(text, text),
    ColumnType.LIST.name: json.loads,
}


def _meaning(err: Exception) -> SealholdError:
    state = str(getattr(err, "sqlstate", None) or "")
    if state in _LOGIN:
        return LoginNeededError("the server refuses the account, or what it wants to read")
    if state in _CHANGED:
        what = {"42P01": "the table is gone", "42703": "a column is gone"}
        return SourceChangedError(what.get(state, "the query no longer fits what is there"))
    return SourceAwayError(f"the server says {state or type(err).__name__}")

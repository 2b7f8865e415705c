"""A conversation of the proxy's own with a provider: one statement at a time. No I/O.

- Values go and come in binary form. What is asked often is prepared once.
- An error ends the statement, and a block that it was in: that is rolled back by whoever asked.

Source: docs/spec/61-protecting-a-live-table.md section 5.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sealhold.model.clock import Entropy
from sealhold.model.errors import MigrationError, WireError
from sealhold.protect.sql.parsing import parse_cells, parse_notice
from sealhold.protect.sql.upstream import Account, Upstream
from sealhold.protect.sql.wire import (
    AFTER_LOGIN,
    BINARY,
    HEAD,
    Inbox,
    build_bind,
    build_execute,
    build_parse,
    frame,
    u32,
)

Row = tuple[bytes | None, ...]
SETTINGS: Final[Mapping[str, str]] = {"client_encoding": "UTF8", "statement_timeout": "0"}
_SYNC: Final = frame(b"S")


class RefusedStatementError(MigrationError):
    """The provider could not do a statement of a migration.

    Remedy: what it says is in the message; nothing of that step was kept.
    """

    def __init__(self, code: str, message: str) -> None:
        self.sqlstate = code
        super().__init__(f"the provider says {code}: {message}")


class Asking:
    """One connection: hand in what came, send what is in `to_provider`."""

    def __init__(self, account: Account, entropy: Entropy, endpoint: bytes) -> None:
        self._upstream: Upstream | None = Upstream(account, entropy, endpoint, SETTINGS)
        self.to_provider = self._upstream.to_provider
        self.is_done = False  # the login, or what was asked
        self._inbox = Inbox(AFTER_LOGIN)
        self._prepared: dict[str, bytes] = {}
        self._asked = ""
        self._count = 0
        self._rows: list[Row] = []
        self._error: RefusedStatementError | None = None

    def ask(
        self, sql: str, oids: Sequence[int], values: Sequence[bytes | None], *, keeps: bool
    ) -> None:
        """Ask one statement; what it `keeps` is prepared for the next time, too."""
        self.is_done, self._rows, self._error = False, [], None
        name = self._prepared.get(sql)
        if name is None:
            name = b"_sh_%d" % self._count if keeps else b""
            self._count += 1
            self.to_provider.append(build_parse(name, sql.encode(), oids))
            if keeps:
                self._prepared[sql] = name
        self._asked = sql
        self.to_provider += (
            build_bind(b"", name, (BINARY,), values, (BINARY,)), build_execute(b""), _SYNC
        )  # fmt: skip

    def answer(self) -> list[Row]:
        """Return the rows of what was asked.

        Raises:
            RefusedStatementError: the provider could not do it.
        """
        if self._error is not None:
            raise self._error
        return self._rows

    def receive(self, data: bytes) -> None:
        """Take what the provider sent.

        Raises:
            DatabaseAwayError: it refuses us.
            LoginRefusedError: it does not show that it knows us.
            WireError: it does not speak the protocol.
        """
        if self._upstream is not None:
            self._upstream.receive(data)
            if not self._upstream.is_ready:
                return
            data, self._upstream = self._upstream.rest, None
            self.is_done = True
        data = self._inbox.taken(data)
        at, end = 0, len(data)
        while end - at >= HEAD:
            stop = at + 1 + u32(data, at + 1)[0]
            if stop > end:
                break
            if stop < at + HEAD:
                raise WireError("a frame shorter than its head")
            self._take(data[at : at + 1], data[at + HEAD : stop])
            at = stop
        self._inbox.keep(data[at:])

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == b"D":
            self._rows.append(parse_cells(body))
        elif kind == b"Z":
            self.is_done = True
        elif kind == b"E":
            fields = parse_notice(body)
            self._prepared.pop(self._asked, None)
            code, message = fields.get(b"C", b"?"), fields.get(b"M", b"")
            self._error = RefusedStatementError(
                code.decode("ascii", "replace"), message.decode("utf-8", "replace")
            )

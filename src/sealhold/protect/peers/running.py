"""One statement of another proxy, run by a session as any client's. No I/O.

- The session is the proxy's own, past its login: same planner, gate, techniques and refusals. It is
  handed the messages that a client would send, and what it would tell a client is read here.
- What the provider says of errors is told by its code alone: a text may hold what is not granted.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.model.clock import Entropy
from sealhold.model.errors import QueryRefusedError, SealholdError
from sealhold.model.pgsteps import Call, End, Note
from sealhold.protect.peers.gridding import behind, is_told
from sealhold.protect.peers.paper import Values
from sealhold.protect.peers.planning import GrantPlanner, statement_of
from sealhold.protect.pgtypes.types import named
from sealhold.protect.sql.parsing import cstring, parse_cells, parse_fields, parse_notice
from sealhold.protect.sql.refusing import PlanError
from sealhold.protect.sql.serving import Serving
from sealhold.protect.sql.talk import Parts, Talk
from sealhold.protect.sql.upstream import Account, Upstream
from sealhold.protect.sql.wire import (
    AFTER_LOGIN,
    HEAD,
    Inbox,
    build_bind,
    build_execute,
    build_parse,
    build_target,
    frame,
    u32,
)

TIMEOUT: Final = 25_000  # milliseconds of one statement at the provider
SETTINGS: Final[Mapping[str, str]] = {
    "client_encoding": "UTF8",
    "application_name": "",
    "statement_timeout": str(TIMEOUT),
}
REFUSED: Final = "SH007"
AWAY: Final = "SH005"
_OURS: Final = ("SH", "42P01", "42703", "42601")  # codes whose words are the planner's
_SYNC: Final = frame(b"S")

Row = tuple[str | None, ...]


@dataclass(slots=True)
class Columns:
    """What an answer begins with."""

    names: tuple[str, ...]
    types: tuple[int, ...]  # oids


class Running:
    """One statement. Hand in what the provider sent; send what is in `to_provider`."""

    def __init__(
        self, parts: Parts, planner: GrantPlanner, account: Account, entropy: Entropy, tls: bytes
    ) -> None:
        """Begin a login at the provider; `tls` is the hash of its certificate."""
        self._upstream: Upstream | None = Upstream(account, entropy, tls, SETTINGS)
        self.to_provider = self._upstream.to_provider
        self.columns: Columns | None = None
        self.is_over = False
        self._planner = planner
        self._talk = Talk(parts)
        self._talk.line.to_provider = self.to_provider
        self._said = self._talk.line.to_client
        self._serving = Serving(self._talk)
        self._inbox = Inbox(AFTER_LOGIN)
        self._rows: list[Row] = []

    @property
    def is_ready(self) -> bool:
        """Whether the login is done."""
        return self._upstream is None

    def ask(self, sql: str, values: Values) -> None:
        """Ask the statement.

        Raises:
            QueryRefusedError: the grant does not cover it, or not with these values.
        """
        oids = self._types(sql, values)
        cells = [None if each is None else each.encode() for each in values]
        said = (
            build_parse(b"", sql.encode(), oids),
            build_bind(b"", b"", (), cells, ()),
            build_target(b"D", b"P", b""),
            build_execute(b""),
            _SYNC,
        )
        self._serving.client_said(b"".join(said))
        self._work()

    def _types(self, sql: str, values: Values) -> tuple[int, ...]:
        """Return the types of parameters that a grant of statements says.

        Raises:
            QueryRefusedError: the grant does not have the statement, or not these values.
        """
        terms = self._planner.terms
        if not terms.statements:
            return ()
        try:
            found = statement_of(terms, sql)
        except PlanError as err:
            code, text = err.refused.code, err.refused.message
            raise QueryRefusedError(f"{code}: {text}") from err
        # THREAT T755: a statement is granted with the values it may take
        if not found.takes(values):
            raise QueryRefusedError(f"{REFUSED}: values that the grant does not have")
        return tuple(named(each).oid for each in found.types)

    def receive(self, data: bytes) -> None:
        """Take what the provider sent.

        Raises:
            DatabaseAwayError: it refuses us.
            LoginRefusedError: it does not show that it knows us.
            QueryRefusedError: the statement cannot be answered.
            WireError: it does not speak the protocol.
        """
        upstream = self._upstream
        if upstream is not None:
            upstream.receive(data)
            if not upstream.is_ready:
                return
            for message in upstream.settings:
                self._learn(message)
            data, self._upstream = upstream.rest, None
        if data:
            self._serving.provider_said(data)
            self._work()

    def rows(self) -> list[Row]:
        """Return the rows that came since the last call."""
        found, self._rows = self._rows, []
        return found

    def settle(self) -> None:
        """Tell the gate what was used."""
        self._serving.settle()
        for step in self._talk.line.steps:
            if isinstance(step, Note):
                step.run()

    def _learn(self, message: bytes) -> None:
        if message[:1] == b"S":
            name, at = cstring(message, HEAD)
            value = cstring(message, at)[0]
            self._talk.learn(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))

    def _work(self) -> None:
        """Carry out what the session asks for, and read what it tells.

        Raises:
            QueryRefusedError: it tells of an error, or ended.
        """
        line, is_ended = self._talk.line, False
        while line.steps:
            step = line.steps.pop(0)
            if isinstance(step, Call):
                self._call(step)
            elif isinstance(step, Note):
                step.run()
            elif isinstance(step, End):
                is_ended = True
        data = self._inbox.taken(b"".join(self._said))
        self._said.clear()
        at, end = 0, len(data)
        while end - at >= HEAD:
            stop = at + 1 + u32(data, at + 1)[0]
            if stop > end:
                break
            self._take(data[at : at + 1], data[at + HEAD : stop])
            at = stop
        self._inbox.keep(data[at:])
        if is_ended and not self.is_over:
            raise QueryRefusedError(f"{AWAY}: the session ended")

    def _call(self, step: Call) -> None:
        try:
            value = step.run()
        except SealholdError as err:
            self._serving.failed(step, err)
        else:
            self._serving.returned(step, value)

    def _take(self, kind: bytes, body: bytes) -> None:
        match kind:
            case b"T":
                self._describe(body)
            case b"D":
                self._row(body)
            case b"E":
                fields = parse_notice(body)
                code = fields.get(b"C", b"").decode("ascii", "replace")
                text = fields.get(b"M", b"").decode("utf-8", "replace")
                # THREAT T757: the provider's words are not told, nor is what it had in hand
                said = text if code.startswith(_OURS) else "it has no answer"
                raise QueryRefusedError(f"{code}: {said}")
            case b"Z":
                self.is_over = True
            case _:
                pass

    def _describe(self, body: bytes) -> None:
        fields = parse_fields(body)
        shown = fields[: len(fields) - self._behind]
        self.columns = Columns(
            tuple(each.name for each in shown), tuple(each.type for each in shown)
        )

    def _row(self, body: bytes) -> None:
        cells = tuple(None if each is None else each.decode() for each in parse_cells(body))
        grid = self._planner.terms.grid
        if grid is not None:
            if not is_told(grid, cells[-self._behind :]):
                return
            cells = cells[: -self._behind]
        self._rows.append(cells)

    @property
    def _behind(self) -> int:
        grid = self._planner.terms.grid
        return 0 if grid is None else behind(grid)


def code_of(err: SealholdError) -> str:
    """Return the code by which a refusal is recorded."""
    if isinstance(err, QueryRefusedError):
        return str(err).split(":", 1)[0]
    return err.code()

"""A PostgreSQL server of a few statements, without I/O: what a session's provider is in tests.

It keeps the protocol as the real one does: a queue of answers, errors that skip to the Sync,
implicit and explicit transactions, portals that are suspended, COPY. Statements are words:

    rows N          N rows of one column          fail            an error
    begin commit rollback                          do ...          anything that returns no row
    copy in         lines of the client           copy out N      N lines
"""

import struct
from dataclasses import dataclass, field

from sealhold.protect.sql.errors import ABORTED, error
from sealhold.protect.sql.parsing import parse_bind, parse_execute, parse_parse, parse_target
from sealhold.protect.sql.wire import (
    Field,
    build_copy_response,
    build_fields,
    build_oids,
    build_row,
    frame,
    u32,
)

FAILS = error("22012", "division by zero")
COLUMNS = (Field("n", 0, 0, 25, -1, -1, 0),)
_ENDINGS = ("commit", "rollback")


@dataclass
class Portal:
    text: str
    at: int = 0


@dataclass
class Provider:
    """One connection. `seen` is every statement and value that came."""

    seen: list[bytes] = field(default_factory=list)
    refused: dict[str, bytes] = field(default_factory=dict)  # statements that fail when parsed
    status: bytes = b"I"
    statements: dict[bytes, str] = field(default_factory=dict)
    portals: dict[bytes, Portal] = field(default_factory=dict)
    out: list[bytes] = field(default_factory=list)
    is_skipping: bool = False
    is_copying: str = ""  # "simple" or "extended"
    lines: list[bytes] = field(default_factory=list)
    _data: bytes = b""
    _rest: list[str] = field(default_factory=list)

    def feed(self, data: bytes) -> bytes:
        """Take bytes of a client and return all answers."""
        self._data += data
        while len(self._data) >= 5:
            stop = 1 + u32(self._data, 1)[0]
            if len(self._data) < stop:
                break
            kind, body = self._data[:1], self._data[5:stop]
            self._data = self._data[stop:]
            self._take(kind, body)
        said = b"".join(self.out)
        self.out.clear()
        return said

    def _take(self, kind: bytes, body: bytes) -> None:
        if self.is_copying:
            self._copied(kind, body)
        elif kind == b"S":
            self.is_skipping = False
            self._end()
        elif self.is_skipping or kind in b"HXdcf":
            return
        elif kind == b"Q":
            self._query(body[:-1].decode())
        else:
            said = {b"P": self._parse, b"B": self._bind, b"D": self._describe}
            said |= {b"E": self._execute, b"C": self._close}
            fails = said[kind](body)
            if fails:
                self._fail(fails)
                self.is_skipping = True

    def _end(self) -> None:
        if self.status == b"i":  # an implicit transaction
            self.status = b"I"
        if self.status == b"I":
            self.portals.clear()
        self.out.append(frame(b"Z", self.status))

    def _fail(self, said: bytes) -> None:
        self.out.append(said)
        self.status = b"E" if self.status in b"TE" else b"I"
        if self.status == b"I":
            self.portals.clear()

    def _query(self, text: str) -> None:
        self.statements.pop(b"", None)
        self.portals.pop(b"", None)
        self.seen.append(text.encode())
        self._rest = [each.strip() for each in text.split(";")]
        if not any(self._rest):
            self.out.append(frame(b"I"))
        for each in self._rest:
            said = self.refused.get(each)
            if said:
                self._fail(ABORTED if self.status == b"E" else said)
                self._rest = []
                break
        self._go_on()

    def _go_on(self) -> None:
        while self._rest:
            text = self._rest.pop(0)
            if not text:
                continue
            if _has_rows(text) and not self._is_out_of_order(text):
                self.out.append(build_fields(COLUMNS))
            fails = self._run(Portal(text), 0, "simple")
            if fails:
                self._fail(fails)
                break
            if self.is_copying:
                return
        self._end()

    def _is_out_of_order(self, text: str) -> bool:
        return self.status == b"E" and text not in _ENDINGS

    def _parse(self, body: bytes) -> bytes | None:
        said = parse_parse(body)
        text = said.text.decode()
        self.seen.append(said.text)
        if not said.name:
            self.statements.pop(b"", None)
        if self._is_out_of_order(text):
            return ABORTED
        if text in self.refused:
            return self.refused[text]
        if said.name in self.statements and said.name:
            return error("42P05", f'prepared statement "{said.name.decode()}" already exists')
        self.statements[said.name] = text
        self.out.append(frame(b"1"))
        return None

    def _bind(self, body: bytes) -> bytes | None:
        said = parse_bind(body)
        if said.statement not in self.statements:
            return _no_statement(said.statement)
        self.seen += [each for each in said.values if each is not None]
        text = self.statements[said.statement]
        if self._is_out_of_order(text):
            return ABORTED
        if said.portal in self.portals and said.portal:
            return error("42P03", f'cursor "{said.portal.decode()}" already exists')
        self.portals[said.portal] = Portal(text)
        self.out.append(frame(b"2"))
        return None

    def _describe(self, body: bytes) -> bytes | None:
        kind, name = parse_target(body)
        if kind == b"S":
            if name not in self.statements:
                return _no_statement(name)
            text = self.statements[name]
            self.out.append(build_oids(()))
        else:
            if name not in self.portals:
                return _no_portal(name)
            text = self.portals[name].text
        self.out.append(build_fields(COLUMNS) if _has_rows(text) else frame(b"n"))
        return None

    def _execute(self, body: bytes) -> bytes | None:
        name, most = parse_execute(body)
        if name not in self.portals:
            return _no_portal(name)
        return self._run(self.portals[name], most, "extended")

    def _close(self, body: bytes) -> bytes | None:
        kind, name = parse_target(body)
        (self.statements if kind == b"S" else self.portals).pop(name, None)
        self.out.append(frame(b"3"))
        return None

    def _run(self, portal: Portal, most: int, how: str) -> bytes | None:
        text = portal.text
        if self._is_out_of_order(text):
            return ABORTED
        if text == "fail":
            return FAILS
        if self.status == b"I" and how == "extended":
            self.status = b"i"
        tag = text.upper()
        match text.split():
            case ["rows", count]:
                self._rows(portal, int(count), most)
                return None
            case ["begin"]:
                self.status = b"T"
            case [("commit" | "rollback")]:
                self.status = b"I"
            case ["copy", "in"]:
                self.out.append(build_copy_response(b"G", 0, 1))
                self.is_copying = how
                return None
            case ["copy", "out", count]:
                self.out.append(build_copy_response(b"H", 0, 1))
                self.out += [frame(b"d", b"line\n")] * int(count) + [frame(b"c")]
            case []:
                self.out.append(frame(b"I"))
                return None
            case _:
                tag = text.split()[0].upper()
        self.out.append(frame(b"C", tag.encode() + b"\0"))
        return None

    def _rows(self, portal: Portal, count: int, most: int) -> None:
        stop = min(count, portal.at + most) if most else count
        self.out += [build_row([b"%d" % at]) for at in range(portal.at, stop)]
        sent, portal.at = stop - portal.at, stop
        is_suspended = bool(most) and sent == most
        self.out.append(frame(b"s") if is_suspended else frame(b"C", b"SELECT %d\0" % sent))

    def _copied(self, kind: bytes, body: bytes) -> None:
        if kind == b"d":
            self.lines.append(body)
        elif kind in b"cf":
            how, self.is_copying = self.is_copying, ""
            if kind == b"c":
                self.out.append(frame(b"C", b"COPY\0"))
            else:
                self._fail(error("57014", "COPY from stdin failed"))
                self._rest = []
                self.is_skipping = how == "extended"
            if how == "simple":
                self._go_on()


def startup_key() -> bytes:
    """Return a message with a key for cancels."""
    return frame(b"K", struct.pack(">II", 4711, 1234))


def _has_rows(text: str) -> bool:
    return text.startswith("rows")


def _no_statement(name: bytes) -> bytes:
    said = (
        f'prepared statement "{name.decode()}" does not exist'
        if name
        else ("unnamed prepared statement does not exist")
    )
    return error("26000", said)


def _no_portal(name: bytes) -> bytes:
    return error("34000", f'portal "{name.decode()}" does not exist')

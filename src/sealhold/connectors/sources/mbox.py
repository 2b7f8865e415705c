"""Mail archives: mbox in its dialects, one message a record.

- A message begins at a `From ` line after an empty line; `>From ` inside is undone.
- What a message becomes is the same for every file of mail: `mailitems`.

Source: docs/spec/18-connectors.md section 14; RFC 4155.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import (
    Found,
    Group,
    in_batches,
    read_cursor,
    reject,
    write_cursor,
)
from sealhold.connectors.charset import MAX_LINE
from sealhold.connectors.mail import MESSAGES
from sealhold.connectors.mailitems import MAX_MESSAGE, message_items, own_name
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Why
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_BEGIN = re.compile(rb"From (?:\S+|.*@.*) .*\d{4}|From -\s")
_LONGEST_BEGIN = 512  # bytes of a line that are looked at; an address has 320 at most
_HEADER = re.compile(rb"[!-9;-~]+:")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Mbox:
    """Reads mbox."""

    name: ClassVar[str] = "mbox"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (MESSAGES,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        first, second, *_ = [*head.lstrip(b"\r\n").splitlines()[:2], b"", b""]
        is_mbox = _BEGIN.match(first[:_LONGEST_BEGIN]) and _HEADER.match(second.lstrip(b">"))
        return Guess(sure=95, what="mbox") if is_mbox else Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return in_batches(_groups(file, cursor), self._rows)


@dataclass(slots=True)
class _Raw:
    """One message while its lines come."""

    number: int
    envelope: bytes
    content: bytearray = field(default_factory=bytearray)  # of many short lines a list has much
    size: int = 0

    def add(self, line: bytes) -> None:
        self.size += len(line)
        if self.size <= MAX_MESSAGE:  # THREAT T23: of a larger one only the beginning is held
            self.content += line


def _groups(file: BinaryIO, cursor: str | None) -> Iterator[Group]:
    (done,) = read_cursor(cursor, 1)
    names = Names()
    for raw in _messages(file):
        content = bytes(raw.content)
        raw.content.clear()
        name = names.once(own_name(content))
        if raw.number > done:
            yield list(_message(raw, content, name)), write_cursor(raw.number)


def _messages(file: BinaryIO) -> Iterator[_Raw]:
    file.seek(0)
    now: _Raw | None = None
    is_after_empty = True
    number = 0
    while line := file.readline(MAX_LINE):
        if is_after_empty and line.startswith(b"From ") and _BEGIN.match(line[:_LONGEST_BEGIN]):
            if now is not None:
                yield now
            number += 1
            now = _Raw(number, line.rstrip(b"\r\n"))
        elif now is not None:
            now.add(line)
        elif line.strip():
            raise UnreadableSourceError("no mbox: it does not begin with a `From ` line")
        is_after_empty = not line.strip(b"\r\n")
    if now is None:
        raise UnreadableSourceError("no mbox: there is no message in it")
    yield now


def _message(raw: _Raw, content: bytes, name: str | None) -> Iterator[Found]:
    where = f"message {raw.number}"
    if raw.size > MAX_MESSAGE:
        yield reject(where, Why.TOO_LARGE, f"a mail of {raw.size} bytes", content[:4096])
        return
    if not content.strip():
        yield reject(where, Why.MALFORMED, "a mail without headers and body", raw.envelope)
        return
    envelope = raw.envelope.decode("utf-8", "replace")
    yield from message_items(_QUOTED.sub(rb"\1", content), where, name, {"envelope": envelope})

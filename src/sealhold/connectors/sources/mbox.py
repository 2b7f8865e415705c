"""Mail archives: mbox in its dialects, one message a record.

- A message begins at a `From ` line after an empty line; `>From ` inside is undone.
- The body is the mail's plain text, else the words of its HTML. Attachments are listed, and their
  bytes lie in `raw` under their part's number, with all headers and the HTML.
- Attachments over the limit of an item are listed and told as rejects; the message stays.

Source: docs/spec/18-connectors.md section 14; RFC 4155.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import (
    MAX_ITEM,
    Found,
    Group,
    in_batches,
    read_cursor,
    reject,
    write_cursor,
)
from sealhold.connectors.charset import MAX_LINE
from sealhold.connectors.mail import MESSAGES
from sealhold.connectors.mailparts import Mail, Part, parse_mail
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

MAX_MESSAGE = 67_108_864  # bytes; providers refuse mails over 50 MB
_ROOM = 2_097_152  # bytes of an item that are left for headers and the body's words
_BEGIN = re.compile(rb"From (?:\S+|.*@.*) .*\d{4}|From -\s")
_LONGEST_BEGIN = 512  # bytes of a line that are looked at; an address has 320 at most
_HEADER = re.compile(rb"[!-9;-~]+:")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_NAME = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


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
    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, line: bytes) -> None:
        self.size += len(line)
        if self.size <= MAX_MESSAGE:  # THREAT T23: of a larger one only the beginning is held
            self.lines.append(line)


def _groups(file: BinaryIO, cursor: str | None) -> Iterator[Group]:
    (done,) = read_cursor(cursor, 1)
    names = Names()
    for raw in _messages(file):
        content = b"".join(raw.lines)
        name = names.once(_own_name(content))
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


def _own_name(content: bytes) -> str | None:
    head = content[:65_536].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
    found = _NAME.search(head)
    return found[1].strip().decode("utf-8", "replace") if found else None


def _message(raw: _Raw, content: bytes, name: str | None) -> Iterator[Found]:
    where = f"message {raw.number}"
    if raw.size > MAX_MESSAGE:
        yield reject(where, Why.TOO_LARGE, f"a mail of {raw.size} bytes", content[:4096])
        return
    if not content.strip():
        yield reject(where, Why.MALFORMED, "a mail without headers and body", raw.envelope)
        return
    try:
        mail = parse_mail(_QUOTED.sub(rb"\1", content))
    except ValueError as err:
        yield reject(where, Why.MALFORMED, str(err), content)
        return
    kept, left = _within_limits(mail.parts)
    yield Item(
        dataset="messages",
        fields=_fields(mail, kept),
        raw={
            "envelope": raw.envelope.decode("utf-8", "replace"),
            "headers": [list(header) for header in mail.headers],
            "parts": {part.number: part.content for part in mail.parts if part.number in kept},
        },
        original_id=name,
        position=where,
    )
    for part in left:
        detail = f"an attachment of {len(part.content)} bytes"
        yield reject(f"{where} part {part.number}", Why.TOO_LARGE, detail, part.content[:4096])


def _within_limits(parts: list[Part]) -> tuple[set[str], list[Part]]:
    """Return the numbers of the parts whose bytes are kept, and the parts for which is no room."""
    wanted = [part for part in parts if not _is_told(part)]
    room = MAX_ITEM - _ROOM - sum(len(part.text or "") * 2 for part in parts if part.is_body)
    kept: set[str] = set()
    left: list[Part] = []
    for part in sorted(wanted, key=lambda one: len(one.content)):
        room -= len(part.content) + 64
        if room < 0:
            left.append(part)
        else:
            kept.add(part.number)
    return kept, left


def _is_told(part: Part) -> bool:
    """Whether the message's fields say all of this part."""
    return part.is_body and part.kind == "text/plain" and "\ufffd" not in (part.text or "")


def _fields(mail: Mail, kept: set[str]) -> dict[str, Plain]:
    when = mail.when()
    labels = mail.header("x-gmail-labels")
    return {
        "at": when.at if when else None,
        "offset_min": when.offset_min if when else None,
        "from": ", ".join(mail.addresses("from")) or mail.header("from") or None,
        "to": mail.addresses("to"),
        "cc": mail.addresses("cc"),
        "subject": mail.header("subject") or None,
        "body": mail.body(),
        "attachments": [
            [part.number, part.name, part.kind, len(part.content), part.number in kept]
            for part in mail.parts
            if not part.is_body
        ],
        "labels": [label.strip() for label in labels.split(",")] if labels else [],
        "message_id": mail.header("message-id") or None,
        "in_reply_to": mail.header("in-reply-to") or None,
    }

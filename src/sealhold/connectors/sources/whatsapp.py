"""Chats of WhatsApp, exported as text: `_chat.txt` and `WhatsApp Chat with ....txt`.

- Both layouts, 12 and 24 hours. The time is the phone's, its zone is not written.
- The file is read twice: to prove the order of day and month, then to give the messages.
- A message that was deleted, or was written while messages were to disappear, is taken in without
  its words. Which notice says so is known in seven languages.
- A message's own name is its time as written, its writer and its number among those.

Source: docs/spec/43-chats-and-media.md section 2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import MAX_LINE, UTF8, head_text, marked
from sealhold.connectors.chatlines import Head, Order, parse_head
from sealhold.connectors.chats import CHATS, DELETED, DISAPPEARING, EDITED
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

MAX_TEXT = 1_048_576  # bytes of one message; the messenger allows 65,536 characters
_LINES_LOOKED_AT = 5  # before the first message; an export begins with one
_MACHINE = "\u200e"  # stands before words that nobody typed
_EDGES = "\u200e\u200f\ufeff "
_DELETED = frozenset(
    (
        "this message was deleted", "you deleted this message", "message deleted",
        "diese nachricht wurde gelöscht", "du hast diese nachricht gelöscht",
        "ce message a été supprimé", "vous avez supprimé ce message",
        "se eliminó este mensaje", "eliminaste este mensaje",
        "esta mensagem foi apagada", "essa mensagem foi apagada", "mensagem apagada",
        "você apagou esta mensagem", "apagou esta mensagem",
        "questo messaggio è stato eliminato", "hai eliminato questo messaggio",
        "dit bericht is verwijderd", "je hebt dit bericht verwijderd",
        "u heeft dit bericht verwijderd",
    )
)  # fmt: skip
_TEMPORARY = re.compile(
    r"disappearing messages|message timer|(?:selbstlöschende|verschwindende) nachrichten"
    r"|messages éphémères|mensajes temporales|mensagens (?:temporárias|que desaparecem)"
    r"|messaggi (?:effimeri|temporanei)|(?:verdwijnende|zelfwissende) berichten"
)
_OFF = re.compile(r"\boff\b|deaktiv|désactiv|desactiv|desativ|disattiv|uitgeschakeld")
_EDITED = re.compile(
    r"[ \u200e]*<(?:this message was edited|diese nachricht wurde bearbeitet"
    r"|ce message a été modifié|se editó este mensaje|mensagem editada"
    r"|questo messaggio è stato modificato|dit bericht is bewerkt)\.?>$",
    re.IGNORECASE,
)
_LONGEST_END = 120  # characters at the end of a text that may say that it was edited
_ATTACHED = re.compile(r"<[^<>:\n]{1,40}: ?(?P<name>[^<>\n]{1,255}\.\w{1,8})>")
_FILE = re.compile(r"(?P<name>[^<>/\n]{1,255}\.\w{1,8}) \([^()\n]{3,40}\)")
_MADE_FILE = re.compile(r"[A-Z]{3}-\d{8}-WA\d{4,6}\.\w{1,8} \([^()\n]{3,40}\)")
_OMITTED = re.compile(
    r"<[^<>:\n]{3,40}>|[^\n]{1,120} (?:omitted|weggelassen|omis|omise|omitid[oa]|ocultad[oa]"
    r"|omess[oa]|weggelaten)",
    re.IGNORECASE,
)


class WhatsApp:
    """Reads the text of one exported chat."""

    name: ClassVar[str] = "whatsapp"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (CHATS,)
    per_file: ClassVar[bool] = True  # nothing in a file says which chat it is

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        lines = head_text(head).split("\n")[:-1] or [head_text(head)]
        heads = [found for line in lines if (found := parse_head(line.rstrip("\r")))]
        first = next((n for n, line in enumerate(lines) if parse_head(line.rstrip("\r"))), None)
        if first is None or first > _LINES_LOOKED_AT:
            return Guess(sure=0, what="")
        same = [each for each in heads if each.form == heads[0].form]
        written = sum(each.author is not None for each in same)
        if not written or heads[0].is_of_log:
            return Guess(sure=0, what="")
        sure = 92 if len(same) > 1 else 70
        return Guess(sure=sure, what="WhatsApp chat, " + _layout(heads[0]))

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _layout(head: Head) -> str:
    return "in brackets" if head.form[0] else "with dashes"


@dataclass(slots=True)
class _Message:
    """One message while its lines come."""

    number: int
    line: int
    head: Head
    lines: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, line: str) -> None:
        self.size += len(line) + 1  # its end, so that empty lines count, too
        if self.size <= MAX_TEXT:  # THREAT T23: of a larger one only the beginning is held
            self.lines.append(line)

    @property
    def text(self) -> str:
        return "\n".join((self.head.text, *self.lines))


def _found(file: BinaryIO) -> Iterator[Found]:
    order = Order()
    form: tuple[object, ...] | None = None
    for _number, _line, head in _lines(file):
        if head is not None and form in {None, head.form}:
            form = head.form
            order.see(head)
    if form is None:
        raise UnreadableSourceError("no chat: no line begins with a time and a writer")
    if not order.is_proven:
        detail = "no day over 12 proves the order of day and month: times stay text"
        yield reject("dates", Why.NO_TIME, detail)
    names = Names()
    is_temporary = False
    for found in _messages(file, form):
        if isinstance(found, _Message):
            yield _item(found, order, names, is_temporary=is_temporary)
            is_temporary = _turned(found, is_temporary=is_temporary)
        else:
            yield found


def _messages(file: BinaryIO, form: tuple[object, ...]) -> Iterator[_Message | Found]:
    now: _Message | None = None
    count = 0
    for number, line, head in _lines(file):
        if head is not None and head.form == form:
            if now is not None:
                yield now
            count += 1
            now = _Message(count, number, head)
        elif now is not None:
            now.add(line)
        elif line.strip(_EDGES):
            yield reject(f"line {number}", Why.MALFORMED, "a line before the first message", line)
    if now is not None:
        while now.lines and not now.lines[-1]:
            now.lines.pop()
        yield now


def _lines(file: BinaryIO) -> Iterator[tuple[int, str, Head | None]]:
    """Yield number, text and head of each line; a line of over 8 MiB comes in pieces.

    A byte that is no UTF-8 becomes half a character, so that its message is a reject.

    Raises:
        UnreadableSourceError: UTF-16.
    """
    file.seek(0)
    charset = marked(file.read(4))
    if charset is not None and charset.name != UTF8:
        raise UnreadableSourceError("a chat that is not UTF-8")
    file.seek(charset.mark if charset else 0)
    number = 0
    is_begin = True
    while data := file.readline(MAX_LINE):
        number += is_begin
        line = data.decode(UTF8, "surrogateescape").removesuffix("\n").removesuffix("\r")
        yield number, line, parse_head(line) if is_begin else None
        is_begin = data.endswith(b"\n")


def _turned(message: _Message, *, is_temporary: bool) -> bool:
    """Return whether the messages after this one are to disappear."""
    head = message.head
    if head.author is not None and not head.text.startswith(_MACHINE):
        return is_temporary  # somebody wrote about it
    text = head.text.casefold()
    if not _TEMPORARY.search(text):
        return is_temporary
    return not _OFF.search(text)


def _item(message: _Message, order: Order, names: Names, *, is_temporary: bool) -> Found:
    head = message.head
    where = f"message {message.number}"
    name = names.once(f"{head.written}\n{head.author or ''}")
    if message.size > MAX_TEXT:
        return reject(where, Why.TOO_LARGE, f"a message of {message.size} characters", head.text)
    when = order.when(head)
    fields: dict[str, Plain] = {
        "at": when.at if when else None,
        "offset_min": None,
        "written": None if when else head.written,
        "chat": None,
        "from": head.author,
        **_content(message.text, is_notice=head.author is None, is_temporary=is_temporary),
    }
    return Item(dataset="chats", fields=fields, raw=None, original_id=name, position=where)


def _content(text: str, *, is_notice: bool, is_temporary: bool) -> dict[str, Plain]:
    """Return what was said, as far as it may be kept."""
    if is_notice:
        return _said(text.lstrip(_EDGES), "notice", None)
    bare = text.strip(_EDGES)
    # THREAT T390: of what was taken back, or was to disappear, only that it was there is kept
    if bare.rstrip(".").casefold() in _DELETED:
        return _said(None, "text", DELETED)
    if is_temporary and not (text.startswith(_MACHINE) and _TEMPORARY.search(bare.casefold())):
        return _said(None, "text", DISAPPEARING)
    edited = _EDITED.search(text, max(0, len(text) - _LONGEST_END))
    if edited is not None:
        text = text[: edited.start()]
        bare = text.strip(_EDGES)
    state = EDITED if edited else None
    if name := _attached(text, bare):
        words = bare.partition("\n")[2] or None
        return _said(words, "media", state) | {"attachments": [[name, None]]}
    is_machine = text.startswith(_MACHINE)
    if _OMITTED.fullmatch(bare) and (is_machine or bare.startswith("<")):
        return _said(bare, "media", state)
    return _said(bare if is_machine else text, "notice" if is_machine else "text", state)


def _attached(text: str, bare: str) -> str | None:
    """Return the name of the file that a message is, if it is one."""
    first = bare.partition("\n")[0]
    is_machine = _MACHINE in text.partition("\n")[0]
    found = _ATTACHED.fullmatch(first) if is_machine else None
    if found is None and (is_machine or _MADE_FILE.fullmatch(first)):
        found = _FILE.fullmatch(first)
    return found["name"].strip(_EDGES) if found else None


def _said(text: str | None, kind: str, state: str | None) -> dict[str, Plain]:
    return {"text": text or None, "kind": kind, "state": state, "attachments": []}

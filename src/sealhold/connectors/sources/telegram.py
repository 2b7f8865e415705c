"""Chats of Telegram: `result.json` of its desktop program, one chat or all.

- A message is read as it stands; its chat's name and id stand before its messages.
- A message that destroys itself, and each that was sent while its chat let messages disappear, is
  taken in without its words and files. What was deleted is not in the export.
- The offset is what lies between the local time and the instant, which are both written.

Source: docs/spec/43-chats-and-media.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.chats import CHATS, DISAPPEARING, EDITED
from sealhold.connectors.jsonfields import (
    left,
    list_in,
    name_in,
    object_in,
    objects_in,
    seconds_in,
    text_in,
    title_in,
    whole_in,
)
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import parse_time
from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant
from sealhold.model.records import Dataset

MAX_MESSAGE = 1_048_576  # characters; a text has at most 4,096
_CHATS = ("", "chats.list[].", "left_chats.list[].")
_PLACES = tuple(f"{chat}{key}" for chat in _CHATS for key in ("name", "type", "id", "messages[]"))
_QUARTER = 900_000  # milliseconds: zones differ by quarters of an hour
_FAREST = 50_400_000  # milliseconds: 14 hours
_LONGEST_SECONDS = 12  # digits


class Telegram:
    """Reads an export of Telegram Desktop."""

    name: ClassVar[str] = "telegram"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (CHATS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        seen = outline(head)
        if {"messages", "type", "id"} <= seen and seen & {"messages[].date", "messages[].type"}:
            return Guess(sure=97, what="Telegram chat")
        if {"chats.list", "chats"} <= seen and seen & {"personal_information", "about"}:
            return Guess(sure=97, what="Telegram chats")
        return Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(slots=True)
class _Chat:
    """What is known of the chat whose messages come."""

    place: str = ""
    id: str | None = None
    name: str | None = None
    kind: str | None = None
    is_temporary: bool = False


def _found(file: BinaryIO) -> Iterator[Found]:
    names = Names()
    chat = _Chat()
    for part in parts(file, *_PLACES, most=MAX_MESSAGE):
        if not isinstance(part, Part):
            yield part
            continue
        key = part.name.rpartition(".")[2]
        place = part.where.removesuffix(key) if key != "messages[]" else _chat_of(part.where)
        if place != chat.place:
            chat = _Chat(place)
        if key == "name":
            chat.name = title_in(part.value)
        elif key == "type":
            chat.kind = title_in(part.value)
        elif key == "id":
            chat.id = name_in(part.value)
        elif isinstance(part.value, dict):
            yield _message(part.value, part.where, chat, names)
        else:
            yield reject(part.where, Why.MALFORMED, "a message that is no object", part.text)


def _chat_of(where: str) -> str:
    return where.rpartition("messages ")[0]


def _message(message: dict[str, Plain], where: str, chat: _Chat, names: Names) -> Found:
    own = name_in(message.get("id"))
    is_notice = message.get("type") == "service"
    if message.get("action") == "set_messages_ttl":
        chat.is_temporary = bool(message.get("period"))
    # THREAT T390: of what was to disappear, only that it was there is kept
    is_temporary = bool(message.get("self_destruct_period_seconds"))
    is_temporary = is_temporary or (chat.is_temporary and not is_notice)
    at, offset = _when(message)
    told: dict[str, object] = {"id": own, "type": True, "date": at, "date_unixtime": at}
    writer = "actor" if is_notice else "from"
    fields: dict[str, Plain] = {
        "at": at,
        "offset_min": offset,
        "written": None if at is not None else text_in(message.get("date")),
        "chat": chat.name or chat.kind,
        "from": text_in(message.get(writer)) or name_in(message.get(f"{writer}_id")),
        "kind": "notice" if is_notice else _kind(message),
        "message_id": own,
        "in_reply_to": name_in(message.get("reply_to_message_id")),
    }
    told |= {"reply_to_message_id": fields["in_reply_to"], writer: text_in(message.get(writer))}
    if is_temporary:
        fields |= {"state": DISAPPEARING, "text": None, "attachments": []}
        raw = None
    else:
        said, more = _said(message, is_notice=is_notice)
        fields |= said
        raw = left(message, told | more)
    name = names.once(f"{chat.id}\n{own}") if chat.id and own else None
    return Item(dataset="chats", fields=fields, raw=raw, original_id=name, position=where)


def _when(message: dict[str, Plain]) -> tuple[Instant | None, int | None]:
    """Return the instant, and the minutes that the local time beside it is east of UTC."""
    written = message.get("date")
    local = parse_time(written) if isinstance(written, str) else None
    at = _unix(message.get("date_unixtime"))
    if at is None:
        return (local.at, local.offset_min) if local else (None, None)
    between = local.at - at if local and local.offset_min is None else None
    if between is None or between % _QUARTER or abs(between) > _FAREST:
        return at, None
    return at, between // 60_000


def _unix(value: Plain) -> Instant | None:
    """Return an instant written as seconds, as a number or as digits."""
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= _LONGEST_SECONDS
    ):
        return seconds_in(int(value))
    return seconds_in(value)


def _kind(message: dict[str, Plain]) -> str:
    named = text_in(message.get("media_type"))
    if named:
        return named
    for key in ("photo", "poll", "location_information", "contact_information", "file"):
        if key in message:
            return key.partition("_")[0]
    return "text"


def _said(
    message: dict[str, Plain], *, is_notice: bool
) -> tuple[dict[str, Plain], dict[str, object]]:
    """Return what was said, and which members say it."""
    edited = _unix(message.get("edited_unixtime"))
    words = _words(message.get("text"))
    entities = list_in(message.get("text_entities"))
    is_plain = all(object_in(each).get("type") == "plain" for each in entities)
    file = text_in(message.get("file")) or text_in(message.get("photo"))
    fields: dict[str, Plain] = {
        "text": words or (text_in(message.get("action")) if is_notice else None),
        "state": EDITED if edited is not None else None,
        "attachments": [
            [text_in(message.get("file_name")) or file, text_in(message.get("mime_type"))]
        ]
        if file
        else [],
        "reactions": [
            [
                text_in(each.get("emoji")) or text_in(each.get("document_id")),
                whole_in(each.get("count")),
            ]
            for each in objects_in(message.get("reactions"))
        ],
        "forwarded_from": text_in(message.get("forwarded_from")),
        "edited_at": edited,
    }
    told: dict[str, object] = {
        "text": words is not None,
        "text_entities": is_plain,
        "edited_unixtime": edited,
        "edited": edited,
        "forwarded_from": fields["forwarded_from"],
        "media_type": True,
        "mime_type": bool(file),
        "file_name": bool(file),
    }
    return fields, told


def _words(text: Plain) -> str | None:
    """Return a text that is one, or made of pieces with and without a form."""
    if isinstance(text, list):
        pieces = (each if isinstance(each, str) else object_in(each).get("text") for each in text)
        return text_in("".join(piece for piece in pieces if isinstance(piece, str)))
    return text_in(text)

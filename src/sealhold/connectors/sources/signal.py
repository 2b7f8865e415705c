"""Messages in the form in which Signal Desktop keeps them, as programs for it export them: JSON.

- A list of messages, or an object with `messages` and before them, if it has them, `conversations`.
- A message that was deleted for everyone, has a timer, or could be seen once is taken in without
  its words and files.

Source: docs/spec/43-chats-and-media.md section 8.
"""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.chats import CHATS, DELETED, DISAPPEARING, EDITED
from sealhold.connectors.jsonfields import (
    left,
    millis_in,
    name_in,
    object_in,
    objects_in,
    text_in,
    title_in,
)
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, SNIFF_BYTES, Batch, Guess, Item, Why
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

MAX_MESSAGE = 1_048_576  # characters; a text has at most 64 KiB
_DELETED = ("deletedForEveryone", "isErased", "remoteDeleted", "remote_deleted")
_TIMED = ("expireTimer", "expiresInSeconds", "expires_in", "isViewOnce")
_TIMES = ("sent_at", "timestamp")
_SENDERS = ("sourceName", "source", "sourceServiceId", "sourceUuid")
_SPOKEN = frozenset({"incoming", "outgoing"})
_ME = "me"  # an outgoing message names no sender


class Signal:
    """Reads messages of Signal."""

    name: ClassVar[str] = "signal"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (CHATS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        seen = outline(head)
        for place in ("[].", "messages[]."):
            if f"{place}conversationId" in seen and any(f"{place}{key}" in seen for key in _TIMES):
                return Guess(sure=96, what="Signal messages")
        return Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    is_list = file.read(SNIFF_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    places = ("[]",) if is_list else ("conversations[]", "messages[]")
    chats: dict[str, str] = {}
    names = Names()
    for part in parts(file, *places, most=MAX_MESSAGE):
        if not isinstance(part, Part):
            yield part
        elif part.name == "conversations[]":
            chat = object_in(part.value)
            title = title_in(chat.get("name")) or title_in(chat.get("profileName"))
            if title and (own := name_in(chat.get("id"))):
                chats[own] = title
        elif isinstance(part.value, dict):
            where = f"message {part.where}" if is_list else part.where
            yield _message(part.value, where, chats, names)
        else:
            yield reject(part.where, Why.MALFORMED, "a message that is no object", part.text)


def _message(message: dict[str, Plain], where: str, chats: dict[str, str], names: Names) -> Found:
    own, chat = name_in(message.get("id")), name_in(message.get("conversationId"))
    key = next((key for key in _TIMES if millis_in(message.get(key)) is not None), "")
    sender = next((key for key in _SENDERS if text_in(message.get(key))), "")
    kind = text_in(message.get("type"))
    fields: dict[str, Plain] = {
        "at": millis_in(message.get(key)),
        "offset_min": None,
        "written": None,
        "chat": chats.get(chat or "") or text_in(message.get("conversationName")),
        "from": text_in(message.get(sender)) or (_ME if kind == "outgoing" else None),
        "message_id": own,
        "in_reply_to": name_in(object_in(message.get("quote")).get("id")),
    }
    # THREAT T390: of what was taken back, or was to disappear, only that it was there is kept
    if any(message.get(each) for each in _DELETED):
        fields |= {"kind": "text", "state": DELETED, "text": None, "attachments": []}
        raw = None
    elif any(message.get(each) for each in _TIMED) and (kind is None or kind in _SPOKEN):
        fields |= {"kind": "text", "state": DISAPPEARING, "text": None, "attachments": []}
        raw = None
    else:
        fields |= _said(message, kind)
        told = {
            "id": own,
            "body": text_in(message.get("body")),
            key: True,
            sender: True,
            "conversationName": text_in(message.get("conversationName")) == fields["chat"],
        }
        raw = left(message, told)
    name = names.once(f"{chat}\n{own}") if chat and own else None
    return Item(dataset="chats", fields=fields, raw=raw, original_id=name, position=where)


def _said(message: dict[str, Plain], kind: str | None) -> dict[str, Plain]:
    attachments: list[Plain] = [
        [
            text_in(each.get("fileName")) or text_in(each.get("path")),
            text_in(each.get("contentType")),
        ]
        for each in objects_in(message.get("attachments"))
    ]
    words = text_in(message.get("body"))
    is_notice = kind is not None and kind not in _SPOKEN
    edited = millis_in(message.get("editMessageTimestamp"))
    spoken = "media" if attachments and not words else "text"
    return {
        "text": words or (kind if is_notice else None),
        "kind": "notice" if is_notice else spoken,
        "state": EDITED if edited is not None or message.get("editHistory") else None,
        "attachments": attachments,
        "reactions": [
            [text_in(each.get("emoji")), name_in(each.get("fromId"))]
            for each in objects_in(message.get("reactions"))
        ],
        "edited_at": edited,
    }

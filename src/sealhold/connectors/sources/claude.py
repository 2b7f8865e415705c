"""Conversations with Claude: `conversations.json` of its export.

- Turns stand in `chat_messages`, in their order. Where the export says which came before which and
  which is shown last, a turn off that way is not on the branch that is shown.
- The words are those of `text`, else of the blocks of `content`. Blocks that are more than words,
  and what was read out of attached files, are in `raw`.

Source: docs/spec/43-chats-and-media.md section 5.
"""

from collections.abc import Iterator
from typing import ClassVar

from sealhold.connectors.batches import Found, reject
from sealhold.connectors.chatsai import CHATS_AI
from sealhold.connectors.jsonfields import (
    left,
    list_in,
    name_in,
    objects_in,
    only,
    text_in,
    title_in,
    whole_in,
)
from sealhold.connectors.jsonlist import Element, JsonList
from sealhold.connectors.jsonstream import outline
from sealhold.connectors.names import Names
from sealhold.connectors.spec import Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

MAX_CONVERSATION = 16_777_216  # characters; attached files stand in it as text
_FILE = frozenset({"file_name", "file_type", "file_size"})
_BLOCK = frozenset({"type", "text"})
_PLAIN = "text"
_ROLES = {"human": "user"}


class Claude(JsonList):
    """Reads an export of Claude."""

    name: ClassVar[str] = "claude"
    version: ClassVar[str] = "1"
    called: ClassVar[str] = "conversation"
    most: ClassVar[int] = MAX_CONVERSATION
    datasets: ClassVar[tuple[Dataset, ...]] = (CHATS_AI,)

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        seen = outline(head)
        if "[].chat_messages" in seen and "[].uuid" in seen:
            return Guess(sure=97, what="Claude conversations")
        return Guess(sure=0, what="")

    def lack(self, element: Element) -> str:
        is_list = isinstance(element.get("chat_messages"), list)
        return "" if is_list else "no conversation with `chat_messages`"

    def found(self, element: Element, where: str, names: Names, text: str) -> Iterator[Found]:
        del text
        return _turns(element, where, names)


def _turns(conversation: dict[str, Plain], where: str, names: Names) -> Iterator[Found]:
    messages = list_in(conversation["chat_messages"])
    before = {
        str(each["uuid"]): name_in(each.get("parent_message_uuid"))
        for each in objects_in(messages)
        if name_in(each.get("uuid"))
    }
    shown, is_circle = _shown(before, name_in(conversation.get("current_leaf_message_uuid")))
    if is_circle:
        yield reject(where, Why.MALFORMED, "the branch that is shown runs in a circle: cut there")
    own = name_in(conversation.get("uuid"))
    for number, message in enumerate(messages, start=1):
        place = f"{where} turn {number}"
        if not isinstance(message, dict):
            yield reject(place, Why.MALFORMED, "a message that is no object")
            continue
        turn = name_in(message.get("uuid"))
        fields = {
            **_said(message),
            "conversation": title_in(conversation.get("name")),
            "current": shown is None or turn in shown,
            "conversation_id": own,
            "turn_id": turn,
            "in_reply_to": name_in(message.get("parent_message_uuid")),
        }
        name = names.once(f"{own}\n{turn}") if own and turn else None
        raw = _raw(message, fields)
        yield Item(dataset="chats_ai", fields=fields, raw=raw, original_id=name, position=place)


def _shown(before: dict[str, str | None], end: str | None) -> tuple[set[str] | None, bool]:
    """Return the turns on the way to the one that is shown last, or None if none is named."""
    if end is None or end not in before:
        return None, False
    seen: set[str] = set()
    while end is not None and end in before:
        if end in seen:  # THREAT T391: a way that comes back to itself is not walked again
            return seen, True
        seen.add(end)
        end = before[end]
    return seen, False


def _said(message: dict[str, Plain]) -> dict[str, Plain]:
    when = _when(message.get("created_at"))
    edited = _when(message.get("updated_at"))
    sender = text_in(message.get("sender"))
    content = message.get("content")
    kinds = [text_in(each.get("type")) or _PLAIN for each in objects_in(content)]
    return {
        "at": when.at if when else None,
        "offset_min": when.offset_min if when else None,
        "role": _ROLES.get(sender or "", sender),
        "text": text_in(message.get("text")) or _words(content),
        "kind": _PLAIN if not kinds or _PLAIN in kinds else kinds[0],
        "model": None,
        "attachments": _attachments(message),
        "edited_at": edited.at if edited else None,
    }


def _when(value: Plain) -> When | None:
    return parse_time(value) if isinstance(value, str) else None


def _words(content: Plain) -> str | None:
    """Return the words of blocks, or of a content that is one text."""
    found = [words for each in objects_in(content) if (words := text_in(each.get("text")))]
    return "\n".join(found) or text_in(content)


def _attachments(message: dict[str, Plain]) -> list[Plain]:
    """Return name, type and size of the files of a turn."""
    return [
        [
            text_in(each.get("file_name")),
            text_in(each.get("file_type")),
            whole_in(each.get("file_size")),
        ]
        for key in ("attachments", "files")
        for each in objects_in(message.get(key))
    ]


def _raw(message: dict[str, Plain], fields: dict[str, Plain]) -> Plain:
    """Return what no field tells of a turn."""
    content = message.get("content")
    is_words = only(content, _BLOCK) or isinstance(content, str)
    told = {
        "uuid": fields["turn_id"],
        "parent_message_uuid": fields["in_reply_to"],
        "sender": fields["role"],
        "created_at": fields["at"],
        "updated_at": fields["edited_at"],
        "text": text_in(message.get("text")),
        "content": is_words and _words(content) in {None, fields["text"]},
        "attachments": only(message.get("attachments"), _FILE),
        "files": only(message.get("files"), _FILE),
    }
    return left(message, told)

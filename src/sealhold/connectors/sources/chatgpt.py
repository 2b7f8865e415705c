"""Conversations with ChatGPT: `conversations.json` of its export.

- A conversation is a tree of turns, `mapping`. Each turn with a message is one object; those on the
  way from `current_node` to the root are on the branch that is shown.
- A way that comes back to itself is cut there and told. A node that is named and not there ends it.
- The words of a turn are taken from whatever form its content has; what is no words is in `raw`.

Source: docs/spec/43-chats-and-media.md section 4.
"""

from collections.abc import Iterator
from typing import ClassVar

from sealhold.connectors.batches import Found, reject
from sealhold.connectors.chatsai import CHATS_AI
from sealhold.connectors.jsonfields import (
    are_texts,
    left,
    list_in,
    name_in,
    object_in,
    objects_in,
    only,
    seconds_in,
    text_in,
    title_in,
    whole_in,
)
from sealhold.connectors.jsonlist import Element, JsonList
from sealhold.connectors.jsonstream import outline
from sealhold.connectors.names import Names
from sealhold.connectors.spec import Guess, Item, Why
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

MAX_CONVERSATION = 16_777_216  # characters; the longest that people show have a quarter
_FILE = frozenset({"name", "mime_type", "size"})
_PLAIN = "text"  # the kind of content that is nothing but words
_WORDS = ("text", "result", "content", "summary")


class ChatGpt(JsonList):
    """Reads an export of ChatGPT."""

    name: ClassVar[str] = "chatgpt"
    version: ClassVar[str] = "1"
    called: ClassVar[str] = "conversation"
    most: ClassVar[int] = MAX_CONVERSATION
    datasets: ClassVar[tuple[Dataset, ...]] = (CHATS_AI,)

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        seen = outline(head)
        if "[].mapping" in seen and seen & {"[].create_time", "[].title", "[].current_node"}:
            return Guess(sure=97, what="ChatGPT conversations")
        return Guess(sure=0, what="")

    def lack(self, element: Element) -> str:
        is_tree = isinstance(element.get("mapping"), dict)
        return "" if is_tree else "no conversation with a `mapping`"

    def found(self, element: Element, where: str, names: Names, text: str) -> Iterator[Found]:
        del text
        return _turns(element, where, names)


def _turns(conversation: dict[str, Plain], where: str, names: Names) -> Iterator[Found]:
    mapping = object_in(conversation["mapping"])
    shown, is_circle = branch(mapping, name_in(conversation.get("current_node")))
    if is_circle:
        yield reject(where, Why.MALFORMED, "the branch that is shown runs in a circle: cut there")
    own = name_in(conversation.get("conversation_id")) or name_in(conversation.get("id"))
    for number, (key, node) in enumerate(mapping.items(), start=1):
        place = f"{where} turn {number}"
        if not isinstance(node, dict):
            yield reject(place, Why.MALFORMED, "a node that is no object")
            continue
        message = node.get("message")
        if message is None:
            continue  # the root, which holds the others together
        if not isinstance(message, dict):
            yield reject(place, Why.MALFORMED, "a message that is no object")
            continue
        fields = {
            **_said(message),
            "conversation": title_in(conversation.get("title")),
            "current": key in shown,
            "conversation_id": own,
            "turn_id": key,
            "in_reply_to": name_in(node.get("parent")),
        }
        name = names.once(f"{own}\n{key}") if own else None
        yield Item(
            dataset="chats_ai",
            fields=fields,
            raw=_raw(message, fields),
            original_id=name,
            position=place,
        )


def branch(mapping: dict[str, Plain], end: str | None) -> tuple[set[str], bool]:
    """Return the nodes from `end` to the root, and whether the way came back to itself."""
    seen: set[str] = set()
    while end is not None and end in mapping:
        if end in seen:  # THREAT T391: a way that comes back to itself is not walked again
            return seen, True
        seen.add(end)
        end = name_in(object_in(mapping[end]).get("parent"))
    return seen, False


def _said(message: dict[str, Plain]) -> dict[str, Plain]:
    metadata = object_in(message.get("metadata"))
    content = object_in(message.get("content"))
    return {
        "at": seconds_in(message.get("create_time")),
        "offset_min": None,
        "role": text_in(object_in(message.get("author")).get("role")),
        "text": _words(content),
        "kind": text_in(content.get("content_type")),
        "model": text_in(metadata.get("model_slug")),
        "attachments": _attachments(metadata, content),
        "edited_at": seconds_in(message.get("update_time")),
    }


def _words(content: dict[str, Plain]) -> str | None:
    """Return the words of a turn, whatever the form of its content."""
    found: list[str] = []
    for part in (*list_in(content.get("parts")), *list_in(content.get("thoughts"))):
        if isinstance(part, dict):
            found += [words for key in _WORDS if (words := text_in(part.get(key)))]
        elif words := text_in(part):
            found.append(words)
    found += [words for key in _WORDS if (words := text_in(content.get(key)))]
    return "\n".join(found) or None


def _attachments(metadata: dict[str, Plain], content: dict[str, Plain]) -> list[Plain]:
    """Return name, type and size of the files of a turn."""
    named: list[Plain] = [
        [text_in(each.get("name")), text_in(each.get("mime_type")), whole_in(each.get("size"))]
        for each in objects_in(metadata.get("attachments"))
    ]
    if named:
        return named
    return [
        [pointer, text_in(each.get("content_type")), whole_in(each.get("size_bytes"))]
        for each in objects_in(content.get("parts"))
        if (pointer := text_in(each.get("asset_pointer")))
    ]


def _raw(message: dict[str, Plain], fields: dict[str, Plain]) -> Plain:
    """Return what no field tells of a turn."""
    rest = dict(message)
    if isinstance(content := message.get("content"), dict):
        is_words = content.get("content_type") == _PLAIN and are_texts(content.get("parts"))
        rest["content"] = left(content, {"content_type": is_words, "parts": is_words})
    if isinstance(author := message.get("author"), dict):
        rest["author"] = left(author, {"role": fields["role"]})
    if isinstance(metadata := message.get("metadata"), dict):
        told = {
            "model_slug": fields["model"],
            "attachments": only(metadata.get("attachments"), _FILE),
        }
        rest["metadata"] = left(metadata, told)
    told = {
        "id": message.get("id") == fields["turn_id"],
        "create_time": fields["at"],
        "update_time": fields["edited_at"],
    }
    return left(rest, told)

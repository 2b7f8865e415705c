"""What a mail becomes: one of `messages`, and a reject for each attachment that found no room.

- The body is the mail's plain text, else the words of its HTML. Attachments are listed, and their
  bytes lie in `raw` under their part's number, with all headers and the HTML.
- Attachments over the limit of an item are listed and told as rejects; the message stays.

Source: docs/spec/18-connectors.md section 14.
"""

import re
from collections.abc import Iterator, Mapping

from sealhold.connectors.batches import MAX_ITEM, Found, reject
from sealhold.connectors.mailparts import Mail, Part, parse_mail
from sealhold.connectors.spec import Item, Why
from sealhold.model.encoding import Plain

MAX_MESSAGE = 67_108_864  # bytes; providers refuse mails over 50 MB
_ROOM = 2_097_152  # bytes of an item that are left for headers and the body's words
_NAME = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


def own_name(content: bytes) -> str | None:
    """Return the `Message-ID` of a mail as it is written, or None without one."""
    head = content[:65_536].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
    found = _NAME.search(head)
    return found[1].strip().decode("utf-8", "replace") if found else None


def message_items(
    content: bytes, where: str, name: str | None, more: Mapping[str, Plain]
) -> Iterator[Found]:
    """Yield a mail's message with `more` in its `raw`, then the attachments that are left out."""
    try:
        mail = parse_mail(content)
    except ValueError as err:
        yield reject(where, Why.MALFORMED, str(err), content)
        return
    kept, left = _within_limits(mail.parts)
    yield Item(
        dataset="messages",
        fields=_fields(mail, kept),
        raw={
            **more,
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

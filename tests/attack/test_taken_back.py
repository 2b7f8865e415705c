"""What others deleted, or meant to disappear, and an export still holds."""

import io
import json

import pytest

from sealhold.connectors.frames import Portion, encode
from sealhold.connectors.sources.mastodon import Mastodon
from sealhold.connectors.sources.signal import Signal
from sealhold.connectors.sources.telegram import Telegram
from sealhold.connectors.sources.whatsapp import WhatsApp
from sealhold.connectors.spec import Item, Source

SECRET = "the-key-is-under-the-mat"
WHATSAPP = f"""[13/02/2025, 10:00:00] Ann: hello
[13/02/2025, 10:01:00] Ann: \u200eAnn turned on disappearing messages.
[13/02/2025, 10:02:00] Ann: {SECRET}
and once more: {SECRET}
[13/02/2025, 10:03:00] Bo: \u200e<attached: {SECRET}.jpg>
[13/02/2025, 10:04:00] Ann: \u200eYou deleted this message.
"""
_WHOLE = {"text": SECRET, "text_entities": [SECRET], "file": SECRET, "from": "Ann", "x": SECRET}
_TIMER = {"type": "service", "actor": "Ann", "action": "set_messages_ttl", "period": 5, "id": 2}
TELEGRAM = json.dumps(
    {
        "name": "c",
        "id": 7,
        "type": "x",
        "messages": [_WHOLE | {"self_destruct_period_seconds": 5}, _TIMER, _WHOLE | {"id": 3}],
    }
)
_HELD = {"body": SECRET, "source": "Ann", "type": "incoming", "reactions": [{"emoji": SECRET}]}
_FILES = {"attachments": [{"fileName": SECRET}], "editHistory": [{"body": SECRET}]}
SIGNAL = json.dumps(
    [
        _HELD | _FILES | {"deletedForEveryone": True},
        _HELD | _FILES | {"expireTimer": 60},
        _HELD | _FILES | {"isViewOnce": True},
        {key: value for key, value in _HELD.items() if key != "type"} | {"expireTimer": 60},
    ]
)


def leaving(source: Source, content: str) -> tuple[bytes, list[Item]]:
    """Return all bytes that leave the reader, and the items in them."""
    batches = list(source.read(io.BytesIO(content.encode()), "file", None))
    sent = b"".join(encode(Portion(batch, 0)) for batch in batches)
    return sent, [item for batch in batches for item in batch.items]


@pytest.mark.threat("T390")
@pytest.mark.parametrize(
    ("source", "content", "states"),
    [
        (WhatsApp(), WHATSAPP, [None, None, "disappearing", "disappearing", "deleted"]),
        (Telegram(), TELEGRAM, ["disappearing", None, "disappearing"]),
        (Signal(), SIGNAL, ["deleted", *["disappearing"] * 3]),
    ],
    ids=["whatsapp", "telegram", "signal"],
)
def test_no_byte_of_what_was_taken_back_leaves_the_reader(
    source: Source, content: str, states: list[str | None]
) -> None:
    sent, items = leaving(source, content)

    assert [item.fields["state"] for item in items] == states
    assert all(item.fields["from"] for item in items)
    assert SECRET.encode() not in sent


@pytest.mark.threat("T392")
def test_of_a_boosted_post_its_address_alone_leaves_the_reader() -> None:
    address = "https://example.net/users/bo/7"
    said = {"id": address, "content": SECRET, "attributedTo": SECRET, "attachment": [SECRET]}
    activity = {"id": "x", "type": "Announce", "actor": "me", "object": said}

    sent, items = leaving(Mastodon(), json.dumps({"@context": "", "orderedItems": [activity]}))

    assert [item.fields["boosted"] for item in items] == [address]
    assert SECRET.encode() not in sent


@pytest.mark.threat("T23")
@pytest.mark.parametrize("filling", [" ", "\u200e", "<a: ", "[1/1/25, ", "x.y ("])
def test_a_message_of_one_character_over_and_over_is_read_at_once(filling: str) -> None:
    text = filling * (500_000 // len(filling))  # what costs its square here never ends

    _sent, items = leaving(WhatsApp(), f"13/02/2025, 10:00 - Ann: {text}\n{text}\n")

    assert len(items) == 1

"""Made-up chats, plays, conversations and posts in any size, as `samples` makes other files.

Source: docs/spec/43-chats-and-media.md.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sealhold.connectors.samples import Sample

_START = datetime(2025, 1, 6, 8, tzinfo=UTC)
_STEP = timedelta(hours=7)


def whatsapp(count: int) -> Sample:
    """Return a chat of three with `count` messages, in brackets, 12 hours."""
    lines = []
    for n in range(count):
        sent = _START + n * _STEP
        text = (
            f"Shall we meet at {n}?",
            f"Yes.\nSee you: at {n}",
            f"\u200e<attached: {n:08d}-PHOTO-2025.jpg>",
            "\u200eThis message was deleted.",
        )[n % 4]
        lines.append(
            f"[{sent.month}/{sent.day}/{sent:%y}, {sent:%I:%M:%S}\u202f{sent:%p}] "
            f"Person {n % 3}: {text}"
        )
    return Sample(
        file_name="_chat.txt",
        content="".join(line + "\r\n" for line in lines).encode(),
        items={"chats": count},
        has_end=False,
    )


def chatgpt(count: int) -> Sample:
    """Return an export with `count` turns in conversations of at most ten, of which some branch."""
    conversations = []
    for first in range(0, count, 10):
        mapping: dict[str, object] = {
            "root": {"id": "root", "message": None, "parent": None, "children": [f"t{first}"]}
        }
        turns = range(first, min(first + 10, count))
        for n in turns:
            before = n - 2 if n % 10 == 9 else n - 1  # noqa: PLR2004 - the last is said anew
            mapping[f"t{n}"] = {
                "id": f"t{n}",
                "message": {
                    "id": f"t{n}",
                    "author": {"role": "assistant" if n % 2 else "user", "name": None},
                    "create_time": (_START + n * _STEP).timestamp() + 0.25,
                    "content": {"content_type": "text", "parts": [f"Why is {n} odd?"]},
                    "status": "finished_successfully",
                    "metadata": {"model_slug": "gpt-4o"} if n % 2 else {},
                },
                "parent": "root" if n == first else f"t{before}",
                "children": [],
            }
        conversations.append(
            {
                "title": f"On {first}",
                "create_time": (_START + first * _STEP).timestamp(),
                "mapping": mapping,
                "current_node": f"t{turns[-1]}",
                "conversation_id": f"c{first}",
            }
        )
    return _json("conversations.json", conversations, "chats_ai", count)


def claude(count: int) -> Sample:
    """Return an export with `count` turns in conversations of at most ten."""
    conversations = [
        {
            "uuid": f"c{first}",
            "name": f"On {first}",
            "created_at": _at(first),
            "updated_at": _at(first + 9),
            "account": {"uuid": "a"},
            "chat_messages": [
                {
                    "uuid": f"t{n}",
                    "text": "" if n % 3 else f"Why is {n} even?",
                    "content": [{"type": "text", "text": f"Why is {n} even?"}],
                    "sender": "assistant" if n % 2 else "human",
                    "created_at": _at(n),
                    "updated_at": _at(n),
                    "attachments": [],
                    "files": [{"file_name": f"plan {n}.pdf"}] if n % 5 == 0 else [],
                }
                for n in range(first, min(first + 10, count))
            ],
        }
        for first in range(0, count, 10)
    ]
    return _json("conversations.json", conversations, "chats_ai", count)


def spotify(count: int) -> Sample:
    """Return a whole history with `count` plays."""
    plays = [
        {
            "ts": f"{_START + n * _STEP:%Y-%m-%dT%H:%M:%SZ}",
            "platform": "Linux",
            "ms_played": 1000 * n,
            "conn_country": "CH",
            "ip_addr": "192.0.2.7",
            "master_metadata_track_name": f"Song {n}" if n % 4 else None,
            "master_metadata_album_artist_name": "Nobody" if n % 4 else None,
            "master_metadata_album_album_name": "Nothing" if n % 4 else None,
            "spotify_track_uri": f"spotify:track:{n}" if n % 4 else None,
            "episode_name": None if n % 4 else f"Talk {n}",
            "episode_show_name": None if n % 4 else "Nobody talks",
            "reason_start": "clickrow",
            "reason_end": "trackdone",
            "shuffle": False,
            "skipped": None,
            "offline": False,
            "incognito_mode": n % 2 == 0,
        }
        for n in range(count)
    ]
    return _json("Streaming_History_Audio_2025_0.json", plays, "plays", count)


def telegram(count: int) -> Sample:
    """Return one chat with `count` messages."""
    messages = []
    for n in range(count):
        sent = _START + n * _STEP
        message: dict[str, object] = {
            "id": n + 1,
            "type": "message",
            "date": f"{sent + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}",
            "date_unixtime": f"{sent.timestamp():.0f}",
            "from": f"Person {n % 3}",
            "from_id": f"user{n % 3}",
            "text": ["See ", {"type": "bold", "text": f"number {n}"}] if n % 3 else f"Number {n}",
        }
        if n % 5 == 0:
            message |= {"reply_to_message_id": n, "photo": f"photos/{n}.jpg", "width": 640}
        messages.append(message)
    chat = {"name": "Friends", "type": "private_group", "id": 77, "messages": messages}
    return _json("result.json", chat, "chats", count)


def signal(count: int) -> Sample:
    """Return a list of `count` messages of two conversations."""
    messages = [
        {
            "id": f"m{n}",
            "conversationId": f"c{n % 2}",
            "type": "outgoing" if n % 3 else "incoming",
            "sent_at": int((_START + n * _STEP).timestamp() * 1000),
            "body": f"Number {n}",
            "attachments": [{"fileName": f"{n}.png", "contentType": "image/png"}] if n % 4 else [],
            "expireTimer": 3600 if n % 7 == 0 else 0,
        }
        | ({} if n % 3 else {"sourceServiceId": f"s{n}"})
        for n in range(count)
    ]
    return _json("signal.json", messages, "chats", count)


def mastodon(count: int) -> Sample:
    """Return an outbox with `count` activities, every third a boost."""
    me = "https://example.org/users/me"
    activities = [
        {
            "id": f"{me}/statuses/{n}/activity",
            "type": "Create" if n % 3 else "Announce",
            "actor": me,
            "published": _at(n),
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "object": {
                "id": f"{me}/statuses/{n}",
                "type": "Note",
                "published": _at(n),
                "content": f"<p>Number {n}</p>",
                "to": [f"{me}/followers"],
                "tag": [{"type": "Hashtag", "name": "#numbers"}],
            }
            if n % 3
            else f"https://example.net/users/nobody/statuses/{n}",
        }
        for n in range(count)
    ]
    outbox = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "outbox.json",
        "type": "OrderedCollection",
        "totalItems": count,
        "orderedItems": activities,
    }
    return _json("outbox.json", outbox, "posts", count)


def _at(step: int) -> str:
    return f"{_START + step * _STEP:%Y-%m-%dT%H:%M:%S}.000000Z"


def _json(file_name: str, document: object, dataset: str, count: int) -> Sample:
    content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return Sample(file_name=file_name, content=content, items={dataset: count}, has_end=True)


CHAT_SAMPLES: Mapping[str, Callable[[int], Sample]] = {
    "chatgpt": chatgpt,
    "claude": claude,
    "spotify": spotify,
    "mastodon": mastodon,
    "signal": signal,
    "telegram": telegram,
    "whatsapp": whatsapp,
}

"""Made-up chats, plays, conversations and posts in any size, as `samples` makes other files.

Source: docs/spec/43-chats-and-media.md.
"""

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


CHAT_SAMPLES: Mapping[str, Callable[[int], Sample]] = {
    "whatsapp": whatsapp,
}

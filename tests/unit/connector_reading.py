"""What a connector makes of bytes, for tests of single formats."""

import io

from sealhold.connectors.detect import detect
from sealhold.connectors.spec import SNIFF_BYTES, Item, Reject, Source
from sealhold.model.errors import UnreadableSourceError

Found = tuple[list[Item], list[Reject]]


def read(source: Source, content: bytes | str) -> Found:
    """Return the items and rejects of a file that can be read to its end."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    batches = list(source.read(file, "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def outcome(source: Source, content: bytes | str) -> tuple[int, list[str]]:
    """Return how many items came, and how a file ended: its rejects' reasons, and `broken`."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    count, told = 0, []
    try:
        for batch in source.read(file, "file", None):
            count += len(batch.items)
            told += [str(one.why) for one in batch.rejects]
    except UnreadableSourceError:
        told.append("broken")
    return count, told


def known_as(content: bytes | str, sources: list[Source]) -> str:
    """Return the name of the source that takes a file of no telling name."""
    head = (content.encode() if isinstance(content, str) else content)[:SNIFF_BYTES]
    return detect(head, "file", sources).source.name

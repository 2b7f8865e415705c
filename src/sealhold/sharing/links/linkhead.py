"""The text of a link, the head of what it opens, and how a content is cut into pieces.

Source: docs/spec/53-link-shares.md sections 1 and 3.
"""

import json
import re
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Final

from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, TamperedError, TooLargeError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.net.relay.linkspec import ADDED, HEAD, MAX_PIECES, PIECE, STEP, LinkTerms

VERSION: Final = 1
PLAIN: Final = PIECE - ADDED  # bytes of a content piece before it is sealed
HEAD_PLAIN: Final = HEAD - ADDED
MAX_NAME, MAX_FROM = 200, 100  # characters
_LINK: Final = re.compile(r"(https?://[^\s/]+)/s/([0-9a-f]{32})#([ap])([A-Za-z0-9_-]{43})")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Link:
    """A link, as it is sent to somebody."""

    host: str  # `https://relay.example`
    id: Id16
    key: Secret
    asks: bool  # for a passphrase

    def text(self) -> str:
        """Return the link as a browser takes it: whoever has it has the key."""
        key = urlsafe_b64encode(self.key.reveal()).rstrip(b"=").decode("ascii")
        return f"{self.host}/s/{self.id.hex()}#{'p' if self.asks else 'a'}{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHead:
    """What stands sealed in piece 0."""

    name: str
    size: int  # bytes of content
    sender: str
    until: Instant
    label: str

    def told(self) -> bytes:
        """Return it in 4,096 bytes."""
        told = {**asdict(self), "v": VERSION, "from": self.sender}
        del told["sender"]
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode().ljust(HEAD_PLAIN)


def link_in(text: str) -> Link:
    """Return the link that `text` is.

    Raises:
        InvalidError: it is none, or not whole.
    """
    found = _LINK.fullmatch(text.strip())
    if found is None:
        raise InvalidError("a link is https://HOST/s/ID#KEY, and all of it")
    key = urlsafe_b64decode(f"{found[4]}=")
    return Link(found[1], Id16(bytes.fromhex(found[2])), Secret(key, "link key"), found[3] == "p")


def head_in(plain: bytes) -> LinkHead:
    """Return the head that was sealed.

    Raises:
        TamperedError: it is none of this version.
    """
    try:
        told = json.loads(plain)
    except ValueError as err:
        raise TamperedError("a link's head is not what one is") from err
    match told:
        case {
            "v": 1,
            "name": str() as name,
            "size": int() as size,
            "from": str() as sender,
            "until": int() as until,
            "label": str() as label,
            **more,
        } if not more and size >= 0:
            return LinkHead(name=name, size=size, sender=sender, until=Instant(until), label=label)
        case _:
            raise TamperedError("a link's head is not what one is")


def file_name(text: str) -> str:
    """Return a name that says what it is: nothing hidden in it, and no folder."""
    # THREAT T560: a name that hides its ending, or leads elsewhere, is written out
    flat = "".join("_" if unicodedata.category(one) in _HIDDEN else one for one in text)
    bare = re.sub(r'[\\/:*?"<>|]', "_", unicodedata.normalize("NFC", flat)).strip()
    return (re.sub(r"^\.+", "_", bare) or "shared")[:MAX_NAME]


def terms_of(size: int, gate: bytes, until: Instant, most: int) -> LinkTerms:
    """Return the terms of a link to a content of `size` bytes.

    Raises:
        TooLargeError: it has more pieces than a link may.
    """
    contents = max(1, -(-size // PLAIN))
    if contents >= MAX_PIECES:
        raise TooLargeError(f"a link shares at most {(MAX_PIECES - 1) * PLAIN:,} bytes")
    last = max(1, -(-(size - (contents - 1) * PLAIN) // STEP)) * STEP
    whole = HEAD + (contents - 1) * PIECE + last + ADDED
    return LinkTerms(gate=gate, until=until, most=most, pieces=contents + 1, size=whole)


def padded(content: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield a content in pieces before they are sealed, the last one filled up.

    Raises:
        InvalidError: it has not `size` bytes: it changed meanwhile.
    """
    held, left = bytearray(), size
    for part in content:
        held += part
        while len(held) >= PLAIN and left > PLAIN:
            yield bytes(held[:PLAIN])
            del held[:PLAIN]
            left -= PLAIN
        if len(held) > left:
            break
    if len(held) != left:
        raise InvalidError("what is shared changed while it was read")
    yield bytes(held).ljust(max(1, -(-left // STEP)) * STEP, b"\x00")

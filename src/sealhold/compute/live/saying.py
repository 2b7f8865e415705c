"""What passes between the vault and the process that speaks to a server.

- One order goes down, frames come up: length, then msgpack, of known types and bounded lengths.
- Why something failed is a word of a closed set. Beside it may stand names (of columns, of
  folders), printable and short; no sentence of a server goes further.

Source: docs/spec/37-live.md section 3.
"""

import socket
from typing import Final

import msgspec

from sealhold.model.encoding import Plain
from sealhold.net.dial import Server

HEAD: Final = 4  # bytes of a frame's length
MAX_PART: Final = 1_048_576  # bytes of content in a frame
MAX_FRAME: Final = 16_777_216  # a cursor may name each file of a calendar
MAX_ORDER: Final = 2 * MAX_FRAME
MAX_WAIT: Final = 86_400  # seconds: no server puts a pull off for longer
LONGEST_NAME: Final = 100  # characters that a server calls something
MAX_GONE: Final = 100_000  # names in one piece


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to do."""

    kind: str  # `imap`
    is_check: bool
    server: Server
    path: str = ""  # of an address of the web
    user: str = ""
    secret: str = ""
    settings: dict[str, Plain] = {}
    cursor: str | None = None


class Part(msgspec.Struct, frozen=True, array_like=True, tag="part"):
    """Bytes of the piece that is being made."""

    data: bytes


class Ended(msgspec.Struct, frozen=True, array_like=True, tag="ended"):
    """A piece is whole."""

    name: str
    cursor: str
    gone: list[str] = []
    complete: bool = False


class Shown(msgspec.Struct, frozen=True, array_like=True, tag="shown"):
    """What was found at a look."""

    sentence: str
    columns: list[tuple[str, str, bool]] = []  # of rows: name, type, whether every row has it
    key: list[str] = []
    time: str = ""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag="failed"):
    """It goes no further; nothing follows."""

    word: str
    names: list[str] = []
    wait: int = 0  # seconds in which the server is not to be asked, as it says


class Done(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """That was all; nothing follows."""


Frame = Part | Ended | Shown | Failed | Done


class FailedError(Exception):
    """The process goes no further, and why."""

    def __init__(self, word: str, *names: str, wait: int = 0) -> None:
        super().__init__(word)
        self.word = word
        self.names = [shown(each) for each in names[:5]]
        self.wait = wait


def shown(name: str) -> str:
    """Return what a server calls something, fit to be read by people."""
    return "".join(one if one.isprintable() else "?" for one in name[:LONGEST_NAME])


class Up:
    """The way to the vault."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def send(self, frame: Frame | Order) -> None:
        """Send one frame."""
        body = msgspec.msgpack.encode(frame)
        self._link.sendall(len(body).to_bytes(HEAD, "big") + body)

    def give(self, data: bytes | memoryview) -> None:
        """Send content of a piece."""
        for start in range(0, len(data), MAX_PART):
            self.send(Part(bytes(data[start : start + MAX_PART])))

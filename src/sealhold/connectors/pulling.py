"""How a place that the owner named is read: a puller brings bytes, a connector reads them.

- A puller gives pieces: bytes that some connector of files knows as its own, in a file that may lie
  in memory. It parses as little as it must, has no key, and seals nothing.
- What speaks to a server does so in a process of its own, to the one address that was looked at.
- A cursor is the puller's own text. Without one everything is read; the pieces after one are what
  came since, and overlap is no harm: items are recognised.
- What it cannot reach is `SourceAwayError`, what refuses it `LoginNeededError`; neither quotes what
  the place answered.

Source: docs/spec/36-sources.md section 3.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a source lies, and what opens it."""

    settings: Mapping[str, Plain]  # `place`, and options that the kind takes
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes to be read by a connector."""

    path: Path  # readable until the next piece is asked for; `/proc/self/fd/N` lies in memory
    name: str  # what people read of it: `INBOX, 200 messages`
    cursor: str = ""  # where the next pull goes on once this piece is kept; empty: as before
    gone: tuple[str, ...] = ()  # own names of items that the place has no more
    kept: Callable[[str, bool], None] | None = None  # told once it is durable: what, whether read
    within: str = ""  # set if its items mean nothing without the file that they stand in
    complete: bool = False  # the last of a pull that gave all there is, though it had a cursor
    known: tuple[str, str] = ("", "")  # connector and version; empty: by its content
    is_empty: bool = False  # there is nothing to be read in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was found where a source lies."""

    sentence: str  # `3 folders, 1,204 messages`
    settings: Mapping[str, Plain]  # as they are kept: what was found out is filled in
    dataset: Dataset | None = None  # of a table: what its rows are
    asks: tuple[str, ...] = ()  # what the owner must still say


class Puller(Protocol):
    """Reads one kind of place."""

    kind: ClassVar[str]  # `imap`
    about: ClassVar[str]  # one sentence for people
    place: ClassVar[str]  # what says where it lies, by example: `imaps://mail.example.org`
    options: ClassVar[Mapping[str, str]]  # settings beside `place`, each in a few words
    is_local: ClassVar[bool]  # on this machine
    can_stay: ClassVar[bool]  # what lies there may be left in place
    is_whole: ClassVar[bool]  # a pull without a cursor gives all there is: what lacks is gone

    def check(self, where: Where) -> Health:
        """Look whether the place can be read, and as what.

        Raises:
            SourceAwayError: it cannot be reached.
            LoginNeededError: it refuses the account.
            InvalidError: the settings are none of this kind, and which.
            SourceChangedError: there is something else than what was accepted.
        """
        ...

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield what came since `cursor`, or all there is.

        Raises:
            SourceAwayError: it cannot be reached, or broke off.
            LoginNeededError: it refuses the account.
            SourceChangedError: what it gives has another shape than what was accepted.
            UnreadableSourceError: what it gives is not what its kind is.
        """
        ...


Pullers = Callable[[str], Puller]
"""Gives the puller of a kind.

Raises:
    InvalidError: there is none of that kind.
"""

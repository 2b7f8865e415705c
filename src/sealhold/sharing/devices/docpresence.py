"""Who is in a document just now, and where: said in passing, and forgotten soon.

- A presence is no edit: it is in no log, no snapshot and no history, and nothing waits for it.
- What others say is bounded in size and rate, and taken for no more than it is: a place is a
  number in the text as its sender saw it.

Source: docs/spec/48-documents.md section 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, TamperedError
from sealhold.sharing.devices.docops import MAX_COUNT, Kind, OpId, Place

FORM = 1
MAX_PRESENCE = 64  # bytes
LIFE = 30_000  # milliseconds after which whoever says nothing is not there
APART = 125  # milliseconds between two of one author
MAX_PRESENT = 64  # authors


@dataclass(frozen=True, slots=True)
class Presence:
    """An author, and what it has marked: `at` to `to`, code points of the text at `place`.

    `beat`: grows with each that the author sends.
    """

    author: int
    beat: int
    place: Place
    at: int
    to: int


def packed_presence(presence: Presence) -> bytes:
    """Return the bytes of a presence, to be sealed for those who may see it."""
    made_by = presence.place.made_by
    place = 0 if made_by is None else list(made_by)
    return pack([FORM, presence.author, presence.beat, place, presence.at, presence.to])


def unpacked_presence(data: bytes) -> Presence:
    """Return the presence that `data` is.

    Raises:
        TamperedError: not one.
    """
    if len(data) > MAX_PRESENCE:
        raise TamperedError("a presence that is too long")
    try:
        form, author, beat, place, at, to = unpack(data)
        made_by = None if place == 0 else OpId(*place)
    except (InvalidEncodingError, TypeError, ValueError) as err:
        raise TamperedError("not a presence") from err
    numbers = (form, author, beat, at, to, *(made_by or ()))
    if form != FORM or any(type(each) is not int or each < 0 for each in numbers):
        raise TamperedError("not a presence")
    if max(at, to) > MAX_COUNT:
        raise TamperedError("a presence beyond any text")
    return Presence(author, beat, Place(Kind.TEXT, made_by), at, to)


class Present:
    """Who is in one document."""

    def __init__(self) -> None:
        self._heard: dict[int, tuple[Presence, int]] = {}

    def heard(self, author: int, data: bytes, now: int) -> bool:
        """Take note of a presence that is known to be of `author`; return whether it counts.

        Args:
            author: who sealed it.
            data: its bytes.
            now: milliseconds, of a clock that does not go back.

        Raises:
            TamperedError: not a presence, or of another author.
        """
        presence = unpacked_presence(data)
        # THREAT T474: nobody is present for another
        if presence.author != author:
            raise TamperedError("a presence of another author")
        last = self._heard.get(author)
        # THREAT T475: one that comes too often is dropped, and so is one too many
        if last is not None and (presence.beat <= last[0].beat or now < last[1] + APART):
            return False
        self._forget(now)
        if author not in self._heard and len(self._heard) >= MAX_PRESENT:
            return False
        self._heard[author] = (presence, now)
        return True

    def there(self, now: int) -> Iterator[Presence]:
        """Yield who is there, in the order of authors."""
        self._forget(now)
        for author in sorted(self._heard):
            yield self._heard[author][0]

    def _forget(self, now: int) -> None:
        silent = [author for author, (_, at) in self._heard.items() if at + LIFE <= now]
        for author in silent:
            del self._heard[author]

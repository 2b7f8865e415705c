"""The text of a JSON file as it is looked at: a window on it, and single values taken out.

- Bytes become text across the edges of chunks; what was read is forgotten.
- A number that is none in JSON is None; one of more digits than Python converts is its text.

Source: docs/spec/42-places-and-bodies.md section 1; RFC 8259.
"""

import codecs
import json
import re
from typing import BinaryIO, Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError

SPACE: Final = re.compile(r"[ \t\n\r]*+")
CUT: Final = "JSON that is cut off"


class Window:
    """The text that is looked at, and how far it is read."""

    def __init__(self, file: BinaryIO, chunk: int) -> None:
        self._file = file
        self._chunk = chunk
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.text = ""
        self.at = 0
        self.is_whole = False  # nothing follows the text
        file.seek(0)
        mark = file.read(len(codecs.BOM_UTF8))
        if mark != codecs.BOM_UTF8:
            file.seek(0)

    @property
    def left(self) -> int:
        """How many characters of the text are not read."""
        return len(self.text) - self.at

    @property
    def is_short(self) -> bool:
        """Whether there is less of it than is read at once, and more to come."""
        return self.left < self._chunk and not self.is_whole

    def more(self) -> None:
        """Forget what was read and take more, as much as there is left or more.

        Raises:
            UnreadableSourceError: not UTF-8.
        """
        data = self._file.read(max(self._chunk, self.left))
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as err:
            raise UnreadableSourceError("JSON that is not UTF-8") from err
        self.text = self.text[self.at :] + text
        self.at = 0
        self.is_whole = not data

    def next(self) -> str:
        """Return the next character that is no space, and stand at it.

        Raises:
            UnreadableSourceError: there is none.
        """
        while True:
            text, at = self.text, self.at
            if at < len(text) and text[at] > " ":
                return text[at]
            space = SPACE.match(text, at)
            self.at = space.end() if space else at
            if self.at < len(text):
                return text[self.at]
            if self.is_whole:
                raise UnreadableSourceError(CUT)
            self.more()


def _nothing(name: str) -> None:
    del name


def _number_or_text(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # over the limit of digits that Python converts
        return digits


QUICK = json.JSONDecoder(parse_constant=_nothing)
_SLOW = json.JSONDecoder(parse_constant=_nothing, parse_int=_number_or_text)


def decode(text: str, at: int) -> tuple[Plain, int]:
    """Return the value that begins at `at`, and where it ends.

    Raises:
        JSONDecodeError: none does, or not whole.
    """
    try:
        return QUICK.raw_decode(text, at)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _SLOW.raw_decode(text, at)

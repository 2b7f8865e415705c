"""Names of files and folders: which are taken in, and how each is shown on a file system.

- A stored name is 1 to 255 bytes of UTF-8, is not `.` or `..`, and has no `/`, no NUL, no control
  character, no half of a character, and none of the marks that turn the reading direction.
- What is shown is made from the stored name and is never stored: a name that this file system
  cannot hold is escaped, and of equal names under one folder all but the eldest bear a suffix.

Source: docs/spec/47-folders.md section 3.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sealhold.model.errors import InvalidError

MAX_NAME = 255  # bytes; what file systems of Linux hold
LONGEST_ENDING = 16  # bytes; what is longer after a dot is a part of the name
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNFIT = frozenset(("Cc", "Cs"))  # control characters, halves of a character
_DEVICES = frozenset(  # names that Windows keeps for devices
    ("con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Which names a file system can hold."""

    folds: bool = False  # takes names that differ in case alone for one
    refuses: frozenset[str] = frozenset()  # characters beyond those that no name has
    plain_ends: bool = False  # no dot or space at the end, no name of a device
    longest: int = MAX_NAME  # bytes


LINUX = Holds()
PORTABLE = Holds(folds=True, refuses=frozenset('<>:"\\|?*'), plain_ends=True)


class Named(NamedTuple):
    """A thing under a folder: eldest first in `order`."""

    order: tuple[int, int, bytes, bytes]  # time and author of its placing, then its id
    name: str | None  # None: the name was erased

    @property
    def object(self) -> bytes:
        """Return the id of the thing."""
        return self.order[3]


def is_name(text: object) -> bool:
    """Return whether `text` may be the name of a file or folder."""
    if not isinstance(text, str) or not text or text in {".", ".."} or "/" in text:
        return False
    if text.isascii():
        return len(text) <= MAX_NAME and text.isprintable()
    if any(unicodedata.category(each) in _UNFIT or each in _TURNING for each in text):
        return False
    return len(text.encode()) <= MAX_NAME


def checked_name(text: object) -> str:
    """Return a name that came from outside.

    Raises:
        InvalidError: it is none that a file or folder may have.
    """
    # THREAT T467: what is no name never becomes part of a path.
    if not is_name(text):
        raise InvalidError("not a name of a file or folder")
    return str(text)


def shown_names(things: Iterable[Named], holds: Holds = LINUX) -> dict[bytes, str]:
    """Return the name under which each thing of one folder is shown here, by its id.

    No two are equal, nor one for this file system; which is shown how depends on no order in
    which they are handed in.
    """
    shown: dict[bytes, str] = {}
    taken: set[str] = set()
    later: list[tuple[Named, str]] = []
    for thing in sorted(things, key=lambda each: each.order):
        name = escaped(thing.name or f"unnamed-{thing.object.hex()[:8]}", holds)
        same = same_as(name, holds)
        if same in taken:
            later.append((thing, name))
        else:
            taken.add(same)
            shown[thing.object] = name
    for thing, name in later:
        shown[thing.object] = _apart(thing.object, name, taken, holds)
    return shown


def same_as(name: str, holds: Holds = LINUX) -> str:
    """Return what is equal for names that one file system, or one reader, takes for the same."""
    if name.isascii():
        return name.lower() if holds.folds else name
    composed = unicodedata.normalize("NFC", name)
    if not holds.folds:
        return composed
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", composed).casefold())


def escaped(name: str, holds: Holds) -> str:
    """Return `name` as a file system can hold it: `%` and two digits for each byte that it cannot.

    A name that it can hold is returned as it is.
    """
    fit = "".join(_bytes_of(each) if each in holds.refuses else each for each in name)
    if holds.plain_ends:
        if fit[-1] in {".", " "}:
            fit = fit[:-1] + _bytes_of(fit[-1])
        stem, dot, rest = fit.partition(".")
        if stem.rstrip(" ").casefold() in _DEVICES:
            fit = _bytes_of(stem[0]) + stem[1:] + dot + rest
    return fit if len(fit.encode()) <= holds.longest else cut_name(fit, "", holds.longest)


def _apart(thing: bytes, name: str, taken: set[str], holds: Holds) -> str:
    digits = thing.hex()
    for length in range(4, len(digits) + 1, 4):
        tried = cut_name(name, f" ({digits[:length]})", holds.longest)
        if (same := same_as(tried, holds)) not in taken:
            taken.add(same)
            return tried
    number = 2
    while (same := same_as(f"{digits}-{number}", holds)) in taken:
        number += 1
    taken.add(same)
    return f"{digits}-{number}"


def cut_name(name: str, mark: str = "", longest: int = MAX_NAME) -> str:
    """Return `name` with `mark` before its ending, of at most `longest` bytes."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > LONGEST_ENDING:
        stem, dot, ending = name, "", ""
    tail = f"{mark}{dot}{ending}"
    room = max(0, longest - len(tail.encode()))
    return stem.encode()[:room].decode(errors="ignore") + tail


def _bytes_of(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())

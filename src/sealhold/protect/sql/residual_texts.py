"""Functions on texts, and patterns of LIKE.

- Length and places count characters.
- `lower` and `upper` map each character to one character, as the C library of a server with UTF-8
  does; under COLLATE "C" they map A to Z only.
- A pattern is cut at its `%` once, and each piece is looked for from where the one before ended:
  the time is that of the text times the pattern at most, however the `%` stand.

Source: docs/spec/57-values-and-residuals.md section 11; PostgreSQL 15, chapters 9.4 and 9.7.1.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from sealhold.protect.pgtypes.errors import PgValueError

MAX_TEXT: Final = 2**28  # characters that one function may make
_LOWEST: Final = -(2**31)
_SUBSTRING: Final = "22011"
_ESCAPE: Final = "22025"
_ANY: Final = "\0"  # in a piece, for `_`: no text has this character

Pattern: TypeAlias = Callable[[str], bool]


def lower(text: str) -> str:
    """Return the text in lower case, character by character."""
    if text.isascii():
        return text.lower()
    return "".join(mark.lower()[0] for mark in text)


def upper(text: str) -> str:
    """Return the text in upper case, character by character."""
    if text.isascii():
        return text.upper()
    return "".join(
        next((made for made in (mark.upper(), mark.title()) if len(made) == 1), mark)
        for mark in text
    )


def lower_ascii(text: str) -> str:
    """Return the text with A to Z in lower case, as order C has it."""
    return text.encode().lower().decode()


def upper_ascii(text: str) -> str:
    """Return the text with a to z in upper case, as order C has it."""
    return text.encode().upper().decode()


def substring(text: str, start: int, length: int | None = None) -> str:
    """Return a part of the text; places begin with 1, and may lie before it.

    Raises:
        PgValueError: a length below zero.
    """
    if length is None:
        return text[max(0, start - 1) :]
    if length < 0:
        raise PgValueError(_SUBSTRING, "negative substring length not allowed")
    return text[max(0, start - 1) : max(0, start - 1 + length)]


def left(text: str, count: int) -> str:
    """Return the first characters; all but the last ones, if `count` is below zero."""
    return text[:count] if count >= 0 else text[: max(0, len(text) + count)]


def right(text: str, count: int) -> str:
    """Return the last characters; all but the first ones, if `count` is below zero."""
    if count == _LOWEST:
        return text  # which has no opposite; the server then cuts nothing
    return text[max(0, len(text) - count) :] if count >= 0 else text[-count:]


def replace(text: str, old: str, new: str) -> str:
    """Return the text with each `old` made `new`.

    Raises:
        PgValueError: the result is longer than anything that may be made here.
    """
    if not old:
        return text
    # THREAT T631: a short text with a long replacement grows by their product.
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise PgValueError("54000", "the result is too long")
    return text.replace(old, new)


def position(text: str, wanted: str) -> int:
    """Return where `wanted` first stands, from 1; 0 if nowhere."""
    return text.find(wanted) + 1


def concatenated(first: str, second: str) -> str:
    """Return both texts in a row.

    Raises:
        PgValueError: the result is longer than anything that may be made here.
    """
    if len(first) + len(second) > MAX_TEXT:
        raise PgValueError("54000", "the result is too long")
    return first + second


def escaped(pattern: str, escape: str) -> str:
    """Return a pattern whose escape character is `escape` as one whose is a backslash.

    Raises:
        PgValueError: `escape` is longer than a character.
    """
    if len(escape) > 1:
        raise PgValueError(_ESCAPE, "invalid escape string")
    if escape == "\\":
        return pattern
    made: list[str] = []
    is_after = False
    for mark in pattern:
        if mark == escape and not is_after:
            made.append("\\")
            is_after = True
            continue
        made.append("\\\\" if mark == "\\" and not is_after else mark)
        is_after = False
    return "".join(made)


def like(pattern: str) -> Pattern:
    """Return the test that LIKE makes with a pattern.

    Raises:
        PgValueError: the pattern ends in a single backslash.
    """
    pieces, plain = _pieces(pattern)
    if plain is not None:
        return lambda text: text == plain
    if len(pieces) == 1:
        whole = pieces[0]
        return lambda text: len(text) == len(whole) and _fits(whole, text, 0)
    first, *middle, last = pieces

    def matches(text: str) -> bool:
        if len(text) < len(first) + len(last) or not _fits(first, text, 0):
            return False
        end = len(text) - len(last)
        if not _fits(last, text, end):
            return False
        at = len(first)
        for piece in middle:
            # THREAT T632: pieces are never looked for again, so no pattern makes this slow.
            at = _find(piece, text, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matches


def _pieces(pattern: str) -> tuple[list[str], str | None]:
    # what stands between the `%`, and the whole text if it is without `%` and `_`
    pieces: list[str] = []
    piece: list[str] = []
    is_plain = True
    marks = iter(pattern)
    for mark in marks:
        if mark == "%":
            pieces.append("".join(piece))
            piece = []
        elif mark == "_":
            piece.append(_ANY)
            is_plain = False
        elif mark == "\\":
            after = next(marks, None)
            if after is None:
                raise PgValueError(_ESCAPE, "LIKE pattern must not end with escape character")
            piece.append(after)
        else:
            piece.append(mark)
    pieces.append("".join(piece))
    return pieces, pieces[0] if is_plain and len(pieces) == 1 else None


def _fits(piece: str, text: str, at: int) -> bool:
    if _ANY not in piece:
        return text.startswith(piece, at)
    return all(
        mark in {_ANY, found} for mark, found in zip(piece, text[at : at + len(piece)], strict=True)
    )


def _find(piece: str, text: str, at: int, end: int) -> int:
    if _ANY not in piece:
        return text.find(piece, at, end)
    return next(
        (place for place in range(at, end - len(piece) + 1) if _fits(piece, text, place)), -1
    )


def trimmed(side: str) -> Callable[..., str]:
    """Return the function that takes characters off the left, the right or both ends."""

    def run(text: str, marks: str = " ") -> str:
        if not marks:
            return text
        if side == "left":
            return text.lstrip(marks)
        return text.rstrip(marks) if side == "right" else text.strip(marks)

    return run


def substring_of_bytes(value: bytes, start: int, length: int | None = None) -> bytes:
    """Return a part of bytes; places begin with 1.

    Raises:
        PgValueError: a length below zero.
    """
    if length is None:
        return value[max(0, start - 1) :]
    if length < 0:
        raise PgValueError(_SUBSTRING, "negative substring length not allowed")
    return value[max(0, start - 1) : max(0, start - 1 + length)]


def concatenated_bytes(first: bytes, second: bytes) -> bytes:
    """Return both in a row.

    Raises:
        PgValueError: the result is longer than anything that may be made here.
    """
    if len(first) + len(second) > MAX_TEXT:
        raise PgValueError("54000", "the result is too long")
    return first + second

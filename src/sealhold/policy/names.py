"""Texts of strangers, made safe to show: nothing hidden, nothing reversed, look-alikes pointed out.

- `visible` shows each control, format, private, unassigned or invisible character as an escape.
- A joiner is left alone where a script needs it: between two letters of a joining script.
- `mixed_scripts` names the scripts of a text that draws on more than one writing system;
  `lookalike` finds the known name that a new one could be taken for, and `taken_for` an equal one.
- The look-alikes are the common ones of Latin, Greek, Cyrillic and digits, not all of Unicode.

Source: docs/spec/07-grants.md section 9; after Unicode UTS 39 ("highly restrictive" level).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols that draw nothing, though their category does not say so.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
_JOINERS: Final = frozenset("\u200c\u200d")
_JOINING: Final = frozenset(
    {"ARABIC", "SYRIAC", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"}
    | {"TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR"}
)
_MAX_MARKS: Final = 4  # on one letter; written languages need three, more paints over other lines

# Sets of scripts that are written together, each with Latin beside them.
_TOGETHER: Final = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "LATIN"}),
    frozenset({"CJK", "BOPOMOFO", "LATIN"}),
    frozenset({"CJK", "HANGUL", "LATIN"}),
)
_ALIKE: Final = {
    **dict(zip("авеікмнорсстухјѕһԁԛԝгьӏ", "abeikmhopcctyxjshdqwrbl", strict=True)),
    **dict(zip("αβεικνορτυχωγ", "abeikvoptuxwy", strict=True)),
    **dict(zip("0135", "oles", strict=True)),
    "\u0131": "i",  # the dotless one
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "|": "l",
    "!": "l",
    "i": "l",  # with `I`, which folds to it
}


def visible(text: str) -> str:
    r"""Return `text` with each hidden character written as an escape: `\u202e`.

    A backslash stays a backslash: this is for the eye, not for reading back.
    """
    # THREAT T12: what the reader sees is what is there, in the order in which it stands.
    return "".join(
        _escape(char) if _is_hidden(text, place) else char for place, char in enumerate(text)
    )


def has_hidden(text: str) -> bool:
    """Return whether `visible` would change `text`."""
    return any(_is_hidden(text, place) for place in range(len(text)))


def mixed_scripts(text: str) -> tuple[str, ...]:
    """Return the scripts of `text`, sorted, if they are not written together; else nothing."""
    found = {_script(char) for char in text if char.isalpha()}
    if len(found) < 2 or any(found <= together for together in _TOGETHER):  # noqa: PLR2004 - two is what "mixed" means
        return ()
    return tuple(sorted(found))


def lookalike(name: str, known: Iterable[str]) -> str | None:
    """Return the first of `known` that `name` could be taken for, though it is another name."""
    shape = _shape(name)
    return next((other for other in known if other != name and _shape(other) == shape), None)


def taken_for(name: str, known: Sequence[str]) -> str | None:
    """Return which of `known` a new `name` could be taken for: the very same, or a look-alike."""
    return name if name in known else lookalike(name, known)


def _is_hidden(text: str, place: int) -> bool:
    char = text[place]
    if char in _JOINERS and 0 < place < len(text) - 1:
        before, after = _script(text[place - 1]), _script(text[place + 1])
        return before != after or before not in _JOINING
    if _is_mark(char) and place >= _MAX_MARKS:
        return all(_is_mark(mark) for mark in text[place - _MAX_MARKS : place])
    return unicodedata.category(char) in _HIDDEN or char in _BLANK


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in {"Mn", "Me"}


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the last of four digits


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").partition(" ")[0].partition("-")[0]


def _shape(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    drawn = "".join(_ALIKE.get(char, char) for char in plain if char.isalnum() or char in "|!")
    return drawn.replace("rn", "m").replace("vv", "w")

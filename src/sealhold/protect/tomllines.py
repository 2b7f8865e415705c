"""On which line of a TOML text each key stands, for messages; the values are read by `tomllib`.

- A path has the names of keys, and a number from zero for each entry of a list: the third column of
  the second table is `("table", 1, "column", 2)`.
- The text must be one that `tomllib` reads: nothing is judged here, and a line that is wrong would
  make a message wrong and nothing else.

Source: docs/spec/16-protection-policy.md section 1; TOML v1.0.0.
"""

import re
from collections.abc import Mapping
from typing import Final

Path = tuple[str | int, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SPACE: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK: Final = re.compile(r"[ \t]*")
_SCALAR: Final = re.compile(r"[^,\]}\r\n#]+")
_STRINGS: Final = (  # the longer marks first
    re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class Lines:
    """The lines of one text."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines

    def of(self, path: Path) -> int:
        """Return the line of a key, or of the nearest one around it that stands in the text."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    @property
    def paths(self) -> frozenset[Path]:
        """All that stands in the text."""
        return frozenset(self._lines)


def lines_of(text: str) -> Lines:
    """Return the lines of a text that `tomllib` reads."""
    return _Scan(text).whole()


class _Scan:
    """Goes over a text once, from statement to statement."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0  # the line of the place up to which lines were counted
        self._found: dict[Path, int] = {}
        self._entries: dict[Path, int] = {}  # of each list of tables, how many began

    def whole(self) -> Lines:
        base: Path = ()
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                return Lines(self._found)
            if self._text[self._at] == "[":
                base = self._head()
            else:
                self._pair(base)

    def _head(self) -> Path:
        """Pass `[a.b]` or `[[a.b]]`, and return what the keys below it belong to."""
        is_list = self._text.startswith("[[", self._at)
        line = self._here()
        self._at += 2 if is_list else 1
        names = self._key()
        self._at += 2 if is_list else 1
        path: Path = ()
        for name in names[:-1]:
            path = self._entered((*path, name), line)
        path = (*path, names[-1])
        if not is_list:
            self._found.setdefault(path, line)
            return path
        self._found.setdefault(path, line)
        number = self._entries.get(path, 0)
        self._entries[path] = number + 1
        self._found[(*path, number)] = line
        return (*path, number)

    def _entered(self, path: Path, line: int) -> Path:
        """Return `path`, or its last entry if it is a list of tables."""
        self._found.setdefault(path, line)
        return (*path, self._entries[path] - 1) if path in self._entries else path

    def _pair(self, base: Path) -> None:
        """Pass `key = value`."""
        line = self._here()
        path = base
        for name in self._key():
            path = (*path, name)
            self._found.setdefault(path, line)
        self._at += 1  # the sign between them
        self._skip(_BLANK)
        self._value(path)

    def _key(self) -> list[str]:
        """Pass a key, dotted or not, and what is blank behind it."""
        names = []
        while True:
            self._skip(_BLANK)
            bare = _BARE.match(self._text, self._at)
            if bare:
                names.append(bare[0])
                self._at = bare.end()
            else:
                names.append(_plain(self._string()))
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case "[":
                self._list(path)
            case "{":
                self._inline(path)
            case '"' | "'":
                self._string()
            case _:
                self._skip(_SCALAR)

    def _list(self, path: Path) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_SPACE)
            match self._text[self._at]:
                case "]":
                    self._at += 1
                    return
                case ",":
                    self._at += 1
                case _:
                    self._found[(*path, number)] = self._here()
                    self._value((*path, number))
                    number += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            match self._text[self._at]:
                case "}":
                    self._at += 1
                    return
                case ",":
                    self._at += 1
                case _:
                    self._pair(path)

    def _string(self) -> str:
        """Pass a string, and return it with its marks."""
        for form in _STRINGS:
            found = form.match(self._text, self._at)
            if found:
                self._at = found.end()
                return found[0]
        self._at = len(self._text)  # no TOML: there is nothing more to tell
        return ""

    def _skip(self, form: re.Pattern[str]) -> None:
        found = form.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _plain(quoted: str) -> str:
    """Return what a quoted key says."""
    inner = quoted[1:-1]
    return inner if quoted.startswith("'") else _ESCAPE.sub(_one, inner)


def _one(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPED.get(code, code)

"""JSON of any size, read as a stream: the values at named places, one by one, in bounded memory.

- A place is written `messages[]` (each element of a list), `[].title`, `chats.list[].messages[]`.
  Values come in the order of the file, each with its own text; what lies elsewhere is skipped.
- A value is taken out by the decoder of the standard library in one step, never character by
  character. What is skipped is cut into its parts if it is longer than the window.
- One that is over its limit is a reject and the next one follows. A file that is cut off, not
  JSON, not UTF-8 or nested too deep is broken; what came before stands.

Source: docs/spec/42-places-and-bodies.md section 1; RFC 8259.
"""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import BinaryIO

import msgspec

from sealhold.connectors.batches import reject
from sealhold.connectors.jsonwindow import CUT, QUICK, SPACE, Window, decode
from sealhold.connectors.spec import Reject, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError

CHUNK = 262_144  # bytes read at once, and the least that a value is looked for in
MOST = 8_388_608  # characters of one value; a day of a phone's places has a tenth of it
MAX_DEPTH = 64  # containers around a value that is looked at or skipped
_MAX_KEY = 65_536
_TAIL = 16  # an error this near to the end of the window may be a value that goes on behind it
_NUMBER_TAIL = 3  # `1.5e-`: so much of a number may stand behind what was read as one
_NUMBER = frozenset("-0123456789")
_BEHIND = frozenset(",]} \t\n\r")
_COMMA = re.compile(r"[ \t\n\r]*+,[ \t\n\r]*+(?=[^ \t\n\r])")
_IN_STRING = re.compile(r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+')
_ESCAPE = 6  # characters of the longest, `\\u20ac`
_STEP = re.compile(r"\[\]|[^.\[\]]+")
_BROKEN = "JSON that is not well-formed"


class Part(msgspec.Struct, frozen=True):  # a Struct, because there is one per point
    """A value at a place that was asked for."""

    name: str  # the place, as it was asked for
    where: str  # which of them, counted from 1: `chats.list 2 messages 17`
    value: Plain
    text: str  # as it stands in the file


@dataclass(slots=True)
class _Node:
    """What is wanted of a value: itself, some of its members, or its elements."""

    name: str | None = None
    members: dict[str, "_Node"] = field(default_factory=dict)
    each: "_Node | None" = None


def parts(
    file: BinaryIO, *names: str, most: int = MOST, chunk: int = CHUNK
) -> Iterator[Part | Reject]:
    """Yield the values at these places, in the order of the file, which is read from its beginning.

    A number that is none in JSON (`NaN`) is None; one of over 4,300 digits is its text; an object
    with a key twice has the later. A value where a list or object should be, and is not null, is a
    reject.

    Raises:
        UnreadableSourceError: broken as a whole; what was yielded stands.
    """
    root = _Node()
    for name in names:
        node = root
        for step in _STEP.findall(name):
            if step == "[]":
                node.each = node.each or _Node()
                node = node.each
            else:
                node = node.members.setdefault(step, _Node())
        node.name = name
    walk = _Walk(Window(file, chunk), most)
    yield from walk.value(root, "")
    if walk.is_more:
        raise UnreadableSourceError(_BROKEN)


@lru_cache(1)
def outline(head: bytes) -> frozenset[str]:
    """Return the places that the beginning of a file shows, down to the third: for `sniff`.

    `{"a": [{"b": 1` gives `a`, `a[]` and `a[].b`. A member counts as soon as its key is whole. The
    root itself is `[]` if it is a list with elements, else not told. What is no JSON, or more than
    one document (JSON lines), gives none.
    """
    seen: set[str] = set()
    if head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] not in {b"{", b"["}:
        return frozenset()
    walk = _Walk(Window(BytesIO(head), len(head) + 1), MOST)
    with suppress(UnreadableSourceError):  # the beginning of a file is cut off somewhere
        walk.outline("", seen, 3)
        if walk.is_more:
            return frozenset()
    return frozenset(seen)


class _Walk:
    """Goes through a document once."""

    def __init__(self, window: Window, most: int) -> None:
        self._in = window
        self._most = most
        self._is_inside = False

    def value(self, node: _Node, where: str) -> Iterator[Part | Reject]:
        """Yield what is wanted of the value that begins here."""
        if node.name is not None:
            yield self._whole(node.name, where)
            return
        first = self._in.next()
        if first == "[" and node.each:
            yield from self._list(node.each, where)
        elif first == "{" and node.members:
            yield from self._object(node, where)
        else:
            kind = "list" if node.each else "object"
            if first != "n":
                yield reject(where or "document", Why.MALFORMED, f"no {kind} where one must be")
            self._skip()

    @property
    def is_more(self) -> bool:
        """Whether anything but space follows; raises UnreadableSourceError if it is not UTF-8."""
        while not self._in.is_whole or self._in.left:
            if SPACE.fullmatch(self._in.text, self._in.at) is None:
                return True
            self._in.at = len(self._in.text)
            if not self._in.is_whole:
                self._in.more()
        return False

    def outline(self, path: str, seen: set[str], depth: int) -> None:
        """Add the places in the value that begins here, down to so many containers."""
        first = self._in.next()
        if depth == 0 or first not in "{[":
            self._skip()
            return
        for key in self._members() if first == "{" else self._elements():
            inner = f"{path}[]" if key is None else f"{path}.{key}".removeprefix(".")
            seen.add(inner)
            self.outline(inner, seen, depth - 1)

    def _list(self, each: _Node, where: str) -> Iterator[Part | Reject]:
        place = f"{where} " if where else ""
        number = 0
        for _ in self._elements():
            if each.name is not None:
                for value, text in self._quickly():
                    number += 1
                    yield Part(each.name, f"{place}{number}", value, text)
            number += 1
            yield from self.value(each, f"{place}{number}")

    def _quickly(self) -> Iterator[tuple[Plain, str]]:
        """Yield elements of a list as long as each, the comma and the next begin in the window.

        The last is left to who asks: it may be cut off, too long, or no JSON.
        """
        window = self._in
        window.next()
        text, at = window.text, window.at
        while True:
            try:
                value, end = QUICK.raw_decode(text, at)
            except (ValueError, RecursionError):
                return
            behind = _COMMA.match(text, end)
            if behind is None or end - at > self._most:
                return
            begin, at = at, behind.end()
            window.at = at
            yield value, text[begin:end]

    def _object(self, node: _Node, where: str) -> Iterator[Part | Reject]:
        for key in self._members():
            inner = node.members.get(str(key))
            if inner is None:
                self._skip()
            else:
                yield from self.value(inner, _joined(where, str(key)))

    def _elements(self) -> Iterator[None]:
        """Stand at each element of a list in turn; who asks reads it before asking on."""
        window = self._in
        window.at += 1
        self._is_inside = True
        if window.next() == "]":
            window.at += 1
            return
        while True:
            yield None
            if not self._goes_on("]"):
                return

    def _members(self) -> Iterator[str | None]:
        """Stand at the value of each member of an object in turn, and yield its key.

        Raises:
            UnreadableSourceError: no JSON.
        """
        window = self._in
        window.at += 1
        self._is_inside = True
        if window.next() == "}":
            window.at += 1
            return
        while True:
            key = self._taken(_MAX_KEY) if window.next() == '"' else None
            if key is None or window.next() != ":":
                raise UnreadableSourceError(_BROKEN)
            window.at += 1
            yield str(key[0])
            if not self._goes_on("}"):
                return
            window.next()

    def _goes_on(self, end: str) -> bool:
        """Step over what stands behind an element.

        Raises:
            UnreadableSourceError: neither a comma nor the end.
        """
        found = self._in.next()
        self._in.at += 1
        if found == ",":
            return True
        if found == end:
            return False
        raise UnreadableSourceError(_BROKEN)

    def _whole(self, name: str, where: str) -> Part | Reject:
        """Return the value that begins here."""
        self._in.next()
        taken = self._taken(self._most)
        if taken is not None:
            return Part(name, where or "document", *taken)
        # THREAT T389: what does not fit is walked through in parts and never held whole
        begin = self._in.text[self._in.at : self._in.at + 4_096]
        self._skip()
        detail = f"over {self._most} characters"
        return reject(where or "document", Why.TOO_LARGE, detail, begin)

    def _taken(self, most: int) -> tuple[Plain, str] | None:
        """Return the value that begins here and its text, or None if it is longer than `most`.

        Raises:
            UnreadableSourceError: no JSON, cut off, or nested too deep.
        """
        window = self._in
        while True:
            found = self._tried()
            if found is not None:
                value, end = found
                begin, window.at = window.at, end
                if end - begin > most:
                    window.at = begin
                    return None
                return value, window.text[begin:end]
            if window.left > most:
                return None
            window.more()

    def _tried(self) -> tuple[Plain, int] | None:
        """Return the value that begins here and its end, or None if the window ends before it.

        Raises:
            UnreadableSourceError: no JSON, cut off, or nested too deep.
        """
        window = self._in
        text, at = window.text, window.at
        try:
            value, end = decode(text, at)
        except json.JSONDecodeError as err:
            is_open = err.pos > len(text) - _TAIL or err.msg.startswith("Unterminated")
            if not is_open:
                raise UnreadableSourceError(_BROKEN) from err
            if window.is_whole:
                raise UnreadableSourceError(CUT) from err
            return None
        except RecursionError as err:
            raise UnreadableSourceError("JSON nested too deep") from err
        if text[at] in _NUMBER and text[end : end + 1] not in _BEHIND:
            if not window.is_whole and len(text) - end < _NUMBER_TAIL:
                return None
            if end < len(text) or self._is_inside:  # a number shows by what follows that it ended
                raise UnreadableSourceError(CUT if window.is_whole else _BROKEN)
        return value, end

    def _skip(self, depth: int = 0) -> None:
        """Step over the value that begins here, whatever its size.

        Raises:
            UnreadableSourceError: no JSON, cut off, or nested too deep.
        """
        if depth > MAX_DEPTH:
            raise UnreadableSourceError("JSON nested too deep")
        window = self._in
        first = window.next()
        if window.is_short:
            window.more()
        found = self._tried()
        if found is not None:
            window.at = found[1]
        elif first in "{[":
            for _ in self._members() if first == "{" else self._elements():
                for _ in self._quickly() if first == "[" else ():
                    pass
                self._skip(depth + 1)
        elif first == '"':
            self._skip_string()
        elif self._taken(_MAX_KEY) is None:
            raise UnreadableSourceError(_BROKEN)

    def _skip_string(self) -> None:
        """Step over a text.

        Raises:
            UnreadableSourceError: no JSON, or cut off.
        """
        window = self._in
        window.at += 1
        while True:
            inner = _IN_STRING.match(window.text, window.at)
            window.at = inner.end() if inner else window.at
            behind = window.text[window.at : window.at + _ESCAPE]
            if behind[:1] == '"':
                window.at += 1
                return
            if window.is_whole:
                raise UnreadableSourceError(CUT)
            if behind and (behind[0] != "\\" or len(behind) == _ESCAPE):
                raise UnreadableSourceError(_BROKEN)
            window.more()


def _joined(where: str, key: str) -> str:
    if not where:
        return key
    return f"{where} {key}" if where[-1].isdigit() else f"{where}.{key}"

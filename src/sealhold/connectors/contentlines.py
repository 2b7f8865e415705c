"""The lines of calendars and cards: unfolded, taken apart, and gathered into components.

- Folding is undone on bytes, before any charset: a fold may fall inside a character.
- A component is given out whole when its END comes, with what is nested in it; only one is held at
  a time, and one that is too large is told and skipped.
- A component without END, and lines outside of any, are told as such; nothing is guessed.

Source: docs/spec/18-connectors.md section 12; RFC 5545 section 3.1, RFC 6350 section 3.2.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from sealhold.connectors.charset import ASSUMED, MAX_LINE, lines_of, marked
from sealhold.connectors.spec import Why

MAX_COMPONENT = 8_388_608  # bytes; a card with a large photo has 2 MB
_MAX_NESTED = 10_000  # components inside one; an event has a few alarms
_DEEPEST = 32  # components around one; a calendar has three
_BEGIN, _END = b"BEGIN:", b"END:"
_LONGEST_HEAD = 512  # bytes of a line in which its encoding is looked for
_SOFT = re.compile(rb"[^:]*quoted-printable[^:]*:", re.IGNORECASE)
_PART = re.compile(r'((?:[^":;]++|"[^"]*+")*+)([:;])')  # possessive: linear on any line
_BETWEEN = {
    mark: re.compile(rf"((?:[^\\{mark}]++|\\.|\\\Z)*+)({mark}|\Z)", re.DOTALL) for mark in ",;"
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}


@dataclass(frozen=True, slots=True)
class Line:
    """One property: `DTSTART;TZID=Europe/Rome:20260131T090000`."""

    name: str  # in capitals, without the group before it
    parameters: dict[str, list[str]]  # names in capitals
    value: str
    text: str  # all of it, as it was written

    def first(self, parameter: str) -> str:
        """Return a parameter's first value, or an empty text."""
        return next(iter(self.parameters.get(parameter, ())), "")


@dataclass(slots=True)
class Component:
    """A component while it is gathered, and whole afterwards."""

    kind: str  # in capitals: `VEVENT`
    number: int  # the file's line of its BEGIN
    lines: list[bytes] = field(default_factory=list)
    inner: list["Component"] = field(default_factory=list)

    def source(self) -> bytes:
        """Return the component as it was written, unfolded."""
        return b"\r\n".join(_lines(self))


def _lines(component: Component) -> Iterator[bytes]:
    kind = component.kind.encode()
    yield _BEGIN + kind
    yield from component.lines
    for one in component.inner:
        yield from _lines(one)
    yield _END + kind


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is no whole component."""

    where: str  # `line 17`
    why: Why
    detail: str
    raw: bytes


def components(file: BinaryIO, wrappers: Collection[str]) -> Iterator[Component | Fault]:
    """Yield each component of a file, in order; those in `wrappers` only hold others.

    What stands in a wrapper itself (the calendar's name) is not given out.
    """
    gatherer = _Gatherer(wrappers)
    for number, line in unfolded(file):
        yield from gatherer.take(number, line)
    yield from gatherer.end()


class _Gatherer:
    """Makes components of lines."""

    def __init__(self, wrappers: Collection[str]) -> None:
        self._wrappers = wrappers
        self._around: list[str] = []  # open wrappers
        self._open: list[Component] = []
        self._size = 0
        self._nested = 0
        self._strays = 0
        self._deeper = 0  # components that began where no more are held

    def take(self, number: int, line: bytes) -> Iterator[Component | Fault]:
        upper = line[:80].upper()
        if upper.startswith(_BEGIN):
            self._begin(number, _kind(line, _BEGIN))
        elif upper.startswith(_END):
            yield from self._close(number, _kind(line, _END))
        elif self._open:
            self._size += len(line)
            if self._size <= MAX_COMPONENT:
                self._open[-1].lines.append(line)
        elif not self._around:
            self._strays += 1
            if self._strays == 1:
                yield Fault(
                    f"line {number}", Why.MALFORMED, "a line outside of any component", line
                )

    def _begin(self, number: int, kind: str) -> None:
        if not self._open and kind in self._wrappers:
            if len(self._around) < _DEEPEST:
                self._around.append(kind)
            return
        if len(self._open) == _DEEPEST:  # THREAT T440: what nests without end is not held
            self._deeper += 1
            self._size = MAX_COMPONENT + 1
            return
        component = Component(kind, number)
        if self._open:
            self._nested += 1
            if self._nested > _MAX_NESTED:
                self._size = MAX_COMPONENT + 1
            else:
                self._open[-1].inner.append(component)
        else:
            self._size = self._nested = 0
        self._open.append(component)

    def _close(self, number: int, kind: str) -> Iterator[Component | Fault]:
        if self._deeper:
            self._deeper -= 1
        elif not self._open and self._around and kind == self._around[-1]:
            self._around.pop()
        elif not self._open:
            yield Fault(f"line {number}", Why.MALFORMED, "an END without its BEGIN", kind.encode())
        elif kind == self._open[-1].kind:
            done = self._open.pop()
            if not self._open:
                yield self._whole(done)
        elif kind in self._around or any(one.kind == kind for one in self._open):
            # an inner END is missing: all that is open inside ends here, and is told
            yield from self._cut()
            while self._around and self._around.pop() != kind:
                pass
        else:
            self._open[-1].lines.append(_END + kind.encode())

    def _whole(self, done: Component) -> Component | Fault:
        if self._size > MAX_COMPONENT:  # THREAT T23: what is over the limit was never held
            detail = f"a component over {MAX_COMPONENT} bytes, or nested too deep"
            return Fault(
                f"line {done.number}", Why.TOO_LARGE, detail, b"\r\n".join(done.lines[:20])
            )
        return done

    def _cut(self) -> Iterator[Fault]:
        if self._open:
            first = self._open[0]
            detail = "a component without its END"
            yield Fault(
                f"line {first.number}", Why.MALFORMED, detail, b"\r\n".join(first.lines[:40])
            )
            self._open, self._deeper = [], 0

    def end(self) -> Iterator[Fault]:
        """Tell what the end of the file leaves open."""
        yield from self._cut()
        if self._around:
            yield Fault("end", Why.MALFORMED, "the file ends before its last END", b"")
        if self._strays > 1:
            yield Fault("outside", Why.MALFORMED, f"{self._strays - 1} more lines outside", b"")


def unfolded(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield each line that is not empty, unfolded, with the number it begins at.

    A line over MAX_LINE is cut there, so that nothing can grow without end.
    """
    parts: list[bytes] = []
    begun, size, is_soft = 0, 0, False
    for number, line in enumerate(_physical(file), start=1):
        if not line and not is_soft:
            continue  # some programs put an empty line before each fold
        if parts and (is_soft or line[:1] in {b" ", b"\t"}):
            more = line if is_soft else line[1:]
        else:
            if parts:
                yield begun, b"".join(parts)
            begun, parts, size, more = number, [], 0, line
        head = (parts[0] if parts else line)[:_LONGEST_HEAD]
        is_soft = line.endswith(b"=") and bool(_SOFT.match(head))
        size += len(more)
        if size <= MAX_LINE and (more or not parts):  # folds of nothing are not held
            parts.append(more[:-1] if is_soft else more)
    if parts:
        yield begun, b"".join(parts)


def _physical(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    charset = marked(file.read(4))
    file.seek(charset.mark if charset else 0)
    if charset and charset.name.startswith("utf-16"):
        lines: Iterator[bytes] = (line.encode() for line in lines_of(file, charset))
    else:
        lines = iter(lambda: file.readline(MAX_LINE), b"")
    for line in lines:
        yield from line.rstrip(b"\r\n").split(b"\r")


def _kind(line: bytes, keyword: bytes) -> str:
    return line[len(keyword) :].strip()[:80].decode("ascii", "replace").upper()


def decode(source: bytes) -> tuple[str, bool]:
    """Return the text of a component, and whether its charset is proven."""
    try:
        return source.decode(), True
    except UnicodeDecodeError:
        return source.decode(ASSUMED, "replace"), False


def parse_line(text: str) -> Line | None:
    """Return the property that a line holds, or None if it is none."""
    parts: list[str] = []
    position, mark, value = 0, ";", ""
    while mark == ";":
        found = _PART.match(text, position)
        if found is None:  # a quote is left open: then it is a character like any other
            head, colon, value = text.partition(":")
            if not colon:
                return None
            parts = head.split(";")
            break
        parts.append(found[1])
        mark, position = found[2], found.end()
        value = text[position:]
    name = parts[0].rpartition(".")[2].strip().upper()
    return Line(name, _parameters(parts[1:]), value, text) if name else None


def _parameters(parts: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts:
        name, equals, values = part.partition("=")
        if not equals:
            name, values = "TYPE", name  # vCard 2.1 writes `TEL;HOME`
        listed = re.findall(r'"[^"]*"|[^,]+', values)
        plain = [_CARET.sub(lambda found: _CARETS[found[1]], one.strip('"')) for one in listed]
        found.setdefault(name.strip().upper(), []).extend(plain)
    return found


def unescape(value: str) -> str:
    r"""Return a text without its escapes: `\n`, `\,`, `\;` and `\\`."""
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def split_value(value: str, mark: str) -> list[str]:
    """Return the parts of a value between unescaped marks, without their escapes."""
    pattern = _BETWEEN[mark]
    parts: list[str] = []
    position = 0
    while found := pattern.match(value, position):
        parts.append(unescape(found[1]))
        position = found.end()
        if not found[2]:
            break
    return parts

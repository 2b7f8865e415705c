"""XML from strangers: read as a stream, in bounded memory, without any entity or outside file.

- A document type declaration is refused before anything is parsed; without one there is no
  entity to expand and nothing outside to fetch.
- A format whose own files all declare one (`without_doctype`) has it taken out before a parser
  sees it, and is refused if it names an entity or anything outside.
- Each child of the root, or each part of a name, is given out whole and forgotten; one that is
  too large ends the file.

Source: docs/spec/18-connectors.md section 10.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from sealhold.model.errors import UnreadableSourceError

MAX_NODES = 6_000_000  # elements in one child of the root; a point of a track has three
MAX_DEPTH = 64  # formats read here nest fewer than 20 deep
MAX_SILENT = 8_388_608  # bytes without a tag: one text, comment or attribute
_CHUNK = 65_536


def refuse_declarations(file: "BinaryIO | Undeclared") -> None:
    """Leave the file at its beginning if it declares no document type.

    Raises:
        UnreadableSourceError: a document type declaration, or no XML up to its root element.
    """
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    state = {"declares": False, "root": False}

    def declared(*_parts: object) -> None:
        state["declares"] = True

    def began(*_parts: object) -> None:
        state["root"] = True

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = began
    file.seek(0)
    try:
        while not any(state.values()):
            chunk = file.read(_CHUNK)
            parser.Parse(chunk, not chunk)
            if not chunk:
                break
    except (expat.ExpatError, ValueError, LookupError) as err:
        if not any(state.values()):
            raise UnreadableSourceError("not XML: it breaks before its first element") from err
    finally:
        file.seek(0)
    if state["declares"]:  # THREAT T20: no entity is ever defined, so none can grow
        raise UnreadableSourceError("XML with a document type declaration, which is not read")


_DOCTYPE = re.compile(
    rb"<!DOCTYPE\s+[\w.:-]+\s*(?:\[(?:[^\]<\"']++|<!--.*?-->|\"[^\"]*+\"|'[^']*+'|<)*+\]\s*)?>",
    re.DOTALL,
)
_MOST_DECLARED = 262_144  # bytes up to the end of a declaration; Apple's has some 10,000


class Undeclared:
    """A file, with spaces where its document type declaration stands."""

    def __init__(self, file: BinaryIO, begin: int, end: int) -> None:
        self._file = file
        self._begin, self._end = begin, end

    def seek(self, at: int) -> int:
        """Go to a place in the file."""
        return self._file.seek(at)

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        at = self._file.tell()
        data = self._file.read(size)
        begin, end = max(self._begin - at, 0), min(self._end - at, len(data))
        if begin >= end:
            return data
        return data[:begin] + b" " * (end - begin) + data[end:]


def without_doctype(file: BinaryIO) -> "BinaryIO | Undeclared":
    """Return the file as if it declared no document type; one of UTF-8 alone.

    Raises:
        UnreadableSourceError: it names an entity or something outside, or is too long.
    """
    file.seek(0)
    head = file.read(_MOST_DECLARED)
    file.seek(0)
    start = head.find(b"<!DOCTYPE")
    if start < 0:
        return file
    found = _DOCTYPE.match(head, start)
    # THREAT T387: what could grow or fetch is refused, and the parser sees none of the rest
    if found is None or b"<!ENTITY" in found[0]:
        raise UnreadableSourceError("XML with a declaration of entities, which is not read")
    return Undeclared(file, start, found.end())


Watch = Callable[[Element], bool]
"""Is shown each element that ends inside a child of the root; True: it is done with."""


def children(file: BinaryIO | Undeclared, watch: Watch) -> Iterator[tuple[Element, Element]]:
    """Yield the root, as far as it is known, with each of its children, in order.

    What `watch` is done with is forgotten at once, so a child may have millions of parts.

    Raises:
        UnreadableSourceError: not well-formed, too deep, or a child that is too large.
    """
    refuse_declarations(file)
    path: list[Element] = []
    nodes = 0
    for event, element in _events(file):
        if event == "start":
            path.append(element)
            nodes += 1
            if len(path) > MAX_DEPTH or nodes > MAX_NODES:
                raise UnreadableSourceError("XML nested too deep or with too large a part")
            continue
        path.pop()
        if len(path) == 1:
            yield path[0], element
            path[0].clear()  # the root's own attributes go too: they were given with the first
            nodes = 0
        elif path and watch(element):
            element.clear()  # it stays, empty: to take it out could mean a long search


def parts(file: BinaryIO, names: frozenset[str]) -> Iterator[tuple[list[Element], Element]]:
    """Yield each element of one of the names, with those that are open around it, in order.

    Each is forgotten then, so a part may hold millions of them. What has ended bears its name
    without its namespace.

    Raises:
        UnreadableSourceError: not well-formed, too deep, or a part that is too large.
    """
    refuse_declarations(file)
    path: list[Element] = []
    began: list[int] = []  # how many elements were held when each of the path began
    held = 0
    for event, element in _events(file):
        if event == "start":
            began.append(held)
            path.append(element)
            held += 1
            if len(path) > MAX_DEPTH or held > MAX_NODES:
                raise UnreadableSourceError("XML nested too deep or with too large a part")
            continue
        path.pop()
        before = began.pop()
        element.tag = local(element)
        if element.tag in names:
            yield path, element
            element.clear()
            held = before


def _events(file: BinaryIO | Undeclared) -> Iterator[tuple[str, Element]]:
    parser: Any = XMLPullParser(("start", "end"))  # reason: its types allow other events, too
    silent = 0
    try:
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
            silent += len(chunk)
            for event in parser.read_events():
                silent = 0
                yield event
            if (
                silent > MAX_SILENT
            ):  # THREAT T440: a text is held whole, and parsed anew as it grows
                raise UnreadableSourceError(f"XML with a text or mark of over {MAX_SILENT} bytes")
        parser.close()
        yield from parser.read_events()
    except (ParseError, ValueError, LookupError) as err:
        raise UnreadableSourceError("XML that is cut off or not well-formed") from err


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: Element, name: str) -> str | None:
    """Return the stripped text of the first child of that name, or None if empty or absent."""
    for child in element:
        if local(child) == name:
            return (child.text or "").strip() or None
    return None


def rest_of(element: Element, mapped: frozenset[str]) -> list[object] | None:
    """Return what an element holds besides its mapped children, or None if that is nothing.

    The form is `[name, attributes, text, children]`, the children in the same form.
    """
    inner = [tree_of(child) for child in element if local(child) not in mapped]
    return [local(element), dict(element.attrib), "", inner] if inner else None


def tree_of(element: Element) -> list[object]:
    """Return an element as lists: `[name, attributes, text, children]`."""
    inner = [tree_of(child) for child in element]
    return [str(element.tag), dict(element.attrib), (element.text or "").strip(), inner]

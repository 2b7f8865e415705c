"""XML from strangers: read as a stream, in bounded memory, without any entity or outside file.

- A document type declaration is refused before anything is parsed; without one there is no
  entity to expand and nothing outside to fetch.
- Each child of the root, or each part of a name, is given out whole and forgotten; one that is
  too large ends the file.

Source: docs/spec/18-connectors.md section 10.
"""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from sealhold.model.errors import UnreadableSourceError

MAX_NODES = 6_000_000  # elements in one child of the root; a point of a track has three
MAX_DEPTH = 64  # formats read here nest fewer than 20 deep
_CHUNK = 65_536


def refuse_declarations(file: BinaryIO) -> None:
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


Watch = Callable[[Element], bool]
"""Is shown each element that ends inside a child of the root; True: it is done with."""


def children(file: BinaryIO, watch: Watch) -> Iterator[tuple[Element, Element]]:
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

    Each is forgotten then, so a part may hold millions of them.

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
        if local(element) in names:
            yield path, element
            element.clear()
            held = before


def _events(file: BinaryIO) -> Iterator[tuple[str, Element]]:
    parser: Any = XMLPullParser(("start", "end"))  # reason: its types allow other events, too
    try:
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
            yield from parser.read_events()
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

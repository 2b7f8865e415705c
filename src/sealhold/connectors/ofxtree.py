"""The tree of an OFX file: SGML whose leaves have no end tags (version 1), or XML (version 2).

- One reader for both, because banks mix them: a tag with text is a leaf, one without opens a part,
  and an end tag closes all that is open inside it.
- Nothing is expanded but the five entities of XML, numbers and `&nbsp;`.

Source: docs/spec/18-connectors.md section 15; OFX 1.0.3 section 2.3, OFX 2.2 section 2.3.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sealhold.connectors.charset import decode_named
from sealhold.model.errors import UnreadableSourceError

MAX_FILE = 67_108_864  # bytes; a year of a busy account has 1 MB
MAX_NODES = 3_000_000
_MAX_DEPTH = 64
_TOKEN = re.compile(r"<(/?)([A-Za-z0-9_.:-]{1,64})(?:\s[^<>]*)?(/?)>([^<]*)")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_ROOT = re.compile(r"<OFX[\s>]", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"<\?xml[^>]*encoding=[\"']([\w-]+)")
_SGML_CHARSET = re.compile(rb"^CHARSET:\s*(\w+)", re.MULTILINE)


@dataclass(slots=True)
class Node:
    """A part of the tree, or a leaf with its text."""

    name: str  # in capitals
    text: str
    inner: list["Node"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it, in order."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.inner))

    def leaf(self, *names: str) -> str | None:
        """Return the text of the first leaf, at any depth, that has one of the names."""
        for name in names:
            for node in self.walk():
                if node.name == name and node.text:
                    return node.text
        return None

    def all(self, *names: str) -> Iterator["Node"]:
        """Yield each part of one of these names, at any depth, in order."""
        return (node for node in self.walk() if node.name in names)

    def plain(self) -> list[object]:
        """Return the node as lists: `[name, text or children]`."""
        return [self.name, self.text or [one.plain() for one in self.inner]]


def parse_ofx(data: bytes) -> tuple[Node, bool]:
    """Return the tree of a file, and whether its end tags are all there.

    Raises:
        UnreadableSourceError: no OFX, too large, too deep, or with a document type declaration.
    """
    text = _decode(data)
    begin = _ROOT.search(text)
    if begin is None:
        raise UnreadableSourceError("no OFX: its root element is missing")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # THREAT T20: nothing defines an entity
        raise UnreadableSourceError("OFX with a document type declaration, which is not read")
    return _grow(_without_cdata(text[begin.start() :]))


def _without_cdata(text: str) -> str:
    """Return the text with its CDATA sections written as text; one that is open stays."""
    parts: list[str] = []
    position = 0
    while (begin := text.find(_CDATA, position)) >= 0:
        end = text.find(_CDATA_END, begin)
        if end < 0:
            break
        parts += [text[position:begin], html.escape(text[begin + len(_CDATA) : end])]
        position = end + len(_CDATA_END)
    return "".join(parts) + text[position:]


def _grow(text: str) -> tuple[Node, bool]:
    root = Node("", "")
    path = [root]
    count = 0
    for found in _TOKEN.finditer(text):
        is_end, name, is_single, content = found[1], found[2].upper(), found[3], found[4].strip()
        if is_end:
            open_at = next((n for n in range(len(path) - 1, 0, -1) if path[n].name == name), None)
            if open_at is not None:
                del path[open_at:]
            continue
        count += 1
        if count > MAX_NODES or len(path) > _MAX_DEPTH:
            raise UnreadableSourceError("OFX with too many parts, or nested too deep")
        node = Node(name, html.unescape(content) if content else "")
        path[-1].inner.append(node)
        if not content and not is_single:
            path.append(node)
    return root, len(path) == 1


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        found = _XML_CHARSET.search(data[:1024]) or _SGML_CHARSET.search(data[:1024])
        name = found[1].decode("ascii", "replace") if found else "1252"
        return decode_named(data, f"cp{name}" if name.isdigit() else name)

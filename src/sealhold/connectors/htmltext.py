"""The words of a web page or HTML mail, for reading and searching; nothing is fetched or run.

Source: docs/spec/18-connectors.md section 14.
"""

import re
from html.parser import HTMLParser

MAX_HTML = 2_097_152  # characters; a longer page is read up to here, and kept whole beside
_HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "hr", "section", "article"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "footer", "pre"}
)
_SPACES = re.compile(r"[ \t\xa0\u200b\u200c]+")
_EMPTY = re.compile(r"\n{3,}")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if not self._hidden and tag in _HIDDEN:
            self._hidden = tag
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in {"td", "th"}:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {self._hidden, "body"}:
            self._hidden = ""
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(_SPACES.sub(" ", data.replace("\r", " ").replace("\n", " ")))


def text_of_html(page: str) -> str:
    """Return the visible words of a page, one line per block."""
    words = _Words()
    try:
        words.feed(page[:MAX_HTML])
        words.close()
    except (AssertionError, ValueError, RecursionError):
        pass  # markup that the parser gives up on: what was read so far stands
    lines = "".join(words.parts)
    lines = "\n".join(_SPACES.sub(" ", line).strip() for line in lines.split("\n"))
    return _EMPTY.sub("\n\n", lines).strip()

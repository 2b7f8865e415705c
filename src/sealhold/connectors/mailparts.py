"""A mail, taken apart: headers as text, the body's words, attachments as bytes.

- Charsets and encodings are those the mail names, if they are ones of text; a wrong name never
  loses the bytes. A broken part is kept as it came.
- A part that is a mail itself is an attachment. Parts nested too deep make the mail a reject.

Source: docs/spec/18-connectors.md section 14; RFC 5322, RFC 2045-2047, RFC 2231.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime

from sealhold.connectors.charset import decode_named
from sealhold.connectors.htmltext import text_of_html
from sealhold.connectors.times import When, when_of

MAX_DEPTH = 50  # parts in parts
MAX_PARTS = 5_000
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_LONGEST_HEADER = 100_000  # characters that are looked at


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a mail."""

    number: str  # `1`, `2.1`
    kind: str  # `image/png`
    name: str | None
    content: bytes
    text: str | None  # None if it is no text
    is_body: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, decoded."""

    headers: list[tuple[str, str]]  # as they came, unfolded
    parts: list[Part]

    def header(self, name: str) -> str:
        """Return a header's first value, decoded, or an empty text."""
        return next((words(value) for key, value in self.headers if key.lower() == name), "")

    def addresses(self, name: str) -> list[str]:
        """Return the people in all headers of that name: `Ann <ann@example.org>`."""
        values = [value[:_LONGEST_HEADER] for key, value in self.headers if key.lower() == name]
        try:
            found = getaddresses(values)
        except (RecursionError, ValueError, IndexError):  # the header itself stays in raw
            return []
        pairs = [(words(shown), address) for shown, address in found]
        return [f"{shown} <{address}>" if shown else address for shown, address in pairs if address]

    def when(self) -> When | None:
        """Return the mail's date, or None if it has none that is one."""
        try:
            return when_of(parsedate_to_datetime(self.header("date")[:200]))
        except (ValueError, TypeError, OverflowError, IndexError):
            return None

    def body(self) -> str:
        """Return the mail's own words: plain text, else the words of its HTML."""
        plain = [p.text for p in self.parts if p.is_body and p.text and p.kind != "text/html"]
        if plain:
            return "\n".join(plain)
        pages = [p.text for p in self.parts if p.is_body and p.text and p.kind == "text/html"]
        return "\n".join(map(text_of_html, pages))


def parse_mail(content: bytes) -> Mail:
    """Return a mail, taken apart.

    Raises:
        ValueError: nested too deep, or with too many parts.
    """
    try:
        message = BytesParser(policy=compat32).parsebytes(content)
        headers = [(name, _plain(value)) for name, value in message.raw_items()]
        parts = list(_leaves(message, "", 0))
    except (RecursionError, MessageError) as err:
        raise ValueError("a mail that is nested too deep") from err
    return Mail(headers, parts)


def _plain(value: object) -> str:
    """Return a header as text: bytes that are not ASCII are UTF-8, else assumed."""
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = decode_named(text.encode("utf-8", "surrogateescape"), None)
    return _FOLD.sub(" ", text).strip()


def words(value: str) -> str:
    """Return a header's text with its encoded words decoded: `=?utf-8?q?...?=`."""
    if "=?" not in value:
        return value
    try:
        found = decode_header(value[:_LONGEST_HEADER])
    except (HeaderParseError, binascii.Error, ValueError):
        return value
    parts = [
        part if isinstance(part, str) else decode_named(part, charset) for part, charset in found
    ]
    return _FOLD.sub(" ", "".join(parts)).strip() or value


def _leaves(message: Message, number: str, depth: int) -> Iterator[Part]:
    if depth > MAX_DEPTH:
        raise ValueError("a mail that is nested too deep")
    if message.is_multipart() and message.get_content_maintype() != "message":
        inner = message.get_payload()
        if not isinstance(inner, list) or len(inner) > MAX_PARTS:
            raise ValueError("a mail with too many parts")
        for count, part in enumerate(inner, start=1):
            if isinstance(part, Message):
                yield from _leaves(part, f"{number}.{count}".lstrip("."), depth + 1)
    else:
        yield _leaf(message, number or "1")


def _leaf(message: Message, number: str) -> Part:
    kind = message.get_content_type()
    name = _file_name(message)
    charset = _charset(message)
    content = _content(message)
    is_attached = message.get_content_disposition() == "attachment" or name is not None
    is_text = message.get_content_maintype() == "text"
    text = None
    if is_text:
        text = decode_named(content, charset).replace("\r\n", "\n")
    return Part(number, kind, name, content, text, is_body=is_text and not is_attached)


def _charset(message: Message) -> str | None:
    """Return the charset that is named, and take it away: the library would try any name."""
    try:
        found = message.get_param("charset")
        message.del_param("charset")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _content(message: Message) -> bytes:
    if message.get_content_maintype() == "message":
        inner = message.get_payload()
        try:
            if isinstance(inner, list):
                return b"\r\n".join(one.as_bytes() for one in inner if isinstance(one, Message))
        except (ValueError, LookupError, TypeError, AttributeError):
            pass  # a header of the inner mail that cannot be written again
    try:
        content = message.get_payload(decode=True)
    except (ValueError, LookupError, binascii.Error):
        content = None
    if isinstance(content, bytes):
        return content
    return str(message.get_payload()).encode("utf-8", "surrogateescape")


def _file_name(message: Message) -> str | None:
    try:
        found = message.get_param("filename", None, "content-disposition")
        found = found if found is not None else message.get_param("name")
        plain = collapse_rfc2231_value(found) if found is not None else ""
    except (ValueError, LookupError, TypeError):
        return "unnamed"
    return words(_plain(plain)) or None

"""A file that is one mail: `.eml`, and what lies in the folders of a Maildir.

- A mail is known by its header: it says who wrote it, and has two more fields that mails have.
- It becomes what the same mail in an archive becomes; what a Maildir tells in the name of the
  file (seen, answered) is no content and is not kept.

Source: docs/spec/44-money-and-mail.md section 1; RFC 5322.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Group, in_batches, read_cursor, write_cursor
from sealhold.connectors.mail import MESSAGES
from sealhold.connectors.mailitems import MAX_MESSAGE, message_items, own_name
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_FIELD = re.compile(rb"([!-9;-~]{1,128}):")
_FIELDS = frozenset(
    b"bcc cc date delivered-to from message-id mime-version received reply-to return-path sender"
    b" subject to".split()
)
_WRITER = b"from"
_FEW = 3  # fields of a mail with which a text is one
_PAGE = b"snapshot-content-location"  # a web page that a browser wrote in the form of a mail


class Eml:
    """Reads one mail."""

    name: ClassVar[str] = "eml"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (MESSAGES,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        names = _names(head)
        is_mail = _WRITER in names and len(names & _FIELDS) >= _FEW and _PAGE not in names
        return Guess(sure=92, what="mail") if is_mail else Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return in_batches(_groups(file, cursor), self._rows)


def _names(head: bytes) -> set[bytes]:
    """Return the names of the fields before the first empty line, or none if it is no header."""
    names: set[bytes] = set()
    for line in head.removeprefix(b"\xef\xbb\xbf").splitlines():
        if not line:
            break
        found = _FIELD.match(line)
        if found is not None:
            names.add(found[1].lower())
        elif not names or line[:1] not in (b" ", b"\t"):
            return set()
    return names


def _groups(file: BinaryIO, cursor: str | None) -> Iterator[Group]:
    (done,) = read_cursor(cursor, 1)
    file.seek(0)
    content = file.read(MAX_MESSAGE + 1).removeprefix(b"\xef\xbb\xbf")
    if len(content) > MAX_MESSAGE:  # THREAT T23: no mail is held that is larger than mails are
        raise UnreadableSourceError(f"a mail of over {MAX_MESSAGE} bytes")
    if not _FIELD.match(content):
        raise UnreadableSourceError("no mail: it does not begin with a header")
    if not done:
        name = Names().once(own_name(content))
        yield list(message_items(content, "message 1", name, {})), write_cursor(1)

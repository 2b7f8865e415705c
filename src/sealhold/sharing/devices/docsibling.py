"""A device that comes back after a document was cut: what it has is kept beside, and it goes on.

- Edits that were made on a past that nobody keeps any more cannot be merged. They are not lost:
  the device's copy becomes a sibling of the document, with all that is in it.
- The device goes on under a new number, for its old one was used for edits that nobody took in.

Source: docs/spec/48-documents.md section 7.
"""

from dataclasses import dataclass
from typing import Any

from sealhold.model.errors import InvalidEditError
from sealhold.sharing.devices.documents import Document


@dataclass(frozen=True, slots=True)
class Sibling:
    """A device's own copy, to be kept as a version of its own.

    `content`: as `Document.content`.
    `snapshot`: all of it, to load it again.
    """

    version: dict[int, int]
    content: dict[str, Any]
    snapshot: bytes


def rebased(copy: Document, author: int, base: bytes) -> tuple[Document, Sibling]:
    """Return the document as others have it, edited here as `author`, and the copy beside it.

    Raises:
        InvalidEditError: `author` is one that edited already.
        TamperedError: `base` does not load.
    """
    document = Document(author, base)
    if author in copy.version() or author in document.version():
        raise InvalidEditError("a device that was rebased edits under a new number")
    # THREAT T476: what can not be merged any more is kept whole
    sibling = Sibling(copy.version(), copy.content(), copy.snapshot())
    return document, sibling

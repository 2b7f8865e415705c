"""Authors of documents, and entries of theirs."""

from sealhold.sharing.devices.docediting import TEXT
from sealhold.sharing.devices.docops import Change, Entry, Insert, packed
from sealhold.sharing.devices.documents import Document

ANN, BEN, EVE, OTHER = 11, 22, 33, 44


def entry_of(author: int, text: str, start: int = 0, at: int = 0) -> bytes:
    return packed(Entry(author, start, (Change((), (Insert(TEXT, at, text),)),)))


def written(author: int, text: str) -> tuple[Document, list[bytes]]:
    document = Document(author)
    document.insert(0, text)
    return document, document.outgoing()

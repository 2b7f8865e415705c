"""Several replicas of a document, edited by chance, and the entries that came of it."""

from random import Random

from sealhold.sharing.devices.docediting import TEXT
from sealhold.sharing.devices.docops import Kind, New, Place
from sealhold.sharing.devices.documents import Document

Log = list[tuple[int, bytes]]  # author and entry
WORDS = ("word ", "wörter\n", "\N{SNAKE}", "x", "several words at once. ")


def edit(document: Document, chance: Random, edits: int = 4) -> None:
    """Make some edits of all kinds."""
    for _ in range(edits):
        kind = chance.randrange(6)
        if kind < 3:
            edit_text(document, chance, TEXT)
        elif kind < 4:
            _edit_map(document, chance)
        else:
            _edit_list(document, chance)


def edit_text(document: Document, chance: Random, place: Place) -> None:
    size = len(document.text(place))
    if size > 8 and chance.random() < 0.4:
        at = chance.randrange(size - 4)
        document.delete(at, chance.randrange(1, 5), place)
    else:
        document.insert(chance.randrange(size + 1), chance.choice(WORDS), place)


def _edit_map(document: Document, chance: Random) -> None:
    key = chance.choice("abc")
    inner = document.child(Place(Kind.MAP), key)
    if inner is not None and inner.kind is Kind.TEXT:
        edit_text(document, chance, inner)
    elif chance.random() < 0.3:
        document.put(key, New(chance.choice(list(Kind))))
    elif chance.random() < 0.3:
        document.drop(key)
    else:
        document.put(key, chance.choice([None, True, 7, 1.5, "value", [1, {"k": 2}]]))


def _edit_list(document: Document, chance: Random) -> None:
    size = len(document.content()["list"])
    at = chance.randrange(size + 1)
    if size < 2 or chance.random() < 0.4:
        document.add(at, chance.choice([1, "two", None]))
    elif at == size:
        document.remove(0)
    elif chance.random() < 0.5:
        document.move(at, chance.randrange(size))
    else:
        document.swap(at, chance.randrange(5))


def session(chance: Random, authors: int = 3, rounds: int = 20) -> tuple[list[Document], Log]:
    """Let replicas edit and now and then hear of each other; at the end all know all."""
    documents = [Document(number + 1) for number in range(authors)]
    log: Log = []
    heard = [0] * authors
    for _ in range(rounds):
        writer = chance.choice(documents)
        edit(writer, chance)
        if chance.random() < 0.7:
            log += [(writer.author, each) for each in writer.outgoing()]
        listener = chance.randrange(authors)
        _hear(documents[listener], log, heard[listener])
        heard[listener] = len(log)
    log += [(each.author, entry) for each in documents for entry in each.outgoing()]
    for listener, document in enumerate(documents):
        _hear(document, log, heard[listener])
    return documents, log


def _hear(document: Document, log: Log, first: int) -> None:
    for author, entry in log[first:]:
        assert not document.take_in(author, entry).gap

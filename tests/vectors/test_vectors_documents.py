"""Vectors of documents: numbers of authors, and entries that are taken in or refused."""

import pytest

from sealhold.crypto.docauthor import author_of
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import Plain
from sealhold.sharing.devices.doclineage import open_edits, unpacked_lineage
from sealhold.sharing.devices.documents import Document
from tests.vectors.known import Args, cases, check


def author(given: Args) -> str:
    key = Secret(bytes.fromhex(given["key"]), "key of documents")
    device, incarnation = bytes.fromhex(given["device"]), bytes.fromhex(given["incarnation"])
    return str(author_of(key, device, incarnation, given.get("turn", 0)))


def edits(given: Args) -> str:
    key = Secret(bytes.fromhex(given["key"]), "key of a lineage")
    places = bytes.fromhex(given["collection"]), bytes.fromhex(given["lineage"])
    return open_edits(bytes.fromhex(given["sealed"]), *places, key).hex()


def lineage(given: Args) -> Plain:
    found = unpacked_lineage(bytes.fromhex(given["told"]))
    return [found.id.hex(), [[str(who), end] for who, end in found.version.items()]]


def content(given: Args) -> Plain:
    document = Document(9)
    for who, entry in given["entries"]:
        document.take_in(int(who), bytes.fromhex(entry))
    assert document.waiting == 0
    return document.content()


@pytest.mark.parametrize("case", cases("48-documents"))
def test_published_documents(case: Args) -> None:
    calls = {"author": author, "content": content, "edits": edits, "lineage": lineage}
    check(calls, case)

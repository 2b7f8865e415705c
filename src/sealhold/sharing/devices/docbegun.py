"""How a document begins: its first version, the lineage that it goes on in, and what they hold.

- A document that begins with content has it as edits of the device that begins it, so that nobody
  else has to load a state that another person's engine made.

Source: docs/spec/48-documents.md section 11; docs/spec/52-share-spaces.md section 7.
"""

from collections.abc import Mapping

from sealhold.sharing.devices.contents import Content, Kind
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.doclineage import Base, Lineage, packed_base, packed_lineage
from sealhold.sharing.devices.docmatching import match
from sealhold.sharing.devices.docops import Value
from sealhold.sharing.devices.documentbook import author_in
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.reading import Digests
from sealhold.sharing.devices.treeops import ROOT


def begin(
    opened: Open,
    name: str,
    parent: bytes = ROOT,
    *,
    thing: bytes | None = None,
    content: Mapping[str, Value] | None = None,
) -> bytes:
    """Begin a document, durably and whole; return its id of 16 bytes.

    Args:
        opened: where it stands.
        name: what it is called.
        parent: id of the folder it is in.
        thing: its id; else a random one.
        content: what it holds, as `Document.content`; else nothing.

    Raises:
        InvalidEditError: a document cannot hold that.
        NoEpochError: there is no epoch that every member has.
    """
    replica = opened.replica
    draft = Draft(replica)
    if thing is None:
        thing = draft.add(name, parent)
    else:
        draft.place(thing, parent, name)
    lineage = draft.lineage(body(opened, Base((), b"")))
    draft.put(thing, going_on(opened, Lineage(lineage, {})), ())
    if content is not None:
        turn = replica.documents.turns.get(replica.own.log, 0)
        document = Document(author_in(replica, replica.own.log, turn))
        match(document, dict(content))
        for entry in document.outgoing():
            draft.edits(lineage, turn, entry)
    draft.commit()
    return thing


def body(opened: Open, base: Base) -> Content:
    """Return what a lineage begins with, as it is kept."""
    return _packed(opened, packed_base(base), Kind.LINEAGE)


def going_on(opened: Open, lineage: Lineage) -> Content:
    """Return a version of a document that goes on in a lineage."""
    return _packed(opened, packed_lineage(lineage), Kind.DOCUMENT)


def _packed(opened: Open, data: bytes, kind: Kind) -> Content:
    digest = Digests(opened.about.secret).start()
    digest.update(data)
    with opened.bodies.packer() as packer:
        pending = packer.take(iter([data]))
        packer.finish()
        return packer.content(pending, digest.digest(), kind)

"""Whether words of a document open to somebody who has a device, and all that a place ever had."""

from collections.abc import Iterator, Mapping

from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import SealholdError
from sealhold.model.ids import CollectionId, Id16
from sealhold.sharing.devices.contents import Kind, open_content
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.doclineage import open_edits, unpacked_base
from sealhold.sharing.devices.docops import unpacked
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.epochs import Keyring
from sealhold.sharing.devices.keeping import EDITS
from sealhold.sharing.devices.keybag import NAME, BagKey, KeyName, open_segment, segment_key
from sealhold.sharing.devices.membercircle import Thing
from sealhold.sharing.devices.ops import DocOp, KeysOp, Operation, PutOp
from sealhold.sharing.devices.wraps import Purpose, read_wrap_set

READER = 7


def says(opened: Open, ever: Mapping[str, bytes], words: str) -> list[str]:
    """Return where words can be read: in the collection's logs, with all keys that can be had.

    Args:
        opened: the collection on a device.
        ever: by name, all that a place ever had.
        words: what is looked for.
    """
    found, keys = list[str](), _keys(opened, ever)
    of, bases, edits = opened.about.id, dict[bytes, bytes](), dict[bytes, list[bytes]]()
    for op in _operations(opened):
        if isinstance(op, DocOp) and (key := keys.get(KeyName(op.lineage, NAME))) is not None:
            edits.setdefault(op.lineage, []).append(open_edits(op.sealed, of, op.lineage, key))
        elif isinstance(op, PutOp) and (key := keys.get(KeyName(op.object, op.version))):
            content = open_content(op.sealed, of, op.object, op.version, key)
            if content.kind is Kind.LINEAGE:
                bases[op.object] = unpacked_base(b"".join(opened.bodies.read(content))).snapshot
    for lineage in bases.keys() | edits.keys():
        if _put_together(bases.get(lineage, b""), edits.get(lineage, [])).said(words).spans:
            found.append("lineage")
        if any(words.encode() in each for each in edits.get(lineage, [])):
            found.append("edits")
    for kept in opened.replica.keeping.secrets(of):
        if kept.kind == EDITS:
            found.append("kept edits")
    return found


def _put_together(base: bytes, edits: list[bytes]) -> Document:
    """Return what can be made of edits."""
    document = Document(READER, base)
    for _ in edits:  # each brings those that wait for it
        for each in edits:
            document.take_in(unpacked(each).author, each)
    return document


def _operations(opened: Open) -> Iterator[Operation]:
    for kept in opened.replica.keeping.entries(opened.about.id):
        prev = opened.replica.book.hash_of(kept.log, kept.seq - 1)
        yield from opened.replica.open(kept.log, kept.seq, kept.data, prev).told.ops


def _bags(opened: Open, ever: Mapping[str, bytes]) -> list[BagKey]:
    found = [BagKey(name, one) for kind, name, one in opened.members.known() if kind == "bag"]
    ring = Keyring(CollectionId(Id16(opened.about.id)), Purpose.KEY_BAG)
    signers = [each.certificate.signing for each in opened.members.state.members.values()]
    for data in ever.values():
        for signer in signers if data[:1] == bytes([Thing.WRAPS]) else ():
            try:
                wraps = read_wrap_set(data[1:], PublicKey(signer))
            except SealholdError:
                continue
            ring = ring.learned([wraps], opened.members.keys)
    return found + [BagKey(bytes(name), one) for name, one in ring.secrets.items()]


def _keys(opened: Open, ever: Mapping[str, bytes]) -> dict[KeyName, Secret]:
    found = dict(opened.replica.state.keys)
    for segment in opened.replica.segments.values():
        found |= segment.keys
    bags, by_end = _bags(opened, ever), {name.rpartition("/")[2]: ever[name] for name in ever}
    told = [op for op in _operations(opened) if isinstance(op, KeysOp)]
    for op in told:
        for bag in bags:
            try:
                key = segment_key(opened.about.id, op, bag)
                found |= open_segment(opened.about.id, op.segment, key, by_end[op.segment.hex()])
            except (SealholdError, KeyError):
                continue
    return found

"""Reading the log: entries in their order, each checked against its own leaf hash.

- An entry of an erased subject shows its number and hash, and no more: its key is gone.
- What does not open or does not fit its hash is an error here; `verify_log` names them all.

Source: docs/spec/05-audit-log.md section 6.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sealhold.audit.event import Logged, decode
from sealhold.audit.tables import LEAF, SALT_BYTES, Openers, entry_hash, leaf_aad
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import Id16
from sealhold.stores.spec import MAX_PAGE, Found, Key, ReadView


class Leaf(NamedTuple):  # one per entry in every pass: made in a third of a dataclass's time
    """A row of the log as it is kept, unchecked."""

    seq: int
    hash: bytes  # 32 bytes
    subject: Id16
    sealed: bytes


class Line(NamedTuple):
    """An entry, open."""

    leaf: Leaf
    salt: bytes  # 32 bytes; empty if the subject was erased
    event: bytes  # as it was hashed; empty if the subject was erased

    @property
    def logged(self) -> Logged | None:
        """The event in its place; None if the subject was erased."""
        return decode(self.event) if self.event else None


def rows(
    view: ReadView, table: str, low: Key = (), high: Key = (), *, reverse: bool = False
) -> Iterator[Found]:
    """Return the rows of a key range one after the other, a page at a time."""
    cursor = None
    while True:
        page = view.scan(table, "key", low, high, after=cursor, limit=MAX_PAGE, reverse=reverse)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def leaf_of(found: Found) -> Leaf:
    """Return a row of the log.

    Raises:
        TamperedError: the store gave a row of another form.
    """
    match found.row:
        case (int() as seq, bytes() as hashed, bytes() as subject, bytes() as sealed):
            return Leaf(seq, hashed, Id16(subject), sealed)
        case _:
            raise TamperedError("a row of the log has another form")


def open_leaf(leaf: Leaf, openers: Openers) -> Line:
    """Return what `leaf` seals.

    Raises:
        SealBrokenError: changed, or moved from another place.
        TamperedError: not what the leaf's hash stands for.
    """
    sealer = openers(leaf.subject)
    if sealer is None:
        return Line(leaf, b"", b"")
    salted = sealer.open(leaf.sealed, leaf_aad(leaf.subject, leaf.seq))
    line = Line(leaf, salted[:SALT_BYTES], salted[SALT_BYTES:])
    # THREAT T50: an entry that was edited no longer fits the hash that the tree holds.
    if entry_hash(line.salt, line.event) != leaf.hash:
        raise TamperedError("what is sealed is not what the tree holds")
    return line


def read_entry(view: ReadView, seq: int, openers: Openers) -> Line:
    """Return one entry.

    Raises:
        NotFoundError: the log has no such entry.
        SealBrokenError: changed, or moved from another place.
        TamperedError: not what its hash stands for.
    """
    found = view.get(LEAF.name, [(seq,)])[0]
    if found is None:
        raise NotFoundError(f"the log has no entry {seq}")
    return open_leaf(leaf_of(found), openers)


def read_entries(view: ReadView, openers: Openers, *, before: int | None = None) -> Iterator[Line]:
    """Return the entries below `before` (None: all), the newest first, as they are asked for.

    Raises:
        SealBrokenError: one was changed, or moved from another place.
        TamperedError: one is not what its hash stands for.
    """
    high = () if before is None else (before,)
    for found in rows(view, LEAF.name, high=high, reverse=True):
        yield open_leaf(leaf_of(found), openers)


def read_all(view: ReadView, openers: Openers) -> Iterator[Line]:
    """Return all entries, the oldest first, as they are asked for.

    Raises:
        SealBrokenError: one was changed, or moved from another place.
        TamperedError: one is not what its hash stands for, or one is missing.
    """
    for seq, found in enumerate(rows(view, LEAF.name)):
        leaf = leaf_of(found)
        if leaf.seq != seq:
            raise TamperedError(f"entry {seq} is missing")
        yield open_leaf(leaf, openers)


def read_hashes(view: ReadView) -> Iterator[bytes]:
    """Return the leaf hash of each entry, from entry 0 on.

    Raises:
        TamperedError: the store gave a row of another form.
    """
    for found in rows(view, LEAF.name):
        yield leaf_of(found).hash

"""Records of people under keys drawn anew: a block of keys and all rows that it opens at once.

- Row and key change in one commit: a row opens under the key that its block has, or under none.
- A key that no row of a record names, as that of an attachment, stays as it is.
- What is opened for it leaves this file for no one.

Source: docs/spec/28-rotation.md section 3.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.contents import LONG_CONTENT
from sealhold.model.errors import SealBrokenError
from sealhold.stores.spec import Found, Key, Op, Put, ReadView, TableSpec
from sealhold.vault.deciding import rows_of
from sealhold.vault.jobs import Left
from sealhold.vault.keyblocks import KEY_BLOCKS, open_block, seal_block
from sealhold.vault.keyslots import For
from sealhold.vault.personrows import OLDER, RECORDS, Stand, is_left_out, resealed
from sealhold.vault.versions import Versions

NOT_OPEN = "it does not open"
GROUP_BYTES = 2_097_152  # of rows that go into one commit, about
_USES: Mapping[str, For] = {RECORDS.name: For.CURRENT, OLDER.name: For.OLDER}
_Named = tuple[TableSpec, Key]


class Anew(NamedTuple):
    """What puts records of one block under keys drawn anew."""

    ops: list[Op]
    goes_on: bool  # with the same block, and counts on that this is written


def anew(view: ReadView, keys: Versions, entropy: Entropy) -> Iterator[Anew | Left]:
    """Yield, for each block of a person, what puts its records under keys drawn anew.

    A row or block that does not open is told, and left with its key. Of rows that are long no more
    are in memory than go into one commit.
    """
    by_block: dict[int, list[_Named]] = {}
    for spec in (RECORDS, OLDER):
        at = [list(spec.columns).index(name) for name in spec.key]
        for found in _heads(view, spec, keys.subject):
            key = tuple(found.row[each] for each in at)
            by_block.setdefault(Stand.of(found).key.block, []).append((spec, key))
    for block in rows_of(view, KEY_BLOCKS, "key", keys.subject):
        number, version = block.row[1], block.v
        try:
            slots = open_block(keys, number, block)
        except SealBrokenError:
            yield Left(KEY_BLOCKS.name, (keys.subject, number), NOT_OPEN)
            continue
        for some, goes_on in _groups(view, by_block.get(number, ())):
            ops: list[Op] = []
            for spec, key, found in some:
                if Stand.of(found).key.block != number:
                    continue  # it changed in this very moment, and has a new key
                try:
                    ops.append(_one(keys, spec, found, slots, entropy))
                except SealBrokenError:
                    yield Left(spec.name, key, NOT_OPEN)
            if ops:
                # INVARIANT: what follows is put over this, so it is asked for once this is written
                row = seal_block(keys, number, slots, entropy)
                yield Anew([Put(KEY_BLOCKS.name, row, version), *ops], goes_on)
                version += 1


def _heads(view: ReadView, spec: TableSpec, subject: bytes) -> Iterator[Found]:
    """Yield the rows of a person without their contents."""
    cursor = None
    while True:
        ends = (subject,), (subject + b"\0",)
        page = view.scan(spec.name, "key", *ends, after=cursor, most=0)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def _groups(
    view: ReadView, named: Sequence[_Named]
) -> Iterator[tuple[list[tuple[TableSpec, Key, Found]], bool]]:
    """Yield rows with their contents, those of one commit together, and whether more follow."""
    some: list[tuple[TableSpec, Key, Found]] = []
    size = 0
    for spec in (RECORDS, OLDER):
        mine = [key for each, key in named if each is spec]
        for key, short in zip(mine, view.get(spec.name, mine, most=LONG_CONTENT), strict=True):
            found = view.get(spec.name, [key])[0] if is_left_out(short) else short
            if found is None:
                continue
            if some and size + len(found.row[-1]) > GROUP_BYTES:
                yield some, True
                some, size = [], 0
            some.append((spec, key, found))
            size += len(found.row[-1])
    yield some, False


def _one(keys: Versions, spec: TableSpec, found: Found, slots: list[bytes], entropy: Entropy) -> Op:
    """Draw another key for a row, in its slot; return what keeps the row under it.

    Raises:
        SealBrokenError: the slot is empty or for another use, or the row does not open.
    """
    at, use = Stand.of(found).key.slot, bytes([_USES[spec.name]])
    if not 0 <= at < len(slots) or slots[at][:1] != use:
        raise SealBrokenError("the key of a record is gone, or is not for this")
    new = new_key(entropy, "record key")
    row = resealed(keys, found.row, Secret(slots[at][1:], "record key"), new)
    slots[at] = use + new.reveal()
    return Put(spec.name, row, found.v)

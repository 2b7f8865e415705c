"""Records of people under keys drawn anew: a block of keys and all rows that it opens at once.

- Row and key change in one commit: a row opens under the key that its block has, or under none.
- A key that no row of a record names, as that of an attachment, stays as it is.
- What is opened for it leaves this file for no one.

Source: docs/spec/28-rotation.md section 3.
"""

from collections.abc import Iterator, Mapping

from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError
from sealhold.stores.spec import Found, Op, Put, ReadView, TableSpec
from sealhold.vault.deciding import rows_of
from sealhold.vault.jobs import Left
from sealhold.vault.keyblocks import KEY_BLOCKS, open_block, seal_block
from sealhold.vault.keyslots import For
from sealhold.vault.personrows import OLDER, RECORDS, Stand, resealed
from sealhold.vault.versions import Versions

NOT_OPEN = "it does not open"
_USES: Mapping[str, For] = {RECORDS.name: For.CURRENT, OLDER.name: For.OLDER}
_Held = tuple[TableSpec, Found]


def anew(view: ReadView, keys: Versions, entropy: Entropy) -> Iterator[list[Op] | Left]:
    """Yield, for each block of a person, what puts its records under keys drawn anew.

    A row or block that does not open is told, and left with its key.
    """
    by_block: dict[int, list[_Held]] = {}
    for spec in (RECORDS, OLDER):
        for found in rows_of(view, spec, "key", keys.subject):
            by_block.setdefault(Stand.of(found).key.block, []).append((spec, found))
    for block in rows_of(view, KEY_BLOCKS, "key", keys.subject):
        number = block.row[1]
        try:
            slots = open_block(keys, number, block)
        except SealBrokenError:
            yield Left(KEY_BLOCKS.name, (keys.subject, number), NOT_OPEN)
            continue
        ops: list[Op] = []
        for spec, found in by_block.get(number, ()):
            try:
                ops.append(_one(keys, spec, found, slots, entropy))
            except SealBrokenError:
                at = [list(spec.columns).index(name) for name in spec.key]
                yield Left(spec.name, tuple(found.row[each] for each in at), NOT_OPEN)
        if ops:
            row = seal_block(keys, number, slots, entropy)
            yield [Put(KEY_BLOCKS.name, row, block.v), *ops]


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

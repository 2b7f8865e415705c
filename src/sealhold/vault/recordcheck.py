"""The check of one person's records: each opens, each key is that of one row, and none is missing.

Source: docs/spec/25-records-of-people.md section 8.
"""

from collections import Counter
from collections.abc import Iterator

from sealhold.model.errors import TamperedError
from sealhold.model.ids import Kind, show
from sealhold.stores.spec import Found, TableSpec
from sealhold.vault.attachments import ATTACHMENTS, Attached, open_paper, packs_of
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyblocks import KEY_BLOCKS, block_rows, open_block, record_keys
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import EMPTY, For, Slot
from sealhold.vault.personrows import OLDER, RECORDS, Stand, open_row

KINDS: tuple[tuple[TableSpec, For], ...] = ((RECORDS, For.CURRENT), (OLDER, For.OLDER))


def record_faults(core: Core, keys: SubjectKeys) -> Iterator[str]:
    """Yield a sentence for each record of a person that is not as it was written."""
    named: Counter[Slot] = Counter()
    for table, use in KINDS:
        for found in rows_of(core.store, table, "key", keys.subject):
            named[Stand.of(found).key] += 1
            if not opens(core, keys, use, found):
                yield f"a record of person `{show(Kind.SUBJECT, keys.subject)}` does not open"
    for found in rows_of(core.store, ATTACHMENTS, "key", keys.subject):
        named[Attached.of(found).key] += 1
        if not paper_opens(core, keys, found):
            yield f"an attachment of person `{show(Kind.SUBJECT, keys.subject)}` does not open"
    for found in rows_of(core.store, KEY_BLOCKS, "key", keys.subject):
        yield from _block_faults(keys, found, named)


def opens(core: Core, keys: SubjectKeys, use: For, found: Found) -> bool:
    """Return whether a record's row opens; nothing of it is kept."""
    place = Stand.of(found).key
    try:
        rows = block_rows(core.store, keys, [place])
        (dek,) = record_keys(keys, use, [place], rows)
        open_row(keys, found, dek)
    except TamperedError:
        return False
    return True


def paper_opens(core: Core, keys: SubjectKeys, found: Found) -> bool:
    """Return whether an attachment's paper opens, and names the packs that its rows name."""
    place = Attached.of(found).key
    try:
        rows = block_rows(core.store, keys, [place])
        (dek,) = record_keys(keys, For.ATTACHED, [place], rows)
        paper = open_paper(keys, found, dek)
    except TamperedError:
        return False
    return {part.pack for part in paper.parts} == {*packs_of(core.store, found)}


def _block_faults(keys: SubjectKeys, found: Found, named: Counter[Slot]) -> Iterator[str]:
    block, name = found.row[1], show(Kind.SUBJECT, keys.subject)
    try:
        slots = open_block(keys, block, found)
    except TamperedError:
        yield f"keys of person `{name}` do not open"
        return
    for at, slot in enumerate(slots):
        if slot != EMPTY and not named[Slot(block, at)]:
            yield f"a record of person `{name}` is gone, and its key is not"

"""The parts of an open vault that keep records of people, built when one is asked for.

Source: docs/spec/25-records-of-people.md.
"""

from collections.abc import Callable
from typing import NamedTuple

from sealhold.compute.bulkdoor import BulkDoor
from sealhold.compute.recordsdoor import Kept, PersonRecords
from sealhold.compute.repeatsdoor import Repeats
from sealhold.vault.attaching import Attachments
from sealhold.vault.collectionrules import Collections
from sealhold.vault.core import Core
from sealhold.vault.keyblocks import KeyBlocks
from sealhold.vault.personrecords import PersonRecords as PersonRecordRows
from sealhold.vault.principals import Principals
from sealhold.vault.recordasking import RecordUses
from sealhold.vault.recordbulk import RecordBulk
from sealhold.vault.recordterms import Terms
from sealhold.vault.registry import Registry
from sealhold.vault.repeats import Repeats as RepeatRows
from sealhold.vault.using import Uses


class RecordDoors(NamedTuple):
    """What whoever comes with a token may do with records."""

    records: PersonRecords
    repeats: Repeats
    terms: Terms


def record_doors(
    core: Core,
    uses: Uses,
    principals: Principals,
    registry: Registry,
    verify: Callable[[str], bool],
) -> RecordDoors:
    """Return the doors to records of people, over one set of blocks of keys."""
    collections, blocks = Collections(core), KeyBlocks(core.store, core.entropy)
    record_uses = RecordUses(uses, collections)
    kept = Kept(
        PersonRecordRows(core, record_uses, blocks),
        BulkDoor(RecordBulk(core, record_uses, blocks), principals, core.entropy),
        Attachments(core, record_uses, blocks),
    )
    return RecordDoors(
        PersonRecords(kept, collections, principals, registry, verify),
        Repeats(RepeatRows(core), principals),
        Terms(core, blocks),
    )

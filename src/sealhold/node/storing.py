"""What of a vault is there before it opens: its files, its tables, its plug-ins.

Source: docs/architecture.md section 3.
"""

from sealhold import plugins
from sealhold.compute import memo, partition
from sealhold.compute.combining import COMBINED
from sealhold.compute.confinement import RAN_IN
from sealhold.compute.drawing import BLURRED
from sealhold.compute.members import FROZEN
from sealhold.compute.shelf import TABLES as SHELF
from sealhold.node.places import Places, object_store, record_store
from sealhold.node.world import World
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.remembering import Remembering
from sealhold.vault.home import Home
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.opening import Parts
from sealhold.vault.personrows import RECORDS as PERSON_RECORDS
from sealhold.vault.subjects import SUBJECTS

USED_OFTEN = (SUBJECTS, FIELDS, KEY_BLOCKS, PERSON_RECORDS)  # with each use of a person


def stored(home: Home, world: World, places: Places) -> Parts:
    """Return what a vault opens from."""
    # THREAT T335: on a server, too, only who holds the lease writes, and each use is committed
    # before anything leaves: what was remembered from before somebody took it over goes nowhere
    data = Remembering(record_store(home, places), USED_OFTEN)
    return Parts(
        home=home,
        data=data,
        # THREAT T217: keys never lie where the rows lie, whoever keeps those
        keys=lambda epoch: SqlCipherStore(home.keys_of(epoch)),
        objects=object_store(home, places, world.entropy),
        datasets=dict(plugins.datasets()),
        tables=(
            *(memo.MEMO, partition.PARTITIONS, RAN_IN, FROZEN, COMBINED, BLURRED),
            *SHELF,
        ),
        clock=world.clock,
        entropy=world.entropy,
        rows_here=not places.records,
    )

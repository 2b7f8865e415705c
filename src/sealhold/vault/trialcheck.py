"""Whether rows that were brought to another form are all there, and read: before they count.

- The whole log is read and computed anew, as `audit verify` does, against HEAD.
- Of the owner's items some are opened, drawn over all of them.
- Tables that no step changed have as many rows as before; snapshots are held by their chain.

Source: docs/spec/41-snapshots.md section 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sealhold.audit.verify import verify_log
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.clock import Entropy
from sealhold.model.ids import ID_BYTES, Id16
from sealhold.stores.migrating import Migration
from sealhold.stores.spec import ReadView, RecordStore, TableSpec
from sealhold.vault import snapshotrows
from sealhold.vault.headrows import SET_HASH
from sealhold.vault.keyring import Keyring
from sealhold.vault.ledger import drawn, unopened
from sealhold.vault.logkeys import known_to

OPENED: Final = 20  # items
_ALL: Final = 2**62
_OF_ITSELF: Final = {  # what the change of form writes by itself
    SET_HASH.name,
    *(spec.name for spec in (*snapshotrows.TABLES, *snapshotrows.DECIDING)),
}


def counts_of(
    store: RecordStore, tables: Sequence[TableSpec], steps: Sequence[Migration]
) -> dict[str, int]:
    """Return how many rows each table has that no step changes."""
    changed = {change.table for step in steps for change in step.changes}
    fixed = [spec.name for spec in tables if spec.name not in changed | _OF_ITSELF]
    return {name: store.count(name, _ALL) for name in fixed}


def miscounted(store: RecordStore, before: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each table that has more or fewer rows than before."""
    for name, count in before.items():
        if store.count(name, _ALL) != count:
            yield f"`{name}` has another number of rows than before"


def trial_faults(view: ReadView, ring: Keyring, head: str, entropy: Entropy) -> Iterator[str]:
    """Yield what is wrong with rows in today's form; `head` is the checkpoint beside them.

    Raises:
        TamperedError: the key set is not what was written.
    """
    owner, _ = ring.owner()
    keys, own = ring.subject(owner), Sealer(ring.named("log"))

    def opener(subject: Id16) -> Sealer | None:
        """Return what opens entries about somebody; those of others stay shut, and count."""
        return own if subject == NOBODY else keys.events if subject == owner else None

    yield from verify_log(view, opener, known_to(ring).line, head).faults
    starts = (entropy(ID_BYTES) for _ in range(OPENED))
    yield from unopened(keys, view, drawn(view, starts))

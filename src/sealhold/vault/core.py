"""What the parts of the vault share: the open stores, the keys, the writer, the clock.

- A value, not a facade: it passes no call on. `node` makes one when the vault is unlocked.
- In a personal vault there is one app of the vault's own, under which the owner's data lies, and
  one subject, the owner.

Source: docs/architecture.md section 3.
"""

from dataclasses import dataclass

from sealhold.model.clock import Clock, Entropy
from sealhold.model.ids import AppId, Collection, SubjectId
from sealhold.model.records import Dataset
from sealhold.stores.spec import ObjectStore, RecordStore
from sealhold.vault.deciding import Deciding
from sealhold.vault.keyring import Keyring, SubjectKeys
from sealhold.vault.papers import Papers
from sealhold.vault.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """An unlocked personal vault."""

    store: RecordStore
    objects: ObjectStore
    keyring: Keyring
    deciding: Deciding
    writer: Writer
    clock: Clock
    entropy: Entropy
    app: AppId
    owner: SubjectId
    keys: SubjectKeys  # the owner's
    papers: Papers  # the owner's
    datasets: dict[Collection, Dataset]  # what connectors fill, and what sources declare
    headless: bool

"""Log entries about one subject: named by keyed tags, sealed under the subject's own keys.

- The tags and the seal die with the subject's keys: then an entry still stands in the tree, and
  joins to nothing.

Source: docs/spec/05-audit-log.md section 2.
"""

from collections.abc import Iterable

from sealhold.audit.event import Event
from sealhold.audit.log import Entry
from sealhold.model.ids import Id16
from sealhold.vault.keyring import SubjectKeys


class Teller:
    """Makes the entries about one subject."""

    def __init__(self, keys: SubjectKeys) -> None:
        self._keys = keys
        self._place: Id16 = keys.subject  # where in the log's table its entries lie
        self._records = keys.leaf_ids.after(b"record")
        self.subject = keys.leaf_ids.mac16(b"subject", keys.subject)

    def entry(self, event: Event) -> Entry:
        """Return `event`, which names `subject`, with the key that seals it."""
        return Entry(event=event, subject=self._place, sealer=self._keys.events)

    def tag(self, record: Id16) -> bytes:
        """Return the name that a record has in the log: 16 bytes."""
        return self._records.mac16(record)

    def tags(self, records: Iterable[Id16]) -> bytes:
        """Return the names of records as an event holds them."""
        return b"".join(map(self.tag, records))


class PersonTeller(Teller):
    """Makes the entries about one of an app's people: they lie under the keyed tag as well.

    So nothing in the log's table joins them to the id that the app knows.
    """

    def __init__(self, keys: SubjectKeys) -> None:
        super().__init__(keys)
        self._place = Id16(self.subject)

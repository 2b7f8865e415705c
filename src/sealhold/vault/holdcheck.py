"""The check of holds, and of what is held: each opens, lies under a hold, and has its own key.

Source: docs/spec/32-holds.md section 6.
"""

from collections.abc import Iterator

from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import Id16, Kind, show
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.holdrows import HOLDS, KEEPINGS
from sealhold.vault.holds import Holds
from sealhold.vault.identifiable import FIELDS, open_field
from sealhold.vault.keepings import Keepings
from sealhold.vault.recordcheck import record_faults


def hold_faults(core: Core) -> Iterator[str]:
    """Yield a sentence for each thing that is not as it was written."""
    holds, keepings = Holds(core), Keepings(core)
    for found in core.deciding.all(HOLDS.name):
        try:
            holds.get(Id16(found.row[0]))
        except TamperedError:
            yield f"hold `{show(Kind.HOLD, Id16(found.row[0]))}` does not open"
    for found in scan_all(core.store, KEEPINGS):
        name = f"what is held under hold `{show(Kind.HOLD, Id16(found.row[2]))}`"
        try:
            keeping = keepings.get(Id16(found.row[0]))
            if keeping is None or core.deciding.get(HOLDS.name, keeping.hold) is None:
                yield f"{name} is held under none"
                continue
            keys = core.keyring.subject(keeping.id)
            rows = {each.row[1]: each for each in rows_of(core.store, FIELDS, "key", keeping.id)}
            if rows.keys() - keeping.fields.keys():
                yield f"{name} has a field that was never held"
            for field, version in keeping.fields.items():
                open_field(keys, field, version, rows.get(field))
            yield from record_faults(core, keys)
        except (NotFoundError, TamperedError):
            yield f"{name} does not open"

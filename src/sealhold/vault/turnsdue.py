"""Whether anything of turning keys over is to be done: a look that loads nothing of it.

Source: docs/spec/28-rotation.md section 5.
"""

from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.jobs import JOBS, UNDER_WAY
from sealhold.vault.wraps import SUBJECT


def has_turns_due(core: Core) -> bool:
    """Return whether a job was left, an older key is over, or one wrapped often enough."""
    ring, now = core.keyring, core.clock()
    if ring.worn or any(found.row[1] in UNDER_WAY for found in scan_all(core.store, JOBS)):
        return True
    return bool(ring.lies_in.store.scan(SUBJECT.name, "due", (1,), (now + 1,), limit=1).rows)

"""What keeps the keys of a vault, as a page asks for it: ways in and states, never a byte of a key.

Source: docs/spec/20-faces.md section 9; docs/spec/03-keys.md section 13.
"""

from sealhold.model.shown.circle import KeepingView
from sealhold.node.openparts import OpenParts


def keeping_of(parts: OpenParts) -> KeepingView:
    """Return what keeps the keys of an open vault."""
    root = parts.vault.sets.root
    keeping = root.keeping
    # words, ids, versions and counts: the public half of a recovery secret stays, too
    return KeepingView(
        way=root.way.value,
        strength=keeping.worth.value,
        slots=keeping.keeper.value,
        has_recovery=bool(keeping.recovery),
        keys=parts.keys.list(),
    )

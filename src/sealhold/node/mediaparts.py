"""The parts of an open vault that look after media on which grants hang.

Source: docs/spec/41-snapshots.md section 1.
"""

from collections.abc import Callable

from sealhold.compute.office import Office
from sealhold.compute.tokendoor import PolicyTokenDoor
from sealhold.config import Settings
from sealhold.model.ids import GrantId
from sealhold.vault.policytokens import PolicyTokens


class MediaParts:
    """Tokens on media, and their owner's door to them."""

    def __init__(
        self, office: Office, chosen: Settings, cut: Callable[[Callable[[GrantId], bool]], None]
    ) -> None:
        """Take the office, the settings, and what ends the runs under some grants."""
        self.tokens = PolicyTokens(office.core, chosen.media, cut)
        self.door = PolicyTokenDoor(office, self.tokens)

"""What stands for ids in the journal of a served vault: tags of one process, which join no two.

Source: docs/spec/29-operations.md section 3.
"""

from sealhold.crypto.digest import Keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy

KEY_BYTES = 32
DIGITS = 16  # 64 bits: two ids of a run are not taken for one


class NameTags:
    """Makes tags under a key that is drawn here and kept nowhere."""

    def __init__(self, entropy: Entropy) -> None:
        self._tags = Keyed(Secret(entropy(KEY_BYTES), "journal"), Tag.JOURNAL)

    def tag(self, text: str) -> str:
        """Return what stands for `text` in this process's journal, and nowhere else."""
        return f"t-{self._tags.mac16(text.encode()).hex()[:DIGITS]}"

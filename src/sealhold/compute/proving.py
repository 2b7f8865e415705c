"""The keys that vouch for answers, all from the vault's proof key, and who vouches for the machine.

- The device key signs evidence of software, unless the owner chose a TPM. A holder key signs
  presentations of one answer; each answer has its own, so two presentations of different answers
  are not joined by it.

Source: docs/spec/10-proof.md sections 5 and 6.
"""

from sealhold.compute.evidence import Attester, Software
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.ids import ReceiptId


class Prover:
    """Signs what leaves with an answer.

    Args:
        seed: the vault's proof key.
        attester: what vouches for the machine; a key of the device if there is none.
    """

    def __init__(self, seed: Secret, attester: Attester | None = None) -> None:
        self._seed = seed
        self.key = SigningKey(seed)
        self.attester = attester or Software(SigningKey(derive(seed, Tag.DEVICE)))

    def holder(self, receipt: ReceiptId) -> SigningKey:
        """Return the key that presentations of one answer are signed with."""
        return SigningKey(derive(self._seed, Tag.HOLDER, receipt))

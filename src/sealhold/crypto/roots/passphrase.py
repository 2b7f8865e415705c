"""An unlock slot for a passphrase, stretched with Argon2id.

- The text is taken in Unicode form NFC, so that it opens whichever keyboard typed it.

Source: docs/spec/03-keys.md section 8.
"""

import unicodedata

from sealhold.crypto.kdf import SALT_BYTES, Stretch, stretch
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotHead, SlotKind, close_slot, open_slot, read_slot
from sealhold.model.clock import Entropy
from sealhold.model.errors import TamperedError, WrongPassphraseError

NAME = "passphrase"


def passphrase(text: str) -> Secret:
    """Return what the owner typed as a secret."""
    return Secret(unicodedata.normalize("NFC", text).encode(), NAME)


def create_slot(
    root: Secret, passphrase: Secret, entropy: Entropy, params: Stretch | None = None
) -> bytes:
    """Return a slot that gives `root` for `passphrase`."""
    params = params or Stretch()
    head = SlotHead(kind=SlotKind.PASSPHRASE, salt=entropy(SALT_BYTES), stretch=params)
    return close_slot(head, stretch(passphrase, head.salt, params), root, entropy)


def unlock(slot: bytes, passphrase: Secret, *, name: str = NAME) -> Secret:
    """Return the root key; `name` is how errors call the slot.

    Raises:
        TamperedError: the slot is damaged, or not one for a passphrase.
        WrongPassphraseError: the slot is whole, the passphrase is another.
    """
    head, sealed = read_slot(slot, name)
    if head.stretch is None:
        raise TamperedError(f"unlock slot `{name}` is not for a passphrase")
    root = open_slot(head, sealed, stretch(passphrase, head.salt, head.stretch))
    if root is None:
        raise WrongPassphraseError
    return root

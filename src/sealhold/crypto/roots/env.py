"""An unlock secret in the environment, for a service that nobody is there to unlock.

- It is 32 random bytes in base64, in one written form. What is plainly not random is refused, and
  so is any value that stands on a page of ours.
- A key file has the same text form, for whoever passes its content on as text.
- How the value leaves the environment again is the front end's: `frontends/cli/withdrawing.py`.

Source: docs/spec/03-keys.md section 8.1.
"""

import base64
import binascii
from itertools import pairwise

from sealhold.crypto.roots.keyfile import MIN_VARIETY
from sealhold.crypto.seal import KEY_BYTES
from sealhold.crypto.secret import Secret
from sealhold.model.errors import WeakRootError

NAME = "environment"
PUBLISHED = frozenset({"D4q37eiro/YH+bKUEHdNYMGn6Cb572eeT+cCznA7lK4="})  # in our vectors
_PRINTABLE = range(0x20, 0x7F)


def parse(text: str) -> Secret:
    """Return the secret that `text` is: 32 random bytes in base64.

    Raises:
        WeakRootError: it is not, or the value is known to everybody.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise WeakRootError("the root value is not base64") from err
    if len(value) != KEY_BYTES or base64.b64encode(value).decode() != text:
        raise WeakRootError(f"the root value is not {KEY_BYTES} bytes in base64")
    # THREAT T210: a value that was typed, counted up, or copied from a page
    steps = {(after - before) % 256 for before, after in pairwise(value)}
    is_text = all(byte in _PRINTABLE for byte in value)
    if is_text or len(set(value)) < MIN_VARIETY or len(steps) < MIN_VARIETY:
        raise WeakRootError("the root value is not random")
    if text in PUBLISHED:
        raise WeakRootError("the root value stands on a page that everybody can read")
    return Secret(value, "root value")


def text_of(secret: Secret) -> str:
    """Return the text that `parse` reads."""
    return base64.b64encode(secret.reveal()).decode()

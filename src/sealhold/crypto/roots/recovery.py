"""A recovery secret: 32 random bytes on paper, to which each epoch's key is sealed.

- It opens a vault whose passphrase is forgotten, or whose chip or token is lost. It is given where
  a passphrase is asked for, and its form tells it from one.
- What is sealed to it is the *escrow* of an epoch: the epoch's key and the root key. Each epoch has
  its own, so the vault keeps the public half and needs no paper to close an epoch.
- Whoever has the secret and an escrow needs neither passphrase nor device: so an escrow is
  destroyed with its epoch's slot, and as long as it is a file, that is what destruction is worth.

Source: docs/spec/03-keys.md section 9.3.
"""

import base64
import binascii
import re
from pathlib import Path

from sealhold.crypto.digest import framed
from sealhold.crypto.hybrid import BoxKey, BoxPublic, seal_to
from sealhold.crypto.roots import keyfile
from sealhold.crypto.seal import KEY_BYTES, new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    InvalidError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.ids import SealedBytes

HEAD = "shrec1"
GROUP = 4  # letters between two hyphens
_TEXT = re.compile(HEAD + r"(?:-[a-z2-7]{4}){13}")
LONGEST = 128  # bytes of a file


def new_text(entropy: Entropy) -> str:
    """Return a fresh recovery secret as text: `shrec1` and 13 groups of four letters or digits."""
    return text_of(new_key(entropy, "recovery secret"))


def text_of(secret: Secret) -> str:
    """Return a recovery secret of 32 bytes as it is written on paper."""
    letters = base64.b32encode(secret.reveal()).decode()
    letters = letters.rstrip("=").lower()
    groups = [letters[at : at + GROUP] for at in range(0, len(letters), GROUP)]
    return "-".join((HEAD, *groups))


def parse(text: str) -> Secret | None:
    """Return the secret that `text` is, or None if it has another form."""
    text = text.strip().lower()
    if not _TEXT.fullmatch(text):
        return None
    letters = text.removeprefix(HEAD).replace("-", "").upper()
    try:
        value = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error:
        return None
    return Secret(value, "recovery secret")


def public_of(text: str) -> BoxPublic:
    """Return the public half, 1216 bytes, which a vault keeps.

    Raises:
        InvalidError: no recovery secret.
    """
    secret = parse(text)
    if secret is None:
        raise InvalidError(f"a recovery secret begins with `{HEAD}-`")
    return BoxKey(secret).public


def seal_escrow(public: bytes, epoch: int, key: Secret, root: Secret) -> SealedBytes:
    """Return an epoch's key and the root key, sealed to the recovery secret of `public`."""
    return seal_to(public, key.reveal() + root.reveal(), _info(epoch))


def open_escrow(secret: Secret, epoch: int, escrow: bytes) -> tuple[Secret, Secret]:
    """Return the key of an epoch and the root key.

    Raises:
        SealBrokenError: changed, of another epoch, or for another secret.
    """
    found = BoxKey(secret).open(escrow, _info(epoch))
    if len(found) != 2 * KEY_BYTES:
        raise SealBrokenError("an escrow of another form")
    return Secret(found[:KEY_BYTES], "epoch key"), Secret(found[KEY_BYTES:], "root key")


def create_file(path: Path, entropy: Entropy) -> str:
    """Write a new recovery secret to a file of mode 0600, and return its text.

    Raises:
        ConflictError: the path is taken.
        UnavailableError: the file cannot be written.
    """
    text = new_text(entropy)
    keyfile.write_private(path, "recovery secret", f"{text}\n".encode())
    return text


def read_file(path: Path) -> str:
    """Return the text in a file with a recovery secret.

    Raises:
        NotFoundError: there is no file at `path`.
        InsecureHomeError: others may read it, or it is no plain file of this user.
        TamperedError: it holds something else.
        UnavailableError: it cannot be read.
    """
    text = keyfile.read_private(path, "recovery secret", LONGEST).decode("ascii", "replace").strip()
    if parse(text) is None:
        raise TamperedError("the file holds no recovery secret")
    return text


def _info(epoch: int) -> bytes:
    return framed(Tag.ESCROW, epoch.to_bytes(8))

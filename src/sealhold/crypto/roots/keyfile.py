"""An unlock slot for a key file: 32 random bytes that lie outside the home.

- The file belongs to its owner alone: a mode that lets others read is refused, and so is a link.
- The same slot form serves a recovery secret, which is 32 random bytes on paper.

Source: docs/spec/03-keys.md section 8.
"""

import errno
import os
import stat
from pathlib import Path

from sealhold.crypto.kdf import SALT_BYTES, derive
from sealhold.crypto.seal import KEY_BYTES, new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotHead, SlotKind, close_slot, open_slot, read_slot
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    InsecureHomeError,
    NoFileError,
    TakenError,
    TamperedError,
    UnavailableError,
    WrongKeyFileError,
)

NAME = "keyfile"
MIN_VARIETY = 16  # different values; of 32 random bytes about 30 differ


def create_file(path: Path, entropy: Entropy) -> Secret:
    """Write a new key file of mode 0600 and return its secret.

    Raises:
        TakenError: the path is taken.
        UnavailableError: the file cannot be written.
    """
    key = new_key(entropy, "key file")
    write_private(path, "key file", key.reveal())
    return key


def read_file(path: Path) -> Secret:
    """Return the secret in a key file.

    Raises:
        NoFileError: there is no file at `path`.
        InsecureHomeError: others may read it, or it is no plain file of this user.
        TamperedError: it does not have 32 bytes, or they are plainly not random.
        UnavailableError: it cannot be read.
    """
    value = read_private(path, "key file", KEY_BYTES + 1)
    if len(value) != KEY_BYTES or len(set(value)) < MIN_VARIETY:
        raise TamperedError(f"the key file has not {KEY_BYTES} random bytes")
    return Secret(value, "key file")


def create_slot(
    root: Secret, key: Secret, entropy: Entropy, kind: SlotKind = SlotKind.KEYFILE
) -> bytes:
    """Return a slot that gives `root` for `key`, 32 random bytes."""
    head = SlotHead(kind=kind, salt=entropy(SALT_BYTES), stretch=None)
    return close_slot(head, derive(key, Tag.KEYFILE, head.salt), root, entropy)


def unlock(slot: bytes, key: Secret, *, name: str = NAME) -> Secret:
    """Return the root key; `name` is how errors call the slot.

    Raises:
        TamperedError: the slot is damaged, or one for a passphrase.
        WrongKeyFileError: the slot is whole, the key is another.
    """
    head, sealed = read_slot(slot, name)
    if head.stretch is not None:
        raise TamperedError(f"unlock slot `{name}` is for a passphrase")
    root = open_slot(head, sealed, derive(key, Tag.KEYFILE, head.salt))
    if root is None:
        raise WrongKeyFileError
    return root


def read_private(path: Path, what: str, most: int) -> bytes:
    """Return up to `most` bytes of a file that its owner alone may read; `what` names it.

    Raises:
        NoFileError: there is no file at `path`.
        InsecureHomeError: others may read it, or it is no plain file of this user.
        UnavailableError: it cannot be read.
    """
    handle = _opened(path, what)
    try:
        status = os.fstat(handle)
        is_private = not stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.geteuid()
        if not stat.S_ISREG(status.st_mode) or not is_private:
            raise InsecureHomeError(f"the {what} may be read by others")
        return os.read(handle, most)
    except OSError as err:
        raise UnavailableError(f"the {what} cannot be read") from err
    finally:
        os.close(handle)


def write_private(path: Path, what: str, content: bytes) -> None:
    """Write a new file of mode 0600, durably; `what` names it.

    Raises:
        TakenError: the path is taken.
        UnavailableError: it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
    except FileExistsError as err:
        raise TakenError(f"the {what} exists already") from err
    except OSError as err:
        raise UnavailableError(f"the {what} cannot be written") from err


def _opened(path: Path, what: str) -> int:
    # A pipe would block an open, and a link could lead to another user's file.
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise NoFileError(f"no {what} there") from err
    except OSError as err:
        if err.errno == errno.ELOOP:
            raise InsecureHomeError(f"the {what} is a link") from err
        raise UnavailableError(f"the {what} cannot be read") from err

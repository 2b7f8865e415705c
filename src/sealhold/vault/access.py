"""Ways in: the one unlock slot of a vault, made with it and tried at each opening.

- A vault's root key is random; the slot gives it to whoever has the slot's secret. The slot's name
  says which kind of secret that is, and the seal inside vouches for it.
- A passphrase is what the owner types; each try costs its stretching, so a list of guesses is
  slow. A key is 32 random bytes, in a file or in the environment; in calls it is base64 text.

Source: docs/spec/03-keys.md section 8.
"""

from enum import StrEnum
from pathlib import Path

from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import env, keyfile
from sealhold.crypto.roots import passphrase as passphrases
from sealhold.crypto.rootspec import Strength
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotKind, read_slot
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    InvalidError,
    TamperedError,
    WeakRootError,
    WrongKeyFileError,
    WrongPassphraseError,
)
from sealhold.vault import opening
from sealhold.vault.home import Home, read, replace
from sealhold.vault.opening import Opened, Parts
from sealhold.vault.rollback import Accepted

__all__ = [  # `Stretch` is for whoever builds a vault
    "STRENGTH",
    "Stretch",
    "Way",
    "change_passphrase",
    "create",
    "key_in",
    "new_key_file",
    "opens",
    "unlock",
    "way_of",
]

SHORTEST = 2  # characters; how long is wise is for the face to say
STRENGTH = Strength.OVERWRITTEN_FILE  # epoch slots are files of the home, whatever unlocks them


class Way(StrEnum):
    """What opens a vault."""

    PASSPHRASE = "passphrase"  # noqa: S105  # the word, not one of them
    KEYFILE = "keyfile"
    ENVIRONMENT = "environment"


def create(
    parts: Parts,
    given: str,
    stretch: Stretch,
    *,
    headless: bool,
    way: Way = Way.PASSPHRASE,
) -> None:
    """Make a new, empty vault that `given` opens: a passphrase, or the text of a key.

    Raises:
        ConflictError: the folder holds something already.
        InvalidError: an empty passphrase, or a key that is not random.
    """
    root = new_key(parts.entropy, "root key")
    slot = _new_slot(way, given, root, parts.entropy, stretch)
    parts.home.make()
    try:
        replace(parts.home.unlock_slot(way), slot)
        opening.create(parts, root, headless=headless)
    except BaseException:
        parts.home.clear()  # half a vault would be taken for a damaged one
        raise


def unlock(parts: Parts, given: str, accepted: Accepted | None = None) -> Opened:
    """Open the vault; with `accepted`, one whose database is older than it should be.

    Raises:
        NoHomeError: there is none.
        WrongPassphraseError: it does not open.
        TamperedError: a file is not what was written.
    """
    parts.home.check()
    return opening.open_vault(parts, root_of(parts.home, given), accepted)


def change_passphrase(home: Home, given: str, new: str, entropy: Entropy, stretch: Stretch) -> None:
    """Put the root key into a new slot, in place of the one that `given` opens.

    Raises:
        WrongPassphraseError: `given` does not open it.
        InvalidError: a vault that opens with a key, or an empty passphrase.
        StoreUnavailableError: the disk refuses; the old passphrase opens the vault.
    """
    if way_of(home) is not Way.PASSPHRASE:
        raise InvalidError("this vault opens with a key, not with a passphrase")
    slot = _new_slot(Way.PASSPHRASE, new, root_of(home, given), entropy, stretch)
    replace(home.unlock_slot(Way.PASSPHRASE), slot)


def opens(home: Home, given: str) -> bool:
    """Return whether `given` opens the vault.

    Raises:
        TamperedError: the slot is damaged.
    """
    try:
        root_of(home, given)
    except WrongPassphraseError:
        return False
    return True


def way_of(home: Home) -> Way:
    """Return what opens the vault.

    Raises:
        TamperedError: there is no slot, or more than the one that was made.
    """
    found = [way for way in Way if home.unlock_slot(way).exists()]
    if len(found) != 1:
        raise TamperedError(f"`unlock` holds {len(found)} ways in and not one")
    return found[0]


def new_key_file(path: Path, entropy: Entropy) -> str:
    """Write a new key file of mode 0600 and return its key as text.

    Raises:
        ConflictError: the path is taken.
        UnavailableError: it cannot be written.
    """
    return env.text_of(keyfile.create_file(path, entropy))


def key_in(path: Path) -> str:
    """Return the key in a key file as text.

    Raises:
        NotFoundError: there is no file at `path`.
        InsecureHomeError: others may read it, or it is no plain file of this user.
        TamperedError: it does not have 32 random bytes.
        UnavailableError: it cannot be read.
    """
    return env.text_of(keyfile.read_file(path))


def _new_slot(way: Way, given: str, root: Secret, entropy: Entropy, stretch: Stretch) -> bytes:
    if way is Way.PASSPHRASE:
        if len(given) < SHORTEST:
            raise InvalidError("an empty passphrase opens for everybody")
        return passphrases.create_slot(root, passphrases.passphrase(given), entropy, stretch)
    return keyfile.create_slot(root, env.parse(given), entropy, SlotKind(way))


def root_of(home: Home, given: str) -> Secret:
    """Return the root key that `given` opens.

    Raises:
        WrongPassphraseError: it does not open.
        WrongKeyFileError: the same, of a key.
        TamperedError: the slot is damaged.
    """
    way = way_of(home)
    slot = read(home.unlock_slot(way))
    if way is Way.PASSPHRASE:
        return passphrases.unlock(slot, passphrases.passphrase(given))
    if read_slot(slot, way)[0].kind.value != way.value:
        raise TamperedError(f"unlock slot `{way}` is for something else")
    try:
        key = env.parse(given)
    except WeakRootError as err:
        raise WrongKeyFileError from err
    return keyfile.unlock(slot, key, name=way)

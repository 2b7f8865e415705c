"""Ways in: the unlock slot for a passphrase, made with a vault and tried at each opening.

- A vault's root key is random; a slot gives it to whoever knows the slot's secret.
- Trying a passphrase costs its stretching each time, so a list of guesses is slow.

Source: docs/spec/03-keys.md section 8.
"""

from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import passphrase as passphrases
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidError, WrongPassphraseError
from sealhold.vault import opening
from sealhold.vault.home import Home, read, replace
from sealhold.vault.opening import Opened, Parts
from sealhold.vault.rollback import Accepted

__all__ = ["Stretch", "create", "opens", "unlock"]  # `Stretch` is for whoever builds a vault

SHORTEST = 2  # characters; how long is wise is for the face to say


def create(parts: Parts, passphrase: str, stretch: Stretch, *, headless: bool) -> None:
    """Make a new, empty vault that this passphrase opens.

    Raises:
        ConflictError: the folder holds something already.
        InvalidError: an empty passphrase.
    """
    if len(passphrase) < SHORTEST:
        raise InvalidError("an empty passphrase opens for everybody")
    parts.home.make()
    try:
        root = new_key(parts.entropy, "root key")
        secret = passphrases.passphrase(passphrase)
        slot = passphrases.create_slot(root, secret, parts.entropy, stretch)
        replace(parts.home.unlock_slot(passphrases.NAME), slot)
        opening.create(parts, root, headless=headless)
    except BaseException:
        parts.home.clear()  # half a vault would be taken for a damaged one
        raise


def unlock(parts: Parts, passphrase: str, accepted: Accepted | None = None) -> Opened:
    """Open the vault; with `accepted`, one whose database is older than it should be.

    Raises:
        NoHomeError: there is none.
        WrongPassphraseError: it does not open.
        TamperedError: a file is not what was written.
    """
    parts.home.check()
    return opening.open_vault(parts, _root(parts.home, passphrase), accepted)


def opens(home: Home, passphrase: str) -> bool:
    """Return whether `passphrase` opens the vault.

    Raises:
        TamperedError: the slot is damaged.
    """
    try:
        _root(home, passphrase)
    except WrongPassphraseError:
        return False
    return True


def _root(home: Home, passphrase: str) -> Secret:
    slot = read(home.unlock_slot(passphrases.NAME))
    return passphrases.unlock(slot, passphrases.passphrase(passphrase))

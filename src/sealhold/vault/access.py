"""Ways in: the one unlock slot of a vault, made with it and tried at each opening.

- A vault's root key is random; the slot gives it to whoever has the slot's secret. The slot's name
  says which kind of secret that is, and the seal inside vouches for it.
- A recovery secret stands wherever a passphrase or a key is asked for, if the vault keeps escrows.
- A passphrase is what the owner types; each try costs its stretching, so a list of guesses is
  slow. A key is 32 random bytes, in a file or in the environment; in calls it is base64 text.

Source: docs/spec/03-keys.md section 8.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import env, keyfile
from sealhold.crypto.roots import passphrase as passphrases
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotKind, read_slot
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    InvalidError,
    SealholdError,
    TamperedError,
    WeakRootError,
    WrongKeyFileError,
    WrongPassphraseError,
)
from sealhold.stores.spec import ObjectStore, RecordStore
from sealhold.vault import opening
from sealhold.vault.home import FIRST_EPOCH, Home, read, replace
from sealhold.vault.keeping import PLAIN, Keeper, Keeping, Way, named, ruling
from sealhold.vault.keysets import KeySets
from sealhold.vault.opening import Opened, Parts
from sealhold.vault.rollback import Accepted
from sealhold.vault.roots import HomeRoot, recovered

__all__ = [  # `Stretch` is for whoever builds a vault
    "PLAIN",
    "ByRecovery",
    "Keeper",
    "Keeping",
    "NextRoot",
    "Stretch",
    "Unlocking",
    "Way",
    "change_passphrase",
    "create",
    "is_recovery",
    "key_in",
    "new_key_file",
    "new_recovery",
    "opens",
    "recovery_in",
    "unlock",
    "way_of",
]

SHORTEST = 2  # characters; how long is wise is for the face to say


def create(
    parts: Parts,
    given: str,
    stretch: Stretch,
    *,
    headless: bool,
    way: Way = Way.PASSPHRASE,
    keeping: Keeping = PLAIN,
) -> None:
    """Make a new, empty vault that `given` opens: a passphrase, or the text of a key.

    Raises:
        ConflictError: the folder holds something already.
        InvalidError: an empty passphrase, or a key that is not random.
        UnavailableError: the device that is to keep the slots, or what speaks to it, is not there.
        WrongPinError: the PIN does not open the token.
    """
    key, home = new_key(parts.entropy, "root key"), parts.home
    slot = _new_slot(way, given, key, parts.entropy, stretch)
    keeping = keeping.checked(parts.entropy)
    home.make()
    root = None
    try:
        replace(home.unlock_slot(way), slot)
        root = HomeRoot.lay(home, way, key, keeping, parts.entropy)
        opening.create(parts, root, headless=headless)
    except BaseException:
        if root is not None:
            with suppress(SealholdError):  # what a device keeps is not in the folder
                root.destroy_slot(FIRST_EPOCH)
        home.clear()  # half a vault would be taken for a damaged one
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


@dataclass(frozen=True, slots=True)
class Unlocking:
    """Opens the key set of a home that has no rows yet."""

    home: Home
    store: Callable[[int], RecordStore]  # of the key set of an epoch
    clock: Clock
    entropy: Entropy

    def file_key(self, given: str) -> Secret:
        """Return the key of the file of rows that are to come.

        Raises:
            WrongPassphraseError: `given` does not open it.
            TamperedError: a part of the key set is not what was written.
        """
        root = root_of(self.home, given)
        ring = KeySets(self.home, root, self.store, self.clock, self.entropy).open(self.home.epoch)
        try:
            return ring.named("data-file")
        finally:
            ring.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRoot:
    """What the root of a vault is to be from the next epoch on."""

    home: Home
    given: str = field(repr=False)  # a passphrase, or the text of a key
    way: Way
    keeping: Keeping
    stretch: Stretch
    entropy: Entropy

    def check(self) -> None:
        """Refuse what must not open a vault.

        Raises:
            InvalidError: an empty passphrase, or a key that is not random.
        """
        _check(self.way, self.given)

    def lay(self, now: HomeRoot, born: int) -> HomeRoot:
        """Make it in the home, beside the root in force; it rules once epoch `born` does."""
        key = new_key(self.entropy, "root key")
        now.follow(key, born, self.entropy)
        slot = _new_slot(self.way, self.given, key, self.entropy, self.stretch)
        replace(self.home.unlock_slot(named(self.way, born)), slot)
        return HomeRoot.lay(self.home, self.way, key, self.keeping, self.entropy, born)

    def opened(self, born: int) -> HomeRoot:
        """Open it from the disk, as the next opening will."""
        slot = read(self.home.unlock_slot(named(self.way, born)))
        return HomeRoot(self.home, born, self.way, _root_key(self.way, slot, self.given))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRecovery:
    """Cards and nothing else: what they give, and how the vault is to be opened from now on."""

    text: str = field(repr=False)  # the recovery secret
    passphrase: str = field(repr=False)  # the new one
    stretch: Stretch
    entropy: Entropy

    def lay(self, home: Home, place: ObjectStore, epoch: int) -> None:
        """Lay the ways in of an epoch in a home that has none: a passphrase, a slot, an escrow.

        Raises:
            InvalidError: no recovery secret, or an empty passphrase.
            NotFoundError: the place has no escrow of that epoch for it.
            WrongPassphraseError: what is there was sealed to another secret, or bent.
        """
        from sealhold.vault import escrowing  # noqa: PLC0415  # reason: seldom needed

        key, root, public = escrowing.opened(place, self.text, epoch)
        slot = _new_slot(Way.PASSPHRASE, self.passphrase, root, self.entropy, self.stretch)
        replace(home.unlock_slot(Way.PASSPHRASE), slot)
        keeping = Keeping(recovery=public)
        laid = HomeRoot.lay(home, Way.PASSPHRASE, root, keeping, self.entropy)
        laid.create_slot(epoch, self.entropy)
        replace(home.epoch_key_of(epoch), laid.wrap(epoch, key, self.entropy))


def change_passphrase(home: Home, given: str, new: str, entropy: Entropy, stretch: Stretch) -> None:
    """Put the root key into a new slot, in place of the one that `given` opens.

    Raises:
        WrongPassphraseError: `given` does not open it.
        InvalidError: a vault that opens with a key, or an empty passphrase.
        StoreUnavailableError: the disk refuses; the old passphrase opens the vault.
    """
    root = root_of(home, given)
    if root.way is not Way.PASSPHRASE:
        raise InvalidError("this vault opens with a key, not with a passphrase")
    slot = _new_slot(Way.PASSPHRASE, new, root.key, entropy, stretch)
    replace(home.unlock_slot(named(Way.PASSPHRASE, root.born)), slot)


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


def is_recovery(home: Home, given: str) -> bool:
    """Return whether `given` is the recovery secret of this vault.

    Raises:
        TamperedError: a part of the root is not what was written.
    """
    try:
        return recovered(home, given) is not None
    except WrongPassphraseError:
        return False


def way_of(home: Home) -> Way:
    """Return what opens the vault.

    Raises:
        TamperedError: there is no slot, or more than the one that was made.
    """
    return ruling(home)[1]


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


def new_recovery(path: Path, entropy: Entropy) -> tuple[str, bytes]:
    """Write a new recovery secret of mode 0600; return its text and its public half.

    Raises:
        ConflictError: the path is taken.
        UnavailableError: it cannot be written.
    """
    from sealhold.crypto.roots import recovery  # noqa: PLC0415  # reason: few have one

    text = recovery.create_file(path, entropy)
    return text, recovery.public_of(text)


def recovery_in(path: Path) -> str:
    """Return the recovery secret in a file as text.

    Raises:
        NotFoundError: there is no file at `path`.
        InsecureHomeError: others may read it, or it is no plain file of this user.
        TamperedError: it holds something else.
        UnavailableError: it cannot be read.
    """
    from sealhold.crypto.roots import recovery  # noqa: PLC0415  # reason: few have one

    return recovery.read_file(path)


def _check(way: Way, given: str) -> None:
    """Refuse what must not open a vault.

    Raises:
        InvalidError: an empty passphrase, or a key that is not random.
    """
    if way is not Way.PASSPHRASE:
        env.parse(given)
    elif len(given) < SHORTEST:
        raise InvalidError("an empty passphrase opens for everybody")


def _new_slot(way: Way, given: str, root: Secret, entropy: Entropy, stretch: Stretch) -> bytes:
    _check(way, given)
    if way is Way.PASSPHRASE:
        return passphrases.create_slot(root, passphrases.passphrase(given), entropy, stretch)
    return keyfile.create_slot(root, env.parse(given), entropy, SlotKind(way))


def root_of(home: Home, given: str) -> HomeRoot:
    """Return the root that `given` opens: a passphrase, the text of a key, or a recovery secret.

    Raises:
        WrongPassphraseError: it does not open.
        WrongKeyFileError: the same, of a key.
        TamperedError: the slot is damaged.
    """
    found = recovered(home, given)
    if found is not None:
        return found
    born, way = ruling(home)
    # THREAT T309: what is guessed meets the unlock slot alone; no token counts it against its PIN
    key = _root_key(way, read(home.unlock_slot(named(way, born))), given)
    return HomeRoot(home, born, way, key)


def _root_key(way: Way, slot: bytes, given: str) -> Secret:
    if way is Way.PASSPHRASE:
        return passphrases.unlock(slot, passphrases.passphrase(given))
    if read_slot(slot, way)[0].kind.value != way.value:
        raise TamperedError(f"unlock slot `{way}` is for something else")
    try:
        key = env.parse(given)
    except WeakRootError as err:
        raise WrongKeyFileError from err
    return keyfile.unlock(slot, key, name=way)

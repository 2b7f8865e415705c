"""What the recovery secret opens, kept at a place that forgets it when it is asked to.

- The escrow of the epoch in force, sealed to the public half of the recovery secret. Nothing else
  that unlocks lies there: whoever has the place and no cards has nothing.
- It is kept only where deleting is seen to work, and the one before is deleted: what was erased
  with an older epoch is not to be opened by cards and an old escrow.
- Its name follows from the public half, so cards alone find it.

Source: docs/spec/29-operations.md section 6; docs/spec/03-keys.md section 9.3.
"""

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.roots import recovery
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    CarrierRefusedError,
    NotFoundError,
    ObjectNotFoundError,
    SealBrokenError,
    TamperedError,
    WrongPassphraseError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.spec import Kept, ObjectStore
from sealhold.vault.home import Home, read
from sealhold.vault.keeping import ESCROW, named

PREFIX = "e"  # begins the names of escrows, and of nothing else in a place
TRIAL = "t"  # and that of what is put to be deleted
_NAME_BYTES, _DRAWN = 16, 8


def is_kept(place: ObjectStore, public: bytes) -> bool:
    """Return whether the place has an escrow of the vault whose recovery secret has this half."""
    return any(True for _ in place.names(_folder(public)))


def keep(place: ObjectStore, home: Home, public: bytes, entropy: Entropy) -> int:
    """Keep the escrow of the epoch in force at a place, and none of an older one; return the epoch.

    Raises:
        CarrierRefusedError: the place keeps what it has.
        TamperedError: it has what was never put.
        StoreUnavailableError: it does not answer.
    """
    # THREAT T488: where an escrow could not be deleted it would open what is erased later
    _check_forgets(place, entropy)
    epoch = home.epoch
    escrow = read(home.unlock_slot(named(ESCROW, epoch)))
    name = ObjectName(f"{_folder(public)}{epoch:018d}-{entropy(_DRAWN).hex()}")
    if place.put(name, SealedBytes(escrow)) is not Kept.CREATED:
        raise TamperedError(f"`{name}` is there before it was made")
    for older in list(place.names(_folder(public))):
        if older != name:
            _forget(place, older)
    return epoch


def opened(place: ObjectStore, text: str, epoch: int) -> tuple[Secret, Secret, bytes]:
    """Return the key of an epoch, the root key, and the public half of the secret.

    Raises:
        InvalidError: `text` is no recovery secret.
        NotFoundError: the place has no escrow of that epoch for it.
        WrongPassphraseError: what is there was sealed to another secret, or bent.
    """
    public, secret = recovery.public_of(text), recovery.parse(text)
    if secret is None:
        raise WrongPassphraseError
    for name in place.names(f"{_folder(public)}{epoch:018d}-"):
        try:
            return *recovery.open_escrow(secret, epoch, place.get(name)), public
        except SealBrokenError as err:
            raise WrongPassphraseError from err
    raise NotFoundError(f"this place has nothing of epoch {epoch} that this recovery secret opens")


def _folder(public: bytes) -> str:
    return f"{PREFIX}{fingerprint(public)[:_NAME_BYTES].hex()}/"


def _check_forgets(place: ObjectStore, entropy: Entropy) -> None:
    """Put something and have it forgotten.

    Raises:
        CarrierRefusedError: it is still there.
    """
    name = ObjectName(f"{TRIAL}{entropy(_DRAWN).hex()}")
    place.put(name, SealedBytes(bytes(32)))
    _forget(place, name)


def _forget(place: ObjectStore, name: ObjectName) -> None:
    place.delete(name)
    try:
        place.head(name)
    except ObjectNotFoundError:
        return
    raise CarrierRefusedError(f"`{name}` is still there: this place keeps what it has")

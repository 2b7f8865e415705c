"""A root on a token that speaks PKCS#11: a smart card, a hardware module, SoftHSM.

- A slot is an AES-256 key that the token makes and never gives out; it wraps inside the token.
- A session is opened for each step, so a token may be taken out and put back in between.
- A key that was brought to the token, or was ever readable, is refused: somebody may have a copy.
- What destruction is worth, the token says: one that does not call itself hardware is software.

Source: docs/spec/03-keys.md section 9.1; OASIS PKCS#11 3.1, sections 4.8, 5 and 6.13.3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, MechanismFlag, ObjectClass, SlotFlag
from pkcs11 import exceptions as refusals
from pkcs11.types import DecryptMixin, EncryptMixin, SecretKey, Session

from sealhold.crypto.digest import framed
from sealhold.crypto.rootspec import Destruction, Strength
from sealhold.crypto.seal import KEY_BYTES, NONCE_BYTES, WRAP_BYTES
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    NoModuleError,
    NotFoundError,
    RootAwayError,
    SealBrokenError,
    WrongPinError,
)
from sealhold.model.ids import Id16, SealedBytes

TAG_BITS = 128
TEMPLATE = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.MODIFIABLE: False,
    Attribute.COPYABLE: False,  # a copy would outlive the slot
}
BORN_HERE = (Attribute.LOCAL, Attribute.ALWAYS_SENSITIVE, Attribute.NEVER_EXTRACTABLE)
WRONG_PIN = (
    refusals.PinExpired,
    refusals.PinIncorrect,
    refusals.PinInvalid,
    refusals.PinLenRange,
    refusals.PinLocked,
    refusals.UserPinNotInitialized,
)


class Pkcs11Root:
    """Keeps epoch slots on the token called `label`, apart from those of other vaults.

    Args:
        module: the maker's library, as an absolute path: loading it runs its code.
        label: which token.
        pin: what opens it; UTF-8.
        vault: whose slots these are.
    """

    def __init__(self, module: Path, label: str, pin: Secret, vault: Id16) -> None:
        if not module.is_absolute():
            raise InvalidError("the library of a token is named by its whole path")
        self._module = module
        self._label = label
        self._pin = pin
        self._vault = vault

    def create_slot(self, epoch: int, entropy: Entropy) -> None:  # noqa: D102  # said in rootspec
        del entropy  # the token draws the key itself
        with self._session() as session:
            if self._keys(session, epoch):
                raise ConflictError(f"epoch slot {epoch} exists already")
            session.generate_key(
                KeyType.AES,
                KEY_BYTES * 8,
                id=self._id(epoch),
                label=f"sealhold epoch {epoch}",
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template=TEMPLATE,
            )
            self._key(session, epoch)

    def wrap(self, epoch: int, key: Secret, entropy: Entropy) -> SealedBytes:  # noqa: D102
        nonce = entropy(NONCE_BYTES)
        with self._session() as session:
            slot = cast("EncryptMixin", self._key(session, epoch))  # reason: `_key` saw to it
            sealed = slot.encrypt(
                key.reveal(), mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, epoch)
            )
        sealed = nonce + cast("bytes", sealed)  # reason: what goes in whole comes out whole
        if len(sealed) != WRAP_BYTES:
            raise RootAwayError(f"the token `{self._label}` seals in a form of its own")
        return SealedBytes(sealed)

    def unwrap(self, epoch: int, sealed: bytes, name: str) -> Secret:  # noqa: D102
        if len(sealed) != WRAP_BYTES:
            raise SealBrokenError(f"a wrapped key of {len(sealed)} bytes, not {WRAP_BYTES}")
        gcm = _gcm(sealed[:NONCE_BYTES], epoch)
        with self._session() as session:
            slot = cast("DecryptMixin", self._key(session, epoch))  # reason: `_key` saw to it
            try:
                opened = slot.decrypt(
                    sealed[NONCE_BYTES:], mechanism=Mechanism.AES_GCM, mechanism_param=gcm
                )
            except refusals.PKCS11Error as err:
                # Tokens disagree on the word for a seal that does not hold. One that still shows
                # the key is there, so it is the seal.
                if not self._keys(session, epoch):
                    raise
                raise SealBrokenError("a sealed value does not open in this place") from err
        return Secret(cast("bytes", opened), name)  # reason: what goes in whole comes out whole

    def destroy_slot(self, epoch: int) -> Destruction:  # noqa: D102
        with self._session() as session:
            for key in self._keys(session, epoch):
                key.destroy()
        with self._session() as session:  # anew, so that it is the token's memory that is read
            if self._keys(session, epoch):
                raise RootAwayError(f"the token `{self._label}` kept the slot")
            flags = session.token.slot.flags
        return Destruction(method="key destroyed on the token", strength=strength_of(flags))

    def strength(self) -> Strength:
        """Return what destruction on this token is worth, once its PIN has opened it.

        Raises:
            WrongPinError: the PIN does not open it.
            RootAwayError: it is not there, or its library is not.
        """
        with self._session() as session:
            return strength_of(session.token.slot.flags)

    def _id(self, epoch: int) -> bytes:
        return bytes(self._vault) + epoch.to_bytes(8)

    def _keys(self, session: Session, epoch: int) -> list[SecretKey]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.ID: self._id(epoch)}
        return [each for each in session.get_objects(wanted) if isinstance(each, SecretKey)]

    def _key(self, session: Session, epoch: int) -> SecretKey:
        """Return the key of a slot, which seals and opens.

        Raises:
            NotFoundError: there is none.
            SealBrokenError: there are two, or it was not made inside the token.
        """
        keys = self._keys(session, epoch)
        if not keys:
            raise NotFoundError(f"no epoch slot {epoch}")
        # THREAT T214: a key that was put there from outside, of which somebody has a copy
        is_ours = isinstance(keys[0], EncryptMixin) and isinstance(keys[0], DecryptMixin)
        if len(keys) > 1 or not is_ours or not all(keys[0][each] is True for each in BORN_HERE):
            raise SealBrokenError(f"epoch slot {epoch} was not made inside the token")
        return keys[0]

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Open the token for one step.

        Raises:
            WrongPinError: the PIN does not open it.
            RootAwayError: it is not there, or failed.
        """
        try:
            with self._opened() as session:
                yield session
        except (*WRONG_PIN, UnicodeDecodeError) as err:
            raise WrongPinError from err
        except refusals.PKCS11Error as err:
            raise RootAwayError(f"the token `{self._label}` does not answer") from err

    def _opened(self) -> Session:
        if not self._module.is_file():
            raise NoModuleError(f"no library `{self._module}`")
        library, pin = pkcs11.lib(str(self._module)), self._pin.reveal().decode()
        try:
            return library.get_token(token_label=self._label).open(rw=True, user_pin=pin)
        except WRONG_PIN:
            raise  # a second try would bring the token nearer to locking itself
        except refusals.PKCS11Error:
            library.reinitialize()  # some libraries do not see a token that has come back
            return library.get_token(token_label=self._label).open(rw=True, user_pin=pin)


def strength_of(flags: SlotFlag) -> Strength:
    """Return what destruction on a token with these flags is worth."""
    is_hardware = bool(flags & SlotFlag.HW_SLOT)
    return Strength.HARDWARE_DESTROYED if is_hardware else Strength.OVERWRITTEN_FILE


def _gcm(nonce: bytes, epoch: int) -> GCMParams:
    return GCMParams(nonce, framed(Tag.EPOCH_KEY, epoch.to_bytes(8)), TAG_BITS)

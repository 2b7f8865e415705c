"""Which root providers the suite is run on, and what it may do to each behind its back."""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pkcs11 import GCMParams, Mechanism

from sealhold.crypto.digest import framed
from sealhold.crypto.entropy import seeded
from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import env, keyfile, passphrase
from sealhold.crypto.roots.pkcs11 import Pkcs11Root
from sealhold.crypto.roots.software import SoftwareRoot
from sealhold.crypto.roots.tpm2 import Tpm2Root
from sealhold.crypto.rootspec import RootProvider, Strength
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotKind
from sealhold.crypto.tags import Tag
from sealhold.model.ids import Id16
from tests.conformance.software_tokens import PIN, SoftTpm, make_token, softhsm

ENTROPY = seeded(b"roots")
LIGHT = Stretch(memory_kib=8192, passes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A root without slots, and the outside of it."""

    root: RootProvider
    again: Callable[[], RootProvider]  # the same root, as another process opens it
    wrap_at: Callable[[int, bytes, Secret], bytes]  # by the key of a slot, for any place
    kept: Callable[[], bytes]  # all that lies outside memory and outside the device
    strength: Strength


def _software(root_key: Callable[[], Secret]) -> Opened:
    slots: dict[int, bytes] = {}
    root = SoftwareRoot(root_key(), slots)
    return Opened(
        root=root,
        again=lambda: SoftwareRoot(root_key(), slots),
        wrap_at=lambda epoch, place, key: root._slot(epoch).wrap(key, place, ENTROPY),
        kept=lambda: b"".join(slots.values()),
        strength=Strength.OVERWRITTEN_FILE,
    )


def plain() -> Opened:
    key = ENTROPY(32)
    return _software(lambda: Secret(key, "root key"))


def by_passphrase() -> Opened:
    words = passphrase.passphrase("correct horse")
    slot = passphrase.create_slot(Secret(ENTROPY(32), "root key"), words, ENTROPY, LIGHT)
    return _software(lambda: passphrase.unlock(slot, words))


def by_keyfile(folder: Path) -> Opened:
    path = folder / f"{ENTROPY(4).hex()}.key"
    key = keyfile.create_file(path, ENTROPY)
    slot = keyfile.create_slot(Secret(ENTROPY(32), "root key"), key, ENTROPY)
    return _software(lambda: keyfile.unlock(slot, keyfile.read_file(path)))


def by_environment() -> Opened:
    text = base64.b64encode(ENTROPY(32)).decode()
    root = Secret(ENTROPY(32), "root key")
    slot = keyfile.create_slot(root, env.parse(text), ENTROPY, SlotKind.ENVIRONMENT)
    return _software(lambda: keyfile.unlock(slot, env.parse(text)))


class TokenOfTests:
    """A token in software."""

    def __init__(self, folder: Path) -> None:
        self.module = softhsm()
        self._before = os.environ.get("SOFTHSM2_CONF")
        self.label = f"vault {ENTROPY(4).hex()}"
        self.folder = make_token(folder, self.label)

    def open(self, pin: str = PIN) -> Opened:
        vault = Id16(ENTROPY(16))

        def opened() -> Pkcs11Root:
            return Pkcs11Root(self.module, self.label, Secret(pin.encode(), "PIN"), vault)

        root = opened()
        return Opened(
            root=root,
            again=opened,
            wrap_at=lambda epoch, place, key: _wrap_on(root, epoch, place, key),
            kept=self.content,
            strength=Strength.OVERWRITTEN_FILE,  # a token in software is told as one
        )

    def content(self) -> bytes:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return b"".join(path.read_bytes() for path in files)

    @contextmanager
    def away(self) -> Iterator[None]:
        aside = self.folder.with_name("aside")
        self.folder.rename(aside)
        try:
            yield
        finally:
            aside.rename(self.folder)

    def remove(self) -> None:
        if self._before is None:
            os.environ.pop("SOFTHSM2_CONF", None)
        else:
            os.environ["SOFTHSM2_CONF"] = self._before


def _wrap_on(root: RootProvider, epoch: int, place: bytes, key: Secret) -> bytes:
    assert isinstance(root, Pkcs11Root)
    nonce = ENTROPY(12)
    with root._session() as session:
        slot: Any = root._key(session, epoch)  # reason: its class is put together when it is found
        sealed: bytes = slot.encrypt(
            key.reveal(), mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, place, 128)
        )
    return nonce + sealed


class TpmOfTests:
    """A TPM in software."""

    def __init__(self) -> None:
        self.tpm = SoftTpm()
        self.tpm.start()

    def open(self, registers: tuple[int, ...] = (7, 16)) -> Opened:
        slots: dict[int, bytes] = {}
        key = Secret(ENTROPY(32), "root key")
        root = Tpm2Root(key, slots, registers, self.tpm.tcti)
        return Opened(
            root=root,
            again=lambda: Tpm2Root(key, slots, registers, self.tpm.tcti),
            wrap_at=lambda epoch, place, key: root._slot_key(epoch).wrap(key, place, ENTROPY),
            kept=lambda: b"".join(slots.values()),
            strength=Strength.NV_COUNTER,
        )

    @contextmanager
    def away(self) -> Iterator[None]:
        self.tpm.stop()
        try:
            yield
        finally:
            self.tpm.start()

    def remove(self) -> None:
        self.tpm.remove()


def place(epoch: int) -> bytes:
    """Return what a key under the slot of `epoch` is bound to."""
    return framed(Tag.EPOCH_KEY, epoch.to_bytes(8))

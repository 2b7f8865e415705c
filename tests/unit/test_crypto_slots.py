"""Unlock slots, and the root in software that they open."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import keyfile, passphrase
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import MAX_SLOT, SlotKind
from sealhold.model.errors import TamperedError, WrongKeyFileError, WrongPassphraseError

ENTROPY = seeded(b"slots")
ROOT = Secret(b"r" * 32, "root key")
LIGHT = Stretch(memory_kib=8192, passes=1)
PHRASE = passphrase.passphrase("correct horse")
KEY = Secret(b"f" * 32, "key file")


def test_the_passphrase_gives_the_root_key() -> None:
    slot = passphrase.create_slot(ROOT, PHRASE, ENTROPY, LIGHT)

    assert passphrase.unlock(slot, PHRASE) == ROOT


def test_the_key_file_gives_the_root_key() -> None:
    slot = keyfile.create_slot(ROOT, KEY, ENTROPY)

    assert keyfile.unlock(slot, KEY) == ROOT


def test_a_recovery_secret_gives_the_root_key() -> None:
    slot = keyfile.create_slot(ROOT, KEY, ENTROPY, SlotKind.RECOVERY)

    assert keyfile.unlock(slot, KEY, name="recovery") == ROOT


def test_another_passphrase_is_denied() -> None:
    slot = passphrase.create_slot(ROOT, PHRASE, ENTROPY, LIGHT)

    with pytest.raises(WrongPassphraseError):
        passphrase.unlock(slot, passphrase.passphrase("Correct horse"))


def test_another_key_file_is_denied() -> None:
    slot = keyfile.create_slot(ROOT, KEY, ENTROPY)

    with pytest.raises(WrongKeyFileError):
        keyfile.unlock(slot, ROOT)


def test_one_passphrase_opens_on_every_keyboard() -> None:
    assert passphrase.passphrase("caf\u00e9") == passphrase.passphrase("cafe\u0301")


def test_slots_of_one_root_key_look_unlike() -> None:
    one, two = (passphrase.create_slot(ROOT, PHRASE, ENTROPY, LIGHT) for _ in range(2))

    assert one[-80:] != two[-80:]
    assert len(one) < MAX_SLOT


def test_a_damaged_slot_is_named_and_not_taken_for_a_wrong_passphrase() -> None:
    slot = bytearray(passphrase.create_slot(ROOT, PHRASE, ENTROPY, LIGHT))
    slot[50] ^= 1

    with pytest.raises(TamperedError, match="`passphrase-1`"):
        passphrase.unlock(bytes(slot), PHRASE, name="passphrase-1")


def test_a_slot_opens_only_with_its_own_kind_of_secret() -> None:
    with pytest.raises(TamperedError):
        passphrase.unlock(keyfile.create_slot(ROOT, KEY, ENTROPY), PHRASE)
    with pytest.raises(TamperedError):
        keyfile.unlock(passphrase.create_slot(ROOT, PHRASE, ENTROPY, LIGHT), KEY)

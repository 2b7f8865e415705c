"""Laws of unlock slots: one written form, and any damage is told from a wrong secret."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.entropy import seeded
from sealhold.crypto.roots import keyfile
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotKind, read_slot
from sealhold.model.errors import TamperedError

ROOT = Secret(b"r" * 32, "root key")
KEY = Secret(b"f" * 32, "key file")
SLOT = keyfile.create_slot(ROOT, KEY, seeded(b"slot"))


@given(seed=st.binary(), kind=st.sampled_from([SlotKind.KEYFILE, SlotKind.RECOVERY]))
def test_every_slot_gives_its_root_key(seed: bytes, kind: SlotKind) -> None:
    slot = keyfile.create_slot(ROOT, KEY, seeded(seed), kind)

    assert keyfile.unlock(slot, KEY) == ROOT


@given(place=st.integers(0, len(SLOT) - 1), change=st.integers(1, 255))
def test_any_changed_byte_is_damage(place: int, change: int) -> None:
    slot = bytearray(SLOT)
    slot[place] ^= change

    try:
        read_slot(bytes(slot), "keyfile")
    except TamperedError as err:
        assert "`keyfile`" in str(err)  # noqa: PT017  # the raise is what is tested
    else:
        raise AssertionError("a damaged slot was read")

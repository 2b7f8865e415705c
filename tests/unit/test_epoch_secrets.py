"""Secrets of a collection for many devices, and the ring in which a device keeps them."""

from dataclasses import replace

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, InvalidError, SealBrokenError
from sealhold.model.ids import CollectionId, EpochId, Id16
from sealhold.sharing.devices.epochs import Keyring, NewEpoch, is_announced, new_epoch
from sealhold.sharing.devices.identity import DeviceKeys, read_prekey
from sealhold.sharing.devices.wraps import (
    MAX_WRAP_SET,
    Purpose,
    Recipient,
    WrapSet,
    open_link,
    open_wrap,
    read_wrap_set,
    secret_id,
    wrap_set,
)
from tests.unit.member_devices import COLLECTION, NOW, device

ENTROPY = seeded(b"epochs")
LAPTOP, DESK, PHONE = device("laptop"), device("desk"), device("phone")


def to(*devices: DeviceKeys) -> list[Recipient]:
    return [Recipient(each.id, each.box.public) for each in devices]


def read(data: bytes, issuer: DeviceKeys = LAPTOP) -> WrapSet:
    return read_wrap_set(data, issuer.signer.public)


def made(*devices: DeviceKeys, earlier: tuple[Secret, ...] = ()) -> NewEpoch:
    return new_epoch(COLLECTION, to(*devices), LAPTOP.signer, ENTROPY, earlier)


FIRST = made(LAPTOP, DESK)
SECOND = made(LAPTOP, PHONE, earlier=(FIRST.secret,))


def test_each_recipient_opens_the_secret_and_nobody_else() -> None:
    found = read(FIRST.wraps)

    assert found.secret == FIRST.id
    assert open_wrap(found, LAPTOP) == open_wrap(found, DESK) == FIRST.secret
    assert open_wrap(found, PHONE) is None


def test_an_epoch_is_announced_with_its_set_and_no_other() -> None:
    first, second = read(FIRST.wraps), read(SECOND.wraps)

    assert is_announced(FIRST.announced, FIRST.wraps, first)
    assert is_announced(SECOND.announced, SECOND.wraps, second)
    assert not is_announced(FIRST.announced, SECOND.wraps, second)
    assert not is_announced(replace(FIRST.announced, wraps=bytes(32)), FIRST.wraps, first)
    fewer = replace(FIRST.announced, recipients=frozenset({LAPTOP.id}))
    assert not is_announced(fewer, FIRST.wraps, first)


def test_a_secret_is_called_by_purpose_and_collection_too() -> None:
    other = CollectionId(Id16(b"o" * 16))
    names = {
        secret_id(FIRST.secret, purpose, collection)
        for purpose in Purpose
        for collection in (COLLECTION, other)
    }

    assert len(names) == 4


def test_a_new_member_reads_back_through_the_chain_of_epochs() -> None:
    third = made(PHONE, DESK, earlier=(SECOND.secret,))
    sets = [read(each.wraps) for each in (FIRST, SECOND, third)]

    ring = Keyring(COLLECTION).learned(sets, DESK)

    assert ring.secrets.keys() == {FIRST.id, SECOND.id, third.id}
    assert ring.secret(SECOND.id) == SECOND.secret


def test_a_member_from_now_on_reads_nothing_before() -> None:
    third = made(LAPTOP, PHONE)
    sets = [read(FIRST.wraps), read(third.wraps)]

    assert Keyring(COLLECTION).learned(sets, PHONE).secrets.keys() == {third.id}


def test_epochs_made_at_the_same_time_are_both_carried_by_the_next() -> None:
    rival = made(LAPTOP, DESK)
    after = made(PHONE, earlier=(FIRST.secret, rival.secret))

    ring = Keyring(COLLECTION).learned([read(after.wraps)], PHONE)

    assert ring.secrets.keys() == {FIRST.id, rival.id, after.id}


def test_a_ring_forgets_what_it_is_told_to() -> None:
    ring = Keyring(COLLECTION).having(FIRST.secret, SECOND.secret).without([FIRST.id])

    assert ring.secret(FIRST.id) is None
    assert ring.secret(SECOND.id) == SECOND.secret


def test_a_ring_takes_no_secret_of_another_collection_or_purpose() -> None:
    bag = wrap_set(FIRST.secret, Purpose.KEY_BAG, COLLECTION, to(DESK), LAPTOP.signer)
    other = CollectionId(Id16(b"o" * 16))

    assert not Keyring(COLLECTION).learned([read(bag)], DESK).secrets
    assert not Keyring(other).learned([read(FIRST.wraps)], DESK).secrets


def test_what_was_sealed_to_a_prekey_opens_until_the_prekey_is_thrown_away() -> None:
    prekey = read_prekey(DESK.published(), DESK.id, DESK.signer.public)
    data = wrap_set(
        FIRST.secret, Purpose.KEY_BAG, COLLECTION, [Recipient.prekey(prekey)], LAPTOP.signer
    )
    turned = DESK.turned(NOW, ENTROPY)

    assert open_wrap(read(data), turned) == FIRST.secret
    assert open_wrap(read(data), turned.forgotten({}, {DESK.id})) is None


def test_an_earlier_secret_that_a_set_does_not_carry_is_none() -> None:
    with pytest.raises(SealBrokenError):
        open_link(read(SECOND.wraps), SECOND.secret, EpochId(Id16(b"e" * 16)))


def test_a_device_gets_one_copy() -> None:
    with pytest.raises(InvalidError):
        made(LAPTOP, LAPTOP)


@pytest.mark.parametrize(
    "bent",
    [
        pytest.param({"r": b"r" * 31}, id="half a recipient"),
        pytest.param({"r": bytes(64)}, id="a device twice"),
        pytest.param({"p": "other"}, id="an unknown purpose"),
        pytest.param({"l": [[b"n" * 16, b"short"]]}, id="a short link"),
        pytest.param({"l": [[b"n" * 16, bytes(48)]] * 2}, id="a link twice"),
        pytest.param({"l": [[b"n" * 16]]}, id="half a link"),
        pytest.param({"i": PHONE.id}, id="another issuer"),
        pytest.param({"x": 1}, id="a field too many"),
        pytest.param({"v": 2}, id="another form"),
    ],
)
def test_a_signed_set_that_is_not_as_it_must_be_is_refused(
    bent: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, wraps, signature = unpack(FIRST.wraps)
    monkeypatch.setattr("sealhold.sharing.devices.wraps.verify", lambda *_: None)

    with pytest.raises(InvalidEncodingError):
        read(pack([pack(unpack(told) | bent), wraps, signature]))


def test_bytes_that_are_no_set_are_refused() -> None:
    for data in (b"", pack([]), bytes(MAX_WRAP_SET + 1)):
        with pytest.raises(InvalidEncodingError):
            read(data)

"""Keys of a device: kept sealed, prekeys turned and thrown away."""

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.hybrid import seal_to
from sealhold.crypto.secret import Secret
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, SealBrokenError
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.identity import (
    MAX_PREKEYS,
    TURNED,
    DeviceKeys,
    newest,
    open_keys,
    read_prekey,
)
from tests.unit.member_devices import NOW, device

KEY = Secret(b"k" * 32, "key")
ENTROPY = seeded(b"device keys")
LAPTOP, DESK = device("laptop"), device("desk")
TURNED_ONCE = LAPTOP.turned(Instant(NOW + TURNED), ENTROPY)


def test_keys_of_a_device_come_back_as_they_were_sealed() -> None:
    again = open_keys(TURNED_ONCE.sealed(KEY, ENTROPY), LAPTOP.id, KEY)

    assert again.id == LAPTOP.id
    assert again.boxes().keys() == TURNED_ONCE.boxes().keys()
    assert [(each.number, each.made) for each in again.prekeys] == [(1, NOW), (2, NOW + TURNED)]


def test_keys_of_one_device_do_not_open_as_those_of_another() -> None:
    with pytest.raises(SealBrokenError):
        open_keys(LAPTOP.sealed(KEY, ENTROPY), DESK.id, KEY)


def test_a_prekey_is_due_after_its_days() -> None:
    assert not LAPTOP.is_due(Instant(NOW + TURNED - 1))
    assert LAPTOP.is_due(Instant(NOW + TURNED))
    assert LAPTOP.is_due(Instant(NOW + DAY), every=DAY)
    assert LAPTOP.is_due(Instant(NOW - 1))  # a clock that went back says nothing


def test_a_published_prekey_is_read_by_whoever_knows_the_device() -> None:
    found = read_prekey(TURNED_ONCE.published(), LAPTOP.id, LAPTOP.signer.public)

    assert (found.number, found.id) == (2, list(TURNED_ONCE.boxes())[-1])
    box = TURNED_ONCE.boxes()[found.id]
    assert box.open(seal_to(found.public, b"a key", b""), b"") == b"a key"


def test_a_prekey_under_another_devices_name_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        read_prekey(LAPTOP.published(), DESK.id, DESK.signer.public)
    with pytest.raises(InvalidEncodingError):
        read_prekey(LAPTOP.published(), DESK.id, LAPTOP.signer.public)


def test_the_newest_prekey_is_in_force_in_whatever_order_they_came() -> None:
    told = [
        read_prekey(keys.published(), keys.id, keys.signer.public)
        for keys in (LAPTOP, TURNED_ONCE, DESK)
    ]

    assert newest(told) == newest(reversed(told)) == {LAPTOP.id: told[1], DESK.id: told[2]}


def test_an_older_prekey_goes_once_every_living_device_confirmed_the_next() -> None:
    living = {LAPTOP.id, DESK.id, device("phone").id}

    waiting = TURNED_ONCE.forgotten({DESK.id: 2}, living)
    done = TURNED_ONCE.forgotten({DESK.id: 2, device("phone").id: 9}, living)

    assert [each.number for each in waiting.prekeys] == [1, 2]
    assert [each.number for each in done.prekeys] == [2]


def test_a_device_that_came_back_from_a_copy_counts_on_above_what_others_know() -> None:
    assert LAPTOP.turned(NOW, ENTROPY, above=5).prekeys[-1].number == 6


def test_a_device_keeps_so_many_prekeys_and_no_more() -> None:
    keys = LAPTOP
    for _ in range(MAX_PREKEYS):
        keys = keys.turned(NOW, ENTROPY)

    assert len(keys.prekeys) == MAX_PREKEYS
    assert open_keys(keys.sealed(KEY, ENTROPY), keys.id, KEY).prekeys[0].number == 2


def test_keys_without_a_prekey_publish_none() -> None:
    bare = DeviceKeys.of(LAPTOP.seed, LAPTOP.box, ())

    assert bare.is_due(NOW)
    with pytest.raises(InvalidEncodingError):
        bare.published()

"""Attacks on what members share: secrets of who was removed, sets of copies, prekeys, budgets."""

from dataclasses import replace
from itertools import permutations

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    BadSignatureError,
    DeniedError,
    InvalidEncodingError,
    SealBrokenError,
)
from sealhold.model.ids import CollectionId, EpochId, Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.epochs import Keyring, new_epoch
from sealhold.sharing.devices.identity import read_prekey
from sealhold.sharing.devices.membership import state
from sealhold.sharing.devices.slices import first_term, next_term, taken
from sealhold.sharing.devices.wraps import (
    Purpose,
    Recipient,
    open_wrap,
    read_wrap_set,
    wrap_set,
)
from tests.unit.member_devices import COLLECTION, NOW, ROOT_ID, device
from tests.unit.member_story import family

LAPTOP, DESK, THIEF = device("laptop"), device("desk"), device("thief")
ENTROPY = seeded(b"attacks")
OTHER = CollectionId(Id16(b"o" * 16))


def bent(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


# --- secrets ---


@pytest.mark.threat("T458")
def test_no_epoch_that_a_removed_device_may_hold_is_written_under_in_any_order() -> None:
    """Made by the thief for itself, by an admin that had not heard, by one that was removed."""
    story = family()
    base = story.log.heads
    removal = story.data[story.remove("desk", "laptop", base)]
    late = [
        story.data[story.epoch("laptop", "x", "laptop", base)],
        story.data[story.epoch("server", "y", "laptop desk server", base)],
        story.data[story.epoch("server", "z", "desk server", base)],
    ]
    before = [data for data in story.data.values() if data not in [removal, *late]]

    for order in permutations([removal, *late]):
        assert state([*before, *order], COLLECTION, ROOT_ID).epoch is None
    story.epoch("server", "n", "desk server")
    assert story.writes_under() == "n"


@pytest.mark.threat("T458")
def test_no_epoch_is_written_under_that_a_suspended_device_holds() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "laptop", base)
    story.epoch("server", "x", "laptop server")
    assert story.writes_under() is None

    story.epoch("server", "y", "server")

    assert story.writes_under() == "y"


@pytest.mark.threat("T458")
def test_all_keys_of_a_removed_device_open_no_later_epoch() -> None:
    both = [Recipient(each.id, each.box.public) for each in (LAPTOP, DESK)]
    first = new_epoch(COLLECTION, both, LAPTOP.signer, ENTROPY)
    second = new_epoch(COLLECTION, both[:1], LAPTOP.signer, ENTROPY, [first.secret])
    sets = [read_wrap_set(each.wraps, LAPTOP.signer.public) for each in (first, second)]

    ring = Keyring(COLLECTION).learned(sets, DESK)

    assert ring.secrets.keys() == {first.id}
    claimed = replace(sets[1], recipients=((DESK.id, sets[0].recipients[0][1]),))
    assert Keyring(COLLECTION).learned([claimed], DESK).secrets == {}


@pytest.mark.threat("T456")
def test_a_set_with_a_copy_changed_moved_or_left_out_is_refused() -> None:
    both = [Recipient(each.id, each.box.public) for each in (LAPTOP, DESK)]
    made = new_epoch(COLLECTION, both, LAPTOP.signer, ENTROPY)
    told, wraps, signature = unpack(made.wraps)
    half = len(wraps) // 2

    for other in (wraps[half:] + wraps[:half], wraps[:half], bent(wraps, 5)):
        with pytest.raises(BadSignatureError):
            read_wrap_set(pack([told, other, signature]), LAPTOP.signer.public)
    with pytest.raises(BadSignatureError):
        read_wrap_set(made.wraps, DESK.signer.public)


@pytest.mark.threat("T456")
def test_a_copy_opens_for_no_other_collection_purpose_or_device() -> None:
    made = new_epoch(COLLECTION, [Recipient(DESK.id, DESK.box.public)], LAPTOP.signer, ENTROPY)
    found = read_wrap_set(made.wraps, LAPTOP.signer.public)

    assert open_wrap(found, DESK) == made.secret
    for moved in (
        replace(found, collection=OTHER),
        replace(found, purpose=Purpose.KEY_BAG),
        replace(found, secret=EpochId(Id16(b"s" * 16))),
    ):
        with pytest.raises(SealBrokenError):
            open_wrap(moved, DESK)


@pytest.mark.threat("T456")
def test_who_was_given_another_secret_than_the_rest_sees_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An admin that wants two devices to write under different secrets of one name."""
    name = "sealhold.sharing.devices.wraps.secret_id"
    honest = new_epoch(COLLECTION, [Recipient(DESK.id, DESK.box.public)], LAPTOP.signer, ENTROPY)
    with monkeypatch.context() as cheating:
        cheating.setattr(name, lambda *_: honest.id)
        to = [Recipient(THIEF.id, THIEF.box.public)]
        forged = wrap_set(Secret(b"x" * 32, "other"), Purpose.EPOCH, COLLECTION, to, LAPTOP.signer)
    found = read_wrap_set(forged, LAPTOP.signer.public)
    assert found.secret == honest.id

    with pytest.raises(SealBrokenError):
        open_wrap(found, THIEF)
    assert not Keyring(COLLECTION).learned([found], THIEF).secrets


@pytest.mark.threat("T456")
def test_a_prekey_that_its_device_did_not_publish_is_refused() -> None:
    for data in (THIEF.published(), bent(DESK.published(), 60), b""):
        with pytest.raises((BadSignatureError, InvalidEncodingError)):
            read_prekey(data, DESK.id, DESK.signer.public)


@pytest.mark.threat("T456")
def test_what_was_sealed_to_a_prekey_is_lost_to_who_seizes_the_device_later() -> None:
    prekey = read_prekey(DESK.published(), DESK.id, DESK.signer.public)
    data = wrap_set(
        Secret(b"b" * 32, "bag"), Purpose.KEY_BAG, COLLECTION, [Recipient.prekey(prekey)],
        LAPTOP.signer,
    )  # fmt: skip
    found = read_wrap_set(data, LAPTOP.signer.public)
    later = DESK.turned(Instant(NOW + 1), ENTROPY).forgotten({LAPTOP.id: 2}, {LAPTOP.id, DESK.id})

    assert open_wrap(found, later) is None
    for box in later.boxes():
        with pytest.raises(SealBrokenError):
            open_wrap(replace(found, recipients=((DESK.id, box),)), later)


# --- budgets ---


@pytest.mark.threat("T459")
def test_a_device_restored_from_a_copy_spends_and_gives_back_nothing() -> None:
    first, second = Id16(b"1" * 16), Id16(b"2" * 16)
    book, leased = first_term(Id16(b"l" * 16), 10).lease(DESK.id, first, 10, Instant(NOW + 1))
    copy = taken(leased, 1, acknowledged=True)
    copy.spend(10, DESK.id, first, NOW)

    with pytest.raises(DeniedError):
        copy.spend(1, DESK.id, second, NOW)
    with pytest.raises(DeniedError):
        book.lost(DESK.id, second).returned(copy.given_back())
    with pytest.raises(DeniedError):
        book.returned(replace(copy.given_back(), incarnation=second))
    assert book.lost(DESK.id, second).room == 0


@pytest.mark.threat("T459")
def test_two_devices_that_count_at_the_same_time_do_not_spend_the_cap_twice() -> None:
    """The old one never heard of the new term, and leases on."""
    ledger, incarnation = Id16(b"l" * 16), Id16(b"1" * 16)
    old = first_term(ledger, 10)
    new = next_term(ledger, 2, 10, handed=None, all_heard=True)
    _, leased = old.lease(DESK.id, incarnation, 10, Instant(NOW + 1))

    assert new.room == 10
    with pytest.raises(DeniedError):
        taken(leased, 2, acknowledged=True)  # by whoever told its slices for the new term
    with pytest.raises(DeniedError):
        taken(leased, 1, acknowledged=False)  # by the old one itself: nobody acknowledges it
    assert next_term(ledger, 2, 10, handed=None, all_heard=False).room == 0

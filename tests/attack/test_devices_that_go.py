"""Attacks by a device that was removed and kept all its keys, and by who stands between two."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.seal import new_key
from sealhold.model.errors import SealholdError, TamperedError
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.identity import DeviceKeys
from sealhold.sharing.devices.joinpapers import request
from sealhold.sharing.devices.membercircle import Members, Thing
from sealhold.sharing.devices.oplog import Place, epoch_of, open_entry
from sealhold.sharing.devices.wraps import Purpose, Recipient, wrap_set
from tests.unit.memory_vault import NOON
from tests.unit.owned_devices import PLACE, Machine, machine, machines
from tests.unit.replicas import Shelf


@pytest.fixture
def three() -> Iterator[list[Machine]]:
    with machines(3) as found:
        shelf = Shelf()
        for each in (*found, *found):
            each.sync(shelf)
        yield found


def all_secrets(thief: Machine) -> list[bytes]:
    """Return every secret that a device ever kept, of every kind."""
    found: list[bytes] = []
    for opened in thief.devices.collections():
        found.append(opened.about.secret.reveal())
        found += [secret.reveal() for _, _, secret in opened.members.known()]
        for segment in opened.replica.segments.values():
            found.append(segment.key.reveal())
            found += [key.reveal() for key in segment.keys.values()]
    return found


@pytest.mark.threat("T495")
def test_nothing_written_after_a_removal_opens_with_any_key_of_the_removed(
    three: list[Machine],
) -> None:
    first, second, thief = three
    shelf = Shelf()
    first.write("old.txt", b"before")
    for each in three:
        each.sync(shelf)
    before = {
        bytes(opened.about.id): {e.hash for e in opened.replica.keeping.entries(opened.about.id)}
        for opened in first.devices.collections()
    }
    joining.remove(first.devices, thief.devices.me.id)
    for each in (first, second):
        each.sync(shelf)
    first.write("new.txt", b"after" * 2_000)
    second.sync(shelf)
    second.write("newer.txt", b"after, by another")
    for each in (first, second, first):
        each.sync(shelf)
    # the thief has all that is on the carrier, and every key that it ever had
    secrets = all_secrets(thief)
    tried = 0
    for opened in first.devices.collections():
        stolen = next(t for t in thief.devices.collections() if t.about.id == opened.about.id)
        stolen.members.take(opened.members.objects.values())
        known = [secret for _, _, secret in stolen.members.known()]
        for entry in opened.replica.keeping.entries(opened.about.id):
            is_cut_note = entry.hash in before[bytes(opened.about.id)]
            if is_cut_note:
                continue
            prev = opened.replica.book.hash_of(entry.log, entry.seq - 1)
            assert prev is not None
            place = Place(opened.about.id, entry.log, entry.seq, prev)
            signer = opened.members.signer(entry.log.device)
            assert signer is not None
            assert stolen.members.epoch(epoch_of(entry.data)) is None
            for secret in known:
                tried += 1
                with pytest.raises(SealholdError):
                    open_entry(entry.data, place, secret, signer)
        fresh = [s.reveal() for kind, _, s in opened.members.known() if kind == "bag"][-1]
        assert fresh not in secrets
    assert tried
    thief.sync(shelf)
    assert set(thief.shown()) == {"old.txt"}


@pytest.mark.threat("T495")
def test_a_removed_device_has_no_epoch_of_its_own(three: list[Machine]) -> None:
    first, second, thief = three
    shelf = Shelf()
    joining.remove(first.devices, thief.devices.me.id)
    for each in (first, second):
        each.sync(shelf)
    opened = second.files()
    holders = opened.members.state.holders().values()
    recipients = [Recipient.certified(each) for each in holders]
    secret = new_key(thief.vault.core.entropy, "epoch secret")
    forged = wrap_set(
        secret, Purpose.EPOCH, opened.about.id, recipients, thief.devices.me.keys.signer
    )
    second.devices.save(opened, [bytes([Thing.WRAPS]) + forged])
    names = [name for kind, name, one in opened.members.known() if one == secret]
    assert all(opened.members.epoch(name) is None for name in names)
    assert opened.members.current()[1] != secret


@pytest.mark.threat("T495")
def test_a_removed_device_adds_nobody(three: list[Machine]) -> None:
    with machines(2, [Role.ADMIN]) as (first, thief), machine() as friend:
        shelf = Shelf()
        for each in (first, thief):
            each.sync(shelf)
        joining.remove(first.devices, thief.devices.me.id)
        first.sync(shelf)
        # it has not heard, or does not care: it takes a friend in and shows it to the others
        keys = DeviceKeys.generate(NOON, friend.vault.core.entropy)
        joining.certify(
            thief.devices,
            keys.signer.public + keys.box.public,
            request("friend", keys.published()),
            Role.FULL,
            [PLACE],
        )
        thief.sync(shelf)
        first.sync(shelf)
        for opened in first.devices.collections():
            assert keys.id not in opened.members.state.holders()
            assert thief.devices.me.id not in opened.members.state.holders()
    assert three


@pytest.mark.threat("T496")
def test_a_payload_by_another_device_than_was_introduced_is_refused(three: list[Machine]) -> None:
    first, _, _ = three
    with machine(b"newcomer") as newcomer, machine(b"stranger") as stranger:
        stranger.devices.begin("stranger", None)
        keys = DeviceKeys.generate(NOON, newcomer.vault.core.entropy)
        public = keys.signer.public + keys.box.public
        asked = request("newcomer", keys.published())
        payload = joining.certify(stranger.devices, public, asked, Role.FULL, [PLACE])
        shown = joining.introduction(first.devices)
        entropy = newcomer.vault.core.entropy
        with pytest.raises(TamperedError):
            joining.accept(newcomer.devices, keys, "newcomer", shown, payload, entropy)
        other = DeviceKeys.generate(NOON, entropy)
        theirs = joining.introduction(stranger.devices)
        with pytest.raises(TamperedError):
            joining.accept(newcomer.devices, other, "newcomer", theirs, payload, entropy)
        assert not newcomer.devices.is_begun


@pytest.mark.threat("T495")
def test_a_set_of_copies_by_nobody_known_is_learned_from_by_nobody(three: list[Machine]) -> None:
    first = three[0]
    opened = first.files()
    stranger = DeviceKeys.generate(NOON, first.vault.core.entropy)
    secret = new_key(first.vault.core.entropy, "epoch secret")
    recipient = Recipient.certified(first.devices.me.certificate)
    forged = wrap_set(secret, Purpose.EPOCH, opened.about.id, [recipient], stranger.signer)
    members: Members = opened.members
    members.take([bytes([Thing.WRAPS]) + forged])
    assert secret not in [one for _, _, one in members.known()]

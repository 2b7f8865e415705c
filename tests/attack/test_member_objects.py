"""Objects about members by who writes at a carrier: garbage, long logs, words of the removed."""

from dataclasses import dataclass, field
from random import Random

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack
from sealhold.model.ids import EpochId, Id16, ObjectName
from sealhold.sharing.devices import joining, membership, syncing, wraps
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import step_of
from sealhold.sharing.devices.joinpapers import mailbox
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.memberbags import lacks
from sealhold.sharing.devices.membercircle import BAG, Members, Thing
from sealhold.sharing.devices.memberentries import Draft, EntryId, EntryKind, Setting, sign_entry
from sealhold.sharing.devices.wraps import Purpose, Recipient, read_wrap_set, wrap_set
from tests.unit.owned_devices import PLACE, Machine, machines
from tests.unit.replicas import Shelf

DRAWN = Random(603)


@dataclass
class Counting(Shelf):
    """A carrier that counts the bytes that are fetched of it."""

    fetched: list[int] = field(default_factory=list)

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        found = super().get(name, offset, length)
        self.fetched.append(len(found))
        return found


def laid(machine: Machine, shelf: Shelf, data: bytes) -> None:
    """Lay an object about members on a carrier, as who carries for it can."""
    box = mailbox(machine.files().about.secret, PLACE)
    shelf.kept[box.member(fingerprint(data))] = data


def rows(machine: Machine) -> int:
    return len(machine.devices.keeping.members(machine.files().about.id))


def garbage(machine: Machine) -> list[bytes]:
    """Return objects of each kind that nobody known signed."""
    me, signer = machine.devices.me, DRAWN.randbytes(16)
    opened = machine.files()
    waiting = Draft(
        collection=opened.about.id,
        parents=frozenset({EntryId(DRAWN.randbytes(32))}),
        actor=me.id,
        grant=EntryId(DRAWN.randbytes(32)),
        kind=EntryKind.POLICY,
        body=Setting("x", DRAWN.randbytes(9_000)),
        time=LogicalTime(1, 0),
    )
    told = pack({"i": signer})
    mine = pack({"i": me.id})
    return [
        bytes([Thing.WRAPS]) + DRAWN.randbytes(9_000),
        bytes([Thing.PREKEY]) + DRAWN.randbytes(9_000),
        bytes([Thing.WRAPS]) + pack([told, DRAWN.randbytes(9_000), bytes(64)]),
        bytes([Thing.WRAPS]) + pack([mine, DRAWN.randbytes(9_000), bytes(64)]),
        bytes([Thing.PREKEY]) + pack([1, signer, DRAWN.randbytes(900)]) + bytes(64),
        bytes([Thing.ENTRY]) + sign_entry(waiting, me.keys.signer),
        bytes([Thing.ENTRY]) + DRAWN.randbytes(9_000),
        b"\x09" + DRAWN.randbytes(9_000),
    ]


@pytest.mark.threat("T501")
def test_garbage_about_members_fills_no_disk_and_reaches_no_other_carrier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with machines(2, [Role.FULL]) as (first, full):
        relay, stick = Counting(), Shelf()
        for each in (first, full) * 2:
            each.sync(relay, stick)
        before, there = rows(first), len(stick.kept)
        objects = [each for _ in range(8) for each in garbage(full)]
        for each_object in objects:
            laid(first, relay, each_object)
        relay.fetched.clear()

        first.sync(relay, stick)

        assert (rows(first), len(stick.kept)) == (before, there)
        assert sum(relay.fetched) >= sum(map(len, objects))
        relay.fetched.clear()
        first.sync(relay, stick)
        assert sum(relay.fetched) < 9_000  # it is looked at once

        monkeypatch.setattr(syncing, "MAX_STEP", 10_000)
        monkeypatch.setattr(syncing, "MAX_USELESS", 40_000)
        first.again()
        relay.fetched.clear()
        assert any("about members" in each for each in first.sync(relay, stick).troubles)
        assert sum(relay.fetched) < 80_000  # and of the other collection
        first.write("a.txt", b"a")
        for each in (first, full):
            each.sync(relay, stick)
        assert full.shown() == {"a.txt": b"a"}


@pytest.mark.threat("T501")
def test_what_came_before_its_signer_is_taken_once_the_log_tells_of_it() -> None:
    with machines(2, [Role.FULL]) as (first, full):
        opened = first.files()
        here = Members(opened.about.id, first.devices.me.root, full.devices.me.keys)
        objects = list(opened.members.objects.values())
        early = [each for each in objects if each[0] != Thing.ENTRY]
        here.take(early)
        assert here.has(fingerprint(early[0]))
        here.take(each for each in objects if each[0] == Thing.ENTRY)

        assert not here.has(fingerprint(early[0]))
        here.take(early)
        assert here.objects == opened.members.objects
        assert here.current()[0] == opened.members.current()[0]


@pytest.mark.threat("T455")
def test_a_log_of_any_length_is_there_after_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "MAX_WAITING", 8)
    with machines(2, [Role.FULL]) as (first, full):
        opened, me = first.files(), first.devices.me
        members, before = opened.members, set(opened.members.objects)
        first.write("a.txt", b"a")
        for number in range(100):
            body, time = Setting("rule", bytes([number])), LogicalTime(2 * 10**12, number)
            members.take([members.write(EntryKind.POLICY, body, time)])
        members.renewed(LogicalTime(2 * 10**12, 200), first.devices.entropy)
        came = [each for each in members.objects.items() if each[0] not in before]
        first.devices.keeping.save(opened.about.id, step_of(members, came))
        first.write("b.txt", b"b")

        first.again()

        assert first.files().members.state.policies["rule"] == bytes([99])
        assert first.shown() == {"a.txt": b"a", "b.txt": b"b"}
        shelf = Shelf()
        first.sync(shelf)
        full.sync(shelf)
        assert full.shown() == first.shown()
        assert me.id in full.files().members.state.members


@pytest.mark.threat("T603")
@pytest.mark.parametrize("names", ["itself", "nobody", "all, with other keys"])
def test_a_removed_admin_neither_stops_writing_nor_hides_who_lacks_a_key(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machines(3, [Role.ADMIN, Role.FULL]) as (first, thief, full):
        shelf = Shelf()
        for each in (first, thief, full) * 2:
            each.sync(shelf)
        joining.remove(first.devices, thief.devices.me.id)
        for each in (first, full) * 2:
            each.sync(shelf)
        opened, me = full.files(), thief.devices.me
        named, length = opened.members.state.policies[BAG], len(opened.members.log)
        others = [
            Recipient(device, each.box) for device, each in opened.members.state.holders().items()
        ]
        recipients = {"itself": [Recipient.certified(me.certificate)], "nobody": []}
        with monkeypatch.context() as patched:
            patched.setattr(wraps, "secret_id", lambda *_: EpochId(Id16(named)))
            forged = wrap_set(
                Secret(bytes(32), "none"),
                Purpose.KEY_BAG,
                opened.about.id,
                recipients.get(names, others),
                me.keys.signer,
            )
        laid(full, shelf, bytes([Thing.WRAPS]) + forged)
        said = read_wrap_set(forged, me.keys.signer.public)
        assert lacks([said], opened.members.state, opened.members.prekeys, named)

        for each in (full, first, full):
            each.sync(shelf)
            each.write("a.txt", b"a")

        assert len(full.files().members.log) == length  # no key of the bag was drawn anew
        assert not first.files().members.lacking()

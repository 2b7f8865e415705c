"""Attacks on membership: forged papers, stolen admins, secrets of who was removed, budgets."""

from collections.abc import Callable
from contextlib import suppress
from itertools import permutations

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.rootid import RootIdentity, root_id
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    BadCertificateError,
    BadMembershipError,
    ExhaustedError,
    InvalidEncodingError,
    TamperedError,
)
from sealhold.model.ids import CollectionId, Id16
from sealhold.sharing.devices.certs import (
    Certificate,
    Role,
    check_chain,
    issue,
    issue_by_root,
    read_certificate,
)
from sealhold.sharing.devices.memberentries import SELF, EntryId, EntryKind, Removal, Setting
from sealhold.sharing.devices.membership import MembershipLog, state
from sealhold.sharing.devices.memberstate import Standing
from tests.unit.member_devices import COLLECTION, ROOT_ID, by, by_root, device
from tests.unit.member_story import Story, certified, family

LAPTOP, DESK, THIEF = device("laptop"), device("desk"), device("thief")
ENTROPY = seeded(b"attacks")
OTHER = CollectionId(Id16(b"o" * 16))

THEIR_ROOT = RootIdentity(Secret(b"t" * 32, "root"))
REMOVAL, SERVER = Removal(LAPTOP.id), Removal(device("server").id)
THEIRS = certified(
    issue_by_root(
        Certificate.of(THIEF, root=root_id(THEIR_ROOT.public), role=Role.ADMIN, seq=1, issuer=None),
        THEIR_ROOT,
    )
)
OLD = certified(by_root("laptop", 1))
BY_DESK = certified(
    issue(Certificate.of(THIEF, root=ROOT_ID, role=Role.ADMIN, seq=8, issuer=DESK.id), DESK.signer)
)


def bent(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


# --- papers ---


@pytest.mark.threat("T454")
def test_a_certificate_with_any_part_changed_is_refused() -> None:
    for whole in ([by_root("laptop", 1)], [by_root("laptop", 1), by("laptop", "desk", 2)]):
        for place in range(0, len(whole[-1]), 29):
            with pytest.raises((BadCertificateError, InvalidEncodingError)):
                check_chain([*whole[:-1], bent(whole[-1], place)], ROOT_ID)


@pytest.mark.threat("T454")
def test_nobody_certifies_who_is_no_admin_or_makes_itself_senior() -> None:
    laptop = by_root("laptop", 5)
    full = by("laptop", "desk", 6, Role.FULL)

    with pytest.raises(BadCertificateError):
        check_chain([laptop, full, by("desk", "thief", 7)], ROOT_ID)
    with pytest.raises(BadCertificateError):
        check_chain([laptop, by("laptop", "thief", 5)], ROOT_ID)


@pytest.mark.threat("T454")
def test_a_root_of_somebody_else_certifies_nobody_here() -> None:
    """Its own id in the certificate, or ours: neither passes."""
    theirs = RootIdentity(Secret(b"t" * 32, "root"))
    own = Certificate.of(THIEF, root=root_id(theirs.public), role=Role.ADMIN, seq=1, issuer=None)
    told = unpack(issue_by_root(own, theirs))[0]
    ours = pack(unpack(told) | {"w": ROOT_ID})
    forged = pack([ours, theirs.sign(Tag.CERTIFICATE, ours), theirs.public])

    for data in (issue_by_root(own, theirs), forged):
        with pytest.raises(BadCertificateError):
            check_chain([data], ROOT_ID)


@pytest.mark.threat("T454")
def test_a_device_is_not_certified_under_the_id_of_another() -> None:
    told = unpack(by("laptop", "thief", 2))[0]
    claimed = pack(unpack(told) | {"d": DESK.id})
    forged = pack([claimed, LAPTOP.signer.sign(Tag.CERTIFICATE, claimed), b""])

    with pytest.raises(InvalidEncodingError):
        read_certificate(forged)


# --- entries ---


@pytest.mark.threat("T455")
def test_an_entry_with_any_byte_changed_is_refused() -> None:
    story = family()
    data = story.signed("laptop", EntryKind.REMOVE, Removal(DESK.id))

    for place in range(0, len(data), 7):
        log = MembershipLog(COLLECTION, ROOT_ID)
        for each in story.data.values():
            log.add(each)
        with suppress(TamperedError, InvalidEncodingError):
            assert log.add(bent(data, place)) == ()  # it waits for a parent that is none
        assert log.state() == story.state()


@pytest.mark.threat("T455")
@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda s: s.signed("thief", EntryKind.REMOVE, REMOVAL, None, SELF), id="self"),
        pytest.param(
            lambda s: s.signed("thief", EntryKind.REMOVE, REMOVAL, None, s.grants["laptop"]),
            id="another's grant",
        ),
        pytest.param(
            lambda s: s.signed("thief", EntryKind.ADD, THEIRS, None, SELF), id="a root of its own"
        ),
        pytest.param(
            lambda s: s.signed("thief", EntryKind.ADD, OLD, None, SELF), id="another's certificate"
        ),
        pytest.param(
            lambda s: s.signed("laptop", EntryKind.ADD, BY_DESK), id="a certificate by another"
        ),
        pytest.param(
            lambda s: s.signed("laptop", EntryKind.REMOVE, SERVER, [s.grants["laptop"]]),
            id="behind what it does not know",
        ),
    ],
)
def test_an_entry_by_who_may_not_write_it_stands_nowhere(forge: Callable[[Story], bytes]) -> None:
    story = family()
    before = story.state()

    with pytest.raises((BadMembershipError, BadCertificateError)):
        story.log.add(forge(story))

    assert story.state() == before


@pytest.mark.threat("T455")
def test_an_entry_of_one_collection_is_none_of_another() -> None:
    story = family()
    log = MembershipLog(OTHER, ROOT_ID)

    for data in story.data.values():
        with pytest.raises(BadMembershipError):
            log.add(data)
    assert len(log) == 0


@pytest.mark.threat("T455")
def test_an_entry_that_comes_again_changes_nothing() -> None:
    story = family()
    before = story.state()

    assert [story.log.add(data) for data in story.data.values()] == [()] * 4
    assert story.state() == before


@pytest.mark.threat("T455")
def test_entries_that_wait_for_nothing_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    story = family()
    story.grants["thief"] = story.grants["laptop"]
    log = MembershipLog(COLLECTION, ROOT_ID)
    flood = [
        story.signed("thief", EntryKind.POLICY, Setting("flood", b""), [EntryId(bytes([n]) * 32)])
        for n in range(256)
    ]
    monkeypatch.setattr("sealhold.sharing.devices.membership.MAX_WAITING", len(flood) - 1)
    for data in flood[1:]:
        assert log.add(data) == ()

    with pytest.raises(ExhaustedError):
        log.add(flood[0])

    for data in story.data.values():
        log.add(data)
    assert log.state() == story.state()


@pytest.mark.threat("T455")
def test_a_long_chain_of_entries_is_walked_without_recursion() -> None:
    story = family()
    story.grants["phone"] = story.add("laptop", "phone", 4)
    for number in range(1_200):
        story.policy("phone", "rule", number.to_bytes(2, "big"))

    assert story.state().policies == {"rule": (1_199).to_bytes(2, "big")}
    assert state(reversed([*story.data.values()][:1_000]), COLLECTION, ROOT_ID).members


# --- a stolen admin ---


@pytest.mark.threat("T457")
def test_a_stolen_eldest_admin_does_not_beat_the_owners_newer_one() -> None:
    """It hears that it was removed, and says that it had removed the other before."""
    story = family()
    base = story.log.heads
    story.remove("desk", "laptop", base)
    story.remove("laptop", "desk", base)
    assert story.standing("laptop", "desk") == [Standing.SUSPENDED] * 2

    story.enter("desk", 9)

    assert story.standing("laptop", "desk") == [Standing.REMOVED, Standing.MEMBER]


@pytest.mark.threat("T457")
def test_a_stolen_admin_does_not_win_by_a_device_that_it_adds() -> None:
    """The new device removes the owner's: it stands on what the owner's removal voids."""
    story = family()
    base = story.log.heads
    story.remove("desk", "laptop", base)
    added = story.add("laptop", "thief", 8, after=base)
    story.remove("thief", "desk", [added])

    assert story.standing("laptop", "desk", "thief") == [Standing.SUSPENDED] * 2 + [None]
    story.enter("desk", 9)
    assert story.standing("laptop", "desk", "thief") == [Standing.REMOVED, Standing.MEMBER, None]


@pytest.mark.threat("T457")
def test_a_removed_admin_does_not_come_back_by_its_old_certificate() -> None:
    story = family()
    first = next(iter(story.data))
    base = story.log.heads
    story.remove("desk", "laptop")
    old = certified(by_root("laptop", 1))

    for after in (story.log.heads, base, [first]):
        with pytest.raises(BadMembershipError):
            story.put("laptop", EntryKind.ADD, old, after, SELF)
    story.put("laptop", EntryKind.ADD, old, [], SELF)  # as if the log began anew
    assert story.standing("laptop") == [Standing.REMOVED]


@pytest.mark.threat("T457")
def test_rings_of_removals_come_to_the_same_in_every_order() -> None:
    story = family()
    base = story.log.heads
    ring = [
        story.data[story.remove(actor, name, base)]
        for actor, name in (("laptop", "desk"), ("desk", "server"), ("server", "laptop"))
    ]
    before = [data for data in story.data.values() if data not in ring]

    found = {
        tuple(sorted((key, each.standing) for key, each in come.members.items()))
        for order in permutations(ring)
        for come in [state([*before, *order], COLLECTION, ROOT_ID)]
    }

    assert len(found) == 1
    assert {standing for _, standing in next(iter(found))} == {Standing.SUSPENDED}


@pytest.mark.threat("T457")
def test_tokens_that_a_thief_names_while_it_is_removed_are_none() -> None:
    story = family()
    base = story.log.heads
    story.remove("desk", "laptop", base)
    story.put("laptop", EntryKind.TOKEN, Setting("mailbox", b"thief's"), base)

    assert not story.state().tokens


@pytest.mark.threat("T455")
def test_a_thief_that_fills_a_log_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    story = family()
    module = "sealhold.sharing.devices.membership."
    monkeypatch.setattr(module + "MAX_ENTRIES", 20)
    monkeypatch.setattr(module + "MAX_REMOVALS", 2)
    monkeypatch.setattr(module + "RESERVE", 8)
    base = story.log.heads
    story.remove("desk", "server", base)
    story.remove("desk", "laptop", base)
    with pytest.raises(ExhaustedError):
        story.remove("server", "desk")
    for number in range(14):
        story.policy("desk", "flood", bytes([number]))
    with pytest.raises(ExhaustedError):
        story.policy("desk", "flood", b"more")

    story.enter("laptop", 9)
    story.remove("laptop", "desk")

    assert story.standing("laptop", "desk") == [Standing.MEMBER, Standing.REMOVED]

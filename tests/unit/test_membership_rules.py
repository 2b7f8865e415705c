"""What a membership log comes to: removals, clashes, the root's word, epochs, settings."""

from dataclasses import replace

import pytest

from sealhold.model.errors import (
    BadCertificateError,
    BadMembershipError,
    DeniedError,
    InvalidEncodingError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.certs import Role, issue, read_certificate
from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.memberentries import EntryId, EntryKind, Removal, Setting
from sealhold.sharing.devices.membership import MembershipLog
from sealhold.sharing.devices.memberstate import Reason, Standing
from tests.unit.member_devices import COLLECTION, NOW, ROOT_ID, by_root, device
from tests.unit.member_story import Story, certified, family

MEMBER, SUSPENDED, REMOVED = Standing.MEMBER, Standing.SUSPENDED, Standing.REMOVED


def test_a_device_that_the_root_certified_begins_a_log_and_admins_add_others() -> None:
    story = family()
    story.add("server", "phone", 4, Role.FULL)

    assert story.standing("laptop", "desk", "server", "phone") == [MEMBER] * 4
    assert story.writes_under() == "a"


def test_a_removed_device_is_a_member_no_more_and_what_it_did_before_stays() -> None:
    story = family()
    story.remove("laptop", "desk")

    assert story.standing("laptop", "desk", "server") == [MEMBER, REMOVED, MEMBER]
    assert not story.state().void


def test_what_a_device_does_while_it_is_removed_is_void() -> None:
    story = family()
    base = story.log.heads
    removal = story.remove("laptop", "desk", base)
    added = story.add("desk", "phone", 4, after=base)
    later = story.policy("phone", "rule", b"1", after=[added])

    assert story.standing("desk", "phone") == [REMOVED, None]
    assert story.state().void == {added: Reason.VOID, later: Reason.VOID}
    assert not story.state().policies
    assert story.state([added]).members.keys() >= {device("phone").id}
    assert removal not in story.state().void


def test_admins_that_remove_each_other_are_suspended_both() -> None:
    story = family()
    base = story.log.heads
    one = story.remove("laptop", "desk", base)
    other = story.remove("desk", "laptop", base)

    assert story.standing("laptop", "desk", "server") == [SUSPENDED, SUSPENDED, MEMBER]
    member = story.state().members[device("desk").id]
    assert (member.reason, member.ended_by) == (Reason.CLASH, frozenset({one}))
    assert story.state().void == {one: Reason.CLASH, other: Reason.CLASH}
    assert story.writes_under() is None


def test_a_ring_of_removals_suspends_all_of_it() -> None:
    story = family()
    base = story.log.heads
    for actor, name in (("laptop", "desk"), ("desk", "server"), ("server", "laptop")):
        story.remove(actor, name, base)

    assert story.standing("laptop", "desk", "server") == [SUSPENDED] * 3


def test_what_a_suspended_admin_does_since_is_void() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "laptop", base)
    late = story.policy("laptop", "rule", b"1")
    beside = story.remove("desk", "server", base)

    assert {late, beside} <= story.state().void.keys()
    assert story.standing("server") == [MEMBER]


def test_the_root_decides_a_clash_by_a_fresh_certificate() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "laptop", base)
    story.enter("desk", 9)
    story.policy("desk", "rule", b"1")

    assert story.standing("laptop", "desk") == [REMOVED, MEMBER]
    assert story.state().members[device("laptop").id].reason is Reason.DECIDED
    assert story.state().policies == {"rule": b"1"}


def test_no_admin_lifts_a_clash() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "laptop", base)
    story.add("server", "desk", 8)
    story.remove("desk", "server")

    assert story.standing("laptop", "desk", "server") == [SUSPENDED, SUSPENDED, MEMBER]


def test_a_third_admin_decides_a_clash_that_it_did_not_see() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "laptop", base)
    story.remove("server", "laptop", base)

    assert story.standing("laptop", "desk", "server") == [REMOVED, MEMBER, MEMBER]


def test_an_admin_removed_after_a_clash_is_removed() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "laptop", base)
    story.remove("server", "laptop")

    assert story.standing("laptop", "desk") == [REMOVED, SUSPENDED]


def test_a_removal_counts_again_if_who_removed_its_author_was_removed() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "desk", base)
    story.remove("desk", "phone", [story.add("desk", "phone", 4, after=base)])
    story.remove("server", "laptop", base)

    assert story.standing("laptop", "desk", "phone") == [REMOVED, MEMBER, REMOVED]


def test_who_was_removed_comes_back_by_an_admin_that_saw_it() -> None:
    story = family()
    story.remove("laptop", "desk")
    story.add("laptop", "desk", 4)
    story.policy("desk", "rule", b"1")

    assert story.standing("desk") == [MEMBER]
    assert story.state().policies == {"rule": b"1"}


def test_a_removal_beats_an_addition_at_the_same_time() -> None:
    story = family()
    base = story.log.heads
    story.remove("laptop", "server", base)
    story.add("desk", "server", 5, after=base)

    assert story.standing("server") == [REMOVED]


def test_the_root_holds_against_an_admin_that_did_not_see_its_word() -> None:
    story = family()
    base = story.log.heads
    story.remove("server", "laptop", base)
    story.enter("laptop", 9, base)

    assert story.standing("laptop", "server") == [MEMBER, MEMBER]


def test_a_device_may_always_leave() -> None:
    story = family()
    base = story.log.heads
    story.remove("desk", "desk", base)
    story.remove("laptop", "desk", base)
    late = story.policy("desk", "rule", b"1", base)

    assert story.standing("desk", "laptop") == [REMOVED, MEMBER]
    assert story.state().void.keys() == {late}


def test_who_is_no_admin_any_more_is_still_a_member() -> None:
    story = family()
    base = story.log.heads
    story.role("laptop", "desk", 5, Role.FULL, base)
    beside = story.remove("desk", "server", base)

    assert story.standing("desk", "server") == [MEMBER, MEMBER]
    assert story.state().void.keys() == {beside}
    assert story.state().admin_grant(device("desk").id) is None
    certificate = story.state().certificate(device("desk").id)
    assert certificate is not None
    assert certificate.role is Role.FULL


def test_of_roles_given_at_the_same_time_the_senior_admins_holds() -> None:
    story = family()
    story.add("laptop", "phone", 4, Role.FULL)
    base = story.log.heads
    story.role("desk", "phone", 9, Role.BLIND, base)
    story.role("laptop", "phone", 5, Role.FULL, base)

    certificate = story.state().certificate(device("phone").id)
    assert certificate is not None
    assert certificate.role is Role.FULL


# --- epochs ---


def test_the_last_epoch_wins_and_of_two_at_the_same_time_the_senior_admins() -> None:
    story = family()
    base = story.log.heads
    story.epoch("server", "b", "laptop desk server", base)
    story.epoch("desk", "c", "laptop desk server", base)

    assert story.writes_under() == "c"
    story.epoch("server", "d", "laptop desk server")
    assert story.writes_under() == "d"
    assert len(story.state().epochs) == 4


def test_an_epoch_for_a_device_that_was_removed_meanwhile_does_not_win() -> None:
    story = family()
    base = story.log.heads
    story.epoch("laptop", "b", "laptop desk server", base)
    story.remove("desk", "server", base)
    assert story.writes_under() is None

    story.epoch("laptop", "c", "laptop desk")

    assert story.writes_under() == "c"


def test_an_epoch_whose_maker_had_not_seen_a_removal_does_not_win() -> None:
    """Even if it was not wrapped to that device: another way may have led the secret to it."""
    story = family()
    base = story.log.heads
    story.epoch("laptop", "b", "laptop desk", base)
    story.remove("desk", "server", base)

    assert story.writes_under() is None


def test_the_removal_of_a_device_that_never_held_keys_leaves_the_epoch() -> None:
    story = family()
    story.add("laptop", "phone", 4, Role.BLIND)
    story.remove("desk", "phone")

    assert story.writes_under() == "a"
    assert device("phone").id not in story.state().holders()


def test_a_device_added_later_does_not_end_an_epoch() -> None:
    story = family()
    story.add("laptop", "phone", 4, Role.FULL)

    assert story.writes_under() == "a"
    assert story.state().holders().keys() == {
        device(name).id for name in ("laptop", "desk", "server", "phone")
    }


# --- settings ---


def test_the_last_policy_of_a_name_holds() -> None:
    story = family()
    story.policy("laptop", "rule", b"1")
    base = story.log.heads
    story.policy("server", "rule", b"2", base)
    story.policy("desk", "rule", b"3", base)

    assert story.state().policies == {"rule": b"3"}


def test_tokens_of_a_removed_device_are_dropped() -> None:
    story = family()
    for name in ("desk", "server"):
        body = Setting("relay", name.encode(), device(name).id)
        story.put("laptop", EntryKind.TOKEN, body)
    story.remove("laptop", "desk")

    assert story.state().tokens == {("relay", device("server").id): b"server"}


def test_a_ledger_has_one_device_and_its_terms_follow_each_other() -> None:
    story = family()
    story.ledger("laptop", "desk", 1)
    story.ledger("laptop", "server", 2)

    assert story.state().ledgers[Id16(b"l" * 16)].device == device("server").id
    with pytest.raises(BadMembershipError):
        story.ledger("laptop", "desk", 2)


def test_a_ledger_whose_device_was_removed_has_none() -> None:
    story = family()
    story.ledger("laptop", "desk", 1)
    story.ledger("laptop", "server", 2)
    story.remove("laptop", "server")

    assert not story.state().ledgers


# --- what a point of the log says ---


def test_a_certificate_holds_where_it_stood_and_not_after_the_removal() -> None:
    story = family()
    before = story.log.heads
    removal = story.remove("laptop", "desk")

    assert story.log.valid_at(before, device("desk").id) is not None
    assert story.log.valid_at([removal], device("desk").id) is None
    assert story.log.valid_at(before, device("phone").id) is None
    assert story.log.valid_at(before, device("desk").id, NOW) is not None
    with pytest.raises(BadMembershipError):
        story.log.valid_at([removal, EntryId(removal[:-1])], device("desk").id)


def test_an_admin_writes_behind_all_it_knows_and_others_do_not_write() -> None:
    log = MembershipLog(COLLECTION, ROOT_ID)
    laptop = device("laptop")
    log.add(log.enter(laptop, certified(by_root("laptop", 1)), LogicalTime(NOW, 0)))
    log.add(log.write(laptop, EntryKind.POLICY, Setting("rule", b"1"), LogicalTime(NOW, 1)))

    assert log.state().policies == {"rule": b"1"}
    assert len(log.heads) == 1
    with pytest.raises(DeniedError):
        log.write(device("desk"), EntryKind.POLICY, Setting("rule", b"2"), LogicalTime(NOW, 2))
    with pytest.raises(InvalidEncodingError):
        log.write(laptop, EntryKind.REMOVE, Setting("rule", b"2"), LogicalTime(NOW, 2))


def test_an_entry_by_a_certificate_that_is_over_is_refused() -> None:
    story = family()
    told = read_certificate(by_root("laptop", 1)).certificate
    short = replace(
        told,
        device=device("phone").id,
        signing=device("phone").signer.public,
        box=device("phone").box.public,
        seq=7,
        not_after=Instant(NOW - 1),
        issuer=device("laptop").id,
    )
    data = issue(short, device("laptop").signer)
    story.grants["phone"] = story.put("laptop", EntryKind.ADD, certified(data))

    with pytest.raises(BadMembershipError):
        story.policy("phone", "rule", b"1")
    assert story.log.valid_at(story.log.heads, device("phone").id, NOW) is None


def test_what_is_not_known_is_neither_removed_nor_given_a_role() -> None:
    story = family()

    with pytest.raises(BadMembershipError):
        story.remove("laptop", "phone")
    with pytest.raises(BadMembershipError):
        story.role("laptop", "phone", 5)
    with pytest.raises(BadCertificateError):
        story.role("desk", "laptop", 2)


def test_an_entry_that_came_before_its_parents_waits_for_them() -> None:
    story = family()
    story.remove("laptop", "desk")
    log = MembershipLog(COLLECTION, ROOT_ID)
    came = [log.add(data) for data in reversed(story.data.values())]

    assert [len(each) for each in came] == [0, 0, 0, 0, 5]
    assert log.state() == story.state()
    assert (log.waiting, log.missing()) == (0, frozenset())


def test_a_waiting_entry_that_can_never_stand_is_refused_once_its_parents_come() -> None:
    story = Story()
    first = story.enter("laptop", 1)
    story.grants["desk"] = first
    forged = story.signed("desk", EntryKind.REMOVE, Removal(device("laptop").id))
    log = MembershipLog(COLLECTION, ROOT_ID)

    assert log.add(forged) == ()
    assert (log.waiting, log.missing()) == (1, frozenset({first}))
    assert log.add(story.data[first]) == (first,)
    assert [each.data for each in log.refused] == [forged]
    assert len(log) == 1

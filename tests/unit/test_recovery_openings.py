"""Recoveries at the people who hold shares: opened, told, held back, vetoed, and handed out."""

from dataclasses import replace

import pytest

from sealhold.model.errors import (
    DeniedError,
    HeldBackError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.quantities import DAY
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.recovery import WAITING_MS, WINDOW_MS
from sealhold.sharing.peers.recoverypapers import (
    SaidVeto,
    read_carried,
    read_use,
    read_veto,
    write_carried,
    write_use,
    write_veto,
)
from sealhold.sharing.peers.recoveryshares import Terms, own_set
from sealhold.sharing.peers.recoveryveto import (
    is_use_due,
    own_recoveries,
    own_standing,
    tell_of_use,
    veto,
)
from tests.unit.opening_people import openers
from tests.unit.owned_devices import machine, pair
from tests.unit.recovering_people import Circle
from tests.unit.replicas import Shelf


def heir_is_bo(here: Circle) -> Terms:
    return Terms(heir=here.owner.one("Bo").id, waiting_ms=30 * DAY)


def test_shares_are_held_back_until_the_window_of_an_opened_recovery_is_over() -> None:
    with openers("Bo", "Cy") as here:
        assert not here.is_handed_out("Bo")
        papers = here.open("Bo")
        here.open("Cy", papers)
        here.rounds()
        here.rounds()
        (heard,) = here.heard()
        assert [each.place for each, _ in heard.notices] == [1, 2]
        # Bo has not heard of Cy's yes; at Cy both count
        here.clock.days(2.9)
        assert not here.is_handed_out("Cy")
        here.clock.days(0.2)
        assert here.is_handed_out("Cy")
        assert not here.is_handed_out("Bo")
        here.open("Bo", here_papers := [each.data for each in here.known("Cy")[0].notices])
        assert len(here_papers) == 2
        assert here.is_handed_out("Bo")
        # it lasts, on what is durable
        here.circle.others["Bo"].device.again()
        assert here.is_handed_out("Bo")


def test_opening_again_goes_on_with_what_is_open_and_a_look_writes_nothing() -> None:
    with openers("Bo", "Cy") as here:
        before = here.plan("Bo")
        assert before.is_new
        assert here.known("Bo") == []
        papers = here.open("Bo")
        again = here.plan("Bo")
        assert not again.is_new
        assert here.open("Bo") == papers
        assert len(here.known("Bo")) == 1


def test_no_window_runs_before_the_owner_was_told_or_is_out_of_reach() -> None:
    with openers("Bo", "Cy", needed=2) as here:
        bo = here.circle.others["Bo"]
        spots, bo.spots = bo.spots, []
        here.open("Bo", here.open("Cy"))
        here.rounds()
        here.clock.days(2.9)
        here.rounds()
        assert here.known("Bo")[0].heard is None
        # nowhere to leave it for a whole window: it runs from the first round after that
        here.clock.days(0.2)
        here.rounds()
        heard = here.known("Bo")[0].heard
        assert heard is not None
        here.clock.days(2.8)
        assert not here.is_handed_out("Bo")
        here.clock.days(0.3)
        assert here.is_handed_out("Bo")
        bo.spots = spots


def test_another_device_of_a_holder_tells_the_owner_if_the_first_did_not() -> None:
    with openers("Bo", "Cy") as here, machine(b"bo's phone", here.clock) as phone:
        bo = here.circle.others["Bo"]
        shelf = Shelf()
        pair(bo.device, phone, "phone", Role.ADMIN)
        papers = here.open("Bo")  # and that device is lost before any letter left
        bo.device.sync(shelf)
        phone.sync(shelf)
        bo.device.sync(shelf)
        phone.sync(shelf)
        bo.device = phone
        bo.begin()
        assert here.known("Bo")[0].opened is not None
        opening = here.plan("Bo")
        assert opening.is_new
        assert opening.recovery == here.known("Bo")[0].id
        assert len(here.open("Bo")) == len(papers) == 1
        assert here.known("Bo")[0].opener == phone.devices.me.id


def test_a_veto_reaches_all_holders_doubles_the_window_and_names_its_device() -> None:
    with openers("Bo", "Cy", "Di") as here:
        papers = here.open("Bo")
        here.rounds()
        here.rounds()
        assert here.veto() == 3
        assert here.veto() is None
        here.rounds()
        names = [[veto.name for veto in here.known(each)[0].vetoes] for each in ("Bo", "Cy", "Di")]
        assert names == [["of Anna"]] * 3
        two = here.open("Cy", papers)
        here.clock.days(3.1)
        assert here.course("Cy") == "held"
        three = here.open("Di", two)
        here.open("Bo", three)
        assert here.course("Bo") == here.course("Di") == "prevails"
        assert here.course("Cy") == "held"
        here.clock.days(3)
        assert here.course("Cy") == "prevails"
        (heard,) = here.heard()
        assert own_standing(here.owner.device.devices, heard).named == heard.vetoed_by


def test_a_newer_set_ends_what_was_opened_under_an_older() -> None:
    with openers("Bo", "Cy") as here:
        here.open("Cy", here.open("Bo"))
        here.rounds()
        here.rounds()
        here.circle.share(["Bo", "Cy"], 2)
        here.rounds()
        here.clock.days(9)
        assert here.course("Cy") == "ended"
        assert not here.is_handed_out("Cy")
        (heard,) = here.heard()
        assert own_standing(here.owner.device.devices, heard).course.value == "ended"


def test_an_heir_waits_for_the_owners_rest_and_a_sign_of_life_ends_it() -> None:
    with openers("Bo", "Cy", terms=heir_is_bo) as here:
        owner = here.owner
        one = own_set(owner.device.devices)
        assert one is not None
        assert (one.policy.heir, one.policy.waiting_ms) == (1, 30 * DAY)
        here.clock.days(29)
        with pytest.raises(HeldBackError) as early:
            here.open("Bo", as_heir=True)
        assert early.value.until is not None
        assert is_use_due(owner.device.devices)
        assert tell_of_use(owner.device.devices, owner.contacts, owner.letters, 0)
        assert not is_use_due(owner.device.devices)
        here.rounds()
        here.clock.days(2)
        with pytest.raises(HeldBackError):
            here.open("Bo", as_heir=True)
        here.clock.days(28.1)
        here.open("Cy", here.open("Bo", as_heir=True))
        here.rounds()
        here.rounds()
        assert [each.by_heir for each in here.heard()] == [True]
        assert is_use_due(owner.device.devices)
        assert tell_of_use(owner.device.devices, owner.contacts, owner.letters, 0)
        here.rounds()
        here.clock.days(9)
        assert here.course("Bo") == here.course("Cy") == "ended"


def test_an_heir_whom_nobody_stops_gets_the_shares() -> None:
    with openers("Bo", "Cy", terms=heir_is_bo) as here:
        here.clock.days(31)
        papers = here.open("Cy", here.open("Bo", as_heir=True))
        here.open("Bo", papers, as_heir=True)
        here.rounds()
        here.clock.days(3.1)
        assert here.is_handed_out("Cy")
        assert here.is_handed_out("Bo")


def test_a_set_without_an_heir_tells_nobody_of_uses() -> None:
    with openers("Bo", "Cy") as here:
        owner = here.owner
        assert not is_use_due(owner.device.devices)
        assert not tell_of_use(owner.device.devices, owner.contacts, owner.letters, 0)
        with pytest.raises(DeniedError):
            here.open("Bo", as_heir=True)


def test_the_terms_of_a_set_have_bounds() -> None:
    assert (Terms().window_ms, Terms().waiting_ms) == (WINDOW_MS, WAITING_MS)
    for window, waiting in ((-1, DAY), (31 * DAY, DAY), (0, DAY - 1), (0, 3_651 * DAY)):
        with pytest.raises(InvalidError):
            Terms(window_ms=window, waiting_ms=waiting)


def test_papers_that_are_none_are_refused() -> None:
    veto = SaidVeto(notices=(b"n",), name="laptop", verified=7)
    assert read_veto(write_veto(veto)) == veto
    assert read_use(write_use(5)) == 5
    assert read_carried(write_carried([b"a", b"b"])) == (b"a", b"b")
    for wrong in (write_veto(replace(veto, notices=())), write_use(5), b"\x80"):
        with pytest.raises(InvalidEncodingError):
            read_veto(wrong)
    with pytest.raises(InvalidEncodingError):
        read_use(write_veto(veto))
    for few in (write_carried([]), write_carried([b"n"] * 17), write_use(1)):
        with pytest.raises(InvalidEncodingError):
            read_carried(few)


def test_notices_of_several_recoveries_are_no_papers_of_one() -> None:
    with openers("Bo", "Cy", "Di") as here:
        mixed = [*here.open("Bo"), *here.open("Cy")]
        with pytest.raises(InvalidEncodingError):
            here.open("Di", mixed)
        assert here.known("Di") == []


def test_all_devices_of_an_owner_show_a_recovery_and_one_veto_is_the_veto_of_all() -> None:
    with openers("Bo", "Cy") as here, machine(b"anna's tablet", here.clock) as tablet:
        owner, shelf = here.owner, Shelf()
        pair(owner.device, tablet, "tablet", Role.ADMIN)
        here.open("Bo")
        here.rounds()
        here.rounds()
        for each in (owner.device, tablet, owner.device, tablet):
            each.sync(shelf)
        (seen,) = own_recoveries(tablet.devices)
        assert seen == here.heard()[0]
        assert here.veto() == 2
        for each in (owner.device, tablet):
            each.sync(shelf)
        (seen,) = own_recoveries(tablet.devices)
        assert seen.vetoed_by == owner.device.devices.me.id
        assert veto(tablet.devices, owner.contacts, owner.letters, seen, 0) is None

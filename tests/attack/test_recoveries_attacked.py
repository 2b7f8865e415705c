"""Recoveries in the hands of who is not the owner, of a thief of a device, and of an eager heir."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.rootid import RootIdentity
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack
from sealhold.model.errors import (
    AuditUnavailableError,
    DeniedError,
    HeldBackError,
    InvalidEncodingError,
    SealholdError,
)
from sealhold.model.quantities import DAY
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.recovery import FRESH_MS
from sealhold.sharing.peers.letter import Kind, Sender, write
from sealhold.sharing.peers.letters import Post
from sealhold.sharing.peers.recoveryheld import hand_out
from sealhold.sharing.peers.recoveryopening import open_recovery
from sealhold.sharing.peers.recoverypapers import SaidVeto, read_notice, write_notice, write_veto
from sealhold.sharing.peers.recoveryshares import Terms, write_policy
from sealhold.sharing.peers.recoveryveto import veto
from tests.unit.opening_people import Openers, openers, told
from tests.unit.owned_devices import machine, pair
from tests.unit.recovering_people import Circle


@pytest.fixture
def here() -> Iterator[Openers]:
    with openers("Bo", "Cy", "Di") as found:
        yield found


def heir_is_bo(here: Circle) -> Terms:
    return Terms(heir=here.owner.one("Bo").id, waiting_ms=30 * DAY)


def posted_veto(here: Openers, papers: list[bytes], verified: int = 0, to: str = "Cy") -> None:
    """Send a veto by a device of the owner, as a thief would, whatever the rules are here."""
    body = write_veto(SaidVeto(notices=tuple(papers), name="stolen", verified=verified))
    here.owner.send(to, body, Kind.VETO)
    told(here)


@pytest.mark.threat("T578")
def test_no_share_leaves_before_the_window_ends_whatever_was_opened(here: Openers) -> None:
    bo = here.circle.others["Bo"].device.devices
    papers = here.open("Di", here.open("Cy", here.open("Bo")))
    told(here)
    for _ in range(28):
        with pytest.raises(HeldBackError):
            hand_out(bo, here.share_of("Bo"))
        here.open("Bo", papers)
        here.clock.days(0.1)
    here.clock.days(0.3)
    assert hand_out(bo, here.share_of("Bo")) == here.share_of("Bo").words


@pytest.mark.threat("T578")
def test_a_recovery_that_lies_open_for_long_is_completed_by_nobody_at_once(here: Openers) -> None:
    cy = here.circle.others["Cy"].device.devices
    papers = here.open("Bo")
    told(here)
    assert here.veto()
    told(here)
    here.clock.days(60)  # nobody else opened it
    here.open("Cy", papers)
    assert here.course("Cy") == "prevails"  # by the windows that ran long ago
    told(here)
    here.clock.days(2.9)
    with pytest.raises(HeldBackError):
        hand_out(cy, here.share_of("Cy"))
    here.clock.days(0.2)
    assert hand_out(cy, here.share_of("Cy"))


@pytest.mark.threat("T578")
def test_nothing_is_opened_behind_the_back_of_an_owner_who_cannot_be_told(here: Openers) -> None:
    bo = here.circle.others["Bo"]
    # somebody brings a card of their own under the owner's name
    bo.contacts.add(here.circle.others["Cy"].card(), "Anna")
    assert bo.one("Anna").contact.is_paused
    with pytest.raises(DeniedError):
        here.plan("Bo")
    # or has the owner removed
    bo.contacts.remove(bo.one("Anna"))
    with pytest.raises(DeniedError):
        here.plan("Bo")
    assert here.known("Bo") == []


@pytest.mark.threat("T578")
def test_a_notice_that_is_lost_on_the_way_out_begins_no_window(here: Openers) -> None:
    bo = here.circle.others["Bo"]
    here.open("Bo", here.open("Cy"))
    bo.contacts.remove(bo.one("Anna"))  # its letter goes with the contact
    told(here)
    here.clock.days(2.9)
    told(here)
    assert here.known("Bo")[0].heard is None
    assert not here.is_handed_out("Bo")


@pytest.mark.threat("T578")
def test_where_the_log_cannot_be_written_nothing_is_opened_or_handed_out(
    here: Openers, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = here.circle.others["Bo"]
    opening = here.plan("Bo", here.open("Cy"))

    def full(_works: object) -> object:
        raise AuditUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(bo.device.vault.core.writer, "submit", full)
        with pytest.raises(AuditUnavailableError):
            open_recovery(bo.device.devices, bo.letters, opening)
    assert here.known("Bo") == []
    assert bo.letters.waiting_out() == []
    here.open("Bo", [each.data for each in opening.others])
    told(here)
    here.clock.days(4)
    with monkeypatch.context() as patch:
        patch.setattr(bo.device.vault.core.writer, "submit", full)
        with pytest.raises(AuditUnavailableError):
            hand_out(bo.device.devices, here.share_of("Bo"))
    assert hand_out(bo.device.devices, here.share_of("Bo"))


@pytest.mark.threat("T578")
def test_a_kill_leaves_a_recovery_with_its_letter_or_neither(
    here: Openers, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = here.circle.others["Bo"]

    class KilledError(Exception):
        pass

    for at in range(4):
        writer, done = bo.device.vault.core.writer, iter(range(at))

        def submit(works: object, before: object = writer.submit, left: object = done) -> object:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise KilledError
            return before(works)  # type: ignore[operator]

        with monkeypatch.context() as patch:
            patch.setattr(writer, "submit", submit)
            try:
                here.open("Bo")
                ended = True
            except KilledError:
                ended = False
        bo.device.again()
        bo.begin()
        waits = [kind for _, kind in bo.letters.waiting_out() if kind == Kind.NOTICE]
        assert len(here.known("Bo")) == len(waits) == int(ended)
    assert here.known("Bo")[0].opened is not None


@pytest.mark.threat("T579")
@pytest.mark.parametrize("verified", [-1, FRESH_MS + 1])
def test_a_veto_without_its_user_is_refused(here: Openers, verified: int) -> None:
    here.open("Bo")
    told(here)
    with pytest.raises(DeniedError):
        here.veto(verified)
    assert here.heard()[0].vetoed is None
    assert here.owner.letters.waiting_out() == []


@pytest.mark.threat("T579")
def test_a_veto_that_says_itself_that_nobody_was_verified_delays_nothing(here: Openers) -> None:
    papers = here.open("Cy", here.open("Bo"))
    told(here)
    posted_veto(here, papers, verified=FRESH_MS + 1)
    here.clock.days(3.1)
    assert here.course("Cy") == "prevails"


@pytest.mark.threat("T579")
def test_a_device_that_may_not_administer_vetoes_nothing() -> None:
    with openers("Bo", "Cy") as here, machine(b"anna's phone", here.clock) as phone:
        owner = here.owner
        owner.device.devices.create(Holds.FILES, "papers")
        pair(owner.device, phone, "phone", Role.FULL)
        papers = here.open("Cy", here.open("Bo"))
        told(here)
        assert phone.devices.me.certificate.role is Role.FULL
        with pytest.raises(DeniedError):
            veto(phone.devices, owner.contacts, owner.letters, here.heard()[0], 0)
        # and said by it all the same, by who changed its program
        body = write_veto(SaidVeto(notices=tuple(papers), name="phone", verified=0))
        theirs = phone.devices
        mine = Sender(
            name="Anna", box=owner.card().box, chain=theirs.me.chain, signer=theirs.me.keys.signer
        )
        cy = here.circle.others["Cy"]
        sealed = write(cy.card(), mine, b"l" * 16, Kind.VETO, body, here.clock())
        cy.letters.bring(sealed, Post())
        assert [each.name for each in here.known("Cy")[0].vetoes] == ["phone"]
        here.clock.days(3.1)
        assert here.course("Cy") == "prevails"


@pytest.mark.threat("T579")
def test_a_stolen_device_delays_for_one_window_and_locks_nobody_out(here: Openers) -> None:
    papers = here.open("Cy", here.open("Bo"))
    told(here)
    for _ in range(5):  # again and again, later and later
        posted_veto(here, papers)
        here.clock.days(0.5)
    here.clock.days(3.6)
    posted_veto(here, papers)
    assert here.course("Cy") == "prevails"


@pytest.mark.threat("T579")
def test_vetoes_against_made_up_recoveries_keep_nobody_from_opening(here: Openers) -> None:
    bo = here.circle.others["Bo"].device.devices
    share = here.share_of("Bo")
    for number in range(20):  # a holder helps the thief
        made = write_notice(bo.me, share.policy, bytes([number]) * 16, share.digest, heir=False)
        posted_veto(here, [made])
    assert len(here.known("Cy")) == 16
    papers = here.open("Di")
    here.open("Cy", papers)
    assert sum(each.opened is not None for each in here.known("Cy")) == 1


@pytest.mark.threat("T580")
def test_nothing_but_the_root_ends_a_recovery_and_nothing_brings_it_back(here: Openers) -> None:
    cy = here.circle.others["Cy"].device.devices
    here.open("Cy", here.open("Bo"))
    told(here)
    share = here.share_of("Cy")
    (note,) = [
        each.told[0]
        for _, each in here.owner.device.devices.home.replica.state.notes("recovery-set")
    ]
    thief = RootIdentity(Secret(b"t" * 32, "root secret"))
    forged = write_policy(share.policy, thief)
    here.owner.send("Cy", pack([1, forged, ""]), Kind.RECOVERY)
    told(here)
    here.clock.days(2)
    assert here.course("Cy") == "held"

    here.circle.share(["Bo", "Cy"], 2)
    told(here)
    assert here.course("Cy") == "ended"
    here.owner.send("Cy", pack([1, note, share.words]), Kind.RECOVERY)  # the old share, again
    told(here)
    here.clock.days(9)
    assert here.course("Cy") == "ended"
    with pytest.raises(HeldBackError):
        hand_out(cy, here.share_of("Cy"))


@pytest.mark.threat("T581")
def test_who_holds_no_share_opens_nothing_and_a_holder_counts_once(here: Openers) -> None:
    (paper,) = here.open("Bo")
    share, policy = here.share_of("Bo"), here.share_of("Bo").policy
    eve, bo = here.owner.device.devices, here.circle.others["Bo"].device.devices
    by_eve = write_notice(eve.me, policy, b"r" * 16, share.digest, heir=False)
    with pytest.raises(DeniedError):
        read_notice(by_eve, policy)
    with pytest.raises(DeniedError):
        read_notice(write_notice(bo.me, policy, b"r" * 16, bytes(32), heir=False), policy)
    for at in range(0, len(paper), 61):
        changed = bytearray(paper)
        changed[at] ^= 1
        with pytest.raises((SealholdError, ValueError)):
            read_notice(bytes(changed), policy)
    twice = write_notice(bo.me, policy, read_notice(paper, policy).drawn, share.digest, heir=False)
    here.open("Cy", [paper, twice, paper])
    assert [each.place for each in here.known("Cy")[0].notices] == [1, 2]


@pytest.mark.threat("T581")
def test_an_alarm_is_by_the_holder_who_opened_it(here: Openers) -> None:
    (paper,) = here.open("Bo")
    cy = here.circle.others["Cy"]
    cy.send("Anna", paper, Kind.NOTICE)
    cy.send("Anna", b"\x80", Kind.NOTICE)
    cy.round()
    here.owner.round()
    assert here.heard() == []
    told(here)
    assert [each.place for each, _ in here.heard()[0].notices] == [1]


@pytest.mark.threat("T582")
def test_nobody_is_heir_but_who_the_root_named_and_nobody_comes_early() -> None:
    with openers("Bo", "Cy", "Di", terms=heir_is_bo) as here:
        cy = here.circle.others["Cy"].device.devices
        share = here.share_of("Cy")
        with pytest.raises(HeldBackError) as early:
            here.open("Bo", as_heir=True)
        assert early.value.until == here.share_of("Bo").at + 30 * DAY
        here.clock.days(31)
        with pytest.raises(DeniedError):
            here.open("Cy", as_heir=True)
        made = write_notice(cy.me, share.policy, b"r" * 16, share.digest, heir=True)
        with pytest.raises(DeniedError):
            here.open("Di", [made])
        paper = here.open("Bo", as_heir=True)
        mine = write_notice(cy.me, share.policy, b"r" * 16, share.digest, heir=False)
        with pytest.raises(InvalidEncodingError):
            here.open("Di", [*paper, mine])
        assert here.known("Di") == []
        # a holder who heard of a use since then keeps the heir waiting, whatever Bo heard
        here.owner.send("Di", pack([1, 0]), Kind.ALIVE)
        here.owner.round()
        here.circle.others["Di"].round()
        with pytest.raises(HeldBackError):
            here.open("Di", paper)

"""Recoveries that pass for others: of a set of before, for the heir, of a set that is not known."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.model.errors import HeldBackError, InvalidError
from sealhold.model.quantities import DAY, Instant
from sealhold.sharing.devices.recovery import Course
from sealhold.sharing.peers import letters, recoveryopening, recoveryveto
from sealhold.sharing.peers.card import Card
from sealhold.sharing.peers.letter import Kind, Sender, write
from sealhold.sharing.peers.recoveryheld import hand_out
from sealhold.sharing.peers.recoverypapers import read_notice, write_notice
from sealhold.sharing.peers.recoveryshares import Terms
from sealhold.sharing.peers.recoveryveto import own_standing, tell_of_use
from tests.unit.opening_people import Openers, openers, told
from tests.unit.recovering_people import Circle


@pytest.fixture
def here() -> Iterator[Openers]:
    with openers("Bo", "Cy", "Di") as found:
        yield found


def heir_is_bo(here: Circle) -> Terms:
    return Terms(heir=here.owner.one("Bo").id, waiting_ms=30 * DAY)


def heard_of(here: Openers) -> set[str]:
    """Return the holders of whose open recoveries the owner's devices say so at each sync."""
    devices, names = here.owner.device.devices, here.circle.others
    by_root = {bytes(each.device.devices.me.root): name for name, each in names.items()}
    return {
        by_root[bytes(notice.holder)]
        for each in here.heard()
        if each.vetoed is None and own_standing(devices, each).course is Course.HELD
        for notice, _ in each.notices
    }


@pytest.mark.threat("T578")
def test_a_recovery_of_before_hides_none_of_a_newer_set(here: Openers) -> None:
    bo, di = here.circle.others["Bo"], here.circle.others["Di"].device.devices
    here.circle.share(["Bo", "Cy"], 2, gone=["Di"])
    told(here)
    (paper,) = here.open("Bo")
    told(here)
    assert here.veto()
    told(here)
    drawn = read_notice(paper, here.share_of("Bo").policy).drawn
    here.circle.share(["Bo", "Di"], 2, gone=["Cy"])
    told(here)
    # Bo's changed program draws nothing, and opens under the newer set what is over
    share = here.share_of("Bo")
    again = write_notice(bo.device.devices.me, share.policy, drawn, share.digest, heir=False)
    bo.send("Anna", again, Kind.NOTICE)
    told(here)
    here.open("Di", [again])
    told(here)
    assert heard_of(here) == {"Bo", "Di"}
    assert here.veto()
    told(here)
    here.clock.days(3.1)
    with pytest.raises(HeldBackError):
        hand_out(di, here.share_of("Di"))


@pytest.mark.threat("T578")
def test_a_notice_for_the_heir_hides_none_that_is_not() -> None:
    with openers("Bo", "Cy", "Di", terms=heir_is_bo) as here:
        bo, share = here.circle.others["Bo"], here.share_of("Bo")
        me = bo.device.devices.me
        mine = [
            write_notice(me, share.policy, b"r" * 16, share.digest, heir=heir)
            for heir in (True, False)
        ]
        bo.send("Anna", mine[0], Kind.NOTICE)
        told(here)
        owner = here.owner
        assert tell_of_use(owner.device.devices, owner.contacts, owner.letters, 0)
        told(here)
        here.open("Di", [mine[1]])
        told(here)
        assert heard_of(here) == {"Di"}
        which = [each.by_heir for each in here.heard()].index(False)
        assert here.veto(which=which)
        told(here)
        assert [len(each.vetoes) for each in here.known("Di")] == [1]


@pytest.mark.threat("T578")
def test_a_notice_waits_for_the_set_that_it_is_about(here: Openers) -> None:
    owner, bo = here.owner, here.circle.others["Bo"]
    share = here.share_of("Bo")
    later = replace(share.policy, generation=share.policy.generation + 1)
    notice = write_notice(bo.device.devices.me, later, b"r" * 16, share.digest, heir=False)
    bo.send("Anna", notice, Kind.NOTICE)
    told(here)
    assert [each.letter.kind for each in owner.letters.waiting()] == [Kind.NOTICE]


@pytest.mark.threat("T578")
def test_no_holder_fills_the_room_of_a_newer_set(
    here: Openers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recoveryveto, "MAX_OF_A_HOLDER", 1)
    here.open("Bo")
    told(here)
    here.circle.share(["Bo", "Cy"], 2)
    told(here)
    here.open("Bo")
    told(here)
    assert heard_of(here) == {"Bo"}


@pytest.mark.threat("T578")
def test_vetoes_of_before_take_no_room_from_those_of_a_newer_set(
    here: Openers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recoveryopening, "MAX_HEARD_OF", 1)
    for _ in range(2):
        here.open("Bo")
        told(here)
        assert here.veto()
        told(here)
        here.circle.share(["Bo", "Cy"], 2)
        told(here)
    assert [len(each.vetoes) for each in here.known("Cy")] == [1, 1]


@pytest.mark.threat("T578")
@pytest.mark.parametrize("had_one", [True, False])
def test_a_veto_that_comes_before_the_share_of_its_set_counts(
    here: Openers,
    had_one: bool,  # noqa: FBT001  # reason: a case
) -> None:
    if not had_one:
        here.circle.share(["Bo", "Di"], 2, gone=["Cy"])
        told(here)
    owner = here.owner
    here.circle.share(["Bo", "Cy"], 2)
    ((late, share),) = [
        (letter, each.body)
        for letter, each in owner.letters._outgoing().items()
        if each.to == owner.one("Cy").key
    ]
    owner.letters._drop("out", late)
    told(here)
    here.open("Bo")
    told(here)
    assert here.veto()
    told(here)
    owner.send("Cy", share, Kind.RECOVERY)
    told(here)
    assert [len(each.vetoes) for each in here.known("Cy")] == [1]


@pytest.mark.threat("T578")
def test_a_holder_whose_card_has_no_good_key_keeps_no_veto_from_the_others(
    here: Openers, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = here.circle.others["Bo"].card().id
    here.open("Bo")
    told(here)

    def sealed(  # reason: as `write`
        card: Card, sender: Sender, letter: bytes, kind: str, body: bytes, at: Instant
    ) -> bytes:
        if card.id == bo:
            raise InvalidError("bytes that are no box key")
        return write(card, sender, letter, kind, body, at)

    monkeypatch.setattr(letters, "write", sealed)
    assert here.veto() == 3
    told(here)
    assert [len(each.vetoes) for name in ("Cy", "Di") for each in here.known(name)] == [1, 1]

"""Exposure receipts, and shares of a recovery secret, in the hands of who would turn them."""

from collections.abc import Iterator

import pytest

from sealhold.audit.receipt import verify_receipt
from sealhold.crypto.rootid import RootIdentity
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import BadSignatureError, DeniedError
from sealhold.sharing.devices import exposure
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.recoveryshares import (
    SetPolicy,
    commitment,
    held,
    own_set,
    read_policy,
    root_public,
    write_policy,
)
from tests.unit.owned_devices import machines
from tests.unit.recovering_people import Circle, circle


@pytest.fixture
def here() -> Iterator[Circle]:
    with circle("Bo", "Cy", "Eve") as found:
        found.share(["Bo", "Cy"], 2)
        yield found


def paper_of(here: Circle) -> bytes:
    (note,) = [n for _, n in here.owner.device.devices.home.replica.state.notes("recovery-set")]
    paper = note.told[0]
    assert isinstance(paper, bytes)
    return paper


def posted(here: Circle, body: bytes, to: str = "Bo") -> None:
    """Send a letter of the owner's devices, as a thief of one would."""
    here.owner.send(to, body, Kind.RECOVERY)
    here.rounds()


@pytest.mark.threat("T569")
def test_a_receipt_that_says_less_is_none() -> None:
    with machines(2) as (first, phone):
        first.write("a note", b"text")
        paper = exposure.remove(first.devices, phone.devices.me.id)
        key = first.devices.me.keys.signer.public
        assert verify_receipt(paper, [key]).exit_code == 0
        for at in range(0, len(paper), 97):
            changed = bytearray(paper)
            changed[at] ^= 1
            assert verify_receipt(bytes(changed), [key]).exit_code != 0
        # who was removed signs none of its own in another one's name
        assert verify_receipt(paper, [phone.devices.me.keys.signer.public]).exit_code == 6


@pytest.mark.threat("T570")
def test_a_stolen_device_makes_no_set_and_ends_none(here: Circle) -> None:
    here.rounds()
    bo = here.others["Bo"].device.devices
    (before,) = held(bo)
    thief = RootIdentity(Secret(b"t" * 32, "root secret"))
    policy = SetPolicy(
        root=before.policy.root,
        generation=before.policy.generation + 1,
        needed=2,
        shares=(commitment(bo.me.root, before.digest), bytes(32)),
    )
    forged = write_policy(policy, thief)
    with pytest.raises(BadSignatureError):
        read_policy(forged, root_public(here.owner.device.devices))

    for words in (before.words, ""):
        posted(here, pack([1, forged, words]))

    assert held(bo) == [before]


@pytest.mark.threat("T570")
def test_a_share_for_somebody_else_or_of_another_owner_is_kept_by_nobody(here: Circle) -> None:
    here.rounds()
    bo, eve = (here.others[name].device.devices for name in ("Bo", "Eve"))
    (share,) = held(bo)
    posted(here, pack([1, paper_of(here), share.words]), "Eve")
    assert held(eve) == []

    # Eve has a whole set of Anna's words, and passes it on as her own
    theirs = root_public(here.owner.device.devices)
    told, signature = unpack(paper_of(here))
    fields = unpack(told)
    assert read_policy(pack([told, signature]), theirs).root == fields[1]
    eve_root = RootIdentity(Secret(b"e" * 32, "root secret"))
    signed = write_policy(read_policy(paper_of(here), theirs), eve_root)
    with pytest.raises(DeniedError):
        read_policy(signed, eve_root.public)


@pytest.mark.threat("T571")
def test_a_share_goes_to_nobody_whose_words_were_not_compared(here: Circle) -> None:
    owner, eve = here.owner, here.others["Eve"]
    owner.contacts.remove(owner.one("Eve"))
    owner.contacts.add(eve.card())
    before = own_set(owner.device.devices)

    with pytest.raises(DeniedError):
        here.share(["Bo", "Eve"], 2)

    here.rounds()
    assert held(eve.device.devices) == []
    assert own_set(owner.device.devices) == before


@pytest.mark.threat("T572")
def test_an_older_share_that_is_shown_again_takes_no_place_of_a_newer(here: Circle) -> None:
    here.rounds()
    bo = here.others["Bo"].device.devices
    (old,) = held(bo)
    paper = paper_of(here)
    here.share(["Bo", "Cy"], 2)
    here.rounds()
    (new,) = held(bo)
    assert new.policy.generation > old.policy.generation

    for words in (old.words, ""):
        posted(here, pack([1, paper, words]))

    assert held(bo) == [new]

"""Capabilities in other hands, of other programs, and behind a revocation."""

import os
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.model.errors import (
    BadSignatureError,
    DeniedError,
    InvalidError,
    SealholdError,
)
from sealhold.model.ids import (
    GrantId,
    SourceId,
    random_id,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.policy.capability import (
    ACK,
    Capability,
)
from tests.attack.far_source import BITS, CODE, OTHER, TAX, Far, signer
from tests.scenarios.vaults import (
    NOON,
)


@pytest.fixture
def far() -> Far:
    return Far()


def test_a_capability_is_taken_from_whoever_holds_its_key(far: Far) -> None:
    assert far.present(far.paper, far.proof()) == far.capability
    far.host.check(far.capability.grant, CODE, BITS)


@pytest.mark.threat("T413")
def test_two_apps_with_one_key_cannot_use_each_others_capability(far: Far) -> None:
    theirs = replace(far.capability, app=OTHER, nonce=b"n" * 16)
    swapped = far.signed(theirs)
    for paper, said in ((far.paper, OTHER), (swapped, TAX), (swapped, OTHER)):
        proof = far.proof(app=said, capability=sha256(paper))
        with pytest.raises(DeniedError):
            far.present(paper, proof, app=TAX if paper is swapped else OTHER)
    with pytest.raises(DeniedError):  # the door knows who comes, whatever the proof says
        far.present(far.paper, far.proof(), app=OTHER)
    assert far.refused == ["audience"] * 4


@pytest.mark.threat("T413")
@pytest.mark.parametrize(
    ("said", "given", "why"),
    [
        ({"host": bytes(32)}, {}, "possession"),
        ({"capability": bytes(32)}, {}, "possession"),
        ({"request": bytes(32)}, {}, "possession"),
        ({"binding": bytes(32)}, {}, "possession"),
        ({}, {"binding": b"c" * 32}, "possession"),
        ({}, {"request": b"c" * 32}, "possession"),
        ({"challenge": bytes(32)}, {}, "challenge"),
        ({}, {"public": signer().public}, "signature"),
    ],
    ids=["source", "capability", "request", "channel", "relayed", "reused", "made up", "key"],
)
def test_a_proof_of_possession_is_good_for_one_source_channel_and_request(
    far: Far, said: dict[str, object], given: dict[str, object], why: str
) -> None:
    with pytest.raises(DeniedError, match=r"^denied$"):
        far.present(far.paper, far.proof(**said), **given)
    assert far.refused == [why]


@pytest.mark.threat("T413")
def test_a_proof_of_possession_is_good_once_and_for_a_minute(far: Far) -> None:
    proof = far.proof()
    far.present(far.paper, proof)
    late = far.proof()
    with pytest.raises(DeniedError):
        far.present(far.paper, proof)
    far.clock.move(60_000)
    with pytest.raises(DeniedError):
        far.present(far.paper, late)
    assert far.refused == ["challenge", "challenge"]


@pytest.mark.threat("T414")
def test_nothing_of_a_grant_runs_behind_its_revocation_nor_comes_back(far: Far) -> None:
    ack = dsse.open(far.host.revoke(far.order()), ACK, [far.key.public])
    assert b'"killed":0' in ack.payload
    with pytest.raises(DeniedError):
        far.host.check(far.capability.grant, CODE, MicroBits(0))
    far.memory.held_[far.capability.grant] = far.paper  # somebody lays it there again
    with pytest.raises(DeniedError):
        far.host.check(far.capability.grant, CODE, MicroBits(0))
    with pytest.raises(DeniedError):
        far.present(far.paper, far.proof())
    with pytest.raises(DeniedError), far.live.run(far.capability.grant):
        raise AssertionError("it began")
    assert far.refused == ["none", "epoch", "epoch"]


@pytest.mark.threat("T414")
def test_a_run_that_is_going_on_is_over_before_the_source_says_so(far: Far) -> None:
    begun, ended = Event(), Event()

    def spin() -> None:
        with far.live.run(far.capability.grant) as live:
            begun.set()
            while not live.is_killed:
                pass
            ended.set()
            raise SealholdError("its processes are gone")

    def run() -> None:
        with pytest.raises(DeniedError):
            spin()

    thread = Thread(target=run)
    thread.start()
    begun.wait(5)
    paper = far.host.revoke(far.order())
    assert ended.is_set()
    assert b'"killed":1' in dsse.open(paper, ACK, [far.key.public]).payload
    thread.join(5)


@pytest.mark.threat("T414")
def test_only_the_vault_ends_what_a_source_runs(far: Far) -> None:
    with pytest.raises(BadSignatureError):
        far.host.revoke(far.order(key=far.app_key))
    other = far.hosted(signer(), SourceId(random_id(os.urandom)))
    with pytest.raises(InvalidError):
        other.revoke(far.order())
    far.host.check(far.capability.grant, CODE, MicroBits(0))


@pytest.mark.threat("T415")
@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (lambda c: replace(c, code=sha256(CODE + b"\n")), "code"),
        (lambda c: replace(c, budget=MicroBits(1)), "budget"),
        (lambda c: replace(c, epoch=0), "epoch"),
        (lambda c: replace(c, not_after=Instant(NOON)), "window"),
        (lambda c: replace(c, not_before=Instant(NOON + 1)), "window"),
        (lambda c: replace(c, source=SourceId(random_id(os.urandom))), "source"),
        (lambda c: replace(c, host=sha256(b"another")), "source"),
        (lambda c: replace(c, grant=GrantId(random_id(os.urandom))), "grant"),
    ],
    ids=["code", "budget", "epoch", "over", "not yet", "source", "host", "grant"],
)
def test_a_capability_covers_what_it_says_and_nothing_else(
    far: Far, bend: Callable[[Capability], Capability], why: str
) -> None:
    grant = far.capability.grant
    far.memory.epochs[grant] = 1
    far.memory.held_[grant] = far.signed(bend(far.capability))
    with pytest.raises(DeniedError, match=r"^denied$"):
        far.host.check(grant, CODE, BITS)
    assert far.refused == [why]


@pytest.mark.threat("T415")
def test_a_byte_of_a_capability_that_is_another_kills_it(far: Far) -> None:
    grant = far.capability.grant
    for place in range(0, len(far.paper), 7):
        bent = bytearray(far.paper)
        bent[place] ^= 1
        far.memory.held_[grant] = bytes(bent)
        with pytest.raises(DeniedError):
            far.host.check(grant, CODE, MicroBits(0))
    far.memory.held_[grant] = far.signed(far.capability, far.app_key)
    with pytest.raises(DeniedError):
        far.host.check(grant, CODE, MicroBits(0))
    assert set(far.refused) == {"signature"}


@pytest.mark.threat("T415")
def test_a_program_that_differs_by_a_byte_from_the_granted_one_is_not_run(far: Far) -> None:
    for place in range(len(CODE)):
        bent = CODE[:place] + bytes([CODE[place] ^ 1]) + CODE[place + 1 :]
        with pytest.raises(DeniedError):
            far.host.check(far.capability.grant, bent, MicroBits(0))
    assert set(far.refused) == {"code"}

"""Capabilities of sources: used by others, behind their end, changed by a byte."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

import pytest

from sealhold.compute.liveruns import LiveRuns
from sealhold.compute.sourcehost import SourceHost
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import to_json
from sealhold.model.errors import (
    BadSignatureError,
    DeniedError,
    InvalidError,
    SealholdError,
)
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    Id16,
    Purpose,
    SourceId,
    TaskDigest,
    random_id,
)
from sealhold.model.quantities import DAY, HOUR, MICRO, Instant, MicroBits
from sealhold.model.shown.dataware import AckState
from sealhold.node import Node
from sealhold.policy.capability import (
    ACK,
    CAPABILITY,
    ORDER,
    POSSESSION,
    Ack,
    Capability,
    Order,
    Possession,
    ack_document,
    capability_document,
    order_document,
    possession_document,
)
from sealhold.policy.standing import Wanted
from tests.scenarios.vaults import (
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    named,
    new_home,
    opened,
)

BITS = MicroBits(5 * MICRO)
TAX, OTHER = (AppId(random_id(os.urandom)) for _ in range(2))
WANTED = Wanted(
    app=TAX,
    processor=sha256(b"key"),
    purpose=Purpose("ServiceProvision"),
    dataset=Collection("trips"),
    columns=frozenset({FieldName("lat"), FieldName("distance_m")}),
    bits=BITS,
)


# --- capabilities ---


def signer() -> SigningKey:
    return SigningKey(Secret(os.urandom(32), "key"))


@dataclass
class Memory:
    """What a source far away remembers."""

    held_: dict[GrantId, bytes] = field(default_factory=dict)
    epochs: dict[GrantId, int] = field(default_factory=dict)

    def held(self, grant: GrantId) -> bytes | None:
        return self.held_.get(grant)

    def epoch(self, grant: GrantId) -> int:
        return self.epochs.get(grant, 0)

    def end(self, grant: GrantId, epoch: int) -> None:
        self.held_.pop(grant, None)
        self.epochs[grant] = max(self.epoch(grant), epoch)

    def last_run(self, grant: GrantId) -> Instant | None:
        del grant
        return None


CODE = b"def evaluate(obj, res):\n    return 1\n"
BINDING, ASKED = b"b" * 32, b"a" * 32


class Far:
    """A source away from the vault, with an app's capability."""

    def __init__(self) -> None:
        self.vault, self.app_key, self.key = signer(), signer(), signer()
        self.clock, self.live, self.memory = Hands(), LiveRuns(), Memory()
        self.source = SourceId(random_id(os.urandom))
        self.refused: list[str] = []
        self.host = self.hosted(self.key)
        self.capability = Capability(
            grant=GrantId(random_id(os.urandom)),
            source=self.source,
            host=sha256(self.key.public),
            audience=sha256(self.app_key.public),
            app=TAX,
            purpose=Purpose("ServiceProvision"),
            collection=Collection("trips"),
            fields=frozenset({FieldName("lat")}),
            task=TaskDigest(sha256(b"task")),
            code=sha256(CODE),
            budget=BITS,
            epoch=1,
            not_before=NOON,
            not_after=Instant(NOON + DAY),
            nonce=bytes(16),
        )
        self.paper = self.signed(self.capability)
        self.memory.held_[self.capability.grant] = self.paper

    def hosted(self, key: SigningKey, source: SourceId | None = None) -> SourceHost:
        return SourceHost(
            source or self.source,
            key,
            self.vault.public,
            self.memory,
            self.live,
            clock=self.clock,
            entropy=os.urandom,
            refused=lambda _grant, _app, why: self.refused.append(why),
        )

    def signed(self, capability: Capability, key: SigningKey | None = None) -> bytes:
        payload = to_json(capability_document(capability))
        return dsse.sign(CAPABILITY, payload, [key or self.vault])

    def proof(self, **other: object) -> bytes:
        said = {
            "challenge": self.host.challenge(),
            "host": sha256(self.host.public),
            "app": TAX,
            "capability": sha256(self.paper),
            "request": ASKED,
            "binding": BINDING,
        }
        possession = Possession(**{**said, **other})  # type: ignore[arg-type]  # reason: names of fields
        return dsse.sign(POSSESSION, to_json(possession_document(possession)), [self.app_key])

    def present(self, paper: bytes, proof: bytes, **other: object) -> Capability:
        given: dict[str, object] = {
            "app": TAX, "public": self.app_key.public, "request": ASKED, "binding": BINDING,
        }  # fmt: skip
        given |= other
        return self.host.present(envelope=paper, possession=proof, **given)  # type: ignore[arg-type]  # reason: names of fields

    def order(self, epoch: int = 2, key: SigningKey | None = None) -> bytes:
        order = Order(grant=self.capability.grant, source=self.source, epoch=epoch, at=NOON)
        return dsse.sign(ORDER, to_json(order_document(order)), [key or self.vault])


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


@pytest.mark.threat("T416")
def test_what_is_left_in_place_holds_a_capability_for_a_day_and_gets_the_next_with_a_run(
    tmp_path: Path,
) -> None:
    clock = Hands()
    place = tmp_path / "plans"
    place.mkdir()
    calendar(place / "plans.ics", ["green", "red"])
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.standing.add("plans", "folder", {"place": str(place)}, mode="federate")
        grant = named(allow(node, Asker(node).ask(node, Job())))
        (laid,) = node.grants.show(grant)[1]
        assert laid.ends_at == NOON + DAY
        clock.move(DAY + HOUR)
        assert node.grants.show(grant)[1][0].state is AckState.LAPSED
        assert node.runs.run(grant).value == 1
        assert node.grants.show(grant)[1][0].ends_at == clock.now + DAY


@pytest.mark.threat("T416")
@pytest.mark.parametrize("how", ["another key", "another grant", "another epoch", "no answer"])
def test_an_ack_that_is_not_the_sources_own_leaves_it_pending(
    vault: tuple[Node, Hands], how: str
) -> None:
    node, _ = vault
    grant = allow(node, Asker(node, f"Acks {how}").ask(node, Job()))
    dispatch = node.parts.dispatch
    (stand,) = dispatch.views(grant.id)
    host = dispatch.host(stand.source)
    ack = Ack(
        grant=GrantId(Id16(bytes(6) + b"\x40" + bytes(1) + b"\x80" + bytes(7)))
        if how == "another grant"
        else grant.id,
        source=stand.source,
        epoch=1 if how == "another epoch" else 2,
        killed=0,
        last_run=None,
        at=NOON,
    )
    key = signer() if how == "another key" else host._key

    def answer(_order: bytes) -> bytes:
        if how == "no answer":
            raise SealholdError("nothing came")
        return dsse.sign(ACK, to_json(ack_document(ack)), [key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "revoke", answer)
        node.grants.revoke(named(grant))
    assert dispatch.views(grant.id)[0].state is AckState.PENDING
    dispatch.deliver()
    assert dispatch.views(grant.id)[0].state is AckState.ACKED

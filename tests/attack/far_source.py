"""A source away from the vault: what it remembers, and whoever comes with a capability."""

import os
from dataclasses import dataclass, field

from sealhold.compute.liveruns import LiveRuns
from sealhold.compute.sourcehost import SourceHost
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import to_json
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    Purpose,
    SourceId,
    TaskDigest,
    random_id,
)
from sealhold.model.quantities import DAY, MICRO, Instant, MicroBits
from sealhold.policy.capability import (
    CAPABILITY,
    ORDER,
    POSSESSION,
    Capability,
    Order,
    Possession,
    capability_document,
    order_document,
    possession_document,
)
from tests.scenarios.vaults import (
    NOON,
    Hands,
)

BITS = MicroBits(5 * MICRO)
TAX, OTHER = (AppId(random_id(os.urandom)) for _ in range(2))


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

"""A source's side of a grant: what may run there is decided here, without asking the vault.

- A capability counts if the vault's key signed it for this very source, now, in this epoch, for
  this code, and if its budget is not spent. Who presents it proves to hold the app's key by a
  challenge that is good once, and to be the app that it names.
- An order ends a grant: its runs are killed, its capability is forgotten, and a signed ack tells
  so. A later capability of a lower epoch is refused for good.
- Whatever does not fit is one DENIED; the reason is told to the owner's log alone.

Source: docs/spec/39-dataware.md sections 4 and 5.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from sealhold.compute.liveruns import LiveRuns
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import SigningKey
from sealhold.model.clock import Clock, Entropy
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import BadSignatureError, DeniedError, InvalidError
from sealhold.model.ids import AppId, GrantId, SourceId
from sealhold.model.quantities import MINUTE, Instant, MicroBits
from sealhold.policy.capability import (
    ACK,
    CAPABILITY,
    ORDER,
    POSSESSION,
    Ack,
    Capability,
    ack_document,
    parse_capability,
    parse_order,
    parse_possession,
)

CHALLENGE_BYTES = 32
CHALLENGE_FOR = MINUTE
MOST_CHALLENGES = 64


class Kept(Protocol):
    """What a source remembers of grants."""

    def held(self, grant: GrantId) -> bytes | None:
        """Return the signed capability that was laid here, None if there is none."""
        ...

    def epoch(self, grant: GrantId) -> int:
        """Return the lowest epoch of a grant that still counts."""
        ...

    def end(self, grant: GrantId, epoch: int) -> None:
        """Forget the capability of a grant, and that anything below `epoch` ever counts again."""
        ...

    def last_run(self, grant: GrantId) -> Instant | None:
        """Return when something was last released here under a grant."""
        ...


class SourceHost:
    """One source, as whoever runs something there meets it."""

    def __init__(  # reason: a source, whom it believes, and what it has
        self,
        source: SourceId,
        key: SigningKey,
        issuer: bytes,
        kept: Kept,
        live: LiveRuns,
        *,
        clock: Clock,
        entropy: Entropy,
        refused: Callable[[GrantId | None, AppId | None, str], None],
    ) -> None:
        """Take the source's own key, the vault's public grant key, and what it remembers."""
        self._source = source
        self._key = key
        self._issuer = issuer
        self._kept = kept
        self._live = live
        self._clock = clock
        self._entropy = entropy
        self._refused = refused
        self._challenges: OrderedDict[bytes, Instant] = OrderedDict()

    @property
    def public(self) -> bytes:
        """The key by which this source is known."""
        return self._key.public

    def challenge(self) -> bytes:
        """Return 32 fresh bytes, good once and for a minute."""
        fresh = self._entropy(CHALLENGE_BYTES)
        self._challenges[fresh] = Instant(self._clock() + CHALLENGE_FOR)
        while len(self._challenges) > MOST_CHALLENGES:
            self._challenges.popitem(last=False)
        return fresh

    def present(  # reason: what comes in, and over which channel
        self,
        app: AppId,
        public: bytes,
        envelope: bytes,
        possession: bytes,
        *,
        request: bytes,
        binding: bytes,
    ) -> Capability:
        """Return a capability that `app` presents, if it is its own and in force.

        Args:
            app: whom the vault's door let in.
            public: the key that it is registered with.
            envelope: the signed capability.
            possession: the signed proof that the app holds its key.
            request: SHA-256 of what is asked for.
            binding: 32 bytes of the channel over which it comes.

        Raises:
            DeniedError: whatever the reason.
        """
        try:
            capability = self._read(envelope)
            opened = dsse.open(possession, POSSESSION, [public])
            proof = parse_possession(from_json(opened.payload))
        except (BadSignatureError, InvalidError) as err:
            self._refused(None, app, "signature")
            raise DeniedError("denied") from err
        told = (proof.host, proof.capability, proof.request, proof.binding)
        until = self._challenges.pop(proof.challenge, None)
        # THREAT T413: a key is not enough: the apps of one organisation are strangers
        if not capability.app == proof.app == app or capability.audience != sha256(public):
            self._deny(capability, app, "audience")
        # THREAT T413: good once, here, for this and over this channel, so nobody can pass it on
        if until is None or self._clock() >= until:
            self._deny(capability, app, "challenge")
        if told != (sha256(self.public), sha256(envelope), request, binding):
            self._deny(capability, app, "possession")
        self._check(capability, app)
        return capability

    def check(self, grant: GrantId, code: bytes, spent: MicroBits) -> None:
        """Return if `code` may run here under a grant of which `spent` was told.

        Raises:
            DeniedError: the capability that lies here does not cover it.
        """
        envelope = self._kept.held(grant)
        if envelope is None:
            self._refused(grant, None, "none")
            raise DeniedError("denied")
        try:
            capability = self._read(envelope)
        except (BadSignatureError, InvalidError) as err:
            self._refused(grant, None, "signature")
            raise DeniedError("denied") from err
        self._check(capability, None)
        if capability.grant != grant:
            self._deny(capability, None, "grant")
        # THREAT T415: the very bytes that are run, and no others
        if sha256(code) != capability.code:
            self._deny(capability, None, "code")
        if spent > capability.budget:
            self._deny(capability, None, "budget")

    def revoke(self, envelope: bytes) -> bytes:
        """Carry out a signed order; return the signed ack.

        Raises:
            BadSignatureError: the vault did not sign it.
            InvalidError: it is no order, or one for another source.
            StillRunningError: a run does not end; the order is to be sent again.
        """
        order = parse_order(from_json(dsse.open(envelope, ORDER, [self._issuer]).payload))
        if order.source != self._source:
            raise InvalidError("an order for another source")
        killed = self._live.end(order.grant)
        last = self._kept.last_run(order.grant)
        self._kept.end(order.grant, order.epoch)
        ack = Ack(
            grant=order.grant,
            source=self._source,
            epoch=order.epoch,
            killed=killed,
            last_run=last,
            at=self._clock(),
        )
        return dsse.sign(ACK, to_json(ack_document(ack)), [self._key])

    def _read(self, envelope: bytes) -> Capability:
        opened = dsse.open(envelope, CAPABILITY, [self._issuer])
        return parse_capability(from_json(opened.payload))

    def _check(self, capability: Capability, app: AppId | None) -> None:
        host = sha256(self.public)
        if (capability.source, capability.host) != (self._source, host):
            self._deny(capability, app, "source")
        # THREAT T414: of what was ended nothing comes back, however well it is signed
        if capability.epoch < self._kept.epoch(capability.grant):
            self._deny(capability, app, "epoch")
        if not capability.covers(self._clock()):
            self._deny(capability, app, "window")

    def _deny(self, capability: Capability, app: AppId | None, why: str) -> None:
        self._refused(capability.grant, app or capability.app, why)
        raise DeniedError("denied")

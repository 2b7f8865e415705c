"""What a grant lets one source run, and the papers by which that ends: values and their documents.

- All are strict JSON, signed in DSSE: capability and order by the vault's grant key, possession by
  the app, ack by the source. A field more, less or of another form is refused.
- A capability says all that its source must know to decide without asking anybody.

Source: docs/spec/39-dataware.md section 4.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    Kind,
    Purpose,
    SourceId,
    TaskDigest,
    canonical,
)
from sealhold.model.quantities import Instant, MicroBits, rfc3339
from sealhold.policy import dpv
from sealhold.policy.documents import MAX_INTEGER, Fields
from sealhold.policy.grant import MAX_FIELDS

CAPABILITY: Final = "application/vnd.sealhold.capability+json"
POSSESSION: Final = "application/vnd.sealhold.possession+json"
ORDER: Final = "application/vnd.sealhold.revocation+json"
ACK: Final = "application/vnd.sealhold.revocation-ack+json"
VERSION: Final = 1

_CAPABILITY: Final = frozenset(
    {"v", "grant", "source", "host", "audience", "app", "purpose", "collection", "fields"}
    | {"task", "code", "budget", "epoch", "not_before", "not_after", "nonce"}
)
_POSSESSION: Final = frozenset(
    {"v", "challenge", "host", "app", "capability", "request", "binding"}
)
_ORDER: Final = frozenset({"v", "grant", "source", "epoch", "at"})
_ACK: Final = frozenset({"v", "grant", "source", "epoch", "killed", "last_run", "at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One component of a grant: what one source may run for one app."""

    grant: GrantId
    source: SourceId
    host: bytes  # SHA-256 of the key with which the source signs
    audience: bytes  # SHA-256 of the app's key
    app: AppId  # of that key's several apps just this one
    purpose: Purpose
    collection: Collection
    fields: frozenset[FieldName]
    task: TaskDigest
    code: bytes  # SHA-256 of the very bytes that are run
    budget: MicroBits
    epoch: int
    not_before: Instant
    not_after: Instant
    nonce: bytes  # 16

    def covers(self, now: Instant) -> bool:
        """Return whether `now` lies in the half-open interval."""
        return self.not_before <= now < self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Possession:
    """Who presents a capability shows by this that they hold its audience's key, here and now."""

    challenge: bytes  # 32, of the source, good once
    host: bytes  # SHA-256 of the source's key: no other source takes it
    app: AppId
    capability: bytes  # SHA-256 of the signed capability
    request: bytes  # SHA-256 of what is asked for with it
    binding: bytes  # 32, of the channel over which it comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A source is told that a grant ended: what is below `epoch` runs no more."""

    grant: GrantId
    source: SourceId
    epoch: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """A source says that it did so."""

    grant: GrantId
    source: SourceId
    epoch: int
    killed: int  # runs that were going on
    last_run: Instant | None
    at: Instant


def capability_document(capability: Capability) -> dict[str, Plain]:
    """Return the JSON document that `parse_capability` reads back."""
    return {
        "v": VERSION,
        "grant": canonical(capability.grant),
        "source": canonical(capability.source),
        "host": capability.host.hex(),
        "audience": capability.audience.hex(),
        "app": canonical(capability.app),
        "purpose": capability.purpose,
        "collection": capability.collection,
        "fields": sorted(capability.fields),
        "task": capability.task.hex(),
        "code": capability.code.hex(),
        "budget": int(capability.budget),
        "epoch": capability.epoch,
        "not_before": rfc3339(capability.not_before),
        "not_after": rfc3339(capability.not_after),
        "nonce": capability.nonce.hex(),
    }


def parse_capability(document: Plain) -> Capability:
    """Return the capability that a JSON document holds.

    Raises:
        InvalidGrantError: a field is unknown, missing, of another type or beyond its limit.
        UnknownPurposeError: the purpose is not in the vocabulary.
    """
    read = Fields(document, place="capability", required=_CAPABILITY, error=InvalidGrantError)
    read.exactly("v", VERSION)
    names = read.items("fields", MAX_FIELDS, FieldName)
    if list(names) != sorted(set(names)):
        raise read.fault("fields", "is not sorted, or holds a field twice")
    return Capability(
        grant=GrantId(read.id("grant", Kind.GRANT)),
        source=SourceId(read.id("source", Kind.SOURCE)),
        host=read.octets("host", 32),
        audience=read.octets("audience", 32),
        app=AppId(read.id("app", Kind.APP)),
        purpose=dpv.require(read.line("purpose", 64)),
        collection=Collection(read.name("collection")),
        fields=frozenset(names),
        task=TaskDigest(read.octets("task", 32)),
        code=read.octets("code", 32),
        budget=MicroBits(read.integer("budget", 0, MAX_INTEGER)),
        epoch=read.integer("epoch", 0, MAX_INTEGER),
        not_before=read.instant("not_before"),
        not_after=read.instant("not_after"),
        nonce=read.octets("nonce", 16),
    )


def possession_document(possession: Possession) -> dict[str, Plain]:
    """Return the JSON document that `parse_possession` reads back."""
    return {
        "v": VERSION,
        "challenge": possession.challenge.hex(),
        "host": possession.host.hex(),
        "app": canonical(possession.app),
        "capability": possession.capability.hex(),
        "request": possession.request.hex(),
        "binding": possession.binding.hex(),
    }


def parse_possession(document: Plain) -> Possession:
    """Return the proof of possession that a JSON document holds.

    Raises:
        InvalidGrantError: a field is unknown, missing or of another type.
    """
    read = Fields(document, place="possession", required=_POSSESSION, error=InvalidGrantError)
    read.exactly("v", VERSION)
    return Possession(
        challenge=read.octets("challenge", 32),
        host=read.octets("host", 32),
        app=AppId(read.id("app", Kind.APP)),
        capability=read.octets("capability", 32),
        request=read.octets("request", 32),
        binding=read.octets("binding", 32),
    )


def order_document(order: Order) -> dict[str, Plain]:
    """Return the JSON document that `parse_order` reads back."""
    return {
        "v": VERSION,
        "grant": canonical(order.grant),
        "source": canonical(order.source),
        "epoch": order.epoch,
        "at": rfc3339(order.at),
    }


def parse_order(document: Plain) -> Order:
    """Return the order that a JSON document holds.

    Raises:
        InvalidGrantError: a field is unknown, missing or of another type.
    """
    read = Fields(document, place="order", required=_ORDER, error=InvalidGrantError)
    read.exactly("v", VERSION)
    return Order(
        grant=GrantId(read.id("grant", Kind.GRANT)),
        source=SourceId(read.id("source", Kind.SOURCE)),
        epoch=read.integer("epoch", 1, MAX_INTEGER),
        at=read.instant("at"),
    )


def ack_document(ack: Ack) -> dict[str, Plain]:
    """Return the JSON document that `parse_ack` reads back; without a last run it is empty."""
    return {
        "v": VERSION,
        "grant": canonical(ack.grant),
        "source": canonical(ack.source),
        "epoch": ack.epoch,
        "killed": ack.killed,
        "last_run": "" if ack.last_run is None else rfc3339(ack.last_run),
        "at": rfc3339(ack.at),
    }


def parse_ack(document: Plain) -> Ack:
    """Return the ack that a JSON document holds.

    Raises:
        InvalidGrantError: a field is unknown, missing or of another type.
    """
    read = Fields(document, place="ack", required=_ACK, error=InvalidGrantError)
    read.exactly("v", VERSION)
    return Ack(
        grant=GrantId(read.id("grant", Kind.GRANT)),
        source=SourceId(read.id("source", Kind.SOURCE)),
        epoch=read.integer("epoch", 1, MAX_INTEGER),
        killed=read.integer("killed", 0, MAX_INTEGER),
        last_run=read.instant("last_run") if read.line("last_run", 24) else None,
        at=read.instant("at"),
    )

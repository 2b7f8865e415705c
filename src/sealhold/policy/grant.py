"""A grant: the owner's yes as a value and as the JSON document that the vault signs.

- Media type `application/vnd.sealhold.grant+json`. This module knows the kind `component`: one
  task, one parameter, one selection, for one app, under one purpose.
- In force from `not_before` until just before `not_after`. A grant without fields gives nothing.
- No field is optional but `parent`; the filter of all rows is the word `all`, never an empty text.

Source: docs/spec/07-grants.md section 4.
"""

from dataclasses import dataclass
from enum import StrEnum
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
    TaskDigest,
    canonical,
)
from sealhold.model.quantities import Instant, MicroBits, rfc3339
from sealhold.model.shown import Mode
from sealhold.policy import dpv
from sealhold.policy.documents import MAX_INTEGER, Fields
from sealhold.policy.filter_tokens import MAX_TEXT

MEDIA_TYPE: Final = "application/vnd.sealhold.grant+json"
VERSION: Final = 1
MAX_FIELDS: Final = 256
MAX_RULES: Final = 16
MAX_COARSEN: Final = 2**31 - 1

_REQUIRED: Final = frozenset(
    {"v", "id", "kind", "issuer", "audience", "app", "purpose", "collection", "fields", "filter"}
    | {"precision", "task", "param", "selection", "mode", "budget", "coarsen", "not_before"}
    | {"not_after", "epoch", "nonce"}
)
_OPTIONAL: Final = frozenset({"parent"})


class GrantKind(StrEnum):
    """What a grant lets its holder do."""

    COMPONENT = "component"  # run one task on one collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the owner allowed one app."""

    id: GrantId
    kind: GrantKind
    issuer: bytes  # SHA-256 of the vault's grant key
    audience: bytes  # SHA-256 of the app's key; only who holds that key may present the grant
    app: AppId
    purpose: Purpose
    collection: Collection
    fields: frozenset[FieldName]
    filter: str  # row filter; `all` for every row
    precision: tuple[str, ...]  # rules, applied in this order
    task: TaskDigest
    param: str
    selection: str
    mode: Mode
    budget: MicroBits
    coarsen: int
    not_before: Instant
    not_after: Instant
    epoch: int  # raised by a revocation, which ends every grant of a lower one
    nonce: bytes  # 16 bytes: two grants of equal content are two
    parent: GrantId | None = None

    def covers(self, now: Instant) -> bool:
        """Return whether `now` lies in the half-open interval of this grant."""
        return self.not_before <= now < self.not_after


def to_document(grant: Grant) -> dict[str, Plain]:
    """Return the JSON document that `parse_grant` reads back as `grant`."""
    document: dict[str, Plain] = {
        "v": VERSION,
        "id": canonical(grant.id),
        "kind": grant.kind.value,
        "issuer": grant.issuer.hex(),
        "audience": grant.audience.hex(),
        "app": canonical(grant.app),
        "purpose": grant.purpose,
        "collection": grant.collection,
        "fields": sorted(grant.fields),
        "filter": grant.filter,
        "precision": list(grant.precision),
        "task": grant.task.hex(),
        "param": grant.param,
        "selection": grant.selection,
        "mode": grant.mode.value,
        "budget": int(grant.budget),
        "coarsen": grant.coarsen,
        "not_before": rfc3339(grant.not_before),
        "not_after": rfc3339(grant.not_after),
        "epoch": grant.epoch,
        "nonce": grant.nonce.hex(),
    }
    if grant.parent is not None:
        document["parent"] = canonical(grant.parent)
    return document


def parse_grant(document: Plain) -> Grant:
    """Return the grant that a JSON document holds.

    Raises:
        InvalidGrantError: a field is unknown, missing, of another type or beyond its limit.
        UnknownPurposeError: the purpose is not in the vocabulary.
    """
    read = Fields(
        document, place="grant", required=_REQUIRED, optional=_OPTIONAL, error=InvalidGrantError
    )
    read.exactly("v", VERSION)
    names = read.items("fields", MAX_FIELDS, FieldName)
    if list(names) != sorted(set(names)):
        raise read.fault("fields", "is not sorted, or holds a field twice")
    not_before, not_after = read.instant("not_before"), read.instant("not_after")
    if not_after < not_before:
        raise read.fault("not_after", "lies before `not_before`")
    return Grant(
        id=GrantId(read.id("id", Kind.GRANT)),
        kind=read.choice("kind", GrantKind),
        issuer=read.octets("issuer", 32),
        audience=read.octets("audience", 32),
        app=AppId(read.id("app", Kind.APP)),
        purpose=dpv.require(read.line("purpose", 64)),
        collection=Collection(read.name("collection")),
        fields=frozenset(names),
        filter=read.line("filter", MAX_TEXT),
        precision=read.items("precision", MAX_RULES, str),
        task=TaskDigest(read.octets("task", 32)),
        param=read.name("param"),
        selection=read.name("selection"),
        mode=read.choice("mode", Mode),
        budget=MicroBits(read.integer("budget", 0, MAX_INTEGER)),
        coarsen=read.integer("coarsen", 1, MAX_COARSEN),
        not_before=not_before,
        not_after=not_after,
        epoch=read.integer("epoch", 0, MAX_INTEGER),
        nonce=read.octets("nonce", 16),
        parent=GrantId(read.id("parent", Kind.GRANT)) if read.has("parent") else None,
    )

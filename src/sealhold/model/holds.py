"""Holds: duties to keep what an erasure would take, and what is shown of them.

Source: docs/spec/32-holds.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sealhold.model.ids import AppId, Collection, FieldName, Id16, ReceiptId, RecordId, SubjectId
from sealhold.model.people import Value
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWish:
    """What a controller declares: texts as they came."""

    app: str
    subject: str  # empty: all people of the app
    collections: tuple[str, ...]
    records: tuple[str, ...]  # `collection/id`, of the one person
    fields: tuple[str, ...]
    ground: str  # a DPV term, or its end: `LegalClaims`
    law: str  # which law, contract or proceedings
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecord:
    """A record that a hold names."""

    collection: Collection
    record: RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """A hold as it stands."""

    id: Id16
    app: AppId
    subject: SubjectId | None  # none: all people of the app
    collections: tuple[Collection, ...]
    records: tuple[HeldRecord, ...]
    fields: tuple[FieldName, ...]
    ground: str  # a DPV term
    letter: str  # which of Article 17(3): `a` to `e`
    purpose: str  # the one that what is held is read for, with what lies within it
    law: str
    made_at: Instant
    until: Instant
    is_ending: bool  # lifted or over: its keys go
    kept: int  # of how many erased people something is held


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingView:
    """What is held of one person who was erased, under one hold; nothing of it is open."""

    id: Id16
    hold: Id16
    app: AppId
    receipt: ReceiptId | None  # of the erasure; none while that is being ended
    kept_at: Instant
    until: Instant
    items: Mapping[str, int]  # how many, by table, those of collections by `table/collection`
    lost: int  # how many did not open when they were to be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldShown:
    """A hold, and what is held under it."""

    hold: HoldView
    keepings: tuple[KeepingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlan:
    """What a hold would cover today; nothing was changed."""

    hold: HoldView
    people: int  # who are here now
    items: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldProfile:
    """Held fields of a profile, open."""

    id: Id16
    fields: Mapping[FieldName, Value]

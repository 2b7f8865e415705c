"""What the owner's own index knows of an object, for a preview alone: it decides nothing.

- Whoever asks from outside hears nothing of it; it is not in the copy that travels.

Source: docs/spec/49-sharing.md section 8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sealhold.model.ids import Collection, ContactId, FieldName, Id16
from sealhold.model.quantities import Instant
from sealhold.model.records import Column
from sealhold.policy.sharefacts import HeldShare, Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An object, and what is known of it."""

    thing: Thing
    type: str  # `photo`, `note`
    people: frozenset[str] = frozenset()  # who is in it, by the names that the index has
    places: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()  # categories: `health`
    hidden: frozenset[str] = frozenset()  # `metadata`, `tracked changes`, `deleted text`
    is_private: bool = False  # its owner tagged it so
    is_weak: bool = False  # a rule meets it by one weak signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else there is, when a share is looked at."""

    now: Instant
    owner: ContactId
    described: Mapping[Id16, Described]
    held: tuple[HeldShare, ...] = ()  # all other shares that are in force
    known: Mapping[str, ContactId] = field(default_factory=dict)  # names of people who are contacts
    columns: Mapping[Collection, Sequence[Column]] = field(default_factory=dict)
    places: Mapping[Collection, tuple[FieldName, FieldName]] = field(default_factory=dict)
    home_and_work: tuple[tuple[float, float], ...] = ()  # degrees: latitude, longitude
    given: Mapping[ContactId, tuple[int, ...]] = field(default_factory=dict)  # sizes of old shares

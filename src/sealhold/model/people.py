"""What an app keeps of its people: the rules of each field, and what is shown of a person.

- A person is a random id under one app. The same human under two apps is two ids, and nothing that
  is kept joins them.

Source: docs/spec/24-people.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sealhold.model.ids import AppId, FieldName, Purpose, ReceiptId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.model.staying import StayView

Value = str | int | bool  # what one field can hold


class Lookup(StrEnum):
    """How people can be found by a field: not at all, or by a value of this form."""

    NONE = "none"
    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"


class Mask(StrEnum):
    """What leaves of a field's value where its whole is not needed."""

    NONE = "none"  # all of it
    HIDDEN = "hidden"  # nothing
    TAIL = "tail"  # the last four characters
    INITIAL = "initial"  # the first character
    DOMAIN = "domain"  # of an address, what is behind the last `@`
    YEAR = "year"  # of a date


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What the owner laid down for one field of an app's profiles."""

    category: str  # which kind of personal data: a DPV-PD term such as `EmailAddress`
    sensitive: bool
    retention_days: int  # kept for so long after it was written; 0: until it is taken out
    purposes: frozenset[Purpose]  # what for: these, and what lies within them
    lookup: Lookup = Lookup.NONE
    mask: Mask = Mask.NONE
    whole_for: frozenset[Purpose] = frozenset()  # with a mask: who gets all of it nevertheless


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaView:
    """What an app may keep of its people; version 0 while nothing was laid down."""

    app: AppId
    version: int
    fields: Mapping[FieldName, FieldRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A person, without anything about them."""

    subject: SubjectId
    made_at: Instant
    version: int  # of the profile: 0 while nothing was written, +1 with each change


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """The fields of a profile that were asked for and are there."""

    version: int
    fields: Mapping[FieldName, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedView:
    """What an erasure took, said the same each time it is asked for."""

    receipt: ReceiptId
    at: Instant
    stage: int  # 1: keys and rows are gone; 2: and older copies of the keys open nothing
    closes_at: Instant  # by when it comes to that
    rows: Mapping[str, int]  # how many went, by table
    paper: str  # the signed receipt: a file that `sealhold verify` reads
    stays: tuple[StayView, ...] = ()  # what is held under duties to keep


Rules = Mapping[FieldName, FieldRule]

"""What a person sees of what is kept about them, on their own page.

Source: docs/spec/30-access.md section 6.
"""

from dataclasses import dataclass

from sealhold.model.ids import Collection, FieldName, SubjectId
from sealhold.model.people import Value
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptField:
    """One field of a profile, with what it is kept for."""

    name: FieldName
    value: Value
    category: str
    sensitive: bool
    purposes: tuple[str, ...]  # in words, each read after "to"
    kept_days: int  # after it was written; 0: until it is taken out


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecords:
    """How many records of a collection are kept of a person."""

    collection: Collection
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MineView:
    """All that is kept in a person's profile, who keeps it, and how the person came here."""

    subject: SubjectId
    app_name: str
    made_at: Instant
    fields: tuple[KeptField, ...]
    records: tuple[KeptRecords, ...]
    are_more: bool  # records than were counted, in the last of the collections or behind it
    may_choose: bool  # not while they came by a link and have a passkey

"""The form in which rules for an app are written, in a file and in the body of a request.

Source: docs/spec/24-people.md section 3; docs/spec/25-records-of-people.md section 4.
"""

import msgspec

from sealhold.model.ids import FieldName, Purpose
from sealhold.model.people import FieldRule, Lookup, Mask, Rules
from sealhold.model.personrecords import CollectionRule, FieldKind, FieldType


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for one field of an app's profiles."""

    category: str
    purposes: list[str]
    sensitive: bool = False
    retention_days: int = 0
    lookup: Lookup = Lookup.NONE
    mask: Mask = Mask.NONE
    whole_for: list[str] = []

    def rule(self) -> FieldRule:
        """Return it as the vault takes it."""
        return FieldRule(
            category=self.category,
            sensitive=self.sensitive,
            retention_days=self.retention_days,
            purposes=frozenset(map(Purpose, self.purposes)),
            lookup=self.lookup,
            mask=self.mask,
            whole_for=frozenset(map(Purpose, self.whole_for)),
        )


class NewType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a collection asks of one member of its records."""

    kind: FieldKind
    required: bool = False

    def type(self) -> FieldType:
        """Return it as the vault takes it."""
        return FieldType(kind=self.kind, required=self.required)


class SchemaForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All fields of an app's profiles, as a file has them; who and which version is passed over."""

    fields: dict[str, NewRule]
    app: str = ""
    version: int = 0

    def rules(self) -> Rules:
        """Return them as the vault takes them."""
        return {FieldName(name): each.rule() for name, each in self.fields.items()}


class CollectionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for one collection of an app, as a file has it."""

    category: str
    purposes: list[str]
    sensitive: bool = False
    retention_days: int = 0
    versions: int = 10
    fields: dict[str, NewType] = {}

    def rule(self) -> CollectionRule:
        """Return it as the vault takes it."""
        return CollectionRule(
            category=self.category,
            sensitive=self.sensitive,
            retention_days=self.retention_days,
            purposes=frozenset(map(Purpose, self.purposes)),
            versions=self.versions,
            fields={FieldName(name): each.type() for name, each in self.fields.items()},
        )

"""The people of the sample vault's apps: nobody, so each door is shut."""

from collections.abc import Mapping

from sealhold.model.errors import DeniedError
from sealhold.model.ids import AppId, FieldName, Id16, Purpose, SubjectId
from sealhold.model.people import (
    ErasedView,
    FieldRule,
    Lookup,
    PersonView,
    ProfileView,
    Rules,
    SchemaView,
    Value,
)
from sealhold.model.repeats import Claim
from sealhold.model.underway import Underway

APP = AppId(Id16(b"a sample app    "))
RULES = {
    FieldName("mail"): FieldRule(
        category="EmailAddress",
        sensitive=False,
        retention_days=0,
        purposes=frozenset({Purpose("ServiceProvision")}),
        lookup=Lookup.EMAIL,
    )
}


class SamplePeople:
    """What an app may keep, and a no to all that it asks for."""

    def schema(self, app_text: str) -> SchemaView:
        assert app_text
        return SchemaView(app=APP, version=1, fields=RULES)

    def lay_down(self, app_text: str, rules: Rules, passphrase: str) -> SchemaView:
        raise DeniedError(f"{app_text} {len(rules)} {len(passphrase)}")

    def make(self, token: str, claim: Claim | None = None) -> PersonView:
        raise DeniedError(f"{token} {claim is None}")

    def show(self, token: str, id_text: str) -> PersonView:
        raise DeniedError(token + id_text)

    def begin_get(
        self, token: str, id_text: str, purpose: str, fields: frozenset[FieldName] | None
    ) -> Underway[ProfileView]:
        raise DeniedError(f"{token} {id_text} {purpose} {fields}")

    def put(
        self, token: str, id_text: str, purpose: str, values: Mapping[FieldName, Value],
        version: int,
    ) -> ProfileView:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {purpose} {len(values)} {version}")

    def patch(
        self, token: str, id_text: str, purpose: str,
        changes: Mapping[FieldName, Value | None], version: int,
    ) -> ProfileView:  # fmt: skip
        raise DeniedError(f"{token} {id_text} {purpose} {len(changes)} {version}")

    def clear(self, token: str, id_text: str, purpose: str, version: int) -> ProfileView:
        raise DeniedError(f"{token} {id_text} {purpose} {version}")

    def find(
        self, token: str, purpose: str, field: FieldName, value: Value
    ) -> tuple[SubjectId, ...]:
        raise DeniedError(f"{token} {purpose} {field} {value}")

    def erase(self, token: str, id_text: str) -> ErasedView:
        raise DeniedError(token + id_text)

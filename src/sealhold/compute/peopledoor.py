"""The door for apps that keep people: a token, an id, and what `vault/people.py` gives or refuses.

- A token is looked at first, at each call. Ids are whole; what is none is told before anything is
  looked up.
- The owner's side, the schema, takes the passphrase: it says what strangers may keep.

Source: docs/spec/24-people.md.
"""

from collections.abc import Callable, Mapping

from sealhold.model.errors import InvalidIdError, WrongPassphraseError
from sealhold.model.ids import ID_BYTES, AppId, FieldName, Id16, Kind, SubjectId, parse_id
from sealhold.model.people import (
    ErasedView,
    PersonView,
    ProfileView,
    Rules,
    SchemaView,
    Value,
)
from sealhold.model.repeats import Claim
from sealhold.model.underway import Underway
from sealhold.vault.people import Changes
from sealhold.vault.people import People as PeopleRows
from sealhold.vault.registry import Registry
from sealhold.vault.schemarows import Schema
from sealhold.vault.schemas import Schemas


class People:
    """What the holder of an app's token may do with its people, and the owner with its schema."""

    def __init__(
        self,
        people: PeopleRows,
        registry: Registry,
        schemas: Schemas,
        verify: Callable[[str], bool],
    ) -> None:
        self._people = people
        self._registry = registry
        self._schemas = schemas
        self._verify = verify

    def schema(self, app_text: str) -> SchemaView:
        """Return what an app may keep; no field while nothing was laid down.

        Raises:
            NotFoundError: no app of that id or name.
        """
        app = self._registry.find(app_text)
        return _shown(app.id, self._schemas.get(app.id))

    def lay_down(self, app_text: str, rules: Rules, passphrase: str) -> SchemaView:
        """Lay down what an app may keep.

        Raises:
            NotFoundError: no app of that id or name.
            WrongPassphraseError: the owner is not proven.
            InvalidError: a rule breaks the format, or takes away what is kept already.
        """
        app = self._registry.find(app_text)
        if not self._verify(passphrase):
            raise WrongPassphraseError
        return _shown(app.id, self._schemas.lay_down(app, rules))

    def make(self, token: str, claim: Claim | None = None) -> PersonView:
        """Make a person of the app that holds `token`.

        Raises:
            DeniedError: no token of an active app, or it may keep nobody.
        """
        return self._people.make(self._app(token), claim.also if claim else None)

    def show(self, token: str, id_text: str) -> PersonView:
        """Return a person, without anything about them.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        return self._people.show(self._app(token), _whole(id_text))

    def begin_get(
        self, token: str, id_text: str, purpose: str, fields: frozenset[FieldName] | None
    ) -> Underway[ProfileView]:
        """Return fields of a profile; without `fields` all that `purpose` covers.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        return self._people.begin_get(self._app(token), _whole(id_text), purpose, fields)

    def put(
        self,
        token: str,
        id_text: str,
        purpose: str,
        values: Mapping[FieldName, Value],
        version: int,
    ) -> ProfileView:
        """Make `values` the whole profile, if it stands at `version`.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the profile is at another version.
            InvalidError: a value or the id has another form.
        """
        return self._people.put(self._app(token), _whole(id_text), purpose, values, version)

    def patch(
        self, token: str, id_text: str, purpose: str, changes: Changes, version: int
    ) -> ProfileView:
        """Write some fields, and take out those that are None.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the profile is at another version.
            InvalidError: a value or the id has another form.
        """
        return self._people.patch(self._app(token), _whole(id_text), purpose, changes, version)

    def clear(self, token: str, id_text: str, purpose: str, version: int) -> ProfileView:
        """Take every field out of a profile.

        Raises:
            DeniedError: whatever the reason.
            StaleError: the profile is at another version.
            InvalidIdError: `id_text` is no whole id.
        """
        return self._people.clear(self._app(token), _whole(id_text), purpose, version)

    def find(
        self, token: str, purpose: str, field: FieldName, value: Value
    ) -> tuple[SubjectId, ...]:
        """Return the app's people whose `field` has this value.

        Raises:
            DeniedError: whatever the reason.
            InvalidError: the value has not the form of the field.
        """
        return self._people.find(self._app(token), purpose, field, value)

    def erase(self, token: str, id_text: str) -> ErasedView:
        """Erase a person; asked again, return the same receipt.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `id_text` is no whole id.
        """
        return self._people.erase(self._app(token), _whole(id_text))

    def _app(self, token: str) -> AppId:
        return self._registry.holder(token).id


def _whole(text: str) -> SubjectId:
    found = parse_id(Kind.SUBJECT, text)
    if len(found) != ID_BYTES:
        raise InvalidIdError("whole subject", text)
    return SubjectId(Id16(found))


def _shown(app: AppId, schema: Schema | None) -> SchemaView:
    if schema is None:
        return SchemaView(app=app, version=0, fields={})
    return SchemaView(app=app, version=schema.version, fields=schema.rules)

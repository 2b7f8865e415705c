"""What a face may ask of the vault about the people of apps: a part of the contract in `seam.py`.

Source: docs/spec/24-people.md section 8.
"""

from collections.abc import Mapping
from typing import Protocol

from sealhold.model.ids import FieldName, SubjectId
from sealhold.model.people import ErasedView, PersonView, ProfileView, Rules, SchemaView, Value
from sealhold.model.repeats import Claim
from sealhold.model.underway import Underway


class People(Protocol):
    """What apps keep of their people. Whoever holds a token learns an answer or `DeniedError`.

    An id that is no whole one, a value of another form and a stale version are explained.
    """

    def schema(self, app_text: str) -> SchemaView:
        """Return what an app may keep; no field while nothing was laid down."""
        ...

    def lay_down(self, app_text: str, rules: Rules, passphrase: str) -> SchemaView:
        """Lay down what an app may keep.

        Raises:
            InvalidError: a rule breaks the format, or takes away what is kept already.
            WrongPassphraseError: the owner is not proven.
        """
        ...

    def make(self, token: str, claim: Claim | None = None) -> PersonView:
        """Make a person under a random id."""
        ...

    def show(self, token: str, id_text: str) -> PersonView:
        """Return a person, without anything about them."""
        ...

    def begin_get(
        self, token: str, id_text: str, purpose: str, fields: frozenset[FieldName] | None
    ) -> Underway[ProfileView]:
        """Return fields of a profile; without `fields` all that `purpose` covers."""
        ...

    def put(
        self,
        token: str,
        id_text: str,
        purpose: str,
        values: Mapping[FieldName, Value],
        version: int,
    ) -> ProfileView:
        """Make `values` the whole profile.

        Raises:
            StaleError: it is not at `version`.
        """
        ...

    def patch(
        self,
        token: str,
        id_text: str,
        purpose: str,
        changes: Mapping[FieldName, Value | None],
        version: int,
    ) -> ProfileView:
        """Write some fields, and take out those that are None.

        Raises:
            StaleError: the profile is not at `version`.
        """
        ...

    def clear(self, token: str, id_text: str, purpose: str, version: int) -> ProfileView:
        """Take every field out of a profile.

        Raises:
            StaleError: it is not at `version`.
        """
        ...

    def find(
        self, token: str, purpose: str, field: FieldName, value: Value
    ) -> tuple[SubjectId, ...]:
        """Return the app's people whose `field` has this value."""
        ...

    def erase(self, token: str, id_text: str) -> ErasedView:
        """Erase a person; asked again, return the same receipt."""
        ...

"""The rows of the schemas of apps, and a schema as it stands.

Source: docs/spec/24-people.md section 3.
"""

from dataclasses import dataclass

from sealhold.model.ids import AppId
from sealhold.model.people import Rules
from sealhold.stores.spec import ColumnKind, Guard, Op, TableSpec

SCHEMAS = TableSpec(
    name="profileschema",
    columns={"app": ColumnKind.ID16, "ver": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("app",),
    indexes={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The rules of one app's profiles."""

    app: AppId
    version: int
    rules: Rules
    v: int

    @property
    def guard(self) -> Op:
        """What fails a commit if the schema is another by then."""
        return Guard(SCHEMAS.name, (self.app,), self.v)

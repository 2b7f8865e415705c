"""The rows of logins: which account of which provider enters as whom.

- What an account is called lies sealed; the row tells a role, and an officer's id and token.
- All of them decide.

Source: docs/spec/30-access.md section 9.
"""

from collections.abc import Iterator

from sealhold.model.ids import Id16
from sealhold.stores.spec import ColumnKind, Delete, Op, TableSpec
from sealhold.vault.core import Core

LOGINS = TableSpec(
    name="login",
    columns={
        "id": ColumnKind.ID16,
        "role": ColumnKind.CODE,
        "officer": ColumnKind.ID16,  # zeros: the owner
        "token": ColumnKind.ID16,  # of an officer, from the newest sign-in; zeros: none yet
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
TABLES = (LOGINS,)
NONE = Id16(bytes(16))  # stands where there is no officer, or no token


def logins_of(core: Core, officer: Id16) -> Iterator[Op]:
    """Yield the operations that take out the logins of an officer."""
    for found in core.deciding.all(LOGINS.name):
        if found.row[2] == officer:
            yield Delete(LOGINS.name, (found.row[0],), found.v)


def no_logins(core: Core) -> Iterator[Op]:
    """Yield the operations that take out all logins."""
    for found in core.deciding.all(LOGINS.name):
        yield Delete(LOGINS.name, (found.row[0],), found.v)

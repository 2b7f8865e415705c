"""The rows of tokens of people and officers, and what is known of whoever holds one.

- Of a token the rows keep id, holder and end, never its signature: nobody mints from a stolen
  table. An app's tokens lie in the registry's table.

Source: docs/spec/30-access.md section 1.
"""

from dataclasses import dataclass

import msgspec

from sealhold.audit.event import Actor
from sealhold.crypto.token import Token
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.principals import PrincipalKind, Way
from sealhold.stores.spec import ColumnKind, Delete, Op, TableSpec
from sealhold.vault.caveats import USES, counts_of
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.passkeyrows import PASSKEYS

PERSON_TOKENS = TableSpec(
    name="persontoken",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "subject": ColumnKind.ID16,
        "way": ColumnKind.CODE,
        "until": ColumnKind.I64,
    },
    key=("id",),
    indexes={"subject": ("subject", "id")},
)
OFFICERS = TableSpec(
    name="officer",
    columns={"id": ColumnKind.ID16, "until": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
OFFICER_TOKENS = TableSpec(
    name="officertoken",
    columns={"id": ColumnKind.ID16, "officer": ColumnKind.ID16, "until": ColumnKind.I64},
    key=("id",),
    indexes={},
)
TABLES = (PERSON_TOKENS, OFFICERS, OFFICER_TOKENS, USES, PASSKEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonToken:
    """What a person's token stands for, at this moment."""

    app: AppId
    subject: SubjectId
    token_id: Id16
    way: Way
    may_choose: bool  # not by a link once they have a passkey: their app could use that itself
    guards: tuple[Op, ...]  # fail a commit if token, app or person is another by then


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, with which token."""

    kind: PrincipalKind
    app: AppId | None  # None for an officer
    token: Token


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts on one person: the app that keeps their data, or they themselves."""

    app: AppId
    subject: SubjectId
    actor: Actor
    way: str = ""  # how a person came by their token; empty for an app
    may_choose: bool = False  # whether what this person says about their data counts
    guards: tuple[Op, ...]


def tokens_of(core: Core, subject: SubjectId) -> tuple[Op, ...]:
    """Return the operations that take out every token of a person, and what was counted of it."""
    ids = [found.row[0] for found in rows_of(core.store, PERSON_TOKENS, "subject", subject)]
    ends = [Delete(PERSON_TOKENS.name, (each,)) for each in ids]
    counts = (op for each in ids for op in counts_of(core, each))
    return (*ends, *counts)

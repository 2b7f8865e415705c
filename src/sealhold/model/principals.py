"""Who calls from outside: an app, one of its people, or an officer of the vault.

Source: docs/spec/30-access.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant


class PrincipalKind(StrEnum):
    """Which kind of caller a token stands for."""

    APP = "app"
    PERSON = "person"
    OFFICER = "officer"


class Way(StrEnum):
    """How a person came by their token."""

    LINK = "link"  # their app handed it over
    PASSKEY = "passkey"  # they showed a passkey of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token, said once."""

    id: Id16
    token: str
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerView:
    """An officer: somebody who answers for data protection here."""

    id: Id16
    name: str
    made_at: Instant
    until: Instant  # their token ends then

"""Who calls from outside: an app, its people, an officer, a program; and by which token for what.

Source: docs/spec/30-access.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant

LOOKUPS_A_DAY = 10_000  # of one app; a sign-in makes one


class PrincipalKind(StrEnum):
    """Which kind of caller a token stands for."""

    APP = "app"
    PERSON = "person"
    OFFICER = "officer"
    MONITOR = "monitor"
    PUSHER = "pusher"


class Way(StrEnum):
    """How a person came by their token."""

    DOOR = "door"  # a link that was not opened yet: good for that, and once
    LINK = "link"  # their app handed it over
    PASSKEY = "passkey"  # they showed a passkey of their own
    PROVIDER = "provider"  # they signed in through the provider that their app named


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """What came beside a token, for which call: whether it proves a client is looked at later."""

    method: str
    target: str  # the address as it was sent, with its query
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a token is shown for: what its caveats are held against. Empty: nothing was said."""

    purpose: str = ""
    processing: str = ""  # the one that the address names
    subject: str = ""  # the person that the address names
    scope: str = ""  # the part of the API, and `read` or `write`: `profile:read`
    proving: Proving | None = None  # of the key of whoever calls


class Presented(str):
    """A token as it was shown for one use. A plain text is shown for nothing: no caveat holds."""

    __slots__ = ("asked",)

    asked: Asked

    def __new__(cls, token: str, asked: Asked) -> Self:
        """Return `token` with what it is shown for."""
        made = super().__new__(cls, token)
        made.asked = asked
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialView:
    """One of the tokens with which an app comes; without what would let anybody use it."""

    id: Id16
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token, said once."""

    id: Id16
    token: str
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyView:
    """A passkey, for the person whose it is."""

    slot: int
    name: str
    added_at: Instant
    used_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerView:
    """An officer: somebody who answers for data protection here."""

    id: Id16
    name: str
    made_at: Instant
    until: Instant  # their token ends then


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls a route: as what, and by which token, which is looked at anew."""

    role: str  # `owner`, `app`, `person` or `officer`
    token: str

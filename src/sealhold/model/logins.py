"""Sign-ins through OpenID providers: which providers there are, and who may enter as whom.

Source: docs/spec/30-access.md section 9.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from sealhold.model.ids import Id16
from sealhold.model.principals import NewToken
from sealhold.model.quantities import Instant


class LoginRole(StrEnum):
    """As whom somebody enters."""

    OWNER = "owner"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID provider that the owner set up, and what it knows this vault as."""

    name: str  # the owner's word for it: in addresses and on the sign-in page
    issuer: str  # its address, byte for byte as it signs it
    client: str
    secret: str = field(default="", repr=False)  # of the client; empty for a public one
    is_near: bool = False  # in the owner's own network, whose addresses are not public


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a provider is spoken to, over HTTPS."""

    host: str
    port: int
    path: str  # with its query
    is_near: bool  # may be an address that is not public


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginView:
    """Who may enter, as whom."""

    provider: str
    issuer: str
    client: str
    sub: str  # what the provider calls this account, and no other one ever
    role: LoginRole
    officer: Id16 | None
    added_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in that began: where the browser goes, and what shows later that it is the same."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """What a browser brings back from a provider."""

    provider: str
    state: str
    code: str = field(repr=False)
    issuer: str  # as the answer names it (RFC 9207); empty if it does not
    error: str
    browser: str = field(repr=False)  # what it was given when the sign-in began


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Whoever signed in: the owner, or an officer with a token that is said once."""

    role: LoginRole
    token: NewToken | None = None

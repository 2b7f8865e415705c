"""Sign-ins through OpenID providers: which providers there are, and who may enter as whom.

Source: docs/spec/30-access.md sections 9 and 10.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from sealhold.model.ids import Id16
from sealhold.model.principals import NewToken
from sealhold.model.quantities import Instant

ISSUER = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?")
VISIBLE = re.compile(r"[!-~]{1,500}")
MAX_SUB = 255  # characters, OpenID Connect Core section 2


def is_account(sub: str) -> bool:
    """Return whether a provider may call an account so."""
    return 0 < len(sub) <= MAX_SUB and sub.isascii() and sub.isprintable()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerWish:
    """The provider by which an app wants its people to sign in."""

    issuer: str  # its address, byte for byte as it signs it
    client: str  # what it knows this vault as
    secret: str = field(default="", repr=False)  # of the client; empty for a public one
    makes_people: bool = False  # whether an account that nobody named becomes a person


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerView:
    """The provider by which the people of an app sign in; its secret is said to nobody."""

    app: Id16
    issuer: str
    client_id: str
    has_secret: bool
    makes_people: bool
    set_at: Instant
    way_in: str  # the page, on this site, at which they begin
    comes_back: str  # the page to which the provider sends them


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLoginView:
    """That a person signs in through the provider of their app."""

    subject: Id16
    added_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """What the page says at which people begin to sign in."""

    app_name: str
    host: str

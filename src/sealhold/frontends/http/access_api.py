"""Who may call: tokens that an app hands its people, and the officers of the vault.

Source: docs/spec/30-access.md section 3.
"""

from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.model.ids import Id16
from sealhold.model.principals import CredentialView, NewToken, OfficerView
from sealhold.model.quantities import Instant


class NewOfficer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who becomes an officer, and the owner's proof."""

    name: str
    passphrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerToken:
    """An officer and their token, said once."""

    officer: Id16
    token: str
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Officers:
    """Everybody who answers for data protection here."""

    officers: tuple[OfficerView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """How many tokens ended."""

    tokens: int


class WantedCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The owner's proof, and the SHA-256 of the one client's key that may use the token."""

    passphrase: str
    client: str = ""  # 64 hex digits; empty: whoever holds it


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """One more token of an app, said once."""

    credential: Id16
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The tokens of an app, without what would let anybody use them."""

    credentials: tuple[CredentialView, ...]


def credentials(call: Call) -> Reply:
    """List the credentials of an app."""
    found = call.vault.callers.credentials(call.names["id"])
    return Reply(value=Credentials(credentials=found))


def add_credential(call: Call) -> Reply:
    """Make one more credential of an app."""
    body, callers = read(call, WantedCredential), call.vault.callers
    credential, token = callers.add_credential(call.names["id"], body.passphrase, body.client)
    return Reply(value=NewCredential(credential=credential, token=token), status=201)


def end_credential(call: Call) -> Reply:
    """End a credential of an app."""
    app, credential = call.names["id"], call.names["credential"]
    return Reply(value=call.vault.callers.end_credential(app, credential))


def add_officer(call: Call) -> Reply:
    """Make somebody an officer."""
    body = read(call, NewOfficer)
    officer, made = call.vault.callers.add_officer(body.name, body.passphrase)
    told = OfficerToken(officer=officer.id, token=made.token, until=made.until)
    return Reply(value=told, status=201)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The address, on this site, at which a person opens their own page once."""

    path: str
    until: Instant


def link(call: Call) -> Reply:
    """Make a link to a person's own page."""
    made = call.vault.callers.link(call.token, call.names["id"])
    return Reply(value=Link(path=f"/me/enter?link={made.token}", until=made.until), status=201)


def revoke_tokens(call: Call) -> Reply:
    """End the tokens of a person."""
    ended = call.vault.callers.revoke_person_tokens(call.token, call.names["id"])
    return Reply(value=Revoked(tokens=ended))


ROUTES = (
    ApiRoute(
        method="GET", path="/v1/apps/{id}/credentials", role=Role.OWNER,
        about="The credentials of an app", run=credentials, answer=Credentials,
    ),
    ApiRoute(
        method="POST", path="/v1/apps/{id}/credentials", role=Role.OWNER,
        about="One more token of an app, said once", run=add_credential,
        body=WantedCredential,
        answer=NewCredential, status=201,
    ),
    ApiRoute(
        method="DELETE", path="/v1/apps/{id}/credentials/{credential}", role=Role.OWNER,
        about="End a credential of an app; it binds the next call", run=end_credential,
        answer=CredentialView,
    ),
    ApiRoute(
        method="POST", path="/v1/subjects/{id}/tokens", role=Role.APP,
        about="A token for a person, to hand over to them; it ends in a day",
        run=lambda c: Reply(
            value=c.vault.callers.person_token(c.token, c.names["id"]), status=201
        ),
        answer=NewToken, status=201,
    ),
    ApiRoute(
        method="DELETE", path="/v1/subjects/{id}/tokens", role=Role.APP, also=(Role.PERSON,),
        about="End all tokens of a person", run=revoke_tokens, answer=Revoked,
    ),
    ApiRoute(
        method="POST", path="/v1/subjects/{id}/links", role=Role.APP,
        about="A link to a person's own page, good once and for 15 minutes", run=link,
        answer=Link, status=201,
    ),
    ApiRoute(
        method="GET", path="/v1/officers", role=Role.OWNER, about="All officers",
        run=lambda c: Reply(value=Officers(officers=c.vault.callers.officers())),
        answer=Officers,
    ),
    ApiRoute(
        method="POST", path="/v1/officers", role=Role.OWNER,
        about="Make an officer; their token is said once and ends in 90 days", run=add_officer,
        body=NewOfficer, answer=OfficerToken, status=201,
    ),
    ApiRoute(
        method="DELETE", path="/v1/officers/{id}", role=Role.OWNER,
        about="End an officer and their tokens",
        run=lambda c: Reply(value=c.vault.callers.revoke_officer(c.names["id"])),
        answer=OfficerView,
    ),
)  # fmt: skip

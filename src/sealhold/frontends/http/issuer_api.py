"""The provider by which the people of an app sign in, and whose account is whose.

- Only the app itself names its provider, and says or asks who is who there. A person takes their
  own login out.
- The secret of the client is taken and never said.

Source: docs/spec/30-access.md section 10.
"""

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.frontends.http.people_api import Match, Matches
from sealhold.model.logins import IssuerView, IssuerWish, PersonLoginView

_ISSUER, _LOGIN = "/v1/issuer", "/v1/subjects/{id}/login"


class NewIssuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider, and what it knows this vault as."""

    issuer: str
    client_id: str
    client_secret: str = ""
    makes_people: bool = False  # whether an account that nobody named becomes a person


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider calls an account: its `sub`."""

    account: str


def name_issuer(call: Call) -> Reply:
    """Name the provider of an app's people."""
    body = read(call, NewIssuer)
    wish = IssuerWish(
        issuer=body.issuer,
        client=body.client_id,
        secret=body.client_secret,
        makes_people=body.makes_people,
    )
    return Reply(value=call.vault.callers.person_logins.set_issuer(call.token, wish))


def add_login(call: Call) -> Reply:
    """Let an account in as a person."""
    account, logins = read(call, Account).account, call.vault.callers.person_logins
    return Reply(value=logins.bind(call.token, call.names["id"], account))


def end_login(call: Call) -> Reply:
    """Let no account in as a person."""
    call.vault.callers.person_logins.unbind(call.token, call.names["id"])
    return Reply(status=204)


def whose(call: Call) -> Reply:
    """Tell as whom an account comes in."""
    account = read(call, Account).account
    found = call.vault.callers.person_logins.find(call.token, account)
    return Reply(value=Matches(people=tuple(Match(subject=each) for each in found)))


ROUTES = (
    ApiRoute(
        method="GET", path=_ISSUER, role=Role.APP,
        about="The provider by which the people of the app sign in",
        run=lambda c: Reply(value=c.vault.callers.person_logins.issuer(c.token)),
        answer=IssuerView,
    ),
    ApiRoute(
        method="PUT", path=_ISSUER, role=Role.APP,
        about="Name the provider by which the people of the app sign in", run=name_issuer,
        body=NewIssuer, answer=IssuerView,
    ),
    ApiRoute(
        method="DELETE", path=_ISSUER, role=Role.APP,
        about="Let nobody of the app sign in through a provider any more",
        run=lambda c: Reply(value=c.vault.callers.person_logins.unset_issuer(c.token)),
        answer=IssuerView,
    ),
    ApiRoute(
        method="POST", path="/v1/issuer/lookup", role=Role.APP,
        about="As whom an account of the provider comes in; it counts as a lookup", run=whose,
        body=Account, answer=Matches,
    ),
    ApiRoute(
        method="PUT", path=_LOGIN, role=Role.APP,
        about="Let an account of the provider in as a person", run=add_login, body=Account,
        answer=PersonLoginView,
    ),
    ApiRoute(
        method="DELETE", path=_LOGIN, role=Role.APP, also=(Role.PERSON,),
        about="Let no account in as a person any more", run=end_login, status=204,
    ),
)  # fmt: skip

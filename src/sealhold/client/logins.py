"""Calls about sign-ins elsewhere: an app's provider, and whose account there is whose.

Source: docs/spec/31-client.md section 3; docs/spec/30-access.md section 10.
"""

from sealhold.client.answers import Issuer, Login, Matches
from sealhold.client.call import JSON, Answer, Call, Repeats, form, nothing, packed
from sealhold.client.tokens import Token

_ISSUER, _LOGIN = "/v1/issuer", "/v1/subjects/{id}/login"
_matches = form(Matches)


def issuer() -> Call[Issuer]:
    """Show the provider by which the app's people sign in."""
    return Call(method="GET", route=_ISSUER, read=form(Issuer))


def name_issuer(
    issuer: str, client_id: str, client_secret: Token | None = None, *, makes_people: bool = False
) -> Call[Issuer]:
    """Name the provider; with `makes_people`, an account that nobody named becomes a person."""
    said = {
        "issuer": issuer,
        "client_id": client_id,
        "client_secret": client_secret.reveal() if client_secret else "",
        "makes_people": makes_people,
    }
    return Call(method="PUT", route=_ISSUER, read=form(Issuer), body=packed(said), media=JSON)


def end_issuer() -> Call[Issuer]:
    """Let nobody of the app sign in through a provider any more."""
    return Call(method="DELETE", route=_ISSUER, read=form(Issuer), repeats=Repeats.BOUND)


def bind(subject: str, account: str) -> Call[Login]:
    """Let an account of the provider, its `sub`, in as a person."""
    return Call(
        method="PUT",
        route=_LOGIN,
        read=form(Login),
        names={"id": subject},
        body=packed({"account": account}),
        media=JSON,
    )


def unbind(subject: str) -> Call[None]:
    """Let no account in as a person any more."""
    return Call(
        method="DELETE",
        route=_LOGIN,
        read=nothing,
        names={"id": subject},
        repeats=Repeats.BOUND,
    )


def find(account: str) -> Call[tuple[str, ...]]:
    """Tell as whom an account comes in: one person, or nobody; it counts as a lookup."""
    return Call(
        method="POST",
        route=_ISSUER + "/lookup",
        read=_found,
        body=packed({"account": account}),
        media=JSON,
    )


def _found(answer: Answer) -> tuple[str, ...]:
    return tuple(each.subject for each in _matches(answer).people)

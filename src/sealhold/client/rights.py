"""Calls about rights: of a person, and of an app that tells recipients what became of data.

Source: docs/spec/31-client.md section 3; docs/spec/27-rights.md.
"""

from sealhold.client.answers import Due, Dues, Erased, RightsRequest, RightsRequests, Stays
from sealhold.client.call import JSON, Call, Repeats, Stream, form, nothing, packed


def export(subject: str) -> Stream:
    """Return all that is kept of the person, as a ZIP, piece by piece."""
    return Stream(
        Call(
            method="POST",
            route="/v1/subjects/{id}/export",
            read=nothing,
            names={"id": subject},
            body=packed({}),
            media=JSON,
        )
    )


def erase(subject: str) -> Call[Erased]:
    """Erase oneself, with a token of one's own; it ends with this, so it is asked once."""
    return Call(
        method="POST",
        route="/v1/subjects/{id}/erase",
        read=form(Erased),
        names={"id": subject},
        body=packed({}),
        media=JSON,
        repeats=Repeats.BOUND,
    )


def staying(subject: str) -> Call[Stays]:
    """Tell what would stay of oneself after an erasure, and on what ground."""
    return Call(
        method="GET", route="/v1/subjects/{id}/holds", read=form(Stays), names={"id": subject}
    )


def ask(right: str) -> Call[RightsRequest]:
    """Ask the controller for something: a right of the person, as a DPV term."""
    return Call(
        method="POST",
        route="/v1/rights",
        read=form(RightsRequest),
        body=packed({"right": right}),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def every() -> Call[RightsRequests]:
    """List what the person asked for, and how it stands."""
    return Call(method="GET", route="/v1/rights", read=form(RightsRequests))


def show(request: str) -> Call[RightsRequest]:
    """Show one request and its clock."""
    return Call(
        method="GET", route="/v1/rights/{id}", read=form(RightsRequest), names={"id": request}
    )


def due(limit: int = 50) -> Call[Dues]:
    """List what the recipients of an app's data are to be told: that somebody was erased."""
    return Call(
        method="GET",
        route="/v1/recipient-notices",
        read=form(Dues),
        query={"limit": str(limit)},
    )


def delivered(notice: str) -> Call[Due]:
    """Say that a notice arrived."""
    return Call(
        method="POST",
        route="/v1/recipient-notices/{id}/delivered",
        read=form(Due),
        names={"id": notice},
        repeats=Repeats.BOUND,
    )

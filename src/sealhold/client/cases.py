"""Calls of an officer about what people ask of a controller: entered, and taken step by step.

A step has a reason where the law wants one: a DPV term, and words. `happened_at` says when it
happened outside, in milliseconds since 1970.

Source: docs/spec/31-client.md section 3; docs/spec/27-rights.md.
"""

from collections.abc import Sequence

from sealhold.client.answers import Erased, Reason, RightsRequest
from sealhold.client.call import JSON, Call, Repeats, form, packed


def enter(
    app: str, subject: str, right: str, received_at: int | None = None
) -> Call[RightsRequest]:
    """Enter what a person of an app asked for, by letter for instance: a right, as a DPV term."""
    said = {"right": right, "app": app, "subject": subject, "received_at": received_at}
    return Call(
        method="POST",
        route="/v1/rights",
        read=form(RightsRequest),
        body=packed(said),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def acknowledge(request: str, *, happened_at: int | None = None) -> Call[RightsRequest]:
    """Say that the person was told that it arrived."""
    return _step(request, "acknowledge", (), happened_at)


def suspend(
    request: str, reasons: Sequence[Reason] = (), *, happened_at: int | None = None
) -> Call[RightsRequest]:
    """Say that the person was asked who they are, or for more; the clock waits."""
    return _step(request, "suspend", reasons, happened_at)


def verify_identity(request: str, *, happened_at: int | None = None) -> Call[RightsRequest]:
    """Say that the person showed who they are, or gave what was asked for; the clock goes on."""
    return _step(request, "verify-identity", (), happened_at)


def accept(request: str, *, happened_at: int | None = None) -> Call[RightsRequest]:
    """Say that it will be done."""
    return _step(request, "accept", (), happened_at)


def extend(
    request: str, reasons: Sequence[Reason], *, happened_at: int | None = None
) -> Call[RightsRequest]:
    """Say that it takes up to three months in all, and that the person was told why."""
    return _step(request, "extend", reasons, happened_at)


def delay(
    request: str, reasons: Sequence[Reason], *, happened_at: int | None = None
) -> Call[RightsRequest]:
    """Say that it will be late, and why."""
    return _step(request, "delay", reasons, happened_at)


def fulfil(request: str, *, happened_at: int | None = None) -> Call[RightsRequest]:
    """Say that it was done, and the person was told."""
    return _step(request, "fulfil", (), happened_at)


def unfulfil(
    request: str, reasons: Sequence[Reason], *, happened_at: int | None = None
) -> Call[RightsRequest]:
    """Say that it could not be done after all, and why."""
    return _step(request, "unfulfil", reasons, happened_at)


def reject(
    request: str, reasons: Sequence[Reason], *, happened_at: int | None = None
) -> Call[RightsRequest]:
    """Say that it will not be done, and why."""
    return _step(request, "reject", reasons, happened_at)


def erase(subject: str) -> Call[Erased]:
    """Erase a person of any app, as the law wants it; again, the same receipt."""
    return Call(
        method="POST",
        route="/v1/subjects/{id}/erase",
        read=form(Erased),
        names={"id": subject},
        body=packed({}),
        media=JSON,
        repeats=Repeats.BOUND,
    )


def _step(
    request: str, name: str, reasons: Sequence[Reason], happened_at: int | None
) -> Call[RightsRequest]:
    return Call(
        method="POST",
        route=f"/v1/rights/{{id}}/{name}",
        read=form(RightsRequest),
        names={"id": request},
        body=packed({"reasons": list(reasons), "happened_at": happened_at}),
        media=JSON,
        repeats=Repeats.BOUND,
    )

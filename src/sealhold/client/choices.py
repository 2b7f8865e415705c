"""Calls of a person, with a token of their own: choices, limits, and what was done with their data.

Source: docs/spec/31-client.md section 3.
"""

from collections.abc import Callable

from sealhold.client.call import (
    JSON,
    Answer,
    Call,
    Pages,
    Repeats,
    cursor,
    form,
    packed,
    raw,
    word,
)
from sealhold.client.said import Choice, ChoiceMade, Choices, Limits, Use, UsesPage

_PERSON = "/v1/subjects/{id}"
_uses = form(UsesPage)
_limits: Callable[[Answer], Limits] = form(Limits)


def every(subject: str) -> Call[Choices]:
    """List each processing, and what the person said to it."""
    return Call(method="GET", route=_PERSON + "/choices", read=form(Choices), names={"id": subject})


def allow(subject: str, choice: Choice, until: int | None = None) -> Call[ChoiceMade]:
    """Say yes to a processing as it was shown; `until` in milliseconds since 1970."""
    return _say(subject, choice, {"choice": "allow", "notice": choice.notice, "until": until})


def deny(subject: str, choice: Choice) -> Call[ChoiceMade]:
    """Say no to a processing."""
    return _say(subject, choice, {"choice": "deny"})


def withdraw(subject: str, choice: Choice) -> Call[ChoiceMade]:
    """Take a yes back."""
    return _say(subject, choice, {"choice": "withdraw"})


def withdraw_consent(consent: str) -> Call[ChoiceMade]:
    """Take a consent back, by its id."""
    return Call(
        method="POST",
        route="/v1/consents/{id}/withdraw",
        read=form(ChoiceMade),
        names={"id": consent},
        repeats=Repeats.BOUND,
    )


def consent_record(consent: str, subject: str = "") -> Call[bytes]:
    """Return a signed consent record, a DSSE envelope; an officer says whose it is.

    Raises:
        InvalidError: an id has a form that none has.
    """
    return Call(
        method="GET",
        route="/v1/consents/{id}/record",
        read=raw,
        names={"id": consent},
        query={"subject": word(subject)} if subject else {},
    )


def uses(subject: str, at_once: int = 50) -> Pages[Use]:
    """Tell who did what with the person's data, the newest first."""

    def page(before: str) -> Call[tuple[tuple[Use, ...], str]]:
        return Call(
            method="GET",
            route=_PERSON + "/uses",
            read=_read_uses,
            names={"id": subject},
            query={**cursor("cursor", before), "limit": str(at_once)},
        )

    return Pages(page)


def limits(subject: str) -> Call[Limits]:
    """Tell what the person set to all uses."""
    return Call(method="GET", route=_PERSON + "/limits", read=_limits, names={"id": subject})


def restrict(subject: str) -> Call[Limits]:
    """Restrict all uses but disputes."""
    return _restriction("PUT", subject)


def lift(subject: str) -> Call[Limits]:
    """Lift a restriction."""
    return _restriction("DELETE", subject)


def object_to(subject: str, purpose: str) -> Call[Limits]:
    """Object to a purpose and all within it."""
    return _objection("PUT", subject, purpose)


def take_back(subject: str, purpose: str) -> Call[Limits]:
    """Take an objection back."""
    return _objection("DELETE", subject, purpose)


def _say(subject: str, choice: Choice, said: dict[str, object]) -> Call[ChoiceMade]:
    return Call(
        method="PUT",
        route=_PERSON + "/choices/{processing}",
        read=form(ChoiceMade),
        names={"id": subject, "processing": choice.processing},
        body=packed(said),
        media=JSON,
        repeats=Repeats.BOUND,
    )


def _restriction(method: str, subject: str) -> Call[Limits]:
    return Call(method=method, route=_PERSON + "/restriction", read=_limits, names={"id": subject})


def _objection(method: str, subject: str, purpose: str) -> Call[Limits]:
    return Call(
        method=method,
        route=_PERSON + "/objections/{purpose}",
        read=_limits,
        names={"id": subject, "purpose": purpose},
    )


def _read_uses(answer: Answer) -> tuple[tuple[Use, ...], str]:
    came = _uses(answer)
    return came.uses, came.before

"""Calls of an officer about what apps do: processings, recipients, records of all of it.

Source: docs/spec/31-client.md section 3; docs/spec/26-processings.md; docs/spec/27-rights.md.
"""

from sealhold.client.call import JSON, Call, Repeats, form, packed, raw, word
from sealhold.client.duties import Odd, Recipient, Recipients, Statement
from sealhold.client.said import Notice, Processing

_ONE = "/v1/processings/{id}"


def assess(processing: str, outcome: str, text: str, digest: str) -> Call[Processing]:
    """Enter what an assessment of the risks came to, as a DPV term; `digest` is of its paper."""
    return Call(
        method="POST",
        route=_ONE + "/assessment",
        read=form(Processing),
        names={"id": processing},
        body=packed({"outcome": outcome, "text": text, "digest": digest}),
        media=JSON,
        repeats=Repeats.BOUND,
    )


def activate(processing: str) -> Call[Processing]:
    """Let a processing run on whoever permits."""
    return _turn(processing, "activate")


def retire(processing: str) -> Call[Processing]:
    """Let a processing run on nobody any more."""
    return _turn(processing, "retire")


def publish(processing: str, digest: str, language: str, version: str) -> Call[Notice]:
    """Enter a text that people may be shown for a processing, by its SHA-256."""
    said = {
        "processing": processing,
        "digest": digest,
        "language": language,
        "version": version,
    }
    return Call(
        method="POST",
        route="/v1/notices",
        read=form(Notice),
        body=packed(said),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def recipients() -> Call[Recipients]:
    """List whom the apps give data to."""
    return Call(method="GET", route="/v1/recipients", read=form(Recipients))


def add_recipient(app: str, name: str, contact: str) -> Call[Recipient]:
    """Enter whom an app gives data to."""
    return Call(
        method="POST",
        route="/v1/recipients",
        read=form(Recipient),
        body=packed({"app": app, "name": name, "contact": contact}),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def end_recipient(recipient: str) -> Call[Recipient]:
    """Say that an app gives nothing to a recipient any more."""
    return Call(
        method="DELETE",
        route="/v1/recipients/{id}",
        read=form(Recipient),
        names={"id": recipient},
        repeats=Repeats.BOUND,
    )


def ropa(role: str = "controller") -> Call[bytes]:
    """Return the record of processing activities as JSON-LD: of a `controller` or `processor`.

    Raises:
        InvalidError: the role has a form that none has.
    """
    return _ropa("/v1/ropa", role)


def ropa_table(role: str = "controller") -> Call[bytes]:
    """Return the same as CSV.

    Raises:
        InvalidError: the role has a form that none has.
    """
    return _ropa("/v1/ropa.csv", role)


def alerts() -> Call[tuple[Odd, ...]]:
    """List odd uses of the last 30 days."""
    return Call(method="GET", route="/v1/alerts", read=form(tuple[Odd, ...]))


def statement(month: str) -> Call[Statement]:
    """Tell what a month came to: `2026-10`."""
    return Call(
        method="GET", route="/v1/statements/{month}", read=form(Statement), names={"month": month}
    )


def statement_paper(month: str) -> Call[bytes]:
    """Return the same, signed."""
    return Call(
        method="GET", route="/v1/statements/{month}/paper", read=raw, names={"month": month}
    )


def _turn(processing: str, name: str) -> Call[Processing]:
    return Call(
        method="POST",
        route=f"{_ONE}/{name}",
        read=form(Processing),
        names={"id": processing},
        repeats=Repeats.BOUND,
    )


def _ropa(route: str, role: str) -> Call[bytes]:
    return Call(method="GET", route=route, read=raw, query={"role": word(role)})

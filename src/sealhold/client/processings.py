"""Calls about processings: register them, run them on whoever permits, ask what is permitted.

Source: docs/spec/31-client.md section 3.
"""

import base64
from collections.abc import Sequence

import msgspec

from sealhold.client.call import (
    JSON,
    Answer,
    Call,
    Pages,
    Repeats,
    cursor,
    form,
    heads,
    nothing,
    packed,
    word,
)
from sealhold.client.said import (
    Notices,
    PermittingPage,
    Processing,
    Processings,
    Released,
    Run,
    RunEnded,
    RunLog,
    Terms,
    Verdict,
)

_ONE = "/v1/processings/{id}"
_RUN = "/v1/runs/{id}"
_people = form(PermittingPage)


def register(terms: Terms) -> Call[Processing]:
    """Register a processing; an officer or the owner activates it."""
    return _keep("/v1/processings", {}, terms)


def change(processing: str, terms: Terms) -> Call[Processing]:
    """Keep another version; a material change asks everybody anew."""
    return _keep(_ONE + "/versions", {"id": processing}, terms)


def every() -> Call[Processings]:
    """List the processings that the caller may see."""
    return Call(method="GET", route="/v1/processings", read=form(Processings))


def show(processing: str) -> Call[Processing]:
    """Show one processing."""
    return Call(method="GET", route=_ONE, read=form(Processing), names={"id": processing})


def notices(processing: str) -> Call[Notices]:
    """List the texts that people may be shown for a processing.

    Raises:
        InvalidError: an id has a form that none has.
    """
    return Call(
        method="GET",
        route="/v1/notices",
        read=form(Notices),
        query={"processing": word(processing)},
    )


def ask(subject: str, processing: str) -> Call[None]:
    """Ask a person for their consent: it is put before them on their page."""
    return Call(
        method="POST",
        route="/v1/subjects/{id}/consents",
        read=nothing,
        names={"id": subject},
        body=packed({"processing": processing, "state": "ConsentRequested"}),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def begin(processing: str, code: str, reads: int = 1_000) -> Call[Run]:
    """Begin a run of the program with the digest `code`, which makes so many reads at most."""
    return Call(
        method="POST",
        route=_ONE + "/runs",
        read=form(Run),
        names={"id": processing},
        body=packed({"code": code, "reads": reads}),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def permitting(run: Run) -> Pages[str]:
    """Tell who permits a run now."""

    def page(after: str) -> Call[tuple[tuple[str, ...], str]]:
        return Call(
            method="GET",
            route=_RUN + "/people",
            read=_subjects,
            names={"id": run.run},
            query=cursor("after", after),
        )

    return Pages(page)


def release(run: Run, output: bytes) -> Call[Released]:
    """Release the result of a run, if all whose data it read still permit."""
    return Call(
        method="POST",
        route=_RUN + "/result",
        read=form(Released),
        names={"id": run.run},
        headers=heads(lease=run.lease),
        body=packed({"output": base64.b64encode(output).decode()}),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def end(run: Run) -> Call[RunEnded]:
    """End a run without a result."""
    return Call(
        method="DELETE",
        route=_RUN,
        read=form(RunEnded),
        names={"id": run.run},
        repeats=Repeats.BOUND,
    )


def log(run: str, limit: int = 50) -> Call[RunLog]:
    """Tell a person what a run did with their data, the newest first."""
    return Call(
        method="GET",
        route=_RUN + "/log",
        read=form(RunLog),
        names={"id": run},
        query={"limit": str(limit)},
    )


def decide(
    subject: str,
    processing: str,
    *,
    code: str = "",
    purpose: str = "",
    fields: Sequence[str] = (),
    collection: str = "",
) -> Call[Verdict]:
    """Ask whether a use would be permitted now."""
    asked = _Question(
        subject=subject,
        processing=processing,
        code=code,
        purpose=purpose,
        fields=tuple(fields),
        collection=collection,
    )
    return Call(
        method="POST", route="/v1/decide", read=form(Verdict), body=packed(asked), media=JSON
    )


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    processing: str
    code: str
    purpose: str
    fields: tuple[str, ...]
    collection: str


def _keep(route: str, names: dict[str, str], terms: Terms) -> Call[Processing]:
    return Call(
        method="POST",
        route=route,
        read=form(Processing),
        names=names,
        body=msgspec.json.encode(terms),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def _subjects(answer: Answer) -> tuple[tuple[str, ...], str]:
    came = _people(answer)
    return tuple(each.subject for each in came.people), came.after

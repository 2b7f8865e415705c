"""Calls of an officer about breaches: entered, measured by the log, told of, closed.

Source: docs/spec/31-client.md section 3; docs/spec/27-rights.md.
"""

from collections.abc import Mapping, Sequence

from sealhold.client.answers import Reason
from sealhold.client.call import JSON, Call, Repeats, form, packed
from sealhold.client.duties import Breach, Breaches

_ALL, _ONE = "/v1/breaches", "/v1/breaches/{id}"


def every() -> Call[Breaches]:
    """List breaches, the most urgent first."""
    return Call(method="GET", route=_ALL, read=form(Breaches))


def show(breach: str) -> Call[Breach]:
    """Show a breach and its clock."""
    return Call(method="GET", route=_ONE, read=form(Breach), names={"id": breach})


def enter(about: str, aware_at: int | None = None) -> Call[Breach]:
    """Enter a breach; the 72 hours run from `aware_at`, in milliseconds since 1970, or from now."""
    return Call(
        method="POST",
        route=_ALL,
        read=form(Breach),
        body=packed({"about": about, "aware_at": aware_at}),
        media=JSON,
        repeats=Repeats.NEVER,
    )


def scope(breach: str, app: str, since: int, until: int, token: str = "") -> Call[Breach]:
    """Compute from the log how far an app, or one token of a person, reached in some time."""
    said = {"app": app, "since": since, "until": until, "token": token}
    return _change(breach, "scope", said, Repeats.NEVER)


def notify(breach: str, notice: str, reasons: Sequence[Reason] = ()) -> Call[Breach]:
    """Enter that a notice went out, as a DPV term; a late first one says why."""
    said = {"notice": notice, "reasons": list(reasons)}
    return _change(breach, "notify", said, Repeats.NEVER)


def spare(breach: str, addressee: str, reasons: Sequence[Reason]) -> Call[Breach]:
    """Enter that `authority` or `persons` need not be told, and why."""
    said = {"addressee": addressee, "reasons": list(reasons)}
    return _change(breach, "spare", said, Repeats.BOUND)


def close(breach: str) -> Call[Breach]:
    """Say that nothing remains to be done."""
    return _turn(breach, "close")


def reopen(breach: str) -> Call[Breach]:
    """Say that something came to light."""
    return _turn(breach, "reopen")


def _change(breach: str, name: str, said: Mapping[str, object], repeats: Repeats) -> Call[Breach]:
    return Call(
        method="POST",
        route=f"{_ONE}/{name}",
        read=form(Breach),
        names={"id": breach},
        body=packed(said),
        media=JSON,
        repeats=repeats,
    )


def _turn(breach: str, name: str) -> Call[Breach]:
    return Call(
        method="POST",
        route=f"{_ONE}/{name}",
        read=form(Breach),
        names={"id": breach},
        repeats=Repeats.BOUND,
    )

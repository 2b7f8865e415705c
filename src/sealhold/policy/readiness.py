"""A result is ready, or not yet: what an app that asked is told, signed by the vault.

- Media type `application/vnd.sealhold.result-ready+json`. It names app, request, a moment, and the
  digest of the very bytes that are fetched: the same answer has the same digest, so each is taken
  once, whoever sends the notice on.
- That an answer was given up reads as ready, too: only who opens it learns which.

Source: docs/spec/39-dataware.md section 6.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.model.ids import AppId, Kind, RequestId, canonical
from sealhold.model.quantities import Instant, rfc3339
from sealhold.policy.documents import Fields

READY: Final = "application/vnd.sealhold.result-ready+json"
VERSION: Final = 1
NO_RUN: Final = bytes(32)  # while nothing is ready

_FIELDS: Final = frozenset({"v", "app", "request", "state", "run", "at"})


class State(StrEnum):
    """How the newest run of a request stands for the app."""

    WAITING = "waiting"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What one notice says."""

    app: AppId
    request: RequestId
    state: State
    run: bytes  # SHA-256 of what is fetched; zeros while nothing is
    at: Instant


def readiness_document(found: Readiness) -> dict[str, Plain]:
    """Return the JSON document that `parse_readiness` reads back."""
    return {
        "v": VERSION,
        "app": canonical(found.app),
        "request": canonical(found.request),
        "state": found.state.value,
        "run": found.run.hex(),
        "at": rfc3339(found.at),
    }


def parse_readiness(document: Plain) -> Readiness:
    """Return what a JSON document says.

    Raises:
        InvalidError: a field is unknown, missing or of another type, or it is ready without a run.
    """
    read = Fields(document, place="ready", required=_FIELDS, error=InvalidError)
    read.exactly("v", VERSION)
    state, run = read.choice("state", State), read.octets("run", len(NO_RUN))
    if (state is State.READY) is not (run != NO_RUN):
        raise read.fault("run", "does not fit the state")
    return Readiness(
        app=AppId(read.id("app", Kind.APP)),
        request=RequestId(read.id("request", Kind.REQUEST)),
        state=state,
        run=run,
        at=read.instant("at"),
    )

"""What an app may do with its token: ask, look how it stands, have it run, fetch the answer.

- Nothing here tells whether a request exists, was refused, expired or ran out of budget: `pending`
  or DENIED, and an answer only under an allowance.

Source: docs/spec/20-faces.md section 7.
"""

import base64
import binascii
from dataclasses import dataclass

import msgspec

from sealhold.frontends.http.api import (
    BYTES,
    SUBMISSION_BYTES,
    ApiRoute,
    Call,
    Reply,
    Role,
    read,
)
from sealhold.model.errors import InvalidError
from sealhold.model.ids import RequestId
from sealhold.model.shown.dataware import ReadyView


class Submission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request, the task it names and the program: each as base64 of its exact bytes."""

    request: str
    task: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The id under which the request can be asked after."""

    request: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`pending`, `allowed` or `refused`; the last only after the full term of the request."""

    status: str


class Invocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run; `nonce` is what the proof will name, so that an answer is this call's."""

    nonce: str | None = None


def submit(call: Call) -> Reply:
    """Take in a request."""
    body = read(call, Submission)
    papers = (_bytes(body.request), _bytes(body.task), _bytes(body.code))
    request = call.vault.outside.submit(call.token, *papers)
    return Reply(value=Submitted(request=request), status=202)


def status(call: Call) -> Reply:
    """Tell how a request stands."""
    standing = call.vault.outside.request_status(call.token, call.names["id"])
    return Reply(value=Standing(status=standing))


def invoke(call: Call) -> Reply:
    """Ask for one run."""
    nonce = read(call, Invocation).nonce
    call.vault.outside.invoke(call.token, call.names["id"], nonce)
    return Reply(status=202)


def fetch(call: Call) -> Reply:
    """Return the sealed answer, always of one size, or nothing while its slot is not over."""
    answer = call.vault.outside.fetch(call.token, call.names["id"])
    return Reply(status=204) if answer is None else Reply(value=answer, media=BYTES)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidError("a document is not base64") from err


ROUTES = (
    ApiRoute(
        method="POST", path="/v1/requests", role=Role.APP, about="Ask for answers", run=submit,
        body=Submission, answer=Submitted, status=202, body_bytes=SUBMISSION_BYTES,
    ),
    ApiRoute(
        method="GET", path="/v1/requests/{id}/status", role=Role.APP,
        about="How a request stands", run=status, answer=Standing,
    ),
    ApiRoute(
        method="POST", path="/v1/requests/{id}/runs", role=Role.APP,
        about="Ask for one run under an allowed request", run=invoke, body=Invocation,
        status=202,
    ),
    ApiRoute(
        method="GET", path="/v1/requests/{id}/ready", role=Role.APP,
        about="Whether there is an answer to fetch, with the vault's signed word on it",
        run=lambda c: Reply(value=c.vault.outside.ready(c.token, c.names["id"])),
        answer=ReadyView,
    ),
    ApiRoute(
        method="GET", path="/v1/requests/{id}/answer", role=Role.APP,
        about="The last answer, sealed to the asker, with its proof; 204 while there is none",
        run=fetch, media=BYTES,
    ),
)  # fmt: skip

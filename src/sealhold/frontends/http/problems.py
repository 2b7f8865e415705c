"""How a no is told over HTTP: one table from the kind of an error to a status.

- The owner reads kind, code, remedy and what happened (RFC 9457).
- An app reads DENIED, the same bytes for all that is absent, forbidden, exhausted or away; only a
  fault in its own document, and a service that is down as a whole, are told apart.

Source: docs/spec/20-faces.md section 7.
"""

from collections.abc import Mapping

from starlette.responses import Response

from sealhold.frontends.http.bodies import TooLongError, TooSlowError
from sealhold.frontends.http.headers import hardened
from sealhold.frontends.http.versions import NoVersionError
from sealhold.model.encoding import to_json
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    DeniedError,
    ErrorKind,
    InvalidError,
    RangeError,
    SealholdError,
    StaleError,
    StillRunningError,
    StoreFullError,
    StoreUnavailableError,
    TooFastError,
    UnsayableError,
    UsageError,
)


class MethodError(UsageError):
    """An address does not take that method.

    Remedy: use one of those that `Allow` names.
    """


STATUS = {
    ErrorKind.BUG: 500,
    ErrorKind.USAGE: 400,
    ErrorKind.DENIED: 403,
    ErrorKind.NOTFOUND: 404,
    ErrorKind.INVALID: 422,
    ErrorKind.TAMPERED: 500,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.EXHAUSTED: 429,
    ErrorKind.CONFLICT: 409,
}
OWN: Mapping[type[SealholdError], int] = {  # statuses of errors that their kind does not tell
    TooLongError: 413,
    TooSlowError: 408,
    MethodError: 405,
    NoVersionError: 428,
    RangeError: 416,
    StaleError: 412,
    StoreFullError: 507,
}
MEDIA = "application/problem+json"
_OF_THE_SERVICE = AuditUnavailableError | BusyError | StoreUnavailableError
AGAIN = {"retry-after": "1"}  # seconds; what is busy is so for about as long
DENIED = to_json({"code": "DENIED", "kind": "denied", "status": 403, "title": "denied"})


class NoRequestError(UsageError):
    """What a client sends is no request.

    Remedy: send HTTP/1.1, with a head of at most 64 KiB and no control character in it.
    """


class NoTokenError(DeniedError):
    """A request brings no token that this address takes.

    Remedy: send `Authorization: Bearer` with a token of the role that the address is for.
    """


def status_of(err: SealholdError) -> int:
    """Return the status that `err` is told with."""
    own = (status for kind, status in OWN.items() if isinstance(err, kind))
    return next(own, STATUS[err.kind])


def problem(err: SealholdError) -> Response:
    """Return `err` as the owner is told it."""
    status = status_of(err)
    body = {
        "code": err.code(),
        "detail": str(err),
        "kind": err.kind.name.lower(),
        "remedy": err.remedy_over_http(),
        "status": status,
        "title": err.kind.name.lower(),
    }
    return Response(to_json(body), status_code=status, media_type=MEDIA, headers=_headers(err))


def _headers(err: SealholdError) -> dict[str, str]:
    whole = {"content-range": f"bytes */{err.size}"} if isinstance(err, RangeError) else {}
    return {**again_headers(err), **whole}


def no_request() -> bytes:
    """Return the whole answer to what is no HTTP request; the connection ends behind it."""
    response = hardened(problem(NoRequestError("what came is no request of HTTP/1.1")))
    head = [b"HTTP/1.1 400 Bad Request", b"connection: close"]
    head += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*head, b"", bytes(response.body)])


def again_headers(err: SealholdError) -> Mapping[str, str]:
    """Return what tells a client when to come again, if waiting helps."""
    is_soon = isinstance(err, _OF_THE_SERVICE | TooFastError) and not isinstance(
        err, StoreFullError
    )
    return AGAIN if is_soon else {}


def outside_problem(err: SealholdError) -> Response:
    """Return `err` as an app is told it."""
    return problem(err) if _is_told(err) else denied()


def outside_line(err: SealholdError) -> Mapping[str, str]:
    """Return `err` as an app is told it about one line of many."""
    told = err if _is_told(err) else DeniedError("denied")
    said = {"code": told.code(), "kind": told.kind.name.lower()}
    return (
        said if told is not err else {**said, "detail": str(err), "remedy": err.remedy_over_http()}
    )


def _is_told(err: SealholdError) -> bool:
    # THREAT T282: a service that is away says so, and never that what was asked for is not there
    told = (
        InvalidError
        | StaleError
        | StillRunningError
        | TooFastError
        | UnsayableError
        | _OF_THE_SERVICE
    )
    return isinstance(err, told)


def denied() -> Response:
    """Return the one no for outsiders."""
    return Response(DENIED, status_code=status_of(DeniedError()), media_type=MEDIA)


def no_token() -> Response:
    """Return what a request without a bearer token gets, whoever sends it."""
    body = to_json({"code": "NO_TOKEN", "kind": "denied", "status": 401, "title": "no token"})
    return Response(body, status_code=401, media_type=MEDIA, headers={"www-authenticate": "Bearer"})

"""How a vault says no: a class for each kind, with code and remedy as the vault told them.

- Kinds are those of the vault's problem documents (RFC 9457); 401 and 412 have their own.
- Some are told by the client itself, before it sends anything or because no answer came.

Source: docs/spec/31-client.md section 4.
"""

from typing import ClassVar

import msgspec

NO_TOKEN, STALE = 401, 412


class VaultError(Exception):
    """Something went wrong that nobody foresaw.

    Attributes:
        code: the name that programs match on, `STALE`.
        remedy: what can be done next; empty if the vault says nothing of it.
        status: the status of the answer; 0 if there was none.
    """

    kind: ClassVar[str] = "bug"

    def __init__(
        self, message: str = "", *, code: str = "", remedy: str = "", status: int = 0
    ) -> None:
        super().__init__(message or self.kind)
        self.code = code or self.kind.upper()
        self.remedy = remedy
        self.status = status


class UsageError(VaultError):
    """The call was not put together as it must be."""

    kind = "usage"


class DeniedError(VaultError):
    """It is absent, forbidden, exhausted or away: an app is not told which."""

    kind = "denied"


class NoTokenError(DeniedError):
    """The vault was shown no token."""


class NotFoundError(VaultError):
    """It is not there."""

    kind = "notfound"


class InvalidError(VaultError):
    """What was sent has another form, or would have had; the message names the place."""

    kind = "invalid"


class TamperedError(VaultError):
    """What is kept is not what was sealed."""

    kind = "tampered"


class UnavailableError(VaultError):
    """The vault as a whole is away or busy."""

    kind = "unavailable"


class ExhaustedError(VaultError):
    """Too many calls, or a budget is spent."""

    kind = "exhausted"


class ConflictError(VaultError):
    """Something else stands against it."""

    kind = "conflict"


class StaleError(ConflictError):
    """It was made for another version than the one that is there: read it again."""


class UnsureError(UnavailableError):
    """Nobody knows whether it was done: the answer was lost. Read it and see."""


class UntrustedError(TamperedError):
    """Whoever answered has no certificate that this machine trusts, or is no vault."""


class _Problem(msgspec.Struct, frozen=True):
    kind: str
    code: str = ""
    detail: str = ""
    remedy: str = ""
    title: str = ""


KINDS = {
    each.kind: each
    for each in (
        VaultError,
        UsageError,
        DeniedError,
        NotFoundError,
        InvalidError,
        TamperedError,
        UnavailableError,
        ExhaustedError,
        ConflictError,
    )
}
BY_STATUS = {NO_TOKEN: NoTokenError, STALE: StaleError}


def error_of(status: int, body: bytes) -> VaultError:
    """Return what an answer with an error's status says."""
    try:
        told = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        return UntrustedError(f"status {status}, and no word of a vault", status=status)
    form = BY_STATUS.get(status) or KINDS.get(told.kind, VaultError)
    said = told.detail or told.title
    return form(said, code=told.code, remedy=told.remedy, status=status)

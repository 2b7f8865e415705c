"""The course of one call: when it is sent, when it is sent again, and what comes of it in the end.

- It is a generator that says how long to wait before the next try, and is told what came of it. So
  both senders share it, and nothing here waits or sends.
- Again, only where twice is as once: a call that makes something is sent a second time only if the
  first one surely did nothing.

Source: docs/spec/31-client.md section 4.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from sealhold.client.call import KEY, Answer, Call, Repeats
from sealhold.client.errors import (
    ConflictError,
    DeniedError,
    UnavailableError,
    UnsureError,
    UntrustedError,
    VaultError,
    error_of,
)

T = TypeVar("T")
TOO_MANY, AWAY = 429, 503
RUNNING = "STILL_RUNNING"
REDIRECTS, ERRORS = 300, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is tried, and how long it is waited between two tries."""

    tries: int = 4
    first: float = 0.1  # seconds; doubled with each try
    most: float = 10.0  # seconds: a vault that asks for more is not waited for


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came."""

    was_sent: bool  # whether the vault may have got the call


Course = Generator[float, Answer | Lost, T]


def course(call: Call[T], patience: Patience, chance: Callable[[], float]) -> Course[T]:
    """Yield how long to wait before each try; return what the answer says.

    Raises:
        UnsureError: an answer was lost, and nobody knows whether the call was done.
        UnavailableError: no answer came.
        UntrustedError: it was answered by something that is no vault.
        VaultError: what the vault says.
    """
    pause, was_lost, error = 0.0, False, VaultError()
    for nth in range(max(1, patience.tries)):
        came = yield pause
        backoff = patience.first * 2**nth * (0.5 + chance() / 2)
        if isinstance(came, Lost):
            was_lost = was_lost or came.was_sent
            error = UnavailableError("no answer came", code="NO_ANSWER")
            # THREAT T302: what may have made something is not sent a second time
            if was_lost and call.repeats is Repeats.NEVER:
                break
            pause = backoff
            continue
        if came.status < REDIRECTS:
            return call.read(came)
        error = refusal(came)
        if nth and call.repeats is Repeats.BOUND and isinstance(error, ConflictError | DeniedError):
            was_lost = True  # it may have been a try of our own that did it
            break
        wait = _wait(came, error, call)
        if wait is None or wait > patience.most:
            break
        pause = max(wait, backoff)
    if was_lost and call.repeats is not Repeats.FREELY:
        raise UnsureError("whether it was done is not known", code="UNSURE") from error
    raise error


def refusal(came: Answer) -> VaultError:
    """Return what an answer says that is none of success."""
    if came.status < ERRORS:
        # THREAT T300: a token goes to no address that an answer names
        return UntrustedError("sent on to another address", status=came.status)
    return error_of(came.status, came.body)


def _wait(came: Answer, error: VaultError, call: Call[T]) -> float | None:
    """Return how many seconds to wait, if it helps and is safe; None if not."""
    if error.code == RUNNING and KEY in call.headers:
        return 0.0  # an earlier try of this very call: its answer is there soon
    said = came.headers.get("retry-after", "")
    if not (said.isascii() and said.isdigit() and len(said) < len("1000000")):
        return None
    if came.status == TOO_MANY:  # settled before anything was looked at
        return float(said)
    return float(said) if came.status == AWAY and call.repeats is not Repeats.NEVER else None

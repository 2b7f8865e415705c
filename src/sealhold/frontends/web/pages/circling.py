"""What the pages of devices, sharing and old versions have in common: acting, and being told no.

Source: docs/spec/20-faces.md section 9.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sealhold.frontends.web.visit import Go, Outcome, Page
from sealhold.model.errors import (
    BusyError,
    CarrierAwayError,
    CarrierRefusedError,
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
    SealholdError,
    WrongPassphraseError,
)
from sealhold.model.quantities import Instant

TOLD: Final = (  # said on the page itself
    BusyError,
    CarrierAwayError,
    CarrierRefusedError,
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
)
Shown = Callable[[SealholdError, int], Page]


def done(act: Callable[[], str], shown: Shown) -> Outcome:
    """Do what a form says and go where `act` says; a no stands on the page that `shown` gives."""
    try:
        return Go(to=act())
    except WrongPassphraseError as err:
        return shown(err, 403)
    except TOLD as err:
        return shown(err, 409)


def instant_of(text: str) -> Instant | None:
    """Return the time that a field says, in the zone of this machine; None for an empty one.

    Raises:
        InvalidError: it says none.
    """
    if not text.strip():
        return None
    try:
        return Instant(int(datetime.fromisoformat(text.strip()).astimezone().timestamp() * 1000))
    except (ValueError, OverflowError, OSError) as err:
        raise InvalidError("a time is written 2026-03-31T09:30") from err

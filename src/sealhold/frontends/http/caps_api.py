"""The caps for the owner's programs: shown, looked at, and set with the passphrase.

Source: docs/spec/20-faces.md section 7; docs/spec/09-leakage.md section 10.
"""

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, number, read
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import MicroBits
from sealhold.model.shown.budgets import CapLook, CapView


class NewCap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cap in micro-bits, the one that was shown, and the owner's proof."""

    cap: int
    shown: int
    passphrase: str
    confirmed: bool = False  # a yes to more being told


def caps(call: Call) -> Reply:
    """List the caps."""
    return Reply(value=call.vault.budgets.caps())


def look_at_cap(call: Call) -> Reply:
    """Return what would hold if a cap were set so.

    Raises:
        InvalidError: no cap is said.
    """
    cap = number(call, "cap", None)
    if cap is None:
        raise InvalidError("`cap` is missing")
    return Reply(value=call.vault.budgets.look(call.names["kind"], MicroBits(cap)))


def set_cap(call: Call) -> Reply:
    """Set a cap."""
    body = read(call, NewCap)
    view = call.vault.budgets.set_cap(
        call.names["kind"],
        MicroBits(body.cap),
        MicroBits(body.shown),
        body.passphrase,
        confirmed=body.confirmed,
    )
    return Reply(value=view)


ROUTES = (
    ApiRoute(
        method="GET", path="/v1/caps", role=Role.OWNER, about="The most that may be told",
        run=caps, answer=tuple[CapView, ...],
    ),
    ApiRoute(
        method="GET", path="/v1/caps/{kind}", role=Role.OWNER,
        about="What would hold if a cap were set so", run=look_at_cap, answer=CapLook,
        query=("cap",),
    ),
    ApiRoute(
        method="PUT", path="/v1/caps/{kind}", role=Role.OWNER, about="Set a cap", run=set_cap,
        body=NewCap, answer=CapView,
    ),
)  # fmt: skip

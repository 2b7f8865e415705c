"""One key from one short password on both sides, or none: SPAKE2 with both sides' confirmation.

- A wrong password is no error of SPAKE2: the keys differ, and that is all. So the session key is
  given out only once the other side's confirmation was found right.
- What shows that nobody with the password answered is one `WrongCodeError`: a share that came
  back, a point that is none, a confirmation that does not fit.
- The library is pure Python and not of constant time: a scalar is used once, and so is a code.

Source: docs/spec/13-pairing.md section 4.
"""

from enum import Enum, unique
from typing import TYPE_CHECKING

from sealhold.crypto.digest import equal, framed, keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import WrongCodeError

if TYPE_CHECKING:
    from spake2 import SPAKE2_A, SPAKE2_B

SHARE_BYTES = 33  # a byte for the side, and a point
CONFIRMATION_BYTES = 32


@unique
class Side(Enum):
    """Who speaks first, and who answers."""

    FIRST = b"first"
    SECOND = b"second"


class Pake:
    """One side of one run. `share` goes to the other side; then `take`, then `session`."""

    __slots__ = ("_confirming", "_context", "_key", "_run", "_shares", "_side", "share")

    def __init__(self, side: Side, password: Secret, context: bytes, entropy: Entropy) -> None:
        """Draw the scalar of this run; `context` is what both sides must agree on beside."""
        self._side = side
        self._context = context
        self._run = _run(side, password, context, entropy)
        self.share = bytes(self._run.start())
        self._key: Secret | None = None

    def take(self, share: bytes) -> bytes:
        """Take the other side's share, once; return the confirmation of this side: 32 bytes.

        Raises:
            WrongCodeError: the share is none, or came back from where it was sent.
        """
        # THREAT T461: a side's own share sent back to it is refused, under either side's name.
        self._key = Secret(_finished(self._run, share), "key of a code")
        self._shares = (self.share, share) if self._side is Side.FIRST else (share, self.share)
        self._confirming = derive(self._key, Tag.PAIRING_CONFIRM, self._context)
        return self._confirmation(self._side)

    def session(self, confirmation: bytes) -> Secret:
        """Return the key that both sides have, after a look at the other's confirmation.

        Raises:
            WrongCodeError: the other side had another password, or somebody stood between.
        """
        other = Side.SECOND if self._side is Side.FIRST else Side.FIRST
        # INVARIANT: no key leaves before the other side has shown that it has it.
        # THREAT T460: the library does not say that a code was wrong; this does.
        if self._key is None or not equal(confirmation, self._confirmation(other)):
            raise WrongCodeError("the other side has not this code")
        return derive(self._key, Tag.PAIRING_SESSION, self._context)

    def _confirmation(self, side: Side) -> bytes:
        return keyed(self._confirming, Tag.PAIRING_CONFIRM, side.value, *self._shares)


def _run(side: Side, password: Secret, context: bytes, entropy: Entropy) -> "SPAKE2_A | SPAKE2_B":
    from spake2 import SPAKE2_A, SPAKE2_B  # noqa: PLC0415  # loaded when devices are paired

    kind = SPAKE2_A if side is Side.FIRST else SPAKE2_B
    first, second = (framed(each.value, context) for each in Side)
    return kind(password.reveal(), idA=first, idB=second, entropy_f=entropy)


def _finished(run: "SPAKE2_A | SPAKE2_B", share: bytes) -> bytes:
    """Return the key of a run.

    Raises:
        WrongCodeError: the share is none.
    """
    from spake2 import SPAKEError  # noqa: PLC0415
    from spake2.ed25519_basic import NotOnCurve  # noqa: PLC0415

    if len(share) != SHARE_BYTES:  # the library reads the first 32 bytes of a longer point
        raise WrongCodeError(f"a share of {len(share)} bytes, not {SHARE_BYTES}")
    try:
        return bytes(run.finish(share))
    except (SPAKEError, NotOnCurve, ValueError) as err:
        raise WrongCodeError("a share that is none, or that came back") from err

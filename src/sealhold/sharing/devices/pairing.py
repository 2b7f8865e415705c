"""Taking in a new device: the two sides of a pairing, as machines without clock and place.

- A wrong code, a share sent back and a point that is none are each a try; after the last one the
  code is burnt on both sides.
- Then the newcomer commits to its keys, the member introduces itself, the newcomer opens; both
  screens show six words. Only after both people said yes the newcomer asks, and is answered.
- A message that was changed, repeated, left out or taken from another pairing ends it.

Source: docs/spec/13-pairing.md sections 4 to 8.
"""

from abc import abstractmethod

from sealhold.crypto.digest import equal, framed, keyed, tagged
from sealhold.crypto.hybrid import BoxKey, seal_to
from sealhold.crypto.kdf import derive
from sealhold.crypto.pake import SHARE_BYTES, Pake, Side
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidEncodingError, InvalidError, TamperedError, WrongCodeError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairingcode import Way, keys_hash
from sealhold.sharing.devices.pairingside import (
    QUIET,
    Asked,
    Certified,
    Compare,
    PairingSide,
    State,
    Turn,
)
from sealhold.sharing.devices.pairingwire import (
    MAX_INTRODUCTION,
    MAX_PAYLOAD,
    MAX_REQUEST,
    RANDOM_BYTES,
    ROOM_BYTES,
    SIGNING_BYTES,
    Direction,
    Kind,
    Posted,
    Purpose,
    Reason,
    Said,
    Step,
    read_step,
)


class _Meeting(PairingSide):
    """How a message is judged, on either side."""

    def step(self, posted: Posted, now: Instant) -> Turn:
        """Take the next message of a room of `listening`; return what follows."""
        late = self.tick(now)
        if late is not QUIET or posted.room not in self.listening:
            return late
        if len(posted.data) > ROOM_BYTES:  # no place keeps such a one
            return self._fail(Reason.BROKEN)
        if self._inbox is None or posted.room != self._inbox.room:
            return self._met(posted.data)
        try:
            said = self._inbox.take(posted.data)
            return QUIET if said is None else self._heard(said)
        except (TamperedError, InvalidEncodingError):
            # THREAT T465: what was changed, moved or taken from another pairing ends this one.
            return self._fail(Reason.BROKEN)

    def _met(self, data: bytes) -> Turn:
        try:
            kind, body = read_step(data)
            if kind is Step.NOTICE:
                return self._noticed(body)
            return self._wrong() if self._inbox is not None else self._exchanged(kind, body)
        except (WrongCodeError, InvalidEncodingError):
            return self._wrong()

    def _heard(self, said: Said) -> Turn:
        if said.kind is Kind.FAILED:
            return self._ended(said.reason)
        if said.kind is not self._due:
            return self._fail(Reason.BROKEN)
        return self._took(said)

    @abstractmethod
    def _exchanged(self, kind: Step, body: bytes) -> Turn:
        """Return what follows from a message of the key exchange."""

    @abstractmethod
    def _took(self, said: Said) -> Turn:
        """Return what follows from the message of the channel that was due."""


class Member(_Meeting):
    """The side that invites: a device that may take others in."""

    mine, other = Direction.MEMBER, Direction.NEWCOMER

    def __init__(
        self,
        way: Way,
        introduction: bytes,
        now: Instant,
        entropy: Entropy,
        purpose: Purpose = Purpose.DEVICE,
    ) -> None:
        """Offer `way`; `introduction` is the chain of this device's certificate.

        Raises:
            InvalidError: the introduction is too long, or not the one of the invitation.
        """
        super().__init__(way, now, entropy, purpose)
        if not 0 < len(introduction) <= MAX_INTRODUCTION:
            raise InvalidError(f"an introduction of {len(introduction)} bytes")
        if way.keys is not None and way.keys != keys_hash(introduction):
            raise InvalidError("an invitation of another device")
        self._introduction = introduction
        self._random = entropy(RANDOM_BYTES)
        self._commitment = self._keys = self._receipt = self._payload = b""
        self._request: bytes | None = None

    @property
    def has_answered(self) -> bool:
        """Whether a certificate left: if it fails after that, a device that nobody knows has it."""
        return bool(self._payload)

    def answer(self, payload: bytes, now: Instant) -> Turn:
        """Send what the newcomer was certified with, after `Asked`.

        Raises:
            InvalidError: it is too long, or nothing was asked, or both people have not confirmed.
        """
        late = self.tick(now)
        if late is not QUIET or self.is_over:
            return late
        # INVARIANT: nothing is certified before both people said that the words are the same.
        if self.state is not State.CONFIRMED or self._request is None or self._payload:
            raise InvalidError("nobody asks to be certified at this moment")
        if not 0 < len(payload) <= MAX_PAYLOAD:
            raise InvalidError(f"a payload of {len(payload)} bytes, at most {MAX_PAYLOAD}")
        box = seal_to(self._keys[SIGNING_BYTES:], payload, _place(self._transcript))
        self._payload, self._receipt = payload, _receipt(self._key(), payload)
        self._due = Kind.RECEIPT
        return Turn(self._say(Kind.ANSWER, box))

    def _exchanged(self, kind: Step, body: bytes) -> Turn:
        if self._pake is None and kind is Step.SHARE:
            # THREAT T464: a try counts from here on: the confirmation below can be tested against.
            self._pake = Pake(Side.SECOND, self._way.secret, self._context(), self._entropy)
            confirmation = self._pake.take(body)
            self._shares = (body, self._pake.share)
            return Turn((self._step(Step.ANSWER, self._pake.share + confirmation),))
        if self._pake is not None and kind is Step.CONFIRM:
            self._open_channel(self._pake.session(body), Kind.COMMIT)
            return QUIET
        raise WrongCodeError("not the message that was due")

    def _took(self, said: Said) -> Turn:
        match said.kind:
            case Kind.COMMIT:
                self._commitment, self._due = said.parts[0], Kind.OPEN
                return Turn(self._say(Kind.REVEAL, self._random, self._introduction))
            case Kind.OPEN:
                return self._opened(*said.parts)
            case Kind.REQUEST:
                self._request, self._due = said.parts[0], None
                return self._confirmed() if self.state is State.CONFIRMED else QUIET
            case _:
                return self._receipted(said.parts[0])

    def _opened(self, random: bytes, keys: bytes) -> Turn:
        # THREAT T463: keys that were chosen after this side's part was seen do not fit.
        if not equal(_commitment(random, keys), self._commitment):
            return self._fail(Reason.KEYS)
        self._keys, self._due = keys, Kind.REQUEST
        parts = (self._commitment, self._random, self._introduction, random, keys)
        return Turn(event=Compare(self._set_words(*parts), keys))

    def _confirmed(self) -> Turn:
        return QUIET if self._request is None else Turn(event=Asked(self._keys, self._request))

    def _receipted(self, receipt: bytes) -> Turn:
        if not equal(receipt, self._receipt):
            return self._fail(Reason.BROKEN)
        self._due = None
        self._enter(State.CERTIFIED)
        return Turn(event=Certified(self._keys, self._payload))


class Newcomer(_Meeting):
    """The side that is taken in: a device that holds nothing yet but its own fresh keys."""

    mine, other = Direction.NEWCOMER, Direction.MEMBER

    def __init__(
        self,
        way: Way,
        keys: tuple[bytes, BoxKey],
        request: bytes,
        now: Instant,
        entropy: Entropy,
        purpose: Purpose = Purpose.DEVICE,
    ) -> None:
        """Prepare to answer `way`.

        Args:
            way: the invitation that was read, or the code that was typed.
            keys: the public signing key of this device (32 bytes), and its box key.
            request: what it asks to be certified as; at most 4,096 bytes.
            now: the time.
            entropy: where scalars and random parts come from.
            purpose: what the two meet for.

        Raises:
            InvalidError: a key or the request is of a wrong length.
        """
        super().__init__(way, now, entropy, purpose)
        signing, box = keys
        if len(signing) != SIGNING_BYTES or len(request) > MAX_REQUEST:
            raise InvalidError("a signing key has 32 bytes, a request at most 4,096")
        self._box = box
        self._secret = way.secret
        self._keys = signing + box.public
        self._request = request
        self._random = entropy(RANDOM_BYTES)
        self._commitment = _commitment(self._random, self._keys)

    def start(self, now: Instant) -> Turn:
        """Send the first share, once."""
        late = self.tick(now)
        return self._shared() if late is QUIET and self._pake is None else late

    def retry(self, code: Secret, now: Instant) -> Turn:
        """Try the six digits that the person typed after `WrongTry`.

        Raises:
            InvalidError: no try is open.
        """
        late = self.tick(now)
        if late is not QUIET or self.is_over:
            return late
        if self._attempt == 1 or self._pake is not None:
            raise InvalidError("no code is asked for at this moment")
        self._secret = code
        return self._shared()

    def _shared(self) -> Turn:
        if self.is_over:
            return QUIET
        self._pake = Pake(Side.FIRST, self._secret, self._context(), self._entropy)
        return Turn((self._step(Step.SHARE, self._pake.share),))

    def _exchanged(self, kind: Step, body: bytes) -> Turn:
        if self._pake is None or kind is not Step.ANSWER:
            raise WrongCodeError("not the message that was due")
        share, confirmation = body[:SHARE_BYTES], body[SHARE_BYTES:]
        mine = self._pake.take(share)
        session = self._pake.session(confirmation)
        self._shares = (self._pake.share, share)
        confirmed = self._step(Step.CONFIRM, mine)
        self._open_channel(session, Kind.REVEAL)
        return Turn((confirmed, *self._say(Kind.COMMIT, self._commitment)))

    def _took(self, said: Said) -> Turn:
        if said.kind is Kind.REVEAL:
            return self._revealed(*said.parts)
        payload = self._box.open(said.parts[0], _place(self._transcript))
        receipt = _receipt(self._key(), payload)
        self._due = None
        posts = self._say(Kind.RECEIPT, receipt)
        self._enter(State.CERTIFIED)
        return Turn(posts, Certified(self._keys, payload))

    def _revealed(self, random: bytes, introduction: bytes) -> Turn:
        # THREAT T462: who answers a QR code has the keys that the code names, or gets nothing.
        if self._way.keys is not None and not equal(self._way.keys, keys_hash(introduction)):
            return self._fail(Reason.KEYS)
        self._due = None  # nothing is due before this side's person said yes
        posts = self._say(Kind.OPEN, self._random, self._keys)
        parts = (self._commitment, random, introduction, self._random, self._keys)
        return Turn(posts, Compare(self._set_words(*parts), introduction))

    def _confirmed(self) -> Turn:
        self._due = Kind.ANSWER
        return Turn(self._say(Kind.REQUEST, self._request))


def _commitment(random: bytes, keys: bytes) -> bytes:
    return tagged(Tag.PAIRING_COMMIT, random, keys)


def _place(transcript: bytes) -> bytes:
    return framed(Tag.PAIRING_ANSWER, transcript)


def _receipt(session: Secret, payload: bytes) -> bytes:
    return keyed(derive(session, Tag.PAIRING_RECEIPT), Tag.PAIRING_RECEIPT, payload)

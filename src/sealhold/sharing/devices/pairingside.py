"""What both sides of a pairing have: states with an end, what a caller is told, and how it fails.

- No clock, no chance but that which is handed in, no place: messages go in and come out.
- Whatever goes wrong, the side forgets its keys, says so to the other one and does nothing more.

Source: docs/spec/13-pairing.md sections 8 and 9.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, unique

from sealhold.crypto import saswords
from sealhold.crypto.digest import framed
from sealhold.crypto.pake import Pake
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.pairingchannel import Inbox, Outbox
from sealhold.sharing.devices.pairingcode import VALID_MS, Way
from sealhold.sharing.devices.pairingwire import (
    Direction,
    Kind,
    Posted,
    Purpose,
    Reason,
    RoomId,
    Said,
    Step,
    reason_of,
    room,
    write_step,
)


@unique
class State(Enum):
    """How far a pairing is."""

    OFFERED = "offered"
    CONTACTED = "contacted"
    CONFIRMED = "confirmed"
    CERTIFIED = "certified"
    SYNCED = "synced"
    NOTHING = "nothing"


AT_MOST_MS = {  # how long a state may last
    State.OFFERED: VALID_MS,
    State.CONTACTED: 300_000,  # two people read six words
    State.CONFIRMED: 300_000,  # one of the two may still be reading
    State.CERTIFIED: 600_000,  # the first exchange
}


@dataclass(frozen=True, slots=True)
class WrongTry:
    """A try was wrong. The newcomer's person types the code again; the member shows how many."""

    left: int


@dataclass(frozen=True, slots=True)
class Compare:
    """Show the words, and ask whether the other screen shows the same."""

    words: tuple[str, ...]
    theirs: bytes  # the member's introduction, or the newcomer's keys (1,248 bytes)


@dataclass(frozen=True, slots=True)
class Asked:
    """To the member: write the certificate, and give it to `answer`."""

    keys: bytes  # 1,248 bytes: Ed25519, then the box key
    request: bytes


@dataclass(frozen=True, slots=True)
class Certified:
    """Done but for the first exchange."""

    keys: bytes  # the newcomer's
    payload: bytes  # what the member answered


@dataclass(frozen=True, slots=True)
class Failed:
    """Over; nothing is kept. `here` says which side found it."""

    reason: Reason
    here: bool


Event = WrongTry | Compare | Asked | Certified | Failed


@dataclass(frozen=True, slots=True)
class Turn:
    """What follows from a message or a call: messages to post, in this order, and what to tell."""

    posts: tuple[Posted, ...] = ()
    event: Event | None = None


QUIET = Turn()


class PairingSide(ABC):
    """What the member and the newcomer have in common."""

    mine: Direction
    other: Direction

    def __init__(self, way: Way, now: Instant, entropy: Entropy, purpose: Purpose) -> None:
        self.state = State.OFFERED
        self._way = way
        self._purpose = purpose
        self._entropy = entropy
        self._latest = now
        self._offered = min(Instant(now + AT_MOST_MS[State.OFFERED]), way.until)
        self._ends = self._offered
        self._attempt = 1
        self._pake: Pake | None = None
        self._shares: tuple[bytes, bytes] = (b"", b"")  # the newcomer's, the member's
        self._session: Secret | None = None
        self._inbox: Inbox | None = None
        self._outbox: Outbox | None = None
        self._due: Kind | None = None
        self._transcript = b""
        self._words: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return self.state in (State.SYNCED, State.NOTHING)

    @property
    def listening(self) -> tuple[RoomId, ...]:
        """The rooms whose next message is to be handed to `step`."""
        if self.is_over:
            return ()
        meeting = room(self._way.rendezvous, self.other, self._attempt)
        if self._inbox is None:
            return (meeting,) if self._pake or self.mine is Direction.MEMBER else ()
        # until the channel is heard, the other side may still say that the try was wrong
        return (self._inbox.room,) if self._inbox.has_begun else (self._inbox.room, meeting)

    def tick(self, now: Instant) -> Turn:
        """Look at the time alone."""
        self._latest = max(self._latest, now)
        if not self.is_over and self._latest >= self._ends:
            return self._fail(Reason.LATE)
        return QUIET

    def end(self, now: Instant, reason: Reason = Reason.STOPPED) -> Turn:
        """End it because a person wants so, or says that the words differ."""
        late = self.tick(now)
        return self._fail(reason) if late is QUIET else late

    def confirm(self, now: Instant, typed: str | None = None) -> Turn:
        """Take a person's yes: the words are the same. `typed` are those of the other screen.

        Raises:
            InvalidError: there are no words to compare yet, or no more.
        """
        late = self.tick(now)
        if late is not QUIET or self.is_over:
            return late
        if not self._words or self.state is not State.CONTACTED:
            raise InvalidError("there are no words to compare at this moment")
        # THREAT T463: other words end it, and nothing was given away before.
        if typed is not None and not saswords.are_same(self._words, typed):
            return self._fail(Reason.WORDS)
        self._enter(State.CONFIRMED)
        return self._confirmed()

    def synced(self, now: Instant) -> Turn:
        """Take it that the first exchange was seen; only then is the pairing over.

        Raises:
            InvalidError: it is not certified.
        """
        late = self.tick(now)
        if late is not QUIET or self.state is State.NOTHING:
            return late
        if self.state is not State.CERTIFIED:
            raise InvalidError("this pairing is not certified")
        self.state = State.SYNCED
        self._forget()
        return QUIET

    # --- for both sides ---

    @abstractmethod
    def _confirmed(self) -> Turn:
        """Return what follows from the yes of this side's person."""

    def _context(self) -> bytes:
        return framed(self._purpose.value, self._way.context(self._attempt))

    def _enter(self, state: State) -> None:
        self.state = state
        self._ends = Instant(self._latest + AT_MOST_MS[state])

    def _step(self, kind: Step, body: bytes) -> Posted:
        here = room(self._way.rendezvous, self.mine, self._attempt)
        return Posted(here, write_step(kind, body))

    def _open_channel(self, session: Secret, due: Kind) -> Outbox:
        self._session, self._due = session, due
        self._outbox = Outbox(session, self.mine, self._entropy)
        self._inbox = Inbox(session, self.other)
        self._enter(State.CONTACTED)
        return self._outbox

    def _say(self, kind: Kind, *parts: bytes) -> tuple[Posted, ...]:
        if self._outbox is None:
            raise InvalidEncodingError("there is no channel")
        return self._outbox.send(Said(kind, parts))

    def _set_words(self, *parts: bytes) -> tuple[str, ...]:
        """Return the words of a transcript that is now complete."""
        self._transcript = framed(self._context(), *self._shares, *parts)
        self._words = saswords.words(self._key(), self._transcript)
        return self._words

    def _key(self) -> Secret:
        if self._session is None:
            raise InvalidEncodingError("there is no channel")
        return self._session

    def _wrong(self, told: Reason | None = None) -> Turn:
        """Count a try as wrong. `told` is what the other side said of it, if it did."""
        if told not in (None, Reason.WRONG):
            return self._ended(told or Reason.BROKEN)
        # THREAT T464: each side counts for itself, and the last wrong try burns the code.
        if self._attempt >= self._way.tries:
            return self._fail(Reason.BURNT)
        posts = () if told else (self._step(Step.NOTICE, bytes([Reason.WRONG])),)
        left = self._way.tries - self._attempt
        self._attempt += 1
        self._pake = self._session = self._inbox = self._outbox = None
        self.state, self._ends = State.OFFERED, self._offered
        return Turn(posts, WrongTry(left))

    def _noticed(self, body: bytes) -> Turn:
        return self._wrong(told=reason_of(body[0]))

    def _fail(self, reason: Reason) -> Turn:
        """End it, and say so to the other side."""
        if self.is_over:
            return QUIET
        posts: tuple[Posted, ...] = ()
        if self._inbox is not None and self._outbox is not None:
            posts = self._outbox.send(Said(Kind.FAILED, reason=reason))
        if self._inbox is None or not self._inbox.has_begun:
            posts += (self._step(Step.NOTICE, bytes([reason])),)
        return Turn(posts, self._ended(reason, here=True).event)

    def _ended(self, reason: Reason, *, here: bool = False) -> Turn:
        self.state = State.NOTHING
        self._forget()
        return Turn(event=Failed(reason, here))

    def _forget(self) -> None:
        if self._session is not None:
            self._session.wipe()
        self._pake = self._session = self._inbox = self._outbox = None
        self._words, self._transcript = (), b""

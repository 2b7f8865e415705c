"""A pairing carried out at a place: messages are posted and fetched, and a person is asked.

- `turn` looks once and returns what happened, so a page can call it; `run` goes on until the end,
  for a terminal.
- A place that is away for a while stops nothing: what was not posted is posted later, and only
  the pairing's own time ends it. A place that is full ends it.

Source: docs/spec/13-pairing.md sections 2 and 8.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Protocol

from sealhold.crypto.secret import Secret
from sealhold.model.clock import Clock
from sealhold.model.errors import (
    CarrierAwayError,
    CarrierFullError,
    CarrierRefusedError,
    PairingFailedError,
)
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingside import (
    Asked,
    Certified,
    Compare,
    Event,
    Failed,
    Turn,
    WrongTry,
)
from sealhold.sharing.devices.pairingwire import ROOM_MESSAGES, Posted, Reason, RoomId
from sealhold.sharing.devices.rendezvous import Meetings

WHY = {
    Reason.STOPPED: "it was stopped",
    Reason.WORDS: "the words were said to differ",
    Reason.WRONG: "the code was wrong",
    Reason.BURNT: "the code was wrong too often, and is of no use any more",
    Reason.LATE: "it took too long",
    Reason.BROKEN: "a message was not what was sent",
    Reason.KEYS: "another device answered than the one that was promised",
}


class Person(Protocol):
    """Who sits before one of the two screens, and what their device does for them."""

    def wrong(self, left: int) -> Secret | None:
        """Tell that a try was wrong. The newcomer's returns the code that is typed now."""
        ...

    def compare(self, words: tuple[str, ...], theirs: bytes) -> bool | str:
        """Show six words; return whether the other screen has them, or what it shows."""
        ...

    def certify(self, keys: bytes, request: bytes) -> bytes:
        """Return what the newcomer is given; asked on the member's side alone."""
        ...

    def sync(self, done: Certified) -> None:
        """Do the first exchange, or see that it was done; what is raised ends the pairing."""
        ...


class Conversation:
    """One side of a pairing, at a place."""

    def __init__(self, side: Member | Newcomer, meetings: Meetings, clock: Clock) -> None:
        self.side = side
        self._meetings = meetings
        self._clock = clock
        self._read: Counter[RoomId] = Counter()
        self._waiting: deque[Posted] = deque()
        self._told: deque[Event] = deque()
        if isinstance(side, Newcomer):
            self._follow(side.start(clock()))

    def turn(self) -> tuple[Event, ...]:
        """Post what waits, read what is there, look at the time; return what happened."""
        self._post()
        while any(self._fetch(room) for room in self.side.listening):
            self._post()
        self._follow(self.side.tick(self._clock()))
        self._post()
        told = tuple(self._told)
        self._told.clear()
        return told

    def confirm(self, typed: str | None = None) -> None:
        """Take the person's yes; `typed` are the words that the other screen shows.

        Raises:
            InvalidError: there are no words to compare at this moment.
        """
        self._follow(self.side.confirm(self._clock(), typed))

    def end(self, reason: Reason = Reason.STOPPED) -> None:
        """End it, and say so to the other side."""
        self._follow(self.side.end(self._clock(), reason))
        self._post()

    def answer(self, payload: bytes) -> None:
        """Give the newcomer what it asked for.

        Raises:
            InvalidError: this is not the member, or nothing is asked at this moment.
        """
        if isinstance(self.side, Member):
            self._follow(self.side.answer(payload, self._clock()))

    def retry(self, code: Secret) -> None:
        """Try the code that was typed now.

        Raises:
            InvalidError: no code is asked for at this moment.
        """
        if isinstance(self.side, Newcomer):
            self._follow(self.side.retry(code, self._clock()))

    def synced(self) -> None:
        """Take it that the first exchange was done.

        Raises:
            InvalidError: it is not certified.
        """
        self._follow(self.side.synced(self._clock()))

    def events(self, pause: Callable[[], None]) -> Iterator[Event]:
        """Yield what happens until it is over; `pause` waits where nothing did."""
        while not self.side.is_over:
            told = self.turn()
            yield from told
            if not told:
                pause()
        yield from self.turn()

    def run(self, person: Person, pause: Callable[[], None]) -> Certified:
        """Carry it out with a person; return what it ended in.

        Raises:
            PairingFailedError: it ended before it was done; nothing of it counts.
        """
        done: Certified | None = None
        try:
            for event in self.events(pause):
                done = self._asking(event, person) or done
        except BaseException:
            self.end()
            raise
        if done is None:
            raise PairingFailedError("the pairing is over")
        return done

    def _asking(self, event: Event, person: Person) -> Certified | None:
        match event:
            case WrongTry():
                code = person.wrong(event.left)
                if code is not None:
                    self.retry(code)
            case Compare():
                self._compared(person.compare(event.words, event.theirs))
            case Asked():
                self.answer(person.certify(event.keys, event.request))
            case Certified():
                person.sync(event)
                self.synced()
                return event
            case Failed():
                by = "found here" if event.here else "the other side says so"
                raise PairingFailedError(f"{WHY[event.reason]} ({by})")
        return None

    def _compared(self, same: bool | str) -> None:  # noqa: FBT001  # a person's answer
        if same is False:
            self.end(Reason.WORDS)
        else:
            self.confirm(None if same is True else same)

    def _follow(self, turn: Turn) -> None:
        self._waiting.extend(turn.posts)
        if turn.event is not None:
            self._told.append(turn.event)

    def _post(self) -> None:
        while self._waiting:
            try:
                self._meetings.at(self._waiting[0].room).post(self._waiting[0].data)
            except CarrierAwayError:
                return
            except (CarrierFullError, CarrierRefusedError) as err:
                self._shut(err)
                shut = self._waiting[0].room  # the other rooms still tell the other side
                self._waiting = deque(each for each in self._waiting if each.room != shut)
                continue
            self._waiting.popleft()

    def _shut(self, why: CarrierFullError | CarrierRefusedError) -> None:
        """End it: the place is full, or somebody burnt the room."""
        is_burnt = isinstance(why, CarrierRefusedError)
        reason = Reason.BURNT if is_burnt else Reason.BROKEN
        self._follow(self.side.end(self._clock(), reason))

    def _fetch(self, room: RoomId) -> bool:
        """Read what is new in a room; return whether there was anything."""
        # THREAT T466: of whatever a place shows, as many are read as a room has.
        left = ROOM_MESSAGES - self._read[room]
        try:
            messages = self._meetings.at(room).fetch(self._read[room])[:left] if left else []
        except CarrierAwayError:
            return False
        except CarrierRefusedError as err:
            self._shut(err)
            return False
        for message in messages:
            self._read[room] += 1
            self._follow(self.side.step(Posted(room, message), self._clock()))
        return bool(messages)

"""Brokers side by side: objects go out to several at once, and come back as answers.

- A lane is one place of the keeper, and the broker in it while there is work. Objects are handed
  to whichever lane has room, so a slow one holds up nobody.
- One thread, and nothing in it waits for a single lane. Each object has a clock of its own, which
  starts when it is the next of its broker; no other object moves it.
- A broker that is lost takes with it the object in hand, and that one alone: what was sent ahead
  goes to a fresh broker. One that is lost before it began takes nothing: another is begun.
- Memory is bounded: a lane holds little more than what it has sent ahead.

Source: docs/spec/19-confinement.md sections 4 and 5.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sealhold.compute.frames import MAX_SCALAR, framed, read_scalar, unframed
from sealhold.model.errors import BrokerLostError

START = 10.0  # seconds for a broker to be forked and jailed; it takes about 0.005
IN_FLIGHT = 64  # objects sent ahead of their answers
SENT_AHEAD = 65_536  # bytes sent ahead: less than a socket holds
_LOOK = 0.1  # seconds after which a stop is seen at the latest
_REST = 0.001  # seconds to let answers gather, as long as no lane runs dry
_PLENTY = 16  # objects ahead: far from dry
_AHEAD = 0.02  # seconds of work sent ahead at most, so that no lane hoards what another could do
STAGGER = 0.01  # seconds before a further lane opens: what is done by then needs no second one
_TAKEN_AT_ONCE = 65_536  # bytes
LOST_UNBEGUN = 3  # brokers of a call that may be lost before they began

Told = tuple[int, list[int | None]]  # which item, and its answers, one for each of its members


@dataclass(frozen=True, slots=True)
class Item:
    """One object, or one partition of them, as it goes out."""

    index: int
    payload: bytes  # empty: it is too large to go
    members: int  # how many answers are due


@dataclass(slots=True, kw_only=True)
class Work:
    """One call: what each broker is told first, and the items that are left."""

    job: bytes
    items: Iterator[Item]
    seconds: float  # for one item, and then its broker is ended
    most: int  # items for one broker
    accept: Callable[[int | str | None], None]  # raises if a broker is not confined as asked for
    attend: Callable[[], None]  # raises if the keeper is gone
    starting: int = 0  # brokers that will soon take one
    unbegun: int = 0  # brokers that were lost before they began
    _back: deque[Item] = field(default_factory=deque)  # taken before, and to be taken again

    def peek(self) -> Item | None:
        """Return the next item, None if there is none left."""
        return self._back[0] if self.has(1) else None

    def has(self, count: int) -> bool:
        """Return whether at least so many items are left."""
        self._back.extend(islice(self.items, max(0, count - len(self._back))))
        return len(self._back) >= count

    def take(self) -> None:
        """Take the item that `peek` returned."""
        self._back.popleft()

    def give_back(self, items: Iterable[Item]) -> None:
        """Take items back that no broker has begun; they are the next."""
        self._back.extendleft(reversed(list(items)))


class Lane:
    """One place, and the broker in it if there is one."""

    def __init__(self, begin: Callable[[], socket.socket], work: Work, opens: float) -> None:
        self._begin = begin
        self._work = work
        self._opens = opens  # monotonic seconds: not before
        self._end: socket.socket | None = None
        self._reset()

    def _reset(self) -> None:
        self._out = bytearray()
        self._taken = bytearray()
        self._ahead: deque[Item] = deque()
        self._bytes_ahead = 0
        self._said: list[int | None] = []  # of the item in hand
        self._handed = 0
        self._is_greeted = False
        self._deadline = self._opens
        self._heard = 0.0  # when it last answered
        self._window = 1  # items ahead, as fast as it is

    @property
    def descriptor(self) -> int:
        """The socket's number, -1 if nothing goes on here."""
        return -1 if self._end is None else self._end.fileno()

    @property
    def deadline(self) -> float:
        """When patience with this lane ends, or when it opens, in monotonic seconds."""
        return self._deadline

    @property
    def events(self) -> int:
        """What to wait for."""
        return select.POLLIN | (select.POLLOUT if self._out else 0)

    @property
    def is_rich(self) -> bool:
        """Whether it has enough to do for a while."""
        return len(self._ahead) >= _PLENTY

    def feed(self) -> None:
        """Hand out what there is room for; begin a broker for it, end one that has nothing left.

        Raises:
            BrokerLostError: the keeper is gone.
        """
        item = self._work.peek()
        if not self._ahead and (item is None or self._handed >= self._work.most):
            self.close()
        if self._end is None and self._is_wanted():
            self._end = self._begin()
            self._end.setblocking(False)  # noqa: FBT003  reason: the library's own way
            self._deadline = time.monotonic() + START
            self._work.starting += 1
        if self._is_greeted and len(self._ahead) <= self._window // 2:
            while item is not None and self._has_room(item):
                self._work.take()
                self._hand(item)
                item = self._work.peek()
        self.write()

    def _is_wanted(self) -> bool:
        return time.monotonic() >= self._opens and self._work.has(self._work.starting + 1)

    def _has_room(self, item: Item) -> bool:
        if self._handed >= self._work.most:
            return False
        fits = self._bytes_ahead + len(item.payload) <= SENT_AHEAD
        return not self._ahead or (fits and len(self._ahead) < self._window)

    def _hand(self, item: Item) -> None:
        if not self._ahead:
            self._heard = time.monotonic()
            self._deadline = self._heard + self._work.seconds
        self._ahead.append(item)
        self._bytes_ahead += len(item.payload)
        self._handed += 1
        self._out += framed(item.payload)

    def write(self) -> None:
        """Send what the socket takes now."""
        if not self._out or self._end is None:
            return
        try:
            del self._out[: self._end.send(self._out)]
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()  # it is gone; what it still answered can be read

    def read(self) -> Iterator[Told]:
        """Yield what was answered meanwhile; the last is a fault if the broker was lost.

        Raises:
            BrokerLostError: the keeper is gone, or too many were lost before they began.
            IsolationUnavailableError: it is not confined as asked for.
        """
        before = len(self._ahead)
        try:
            for payload in self._arrived():
                if not self._is_greeted:
                    self._work.accept(read_scalar(payload))
                    self._is_greeted = True
                    self._work.starting -= 1
                    self._out += framed(self._work.job)
                    continue
                yield from self._answered(payload)
            self._pace(before - len(self._ahead))
        except BrokerLostError:
            yield from self._lose()

    def _arrived(self) -> Iterator[bytes]:
        if self._end is None:
            return
        try:
            part = self._end.recv(_TAKEN_AT_ONCE)
        except BlockingIOError:
            return
        except OSError as err:
            raise BrokerLostError("the broker was lost") from err
        if not part:
            raise BrokerLostError("the broker ended")
        self._taken += part
        yield from unframed(self._taken, MAX_SCALAR)

    def _pace(self, answered: int) -> None:
        if answered:
            now = time.monotonic()
            fitting = int(_AHEAD * answered / max(now - self._heard, 1e-6))
            self._window = max(1, min(2 * self._window, fitting, IN_FLIGHT))
            self._heard = now

    def _answered(self, payload: bytes) -> Iterator[Told]:
        said = read_scalar(payload)
        if isinstance(said, str) or not self._ahead:
            raise BrokerLostError("an answer where none is due")
        self._said.append(said)
        item = self._ahead[0]
        if len(self._said) < item.members:
            return
        self._ahead.popleft()
        self._bytes_ahead -= len(item.payload)
        self._deadline = time.monotonic() + self._work.seconds
        told, self._said = self._said, []
        yield item.index, told

    def expire(self) -> Iterator[Told]:
        """End a broker that is late; yield what it still said, or the fault.

        Raises:
            BrokerLostError: the keeper is gone, or too many were lost before they began.
        """
        if self._is_late():
            # THREAT T162: whoever took the last answer may have been long about it; what has
            # arrived since is read first, so that no clock runs for another's time.
            yield from self.read()
        if self._is_late():
            yield from self._lose()

    def _is_late(self) -> bool:
        return self._end is not None and time.monotonic() > self._deadline

    def _lose(self) -> Iterator[Told]:
        """Give the broker up; yield the fault of what it had in hand, if it had anything.

        Raises:
            BrokerLostError: the keeper is gone, or too many were lost before they began.
        """
        self._work.attend()
        if not self._handed:
            # INVARIANT: what is begun anew is a process that nothing of a stranger has reached, so
            # no program has a second try.
            self._work.unbegun += 1
            if self._is_greeted or self._work.unbegun > LOST_UNBEGUN:
                raise BrokerLostError("a broker was lost before it began")
        lost, self._ahead = self._ahead, deque()
        self.close()
        if lost:
            # THREAT T34: lost over this item, so this one is its fault, and only this one.
            item = lost.popleft()
            self._work.give_back(lost)
            yield item.index, [None] * item.members

    def close(self) -> None:
        """Close the socket: the broker reads that it is over."""
        if self._end is not None:
            self._work.starting -= not self._is_greeted
            self._end.close()
            self._end = None
        self._reset()


def run(lanes: Sequence[Lane], is_stopped: Callable[[], bool]) -> Iterator[Told]:
    """Yield the answers of all items as they come; fewer if it is stopped.

    Raises:
        BrokerLostError: the keeper is gone.
        IsolationUnavailableError: a broker is not confined as asked for.
    """
    try:
        while not is_stopped():
            for lane in lanes:
                lane.feed()
            active = {lane.descriptor: lane for lane in lanes if lane.descriptor >= 0}
            if not active:
                return
            if all(lane.is_rich for lane in active.values()):
                time.sleep(_REST)
            for descriptor, event in _wait(lanes):
                if event & select.POLLOUT:
                    active[descriptor].write()
                if event & ~select.POLLOUT:
                    yield from active[descriptor].read()
            for lane in active.values():
                yield from lane.expire()
    finally:
        for lane in lanes:
            lane.close()


def _wait(lanes: Sequence[Lane]) -> list[tuple[int, int]]:
    poll = select.poll()
    for lane in lanes:
        if lane.descriptor >= 0:
            poll.register(lane.descriptor, lane.events)
    now = time.monotonic()
    until = min((lane.deadline - now for lane in lanes if lane.deadline > now), default=_LOOK)
    return poll.poll(1000 * min(until + _REST, _LOOK))

"""Entries about tokens and sign-ins that were refused: so many in a minute, with a count.

- The first refusal of a token in a minute is an entry at once. Those behind it are counted, and
  told in one entry once the minute is over: with the next refusal, or when the vault is locked.
- So whoever calls a thousand times a second with a token that ended makes two entries a minute.
- What was counted is in memory: a process that is killed has told of the first one alone.

Source: docs/spec/30-access.md section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.model.ids import AppId
from sealhold.model.quantities import MINUTE, Instant
from sealhold.vault.core import Core
from sealhold.vault.writer import Work

MOST = 4_096  # that are counted at once; the oldest is told of before its minute is over


@dataclass(slots=True)
class _Counted:
    event: Event
    until: Instant  # the end of its minute
    untold: int = 0  # refusals of which no entry tells yet


class Refused:
    """Tells the log of one vault; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._counted: dict[bytes, _Counted] = {}
        self._turn = Lock()

    def tell(self, reason: str, token: bytes = b"", app: AppId | None = None) -> None:
        """Tell of one refusal: of a token that the vault made for an app or person, or else.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        event = Event(
            kind=EventKind.ACCESS,
            actor=Actor.APP if app else Actor.OUTSIDER,
            outcome=Outcome.DENIED,
            app=app,
            reason=reason,
        )
        # THREAT T316: however often it is refused, a token makes two entries a minute at most
        with self._turn:
            due = list(self._over(self._core.clock()))
            counted = self._counted.get(token)
            if counted is None:
                until = Instant(self._core.clock() + MINUTE)
                self._counted[token] = _Counted(event, until)
                due.append(event)
            else:
                counted.untold += 1
            while len(self._counted) > MOST:
                due += _told(self._counted.pop(next(iter(self._counted))))
        self._write(due)

    def tell_rest(self) -> None:
        """Tell of all that was counted.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        with self._turn:
            due = [each for counted in self._counted.values() for each in _told(counted)]
            self._counted.clear()
        self._write(due)

    def _over(self, now: Instant) -> Iterator[Event]:
        over = [token for token, each in self._counted.items() if now >= each.until]
        for token in over:
            yield from _told(self._counted.pop(token))

    def _write(self, due: list[Event]) -> None:
        for event in due:
            self._core.writer.commit(Work((), (Entry(event=event),)))


def _told(counted: _Counted) -> Iterator[Event]:
    if counted.untold:  # an entry tells of one, and of so many more
        yield structs.replace(counted.event, more=counted.untold - 1)

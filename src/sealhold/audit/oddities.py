"""Odd uses, by rules that are written down: read from the log, in its order.

- Pure. Each alert names the entries that it rests on, so whoever has the log finds the same ones.
- An odd use is no wrong one: it is worth a look.

Source: docs/spec/40-statement.md section 8.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.sums import Noted
from sealhold.model.quantities import Instant, MicroBits, utc
from sealhold.model.shown.statement import Odd

LOOKED_BACK = 10_000  # entries: less than a second
SEEN_BEFORE = 10  # uses before an hour can be a new one
LEAST_RATE = 10  # uses of a month that are never too many
RATE = 3  # times the median of the months before
MONTHS = 6
LEAST_MONTHS = 2
REFUSED = 3  # in a row
LEFT = 10  # a tenth


@dataclass(slots=True)
class _Asker:
    fields: set[str] = field(default_factory=set)
    hours: Counter[int] = field(default_factory=Counter)
    uses: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    refused: list[int] = field(default_factory=list)
    told: set[tuple[int, int]] = field(default_factory=set)  # months that were told of


def is_watched(event: Event) -> bool:
    """Return whether a rule looks at an event."""
    return event.app is not None or event.left is not None


def oddities(entries: Iterable[Noted]) -> list[Odd]:
    """Return what is odd about some entries, in their order."""
    watch = Watch()
    for noted in entries:
        watch.enter(noted)
    return watch.found


class Watch:
    """Reads entries in their order, and tells what is odd about them."""

    def __init__(self) -> None:
        self.found: list[Odd] = []
        self._askers: dict[str, _Asker] = defaultdict(_Asker)
        self._year = 0
        self._begun_with = MicroBits(0)
        self._is_low = False

    def enter(self, noted: Noted) -> None:
        """Take the next entry."""
        if noted.logged is None:
            return
        event, at, seq = noted.logged.event, noted.logged.at, noted.seq
        if event.left is not None:
            self._look_at_budget(event, at, seq)
        if event.app is None:
            return
        app = event.app.hex()
        asker = self._askers[app]
        if event.outcome is Outcome.DENIED:
            asker.refused.append(seq)
            if len(asker.refused) == REFUSED:
                self._tell("refused", app, at, str(REFUSED), *asker.refused)
        elif event.kind is EventKind.CHARGE or event.actor in {Actor.APP, Actor.PERSON}:
            asker.refused.clear()
            if event.kind in {EventKind.REQUEST, EventKind.RELEASE, EventKind.ACCESS}:
                return  # it only asked, or was given what the charge told of
            self._use(app, asker, noted.seq, event, at)

    def _use(self, app: str, asker: _Asker, seq: int, event: Event, at: Instant) -> None:
        new = sorted(set(event.fields) - asker.fields)
        if new and asker.fields:
            self._tell("new_field", app, at, ", ".join(new), seq)
        asker.fields.update(event.fields)
        moment = utc(at)
        if asker.hours.total() >= SEEN_BEFORE and not asker.hours[moment.hour]:
            self._tell("new_hour", app, at, f"{moment.hour:02d}", seq)
        asker.hours[moment.hour] += 1
        month = (moment.year, moment.month)
        asker.uses[month].append(seq)
        before = [len(seqs) for past, seqs in asker.uses.items() if past != month][-MONTHS:]
        uses = len(asker.uses[month])
        is_many = len(before) >= LEAST_MONTHS and uses > max(LEAST_RATE, RATE * median(before))
        if is_many and month not in asker.told:
            asker.told.add(month)
            self._tell("rate", app, at, str(uses), *asker.uses[month])

    def _look_at_budget(self, event: Event, at: Instant, seq: int) -> None:
        year, left = utc(at).year, event.left or MicroBits(0)
        if year != self._year:
            self._year, self._is_low = year, False
            self._begun_with = MicroBits(left + event.cost)
        is_low = left * LEFT <= self._begun_with
        if is_low and not self._is_low:
            self._tell("budget", "", at, str(left), seq)
        self._is_low = is_low

    def _tell(self, rule: str, app: str, at: Instant, about: str, *indices: int) -> None:
        self.found.append(Odd(rule=rule, app=app, at=at, about=about, indices=indices))

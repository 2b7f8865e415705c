"""The register of breaches: when somebody became aware, who was told, how far it reached.

- Steps are decided by `policy/breach.py`; the 72 hours run from awareness, which is said once.
- How far it reached is computed from the log, and stands in the story with the day it was computed.

Source: docs/spec/27-rights.md section 6; docs/spec/23-deadlines.md section 6.
"""

from collections.abc import Callable, Iterator

import msgspec

from sealhold.audit.event import MAX_AT, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import BusyError, ConflictError, InvalidError
from sealhold.model.ids import AppId, Id16
from sealhold.model.quantities import Instant
from sealhold.model.rights import BreachView, Reason, ScopeView, StepView
from sealhold.policy import breach
from sealhold.policy.breach import (
    Addressee,
    BreachEvent,
    BreachNotice,
    Closed,
    Notified,
    NotNotified,
    Opened,
    Reopened,
)
from sealhold.policy.names import has_hidden
from sealhold.vault.core import Core
from sealhold.vault.rights import reasons_of
from sealhold.vault.scoping import scope_of
from sealhold.vault.stories import By, Stories, Story, StoryKind
from sealhold.vault.writer import Work

TRIES = 8
SALT_BYTES = 16
MAX_ABOUT = 4_000  # characters
SCOPE = "scope"
_KINDS: dict[str, type[BreachEvent]] = {
    "open": Opened,
    "notify": Notified,
    "spare": NotNotified,
    "close": Closed,
    "reopen": Reopened,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class BreachRegister:
    """The breaches of one vault; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._stories = Stories(core)

    def open(self, by: By, about: str, aware_at: Instant | None = None) -> BreachView:
        """Enter a breach; without a time somebody became aware of it now.

        Raises:
            InvalidError: the words say nothing.
            OutOfOrderError: awareness is in the future.
        """
        if has_hidden(about.replace("\n", " ")) or not 0 < len(about.strip()) <= MAX_ABOUT:
            raise InvalidError(f"what happened is said in 1 to {MAX_ABOUT} characters in the clear")
        now = self._core.clock()
        event = Opened(at=now, aware_at=now if aware_at is None else aware_at)
        breach.begin(event)
        story, ops = self._stories.begun(
            StoryKind.BREACH, {"about": about.strip()}, self._paper(_NAMES[Opened], event, by)
        )
        self._core.writer.commit(Work(ops, (self._entry(story, by),), releases=True))
        return self._view(story)

    def notify(self, by: By, name: Id16, notice: str, reasons: tuple[Reason, ...]) -> BreachView:
        """Enter that a notice went out.

        Raises:
            NotFoundError: no such breach.
            InvalidError: no such notice.
            OutOfOrderError: it may not follow.
            UnjustifiedError: a first notice is late, and nothing says why.
        """
        which = _word(BreachNotice, notice)
        given = reasons_of(reasons[:1])
        return self._step(
            by,
            name,
            lambda at: Notified(at=at, notice=which, justification=given[0] if given else None),
        )

    def spare(self, by: By, name: Id16, addressee: str, reasons: tuple[Reason, ...]) -> BreachView:
        """Enter that somebody need not be told, and why.

        Raises:
            NotFoundError: no such breach.
            InvalidError: no such addressee, or not one reason.
            OutOfOrderError: it may not follow.
            UnjustifiedError: the reason does not carry it.
        """
        whom, given = _word(Addressee, addressee), reasons_of(reasons)
        if len(given) != 1:
            raise InvalidError("that somebody is not told has one reason")
        return self._step(
            by, name, lambda at: NotNotified(at=at, addressee=whom, justification=given[0])
        )

    def close(self, by: By, name: Id16) -> BreachView:
        """Enter that nothing remains to be done.

        Raises:
            NotFoundError: no such breach.
            OutOfOrderError: authority or persons are neither told nor spared.
        """
        return self._step(by, name, lambda at: Closed(at=at))

    def reopen(self, by: By, name: Id16) -> BreachView:
        """Enter that something came to light.

        Raises:
            NotFoundError: no such breach.
            OutOfOrderError: it is open.
        """
        return self._step(by, name, lambda at: Reopened(at=at))

    def scope(
        self,
        by: By,
        name: Id16,
        app: AppId,
        since: Instant,
        until: Instant,
        token: Id16 | None = None,
    ) -> BreachView:
        """Compute from the log how far a breach reached, and keep it with the story.

        Raises:
            NotFoundError: no such breach, or no such token.
            InvalidError: the time ends before it begins.
        """
        if not 0 <= since < until <= MAX_AT:
            raise InvalidError("the time that is looked at begins before it ends")
        self._stories.get(StoryKind.BREACH, name)
        found = scope_of(self._core, app, since, until, token)
        plain = {**msgspec.to_builtins(found), "app": app, "token": token}
        return self._add(by, name, lambda story: ([SCOPE, plain, by.officer, b""], story.is_open))

    def get(self, name: Id16) -> BreachView:
        """Return a breach and its clock.

        Raises:
            NotFoundError: no such breach.
        """
        return self._view(self._stories.get(StoryKind.BREACH, name))

    def all(self) -> tuple[BreachView, ...]:
        """Return all breaches, the most urgent first, those that are closed last."""
        views = (self._view(each) for each in self._stories.all(StoryKind.BREACH))
        return tuple(sorted(views, key=lambda each: (each.is_closed, each.due, each.id)))

    def overdue(self) -> int:
        """Return of how many breaches the authority should have been told."""
        return sum(each.is_overdue for each in self.all())

    def _step(self, by: By, name: Id16, make: Callable[[Instant], BreachEvent]) -> BreachView:
        def follow(story: Story) -> tuple[Plain, bool]:
            event = make(self._core.clock())
            after = breach.step(breach.fold(_events(story)), event)
            return self._paper(_NAMES[type(event)], event, by), not after.is_closed

        return self._add(by, name, follow)

    def _add(self, by: By, name: Id16, follow: Callable[[Story], tuple[Plain, bool]]) -> BreachView:
        for _ in range(TRIES):
            story = self._stories.get(StoryKind.BREACH, name)
            paper, is_open = follow(story)
            told, ops = self._stories.told(story, paper, is_open=is_open)
            work = Work(ops, (self._entry(told, by),), releases=True)
            try:
                self._core.writer.commit(work)
            except ConflictError:
                continue
            return self._view(told)
        raise BusyError("others enter steps of the same breach")

    def _paper(self, name: str, event: BreachEvent, by: By) -> Plain:
        return [name, msgspec.to_builtins(event), by.officer, self._core.entropy(SALT_BYTES)]

    @staticmethod
    def _entry(story: Story, by: By) -> Entry:
        paper = story.events[-1]
        told = Event(
            kind=EventKind.BREACH,
            actor=by.actor,
            reason=paper[0],
            digest=sha256(story.id, pack(paper)),
        )
        return Entry(event=told)

    def _view(self, story: Story) -> BreachView:
        events = list(_events(story))
        entered = [officer for name, _, officer, _ in story.events if name != SCOPE]
        standing = breach.fold(events)
        return BreachView(
            id=story.id,
            about=story.about["about"],
            aware_at=standing.aware_at,
            due=standing.due,
            authority=standing.authority.value,
            persons=standing.persons.value,
            is_late=standing.late,
            is_overdue=standing.is_overdue(self._core.clock()),
            is_closed=standing.is_closed,
            steps=tuple(_shown(each, who) for each, who in zip(events, entered, strict=True)),
            scopes=tuple(_scope(body) for name, body, *_ in story.events if name == SCOPE),
        )


def _word(words: type[BreachNotice] | type[Addressee], text: str) -> Plain:
    try:
        return words(text)
    except ValueError as err:
        raise InvalidError(f"one of {', '.join(each.value for each in words)}") from err


def _events(story: Story) -> Iterator[BreachEvent]:
    return (msgspec.convert(body, _KINDS[name]) for name, body, *_ in story.events if name != SCOPE)


def _scope(body: Plain) -> ScopeView:
    lists = {name: tuple(body[name]) for name in ("categories", "categories_at_most")}
    return ScopeView(**{**body, **lists})


def _shown(event: BreachEvent, officer: Id16 | None) -> StepView:
    said = getattr(event, "justification", None)
    name = _NAMES[type(event)]
    match event:
        case Notified():
            name = event.notice.value
        case NotNotified():
            name = f"{event.addressee.value} not notified"
        case _:
            pass
    return StepView(
        step=name,
        at=event.at,
        by=officer,
        happened_at=event.aware_at if isinstance(event, Opened) else None,
        reasons=() if said is None else (Reason(ground=said.ground.value, text=said.text),),
    )

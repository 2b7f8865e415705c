"""The register of rights requests: who asked for what, what was done about it, and the clock.

- Each step is decided by `policy/rights.py` on the whole story, and is entered with the time of
  the vault's clock; what may not follow is refused, and nothing of the story is ever taken away.
- The register knows a person by their name in the log. Once they are erased it leads to nobody,
  and the register goes on to show that, and when, a wish was met.

Source: docs/spec/27-rights.md section 5; docs/spec/23-deadlines.md.
"""

from collections.abc import Iterator
from dataclasses import fields

import msgspec

from sealhold.audit.event import Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
    UnjustifiedError,
)
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.quantities import Instant
from sealhold.model.rights import Reason, RightsStep, RightsView, StepView
from sealhold.policy import rights
from sealhold.policy.deadlines import Calendar
from sealhold.policy.justifications import Ground, Justification
from sealhold.policy.rights_events import (
    Accepted,
    Acknowledged,
    ActionDelayed,
    ActionPerformed,
    ActionRequired,
    Extended,
    Fulfilled,
    Initiated,
    Rejected,
    Right,
    RightsEvent,
    Unfulfilled,
)
from sealhold.vault.core import Core
from sealhold.vault.stories import By, Stories, Story, StoryKind
from sealhold.vault.subjects import SUBJECTS, Subjects
from sealhold.vault.writer import Work

TRIES = 8
SALT_BYTES = 16
STEPS: dict[str, type[RightsEvent]] = {
    "acknowledge": Acknowledged,
    "suspend": ActionRequired,
    "verify-identity": ActionPerformed,
    "accept": Accepted,
    "extend": Extended,
    "delay": ActionDelayed,
    "fulfil": Fulfilled,
    "unfulfil": Unfulfilled,
    "reject": Rejected,
}
_KINDS: dict[str, type[RightsEvent]] = {"receive": Initiated, **STEPS}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_OUTSIDE = ("received_at", "came_at", "noticed_at")  # when something happened outside


class RightsRegister:
    """The rights requests of one vault; several threads may call."""

    def __init__(self, core: Core, calendar: Calendar) -> None:
        self._core = core
        self._calendar = calendar
        self._stories = Stories(core)
        self._subjects = Subjects(core)

    def open(
        self,
        by: By,
        app: AppId,
        subject: SubjectId | None,
        right: str,
        received_at: Instant | None = None,
    ) -> RightsView:
        """Enter what a person asked for; without a time it was received now.

        Raises:
            InvalidError: no such right.
            NotFoundError: this app has no such person.
            OutOfOrderError: it was received in the future.
        """
        now = self._core.clock()
        event = Initiated(
            at=now, received_at=now if received_at is None else received_at, right=_right(right)
        )
        rights.begin(event)
        about = {"app": app, "who": self._leaf(app, subject)}
        paper = self._paper(event, by)
        story, ops = self._stories.begun(StoryKind.RIGHTS, about, paper)
        self._core.writer.commit(Work(ops, (self._entry(story, by, event),), releases=True))
        return self._view(story)

    def step(self, by: By, request: Id16, wish: RightsStep) -> RightsView:
        """Enter what an officer did about a request.

        Raises:
            NotFoundError: no such request.
            InvalidError: no such step, or it lacks what it needs.
            OutOfOrderError: it may not follow.
            TermOverError: it extends a request whose first term is over.
            UnjustifiedError: it lacks its justification.
            BusyError: others enter steps without a pause.
        """
        for _ in range(TRIES):
            story = self._stories.get(StoryKind.RIGHTS, request)
            standing = rights.fold(_events(story), self._calendar)
            event = _event(wish, self._core.clock())
            after = rights.step(standing, event, self._calendar)
            told, ops = self._stories.told(
                story, self._paper(event, by), is_open=not after.is_closed
            )
            entry = self._entry(told, by, event)
            try:
                self._core.writer.commit(Work(ops, (entry,), releases=True))
            except ConflictError:
                continue
            return self._view(told)
        raise BusyError("others enter steps of the same request")

    def get(self, request: Id16) -> RightsView:
        """Return a request and its clock.

        Raises:
            NotFoundError: no such request.
        """
        return self._view(self._stories.get(StoryKind.RIGHTS, request))

    def of(self, app: AppId, subject: SubjectId, request: Id16) -> RightsView:
        """Return a person's own request.

        Raises:
            DeniedError: it is another's, or none.
        """
        try:
            view = self.get(request)
        except NotFoundError as err:
            raise DeniedError("denied") from err
        # THREAT T264: what others asked of a controller is nobody else's business
        if (view.app, view.subject) != (app, subject):
            raise DeniedError("denied")
        return view

    def all(self) -> tuple[RightsView, ...]:
        """Return all requests, the most urgent first, those that are closed last."""
        views = (self._view(each) for each in self._stories.all(StoryKind.RIGHTS))
        return tuple(sorted(views, key=lambda each: (each.is_closed, each.due, each.id)))

    def all_of(self, app: AppId, subject: SubjectId) -> tuple[RightsView, ...]:
        """Return what one person asked for, the most urgent first."""
        mine = (app, subject)
        return tuple(each for each in self.all() if (each.app, each.subject) == mine)

    def overdue(self) -> int:
        """Return how many requests are open and overdue."""
        now, calendar = self._core.clock(), self._calendar
        standing = (
            rights.fold(_events(each), calendar)
            for each in self._stories.all(StoryKind.RIGHTS, only_open=True)
        )
        return sum(rights.is_overdue(each, calendar, now) for each in standing)

    def _leaf(self, app: AppId, subject: SubjectId | None) -> bytes:
        """Return a person's name in the log, by which the register knows them while they are here.

        Raises:
            NotFoundError: this app has no such person.
        """
        if subject is None:
            return b""
        found = self._subjects.found(app, subject)
        if found is None:
            raise NotFoundError("no such person")
        leaf: bytes = found.row[3]
        return leaf

    def _subject(self, leaf: bytes) -> SubjectId | None:
        if not leaf:
            return None
        page = self._core.store.scan(SUBJECTS.name, "leaf", (leaf,), (), limit=1)
        if not page.rows or page.rows[0].row[3] != leaf:
            return None
        return SubjectId(Id16(page.rows[0].row[0]))

    def _paper(self, event: RightsEvent, by: By) -> Plain:
        body = msgspec.to_builtins(event)
        return [_NAMES[type(event)], body, by.officer, self._core.entropy(SALT_BYTES)]

    def _entry(self, story: Story, by: By, event: RightsEvent) -> Entry:
        told = Event(
            kind=EventKind.RIGHTS,
            actor=by.actor,
            app=story.about["app"],
            reason=_NAMES[type(event)].replace("-", "_"),
            digest=sha256(story.id, pack(story.events[-1])),
        )
        return Entry(event=told)

    def _view(self, story: Story) -> RightsView:
        events, now, calendar = list(_events(story)), self._core.clock(), self._calendar
        standing = rights.fold(events, calendar)
        return RightsView(
            id=story.id,
            app=AppId(Id16(story.about["app"])),
            subject=self._subject(story.about["who"]),
            right=standing.right.value,
            state=standing.state.value,
            received_at=standing.received_at,
            due=rights.due(standing, calendar, now),
            days_left=rights.days_left(standing, calendar, now),
            urgency=rights.urgency(standing, calendar, now).name.lower(),
            is_extended=standing.extended,
            is_waiting=standing.waiting_since is not None,
            is_closed=standing.is_closed,
            steps=tuple(
                _shown(each, paper[2]) for each, paper in zip(events, story.events, strict=True)
            ),
        )


def _right(text: str) -> Right:
    try:
        return Right(text)
    except ValueError as err:
        known = ", ".join(each.value for each in Right)
        raise InvalidError(f"a right is one of {known}") from err


def reasons_of(given: tuple[Reason, ...]) -> tuple[Justification, ...]:
    """Return reasons as the policy takes them.

    Raises:
        InvalidError: a ground is none.
        UnjustifiedError: a text says nothing.
    """
    try:
        return tuple(Justification(ground=Ground(each.ground), text=each.text) for each in given)
    except ValueError as err:
        raise InvalidError("a ground is none of the terms of docs/spec/23-deadlines.md") from err


def _event(wish: RightsStep, now: Instant) -> RightsEvent:
    """Return the event that a step enters.

    Raises:
        InvalidError: no such step, or it takes no reason or time.
        UnjustifiedError: it has not one reason.
    """
    kind = STEPS.get(wish.step)
    if kind is None:
        raise InvalidError(f"a step is one of {', '.join(STEPS)}")
    names = {field.name for field in fields(kind)}
    given: dict[str, Plain] = {"at": now}
    reasons = reasons_of(wish.reasons)
    outside = [name for name in _OUTSIDE if name in names]
    if outside:
        given[outside[0]] = now if wish.happened_at is None else wish.happened_at
    elif wish.happened_at is not None:
        raise InvalidError(f"`{wish.step}` counts from when it is entered")
    if "justifications" in names:
        given["justifications"] = reasons
    elif "justification" in names:
        if len(reasons) != 1:
            raise UnjustifiedError(f"`{wish.step}` has one reason")
        given["justification"] = reasons[0]
    elif reasons:
        raise InvalidError(f"`{wish.step}` has no reason")
    return kind(**given)


def _events(story: Story) -> Iterator[RightsEvent]:
    return (msgspec.convert(body, _KINDS[name]) for name, body, *_ in story.events)


def _shown(event: RightsEvent, officer: Id16 | None) -> StepView:
    said = getattr(event, "justifications", None) or (getattr(event, "justification", None),)
    outside = [getattr(event, name) for name in _OUTSIDE if hasattr(event, name)]
    return StepView(
        step=_NAMES[type(event)],
        at=event.at,
        by=officer,
        happened_at=outside[0] if outside else None,
        reasons=tuple(
            Reason(ground=each.ground.value, text=each.text) for each in said if each is not None
        ),
    )

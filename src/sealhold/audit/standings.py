"""What stands at a moment, read from the log: grants, requests that wait, sources, what is left.

- Each item names the entries that it rests on.
- Only what the log says counts: a grant whose time ran out while nothing looked at it stands until
  the log says that it expired.

Source: docs/spec/40-statement.md section 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sealhold.audit.event import Event, EventKind, Outcome
from sealhold.audit.sums import Noted
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown.statement import Standing

UNUSED_AFTER = 30 * DAY  # what nobody used for so long is worth a look
STALE_AFTER = 30 * DAY

NEVER = Instant(0)
IN_FORCE = "in_force"
PAUSED = "paused"
SPENT = "spent"  # reason of the last answer under a grant for one
_BROKEN = {"failed", "broken", "needs_login", "suspicious"}
_REACHED = {"added", "reached", "looked", "done", "done_with_rejects", "login", "accepted"}
_QUIET = {"begun", "placing", "gone", "schedule"}  # say nothing of whether it can be read


@dataclass(slots=True)
class _Known:
    what: str
    id: str
    app: str
    purpose: str
    since: Instant
    last: Instant
    state: str
    amount: int = 0
    renewed: Instant = NEVER
    ended: Instant = NEVER
    entries: dict[str, int] = field(default_factory=dict)  # what an entry says of it: its number


class Stand:
    """Reads entries in their order, and knows what stands after them."""

    def __init__(self) -> None:
        self._grants: dict[str, _Known] = {}
        self._requests: dict[str, _Known] = {}
        self._sources: dict[str, _Known] = {}
        self._left: _Known | None = None

    def enter(self, noted: Noted) -> None:
        """Take the next entry."""
        if noted.logged is None:
            return
        event, at = noted.logged.event, noted.logged.at
        if event.left is not None:
            self._left = _Known("left", "", "", "", at, at, "", event.left, entries={"": noted.seq})
        if event.outcome is not Outcome.DONE:
            return
        if event.grant is not None:
            self._of_grant(event.grant.hex(), event, at, noted.seq)
        if event.request is not None:
            self._of_request(event.request.hex(), event, at, noted.seq)
        if event.source is not None:
            self._of_source(event.source.hex(), event, at, noted.seq)

    def standings(self, begin: Instant, end: Instant) -> tuple[Standing, ...]:
        """Return what stands just before `end`, and what ended from `begin` on."""
        every = (
            *self._grants.values(),
            *self._requests.values(),
            *self._sources.values(),
            *([self._left] if self._left else ()),
        )
        return tuple(
            _shown(each, begin, end)
            for each in sorted(every, key=lambda each: (each.what, each.since, each.id))
            if not each.ended or each.ended >= begin
        )

    def _of_grant(self, name: str, event: Event, at: Instant, seq: int) -> None:
        known = self._grants.get(name)
        if event.kind is EventKind.APPROVE:
            if known is None:
                app = event.app.hex() if event.app is not None else ""
                known = _Known("grant", name, app, event.purpose or "", at, at, IN_FORCE)
                self._grants[name] = known
                known.entries["given"] = seq
            else:
                known.renewed, known.last, known.entries["renewed"] = at, at, seq
            return
        if known is None or known.ended:
            return
        if event.kind in {EventKind.CHARGE, EventKind.RELEASE}:
            known.last, known.entries["used"] = at, seq
        if event.kind is EventKind.PAUSE:
            known.state = PAUSED if event.reason == PAUSED else IN_FORCE
            known.entries["paused"] = seq
        spent = event.kind is EventKind.RELEASE and event.reason == SPENT
        over = event.kind is EventKind.REQUEST and event.reason == "expired"
        if event.kind is EventKind.REVOKE or spent or over:
            known.state = "revoked" if event.kind is EventKind.REVOKE else event.reason or ""
            known.ended = known.last = at
            known.entries["ended"] = seq

    def _of_request(self, name: str, event: Event, at: Instant, seq: int) -> None:
        if event.kind is EventKind.REQUEST and event.reason == "waiting":
            app = event.app.hex() if event.app is not None else ""
            purpose = event.purpose or ""
            known = _Known("request", name, app, purpose, at, at, "waiting", entries={"": seq})
            self._requests[name] = known
        elif event.kind in {EventKind.APPROVE, EventKind.REFUSE, EventKind.REQUEST}:
            self._requests.pop(name, None)

    def _of_source(self, name: str, event: Event, at: Instant, seq: int) -> None:
        reason = event.reason or ""
        if event.kind is EventKind.SOURCE and reason == "added":
            self._sources[name] = _Known(
                "source", name, "", "", at, at, "added", entries={"added": seq}
            )
            return
        known = self._sources.get(name)
        if known is None or event.kind not in {EventKind.SOURCE, EventKind.JOB}:
            return
        if event.kind is EventKind.SOURCE and reason == "removed":
            known.ended = at
        if reason in _REACHED:
            known.last = at
        if reason not in _QUIET:
            known.state, known.entries["newest"] = reason, seq


def read_standings(entries: Iterable[Noted], begin: Instant, end: Instant) -> tuple[Standing, ...]:
    """Return what stands after `entries`, which are all before `end`."""
    stand = Stand()
    for noted in entries:
        stand.enter(noted)
    return stand.standings(begin, end)


def _shown(known: _Known, begin: Instant, end: Instant) -> Standing:
    return Standing(
        what=known.what,
        id=known.id,
        app=known.app,
        purpose=known.purpose,
        state=known.state,
        since=known.since,
        last=known.last,
        amount=known.amount,
        marks=tuple(_marks(known, begin, end)),
        indices=tuple(sorted(set(known.entries.values()))),
    )


def _marks(known: _Known, begin: Instant, end: Instant) -> Iterable[str]:
    if known.what == "grant":
        if known.since >= begin:
            yield "new"
        if known.renewed >= begin:
            yield "renewed"
        if known.ended:
            yield "ended"
        elif known.last < end - UNUSED_AFTER:
            yield "unused"
    if known.what == "source" and not known.ended:
        if known.state in _BROKEN:
            yield "broken"
        if known.last < end - STALE_AFTER:
            yield "stale"

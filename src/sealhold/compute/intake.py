"""Taking a request in: three signed or hashed papers, checked before anything is kept.

- The request is signed by the app whose token brought it, the task by its author, and the program
  is the one whose digest the task names. A rule that is broken is told to whoever sent it.
- How often an app may ask is limited; what the limit decided is not told: a blocked repeat looks
  like any request that waits.
- A wish is counted before its program runs, and of all programs two are tried at a time.
- The program runs once, over a few synthetic objects, for the example on the consent screen.

Source: docs/spec/07-grants.md sections 3 and 7.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import BoundedSemaphore, Lock

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute import manifest_rules
from sealhold.compute.aggregates import Kind, answer, custom_answer
from sealhold.compute.asked import Asked
from sealhold.compute.cards import shown_digest
from sealhold.compute.declassify import gate
from sealhold.compute.office import Office
from sealhold.compute.synthetic import synthetic
from sealhold.compute.task import open_task
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import BusyError, DeniedError, InvalidManifestError
from sealhold.model.ids import AppId, Id16, RequestId, random_id
from sealhold.model.quantities import Instant
from sealhold.model.shown import RequestState
from sealhold.policy import fatigue
from sealhold.policy.consent import By, ConsentEvent
from sealhold.policy.fatigue import Verdict
from sealhold.policy.lifecycle import consent_state
from sealhold.policy.request import MEDIA_TYPE, parse_request, wish
from sealhold.vault.programs import code_of
from sealhold.vault.registry import App
from sealhold.vault.requests import RequestRow
from sealhold.vault.writer import Work

EXAMPLES = 6  # synthetic objects: enough for an example, and a bound on a slow program's time
TRIALS = 2  # programs tried at once, of all apps: each may fill a few places of the machine
TOO_MANY = frozenset({Verdict.TOO_MANY_NEW, Verdict.TOO_MANY_WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What an app hands in."""

    request: bytes  # DSSE, signed by the app
    task: bytes  # DSSE, signed by the author
    code: bytes  # the program


class Reception:
    """Takes requests in: counted one at a time, tried two at a time."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._turn = Lock()  # one request is counted at a time
        self._trials = BoundedSemaphore(TRIALS)
        self._tried: list[tuple[AppId, fatigue.Asked]] = []  # the wishes whose programs run now

    def submit(self, app: App, bundle: Bundle) -> RequestId:
        """Take in a request of an app and return its id.

        Raises:
            BusyError: a place came free just now, or the same wish is being tried.
            InvalidError: a paper breaks its format, or they do not belong together.
            BadSignatureError: a signature does not fit.
            DeniedError: the app asks too much at once.
        """
        asked = _check(self._office, app, bundle)
        with self._counted(asked) as is_new:
            if is_new:
                with self._trials:
                    example = example_of(self._office, asked)
                asked = replace(asked, row=replace(asked.row, example=example))
            with self._turn:
                return self._take(asked, is_checked=is_new)

    @contextmanager
    def _counted(self, asked: Asked) -> Iterator[bool]:
        """Count a wish while the block runs, if it is new and may be shown; tell whether it is.

        Raises:
            BusyError: the same wish is being tried.
            DeniedError: the app asks too much at once.
        """
        mine = (asked.app.id, asked.row.asked())
        with self._turn:
            # THREAT T200: counted before its program runs, so that many at once run no more of them
            verdict = self._verdict(asked)
            if verdict is Verdict.SAME and self._earlier(asked) is None:
                raise BusyError("ask again")
            if verdict in TOO_MANY:
                raise DeniedError("denied")
            is_new = verdict is Verdict.SHOW
            if is_new:
                self._tried.append(mine)
        try:
            yield is_new
        finally:
            if is_new:
                with self._turn:
                    self._tried.remove(mine)

    def _take(self, asked: Asked, *, is_checked: bool) -> RequestId:
        office, row = self._office, asked.row
        now = office.core.clock()
        if is_checked:
            # THREAT T13: counted and kept in turns, so that many at once do not pass a limit
            return _keep(office, asked, now, shown=True)
        match self._verdict(asked):
            case Verdict.SAME if (earlier := self._earlier(asked)) is not None:
                return earlier
            case Verdict.BLOCKED:
                history = office.requests.of_app(asked.app.id)
                kept = (each.id for each in history if _stands_for(each, row, now))
                return next(kept, None) or _keep(office, asked, now, shown=False)
            case _:
                raise BusyError("ask again")

    def _earlier(self, asked: Asked) -> RequestId | None:
        """Return the newest request of the same wish."""
        history = self._office.requests.of_app(asked.app.id)
        return next((row.id for row in reversed(history) if row.wish == asked.row.wish), None)

    def _verdict(self, asked: Asked) -> Verdict:
        kept = [row.asked() for row in self._office.requests.of_app(asked.app.id)]
        tried = [wish for app, wish in self._tried if app == asked.app.id]
        return fatigue.may_ask([*kept, *tried], asked.row.wish, self._office.core.clock())


def example_of(office: Office, asked: Asked) -> int:
    """Return what the program answers over a few synthetic objects.

    One that reads third parties' files is only checked: before the owner's yes nothing is fetched,
    and its example is the answer's default.

    Raises:
        InvalidManifestError: the program does not even compile.
    """
    task = asked.signed.task
    program = asked.program(task.fields)
    objects = [
        {name: value for name, value in each.items() if name in task.fields}
        for each in synthetic(asked.dataset, EXAMPLES)
    ]
    with office.broker() as broker:
        faults = broker.check(program.code, tier=task.code.tier)
        if faults:
            first = faults[0]
            raise InvalidManifestError(
                f"the program, line {first.line}, column {first.column}: {first.message}"
            )
        if task.resources:
            return task.aggregate.default
        raw = broker.evaluate(program.code, program.res, objects, program.limits)
        evaluate = task.evaluate
        values = [gate(value, evaluate.range, evaluate.default) for value in raw]
        if task.aggregate.kind is Kind.CUSTOM:
            own = broker.aggregate(program.code, sorted(values), program.limits)
            return custom_answer(task.aggregate, own, 1)
    return answer(task.aggregate, evaluate.range, task.input.max_objects, values, 1)


def _check(office: Office, app: App, bundle: Bundle) -> Asked:
    opened = dsse.open(bundle.request, MEDIA_TYPE, [app.public])
    asks = parse_request(from_json(opened.payload))
    signed = open_task(bundle.task)
    task, now = signed.task, office.core.clock()
    if asks.app != app.id:
        raise InvalidManifestError("the request names another app than the one that sent it")
    if asks.task != task.digest or asks.purpose != task.purpose:
        raise InvalidManifestError("the request and the task do not name each other")
    if task.app not in (None, app.id):
        raise InvalidManifestError("the task is for another app")
    if not now < asks.expires or not now < asks.until:
        raise InvalidManifestError("the request or what it asks for has ended already")
    dataset = office.core.datasets.get(task.collection)
    if dataset is None:
        raise InvalidManifestError(f"the vault has no collection `{task.collection}`")
    points = (
        *manifest_rules.points(task, dataset, now, office.prover.attester.kind),
        *manifest_rules.code_points(task, bundle.code),
    )
    # what needs a yes of its own is asked on the screen
    refused = [p.sentence for p in points if p.gravity is manifest_rules.Gravity.REFUSE]
    if refused:
        raise InvalidManifestError("; ".join(refused))
    row = RequestRow(
        id=RequestId(random_id(office.core.entropy)),
        app=app.id,
        state=RequestState.RECEIVED,
        received_at=now,
        expires_at=asks.expires,
        allowed_at=None,
        ended_at=None,
        grant=None,
        wish=sha256(to_json(wish(asks))),
        request=bundle.request,
        task=bundle.task,
        code=code_of(bundle.code),
        example=task.aggregate.default,
        v=1,
    )
    asked = Asked(row=row, app=app, wish=asks, signed=signed, dataset=dataset)
    task.param(asks.param)
    asked.chosen(task.fields)
    return asked


def _stands_for(row: RequestRow, repeat: RequestRow, now: Instant) -> bool:
    """Return whether `row` is a blocked repeat, as `repeat` is: a flood of them is one row."""
    blocked = row.state is RequestState.RECEIVED and row.wish == repeat.wish
    return blocked and now < row.expires_at


def _keep(office: Office, asked: Asked, now: Instant, *, shown: bool) -> RequestId:
    state = RequestState.WAITING if shown else RequestState.RECEIVED
    row = replace(asked.row, state=state)
    notice = shown_digest(asked).hex()
    consent = ConsentEvent(
        consent=Id16(row.id),
        state=consent_state(state),
        at=now,
        by=By.ASKER,
        notice=notice,
        starts=Instant(0),
        ends=Instant(0),
    )
    event = Event(
        kind=EventKind.REQUEST,
        actor=Actor.APP,
        subject=office.teller.subject,
        app=row.app,
        purpose=asked.wish.purpose,
        request=row.id,
        task=asked.signed.task.digest,
        reason="waiting" if shown else "blocked",
    )
    ops = (
        office.registry.guard(asked.app),
        office.requests.add(row),
        office.consents.event(consent),
    )
    office.core.writer.commit(Work(ops, (office.teller.entry(event),)))
    return row.id

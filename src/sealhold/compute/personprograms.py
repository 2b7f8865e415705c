"""Programs that answer a person under a share: which may, and what each answer can tell.

- A program is one that a request brought to this vault; its name is the SHA-256 of its manifest.
- A share takes the plain ones: a frozen set of objects, evaluated ahead, nothing of third parties,
  no noise, no point that wants a yes of its own. What it does not take is refused in words.
- The person stands where an app stands: the same prices, budgets, memo and rules.

Source: docs/spec/52-share-spaces.md section 10; docs/spec/09-leakage.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sealhold.compute import manifest_rules
from sealhold.compute.asked import Asked, facts_so_far
from sealhold.compute.leakage import Facts, Prospect, facts_of, prospect, query_price
from sealhold.compute.noising import blur_of
from sealhold.compute.office import Office
from sealhold.compute.parts import words
from sealhold.compute.selections import cells
from sealhold.compute.task import Scope, SignedTask, Task, open_task
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import InvalidError, InvalidManifestError, NotFoundError
from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Id16, RequestId, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.records import Dataset
from sealhold.model.shown import Mode, RequestState
from sealhold.model.shown.shares import ProgramView
from sealhold.policy.request import Destination, Request, Schedule
from sealhold.policy.sight import Said, parse_sight
from sealhold.vault.programs import Code
from sealhold.vault.registry import ACTIVE, App
from sealhold.vault.requests import RequestRow
from sealhold.vault.retired import is_retired

MAX_INPUTS: Final = 500  # pairs of parameter and selection: their ids stand in one note
_DIGITS: Final = 8  # of a digest, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A program that is in this vault."""

    signed: SignedTask
    code: Code

    @property
    def task(self) -> Task:
        """The manifest."""
        return self.signed.task


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a share says of a program: for whom, and what it sees."""

    task: TaskDigest
    person: AppId
    dataset: Collection
    said: Said
    omit: frozenset[FieldName]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonProgram:
    """A program under the terms of a share, checked."""

    installed: Installed
    dataset: Dataset
    person: AppId
    said: Said
    fields: frozenset[FieldName]

    @property
    def task(self) -> Task:
        """The manifest."""
        return self.installed.task

    @property
    def scope(self) -> Scope:
        """All that may be asked of it."""
        task = self.task
        return Scope(
            task=task,
            fields=self.fields,
            params=task.params,
            selections=task.selections,
            said=self.said,
        )

    def inputs(self) -> Iterator[tuple[str, str]]:
        """Yield each pair of a parameter and a selection, by which it is asked."""
        for param in self.task.params:
            for selection in self.task.selections:
                yield param.id, selection.id

    def asked(self, grant: GrantId | None, param: str, selection: str) -> Asked:
        """Return one question, as if an app had asked it; None: there is no share yet."""
        task, code = self.task, self.installed.code
        row = RequestRow(
            id=RequestId(Id16(grant or bytes(16))),
            app=self.person,
            state=RequestState.ALLOWED,
            received_at=Instant(0),
            expires_at=task.expires_at,
            allowed_at=Instant(0),
            ended_at=None,
            grant=grant,
            wish=b"",
            request=b"",
            task=self.installed.signed.envelope,
            code=code,
            example=task.aggregate.default,
            v=1,
        )
        return Asked(
            row=row,
            app=_app(self.person),
            wish=_wish(task, self.person, param, selection),
            signed=self.installed.signed,
            dataset=self.dataset,
            said=self.said,
        )

    def proposed(self, now: Instant) -> Facts:
        """Return what each object would tell if all were asked that may be.

        Raises:
            InvalidError: a selection tests a field that the program does not see.
        """
        task, param = self.task, self.task.params[0].id
        asks = [self.asked(None, param, each.id).chosen(self.fields) for each in task.selections]
        return facts_of(self.scope, cells(asks), now)

    def outlook(self, office: Office, now: Instant) -> Prospect:
        """Return one object's leak over its life, before and after."""
        return prospect(facts_so_far(office.budget, self.dataset), self.proposed(now))

    @property
    def price(self) -> MicroBits:
        """What one new answer costs."""
        return query_price(self.task).total


def _app(person: AppId) -> App:
    """Return a person in the place of an app; there is no key, as nothing is signed by it."""
    return App(
        id=person,
        state=ACTIVE,
        name="a person",
        public=PublicKey(bytes(32)),
        registered_at=Instant(0),
        v=1,
    )


def _wish(task: Task, person: AppId, param: str, selection: str) -> Request:
    """Return a question in the place of a request."""
    return Request(
        app=person,
        name=task.name,
        purpose=task.purpose,
        reason=(),
        task=task.digest,
        param=param,
        selection=selection,
        destination=Destination(name="", url="", box_key=b""),
        schedule=Schedule.DEMAND,
        retention_days=0,
        expires=task.expires_at,
        budget=MicroBits(0),
        mode=Mode.UNTIL,
        until=task.expires_at,
    )


def installed(office: Office) -> dict[TaskDigest, Installed]:
    """Return the programs that requests brought to this vault."""
    found: dict[TaskDigest, Installed] = {}
    for row in office.requests.all():
        signed = open_task(row.task)
        found[signed.task.digest] = Installed(signed=signed, code=row.code)
    return found


def named(office: Office, text: str) -> Installed:
    """Return the program that a name, or the beginning of a digest, says.

    Raises:
        NotFoundError: none came to this vault.
        InvalidError: several are called so.
    """
    every = installed(office)
    found = [each for each in every.values() if each.task.name == text]
    if not found and len(text) >= _DIGITS:
        found = [each for key, each in every.items() if key.hex().startswith(text.lower())]
    if not found:
        raise NotFoundError("no request brought a program of that name to this vault")
    if len(found) > 1:
        raise InvalidError("several programs are called so: say the digest of one")
    return found[0]


def program(office: Office, terms: Terms) -> PersonProgram:
    """Return the program of a share, if it is one that a share takes.

    Raises:
        NotFoundError: no request brought it to this vault.
        InvalidError: a share does not take it, or what it needs is left out.
        InvalidFilterError: rows or precision do not fit the dataset.
    """
    here = named(office, terms.task.hex())
    task = here.task
    # THREAT T583: what would need a yes of its own, or tell more than was priced, is no share's
    if task.collection != terms.dataset:
        raise InvalidError(f"this program reads `{task.collection}`: share that dataset")
    dataset = office.core.datasets.get(terms.dataset)
    if dataset is None:
        raise NotFoundError(f"no dataset is called `{terms.dataset[:64]}`")
    for why in _against(task, dataset, office.core.clock()):
        raise InvalidError(f"a share does not take this program: {why}")
    # THREAT T587: an answer over what is left, beside an older one, would tell of what is gone
    if is_retired(office.core.deciding, task.digest):
        raise InvalidError("a share does not take this program: an item that it read was erased")
    parse_sight(terms.said, dataset.columns)
    fields = task.fields - terms.omit
    if not fields:
        raise InvalidError("all that this program reads is left out")
    found = PersonProgram(
        installed=here, dataset=dataset, person=terms.person, said=terms.said, fields=fields
    )
    found.proposed(office.core.clock())
    return found


def _against(task: Task, dataset: Dataset, now: Instant) -> Iterator[str]:
    """Yield what stands against a program under a share, in words."""
    for point in manifest_rules.points(task, dataset, now):
        yield point.sentence
    if task.app is not None or task.output.recipients:
        yield "it may answer those alone whom its manifest names"
    if task.evidence.min != "sw":
        yield "it wants evidence, and an answer to a person bears none"
    if blur_of(task) is not None:
        yield "its answers are blurred, a new one each day"
    if task.resources:
        yield "it reads files of third parties"
    if len(task.params) * len(task.selections) > MAX_INPUTS:
        yield f"it has over {MAX_INPUTS} pairs of a parameter and a selection"


def shown_program(task: Task) -> ProgramView:
    """Return what a manifest says, as faces show it."""
    released = task.aggregate.range
    count = query_price(task).alternatives
    first, last = released.member(0), released.member(released.size - 1)
    return ProgramView(
        name=task.name,
        version=task.version,
        author=task.author.name,
        task=task.digest.hex(),
        reason=task.reason.get("en") or next(iter(task.reason.values())),
        says=f"one of {count:,} answers, from {first} to {last}",
        inputs=tuple((param.id, each.id) for param in task.params for each in task.selections),
    )


def read_program(envelope: bytes) -> ProgramView:
    """Return what a signed manifest says.

    Raises:
        InvalidEncodingError: not a signed manifest.
        InvalidManifestError: it breaks a rule.
        BadSignatureError: its author did not sign it.
    """
    return shown_program(open_task(envelope).task)


def answer_words(envelope: bytes, value: int) -> str:
    """Return how an answer of several parts reads; empty for one that is just a number.

    Raises:
        InvalidEncodingError: not a signed manifest.
        InvalidManifestError: it breaks a rule, or gives no such answer.
        BadSignatureError: its author did not sign it.
    """
    task = open_task(envelope).task
    if value not in task.aggregate.range:
        raise InvalidManifestError("the program gives no such answer")
    return words(task.aggregate, task.evaluate.range, task.input.max_objects, value)

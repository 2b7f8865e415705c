"""The processings of apps: programs under fixed terms, each change a version, some an edition.

- A material change begins an edition, to which nobody has said anything yet and which nobody
  activated. What was said to an edition holds over its versions.
- Only the newest version counts: an older program is another program.
- An assessment belongs to an edition; where one is needed, nothing runs before it ended well.
- Processings decide, so they are among the rows under the set hash. Their texts are sealed.

Source: docs/spec/26-processings.md sections 1 and 2.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import to_json
from sealhold.model.errors import (
    ConflictError,
    ExhaustedError,
    InvalidError,
    NotAssessedError,
    NotFoundError,
)
from sealhold.model.ids import AppId, Id16, ProcessingId, Purpose, random_id
from sealhold.model.processing import Assessment, Outcome, ProcessingState, Terms
from sealhold.policy.processing import (
    bases_carry,
    check_assessment,
    check_terms,
    is_settled,
    terms_document,
    widened,
)
from sealhold.stores.spec import ColumnKind, Expect, Found, Guard, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.registry import App, Registry
from sealhold.vault.schemarows import SCHEMAS, Schema
from sealhold.vault.writer import Work

PROCESSINGS = TableSpec(
    name="processing",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "ver": ColumnKind.I64,
        "edition": ColumnKind.I64,
        "notice": ColumnKind.HASH32,  # of the terms that the edition began with
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
VERSIONS = TableSpec(
    name="processingversion",
    columns={"id": ColumnKind.ID16, "ver": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("id", "ver"),
    indexes={},
)
MOST = 100  # processings of one app
MATERIALLY = "changed_materially"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """A processing as it stands."""

    id: ProcessingId
    app: AppId
    state: ProcessingState
    version: int
    edition: int
    notice: bytes  # 32 bytes: what a yes must be to
    terms: Terms
    assessment: Assessment | None  # of this edition
    v: int

    @property
    def shown(self) -> str:
        """The digest of what a person is shown now: 64 hex digits."""
        return digest_of(self.id, self.edition, self.terms).hex()

    @property
    def outcome(self) -> Outcome | None:
        """How the assessment of this edition ended."""
        return self.assessment.outcome if self.assessment else None

    @property
    def guard(self) -> Op:
        """What fails a commit if the processing is another by then."""
        return Guard(PROCESSINGS.name, (self.id,), self.v)


class Processings:
    """The processings of one vault; several threads may call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._opened: dict[ProcessingId, Processing] = {}  # by the row's version
        self._by_app: tuple[int, Mapping[AppId, tuple[ProcessingId, ...]]] = (-1, {})
        self._turn = RLock()  # one is registered at a time

    def get(self, processing: ProcessingId) -> Processing:
        """Return a processing as it stands.

        Raises:
            NotFoundError: there is none of that id.
        """
        found = self._core.deciding.get(PROCESSINGS.name, processing)
        if found is None:
            raise NotFoundError("no such processing")
        known = self._opened.get(processing)
        if known is None or known.v != found.v:
            known = self._processing(found)
            self._opened[processing] = known
        return known

    def find(self, app: AppId, processing: ProcessingId) -> Processing | None:
        """Return a processing of an app; None if it is another's, or there is none."""
        try:
            found = self.get(processing)
        except NotFoundError:
            return None
        return found if found.app == app else None

    def of_app(self, app: AppId) -> Iterator[Processing]:
        """Yield an app's processings, in no order."""
        return map(self.get, self._ids().get(app, ()))

    def all(self) -> Iterator[Processing]:
        """Yield every processing, in no order."""
        return (self.get(each) for ids in list(self._ids().values()) for each in ids)

    def bound(self, app: AppId) -> frozenset[Purpose]:
        """Return the purposes for which an app reads in runs only."""
        states = (each for each in self.of_app(app) if each.state is not ProcessingState.RETIRED)
        return frozenset(each.terms.purpose for each in states)

    def register(self, app: App, terms: Terms, actor: Actor) -> Processing:
        """Keep a new processing; it waits until somebody activates it.

        Raises:
            InvalidError: the terms break a rule.
            ExhaustedError: the app has as many as it may have.
        """
        check_terms(terms)
        with self._turn:
            return self._register(app, terms, actor)

    def change(self, app: App, processing: Processing, terms: Terms, actor: Actor) -> Processing:
        """Keep another version; if it differs materially, it waits and asks everybody anew.

        Raises:
            InvalidError: the terms break a rule.
            ConflictError: it is retired, or somebody else changed it at this moment.
        """
        check_terms(terms)
        if processing.state is ProcessingState.RETIRED:
            raise ConflictError("the processing is retired")
        after = replace(processing, version=processing.version + 1, terms=terms)
        wider = widened(processing.terms, terms)
        # THREAT T250: what is wider is a new edition, and what was said counts for the old one
        if wider:
            after = _anew(after)
        reason = MATERIALLY if wider else "changed"
        is_other = terms.purpose != processing.terms.purpose
        then = self._bound_anew(app.id) if is_other else ()
        return self._keep(after, actor, reason, (Registry.guard(app),), then)

    def reopened(
        self, app: AppId, which: Collection[ProcessingId]
    ) -> tuple[tuple[Op, ...], tuple[Entry, ...]]:
        """Return what makes `which` of an app's processings ask everybody anew, with its entries.

        Their terms stay; what they get has become more. The others are held to be as they are.
        """
        ops: list[Op] = []
        entries: list[Entry] = []
        for each in self.of_app(app):
            if each.id in which:
                after = _anew(replace(each, version=each.version + 1))
                ops += self._rows(after)
                entries.append(_entry(after, Actor.OWNER, MATERIALLY))
            else:
                ops.append(each.guard)
        return tuple(ops), tuple(entries)

    def assess(self, processing: Processing, assessment: Assessment, actor: Actor) -> Processing:
        """Record how the assessment of the edition ended; it binds the next decision.

        Raises:
            InvalidError: it has no reason, or names no document.
            ConflictError: somebody else changed it at this moment.
        """
        check_assessment(assessment)
        return self._keep(replace(processing, assessment=assessment), actor, "assessed")

    def activate(self, processing: Processing, schema: Schema | None, actor: Actor) -> Processing:
        """Let the processing be run on whoever permits it.

        Raises:
            NotAssessedError: an assessment is needed, and none ended well.
            InvalidError: it wants fields that the app does not keep, or its bases do not carry.
            ConflictError: it is retired, or somebody else changed it at this moment.
        """
        if processing.state is ProcessingState.RETIRED:
            raise ConflictError("the processing is retired")
        if not is_settled(processing.terms, processing.outcome):
            raise NotAssessedError("no assessment of this processing ended well")
        rules = schema.rules if schema else {}
        if not processing.terms.fields <= rules.keys():
            raise InvalidError("a field of the processing is not in the app's schema")
        sensitive = frozenset(str(name) for name, rule in rules.items() if rule.sensitive)
        if not bases_carry(processing.terms, sensitive):
            raise InvalidError("special categories of data need a basis of Article 9 too")
        guards = (schema.guard,) if schema else ()
        active = replace(processing, state=ProcessingState.ACTIVE)
        return self._keep(active, actor, "activated", guards)

    def retire(self, processing: Processing, actor: Actor) -> Processing:
        """End the processing for good.

        Raises:
            ConflictError: somebody else changed it at this moment.
        """
        return self._keep(replace(processing, state=ProcessingState.RETIRED), actor, "retired")

    def version(self, processing: ProcessingId, version: int) -> Terms:
        """Return the terms of one version, whatever came after.

        Raises:
            NotFoundError: there is no such version.
            SealBrokenError: it is not as it was written.
        """
        found = self._core.store.get(VERSIONS.name, [(processing, version)])[0]
        if found is None:
            raise NotFoundError("no such version of a processing")
        paper = self._core.papers.open(VERSIONS.name, (processing, version), found.row[2])
        return _terms(paper)

    def _register(self, app: App, terms: Terms, actor: Actor) -> Processing:
        if len(self._ids().get(app.id, ())) >= MOST:
            raise ExhaustedError(f"an app has at most {MOST} processings")
        made = ProcessingId(random_id(self._core.entropy))
        fresh = Processing(
            id=made,
            app=app.id,
            state=ProcessingState.WAITING,
            version=1,
            edition=1,
            notice=digest_of(made, 1, terms),
            terms=terms,
            assessment=None,
            v=0,
        )
        then = self._bound_anew(app.id)
        return self._keep(fresh, actor, "registered", (Registry.guard(app),), then)

    def _bound_anew(self, app: AppId) -> tuple[Op, ...]:
        """Return what fails each use that was decided on before an app is bound to other purposes.

        It comes last: who sees this row sees the processing, too.
        """
        found = self._core.deciding.get(SCHEMAS.name, app)
        # THREAT T255: no read past the runs is committed behind the processing that binds to them
        return () if found is None else (Put(SCHEMAS.name, found.row, found.v),)

    def _keep(
        self,
        after: Processing,
        actor: Actor,
        reason: str,
        guards: tuple[Op, ...] = (),
        then: tuple[Op, ...] = (),
    ) -> Processing:
        ops = (*guards, *self._rows(after), *then)
        self._core.writer.commit(Work(ops, (_entry(after, actor, reason),), releases=True))
        return self.get(after.id)

    def _rows(self, after: Processing) -> tuple[Op, Op]:
        """Return what keeps a version of a processing as the one that counts."""
        papers, clear = self._core.papers, _clear(after)
        terms = _plain(after.terms)
        assessed = _plain(after.assessment) if after.assessment else None
        sealed = papers.seal(PROCESSINGS.name, clear, [terms, assessed])
        place = (after.id, after.version)
        return (
            Put(PROCESSINGS.name, (*clear, sealed), after.v or Expect.ABSENT),
            Put(VERSIONS.name, (*place, papers.seal(VERSIONS.name, place, terms))),
        )

    def _ids(self) -> Mapping[AppId, tuple[ProcessingId, ...]]:
        now = self._core.deciding.turn(PROCESSINGS.name)
        turn, known = self._by_app
        if turn != now:
            found: dict[AppId, tuple[ProcessingId, ...]] = {}
            for each in self._core.deciding.all(PROCESSINGS.name):
                app, made = AppId(Id16(each.row[1])), ProcessingId(Id16(each.row[0]))
                found[app] = (*found.get(app, ()), made)
            known = found
            self._by_app = now, known
        return known

    def _processing(self, found: Found) -> Processing:
        *clear, sealed = found.row
        terms, assessed = self._core.papers.open(PROCESSINGS.name, tuple(clear), sealed)
        made, app, state, version, edition, notice = clear
        return Processing(
            id=ProcessingId(Id16(made)),
            app=AppId(Id16(app)),
            state=ProcessingState(state),
            version=version,
            edition=edition,
            notice=notice,
            terms=_terms(terms),
            assessment=msgspec.convert(assessed, Assessment) if assessed else None,
            v=found.v,
        )


def digest_of(processing: ProcessingId, edition: int, terms: Terms) -> bytes:
    """Return the digest of what a person is shown: 32 bytes."""
    return sha256(to_json(terms_document(processing, edition, terms)))


def _anew(processing: Processing) -> Processing:
    """Return the edition that begins: nobody activated, assessed or said anything to it."""
    edition = processing.edition + 1
    return replace(
        processing,
        state=ProcessingState.WAITING,
        edition=edition,
        notice=digest_of(processing.id, edition, processing.terms),
        assessment=None,
    )


def _entry(after: Processing, actor: Actor, reason: str) -> Entry:
    event = Event(
        kind=EventKind.PROCESSING,
        actor=actor,
        app=after.app,
        purpose=after.terms.purpose,
        fields=tuple(sorted(after.terms.fields)),
        reason=reason,
        digest=after.notice,
    )
    return Entry(event=event)


def _clear(processing: Processing) -> tuple[Any, ...]:
    return (
        processing.id,
        processing.app,
        processing.state.value,
        processing.version,
        processing.edition,
        processing.notice,
    )


def _plain(value: Terms | Assessment) -> Any:  # noqa: ANN401  # reason: a tree of plain values
    return msgspec.to_builtins(value, order="deterministic")


def _terms(plain: Any) -> Terms:  # noqa: ANN401  # reason: a tree of plain values
    return msgspec.convert(plain, Terms)

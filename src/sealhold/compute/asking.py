"""The owner's side of a request: the list, the consent screen, yes, no, and a look beforehand.

- An edge of the state machine, its consent event, its charges and its log entry are one commit.
- What was on the screen is named by its digest: if the papers moved, nothing is decided.
- Before a yes, or a look that was paid for, no stranger's program has run on personal data.

Source: docs/spec/07-grants.md section 7; docs/spec/20-faces.md section 3.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from threading import Lock

from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.audit.receiptbody import Confirmed, Decided
from sealhold.compute import cards
from sealhold.compute.allowing import (
    ByRule,
    consent_op,
    consent_receipt,
    event_of,
    leak_ops,
    whole_grant,
    with_receipt,
)
from sealhold.compute.asked import Asked
from sealhold.compute.granted import grant_view
from sealhold.compute.looks import Looks
from sealhold.compute.members import choose, epoch_at, freeze
from sealhold.compute.narrowing import narrowed
from sealhold.compute.office import Office, ask_of, facts, read
from sealhold.compute.replay import Member, Progress
from sealhold.compute.shelf import Shelf
from sealhold.compute.slots import SlotMode
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    UnavailableError,
    WrongPassphraseError,
)
from sealhold.model.ids import FieldName, RequestId, canonical
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import GrantView, RequestCard, RequestLine, RequestState, Terms
from sealhold.policy.attenuate import narrow
from sealhold.policy.consent import ConsentState
from sealhold.policy.facts import Actor as Asking
from sealhold.policy.lifecycle import RequestEvent
from sealhold.policy.names import visible
from sealhold.vault.firewall import Passage
from sealhold.vault.grants import GrantRow
from sealhold.vault.noisebudget import NoiseBudget
from sealhold.vault.questions import Questions
from sealhold.vault.registry import ACTIVE
from sealhold.vault.requests import RequestRow
from sealhold.vault.retired import is_retired
from sealhold.vault.writer import Work

NO_POINTS: AbstractSet[str] = frozenset()
OPEN = frozenset({RequestState.RECEIVED, RequestState.WAITING})


class Requests:
    """What others ask, for the owner."""

    def __init__(self, office: Office, shelf: Shelf) -> None:
        self._office = office
        self._shelf = shelf
        self.turn = Lock()  # one decision at a time: what an object may tell is summed over all
        self._looks = Looks(office, shelf, self.turn)

    def list(self) -> tuple[RequestLine, ...]:
        """Return the requests that were ever shown: those that wait first, then the newest."""
        self.expire()
        rows = [row for row in self._office.requests.all() if row.state != RequestState.RECEIVED]
        rows.sort(key=lambda row: (row.state != RequestState.WAITING, -row.received_at))
        return tuple(self._line(read(self._office, row)) for row in rows)

    def show(self, id_text: str) -> RequestCard:
        """Return one request with the terms as they were asked for.

        Raises:
            NotFoundError: no request of that id.
        """
        asked = self._asked(id_text)
        return self._card(asked, cards.asked_terms(asked))

    def show_with(self, id_text: str, terms: Terms) -> RequestCard:
        """Return the request with answer and costs worked out for narrower `terms`.

        Raises:
            InvalidError: `terms` are wider than what was asked.
        """
        return self._card(narrowed(self._asked(id_text), terms), terms)

    def approve(
        self,
        id_text: str,
        terms: Terms,
        shown_digest: str,
        passphrase: str,
        confirmed: AbstractSet[str] = NO_POINTS,
        progress: Progress | None = None,
    ) -> GrantView:
        """Allow the request on `terms`, and each point of it that `confirmed` names.

        It is evaluated ahead then; `progress` is told how far that is.

        Raises:
            InvalidError: a point of the request was not confirmed, or one that it has not was.
            ConflictError: `shown_digest` is not the digest of the request, it no longer waits, its
                app is suspended, its task is retired, or its term is over.
            WrongPassphraseError: the owner is not proven.
            LeakExhaustedError: an object would tell more than it ever may.
        """
        with self.turn:
            asked = self._decidable(id_text, terms, shown_digest)
            _check_points(self._office, asked, confirmed)
            self._prove(passphrase)
            fields = terms.fields & asked.signed.task.fields
            members = choose(self._office, asked, fields, Actor.OWNER)
            row = self._allow(asked, terms, fields, members)
        self._go_ahead(asked, fields, members, progress or _silent)
        return grant_view(self._office, row)

    def answer_by(self, request: RequestId, said: Callable[[Asked], ByRule | None]) -> None:
        """Let a standing rule answer a request that waits; one with points goes on waiting.

        Raises:
            ConflictError: it cannot be decided on, or the rule was taken back meanwhile.
        """
        with self.turn:
            asked = read(self._office, self._office.requests.get(request))
            if asked.row.state is not RequestState.WAITING:
                return None
            rule = said(asked)
            if rule is None or rule.terms is None:
                return self._refuse(asked, rule) if rule else None
            digest = cards.shown_digest(asked).hex()
            asked = self._decidable(canonical(request), rule.terms, digest)
            # THREAT T411: what widens the bound needs a yes of a person's, point by point
            if cards.points_of(asked, self._office.core.clock()):
                return None
            self._office.require_evidence(asked.signed.task)
            fields = rule.terms.fields & asked.signed.task.fields
            members = choose(self._office, asked, fields, Actor.VAULT)
            self._allow(asked, rule.terms, fields, members, rule)
        return self._go_ahead(asked, fields, members, _silent)

    def _go_ahead(
        self,
        asked: Asked,
        fields: frozenset[FieldName],
        members: Sequence[Member],
        progress: Progress,
    ) -> None:
        """Fetch and evaluate ahead; what fails here is made up for by the first run."""
        with suppress(ConflictError, DeniedError, UnavailableError):
            self._office.retrieval.refresh([asked.scope(fields)], forced=True)
            if asked.signed.task.slot.mode is SlotMode.AHEAD:
                again = read(self._office, self._office.requests.get(asked.row.id))
                self._evaluate_ahead(again, fields, members, progress)

    def _allow(
        self,
        asked: Asked,
        terms: Terms,
        fields: frozenset[FieldName],
        members: Sequence[Member],
        rule: ByRule | None = None,
    ) -> GrantRow:
        office, now = self._office, self._office.core.clock()
        grant = narrow(whole_grant(office, asked, now), terms)
        row, grant_op = office.grants.add(grant, asked.row.id, now)
        _, request_op = office.requests.move(asked.row, RequestEvent.ALLOWED, now, grant.id)
        how = Confirmed.STANDING if rule else None
        receipt, paper = consent_receipt(office, asked, Decided.GIVEN, now, terms, how)
        ops = (
            office.registry.guard(asked.app),
            request_op,
            grant_op,
            consent_op(office, asked, ConsentState.GIVEN, now, grant.not_after),
            *leak_ops(office, asked, fields, now),
            *freeze(office.core, grant.id, epoch_at(asked, now), members),
            self._shelf.put_receipt(receipt, now, paper),
            *office.dispatch().laying(grant, asked.row.code.read()),
            *(rule.ops if rule else ()),
        )
        event = event_of(office, asked, EventKind.APPROVE, Actor.VAULT if rule else Actor.OWNER)
        entry = office.teller.entry(
            with_receipt(structs.replace(event, grant=grant.id), receipt, paper)
        )
        entries = (entry, *(rule.entries if rule else ()))
        office.core.writer.commit(Work(ops, entries, releases=True))
        return row

    def refuse(self, id_text: str) -> None:
        """Refuse the request; needs no proof and no reason.

        Raises:
            ConflictError: it no longer waits.
        """
        self._refuse(self._asked(id_text))

    def _refuse(self, asked: Asked, rule: ByRule | None = None) -> None:
        office, now = self._office, self._office.core.clock()
        _, request_op = office.requests.move(asked.row, RequestEvent.REFUSED, now)
        consent = consent_op(office, asked, ConsentState.REFUSED, now)
        event = event_of(office, asked, EventKind.REFUSE, Actor.VAULT if rule else Actor.OWNER)
        entries = (office.teller.entry(event), *(rule.entries if rule else ()))
        ops = (request_op, consent, *(rule.ops if rule else ()))
        office.core.writer.commit(Work(ops, entries))

    def preview(
        self,
        id_text: str,
        terms: Terms,
        shown_digest: str,
        passphrase: str,
        confirmed: AbstractSet[str] = NO_POINTS,
    ) -> bytes:
        """Charge one look, then return the bytes that an allowance would release.

        Raises:
            InvalidError: a point of the request was not confirmed, or one that it has not was.
            ConflictError: `shown_digest` is not current.
            LeakExhaustedError: the budget does not cover a look.
            QuestionsExhaustedError: the task was asked as often as it may be.
            NotFetchedError: a third party's file that it reads does not come; nothing is charged.
            WrongPassphraseError: the owner is not proven.
        """
        asked = self._decidable(id_text, terms, shown_digest)
        stored = self._looks.seen(asked, terms)
        if stored is not None:
            return stored
        _check_points(self._office, asked, confirmed)
        self._prove(passphrase)
        # a server may be slow, so nobody's decision waits for it
        self._fetch_for(asked, terms.fields & asked.signed.task.fields)
        return self._looks.take(
            lambda: self._decidable(id_text, terms, shown_digest), asked.row.id, terms
        )

    def expire(self) -> None:
        """End the requests and the allowances whose own term is over."""
        office, now = self._office, self._office.core.clock()
        for row in office.requests.all():
            if row.state in OPEN and row.expires_at <= now:
                asked = read(office, row)
                _, request_op = office.requests.move(row, RequestEvent.EXPIRED, now)
                consent = consent_op(office, asked, ConsentState.EXPIRED, now)
                event = event_of(office, asked, EventKind.REQUEST, Actor.VAULT)
                entry = office.teller.entry(structs.replace(event, reason="expired"))
                with suppress(ConflictError):  # somebody decided on it, or ended it, just now
                    office.core.writer.commit(Work((request_op, consent), (entry,)))
        self._end_grants(now)

    def _end_grants(self, now: Instant) -> None:
        """End the allowances whose term is over."""
        office = self._office
        for row in office.grants.all():
            if row.ended_at is not None or now < row.grant.not_after:
                continue
            request = office.requests.get(row.request)
            asked = read(office, request)
            _, grant_op = office.grants.move(row, RequestEvent.EXPIRED, now)
            _, request_op = office.requests.move(request, RequestEvent.EXPIRED, now)
            consent = consent_op(office, asked, ConsentState.EXPIRED, now)
            event = event_of(office, asked, EventKind.REQUEST, Actor.VAULT)
            entry = office.teller.entry(structs.replace(event, reason="expired"))
            with suppress(ConflictError):  # it was used or revoked just now
                office.core.writer.commit(Work((grant_op, request_op, consent), (entry,)))

    def _asked(self, id_text: str) -> Asked:
        return read(self._office, self._office.requests.find(id_text))

    def _decidable(self, id_text: str, terms: Terms, shown: str) -> Asked:
        self.expire()
        asked = self._asked(id_text)
        if asked.row.state is not RequestState.WAITING:
            raise ConflictError(f"the request is {asked.row.state.value}")
        # THREAT T63: what is decided on is what was shown, to the byte
        if cards.shown_digest(asked).hex() != shown:
            raise ConflictError("the request is no longer the one that was shown")
        asked = narrowed(asked, terms)
        now = self._office.core.clock()
        if asked.app.state != ACTIVE:
            raise ConflictError(f"the app is {asked.app.state}")
        if is_retired(self._office.core.deciding, asked.signed.task.digest):
            raise ConflictError("the task was retired: an object of its frozen set was erased")
        if min(terms.until, asked.signed.task.expires_at) <= now:
            raise ConflictError("the term of the request, or of its task, is over")
        return asked

    def _prove(self, passphrase: str) -> None:
        if not self._office.verify(passphrase):
            raise WrongPassphraseError

    def _fetch_for(self, asked: Asked, fields: frozenset[FieldName]) -> None:
        """Fetch what the program reads, before anything of a look is charged.

        Raises:
            NotFetchedError: a file does not come.
        """
        retrieval, scope = self._office.retrieval, asked.scope(fields)
        for err in retrieval.refresh([scope], forced=True):
            if not retrieval.is_ready(scope):
                raise err
        retrieval.require(scope)

    def _card(self, asked: Asked, terms: Terms) -> RequestCard:
        office, row = self._office, asked.row
        history = office.requests.of_app(row.app)
        around = cards.Surroundings(
            history=[each for each in history if each.received_at <= row.received_at],
            before=self._before(asked, history),
            budget=office.budget,
            objects=office.count(asked.dataset.name),
            isolation=office.isolation,
            resources=office.retrieval.views(asked.scope(terms.fields & asked.signed.task.fields)),
            now=office.core.clock(),
            noise=NoiseBudget(office.core.deciding),
            questions=Questions(office.core.deciding),
        )
        return cards.card(asked, terms, around, self._looks.seen(asked, terms))

    def _before(self, asked: Asked, history: Sequence[RequestRow]) -> Asked | None:
        for row in reversed(history):
            if row.id != asked.row.id and row.allowed_at is not None:
                old = read(self._office, row)
                if old.signed.task.name == asked.signed.task.name:
                    return old
        return None

    def _evaluate_ahead(
        self,
        asked: Asked,
        fields: frozenset[FieldName],
        members: Sequence[Member],
        progress: Progress,
    ) -> None:
        office = self._office
        ask = replace(ask_of(asked, fields, MicroBits(0), Asking.APP), confirmed=True)
        passage = Passage(
            ask=ask,
            facts=facts(office, asked, office.core.clock()),
            event=structs.replace(event_of(office, asked, EventKind.DECISION), reason="ahead"),
        )
        decision, _ = office.firewall.decided(passage)
        program = asked.program(fields, office.retrieval.bound(asked.scope(fields)))
        given = office.grants.get(decision.because[0])
        with office.dispatch().running(given, program.code) as run:
            office.replay.values(decision, program, members, progress, run)

    def _line(self, asked: Asked) -> RequestLine:
        row, wish = asked.row, asked.wish
        return RequestLine(
            id=row.id,
            state=row.state,
            app=row.app,
            asker=visible(asked.app.name),
            purpose=wish.purpose,
            purpose_words=cards.purpose_words(wish.purpose),
            label=cards.label(asked),
            received_at=row.received_at,
            expires_at=row.expires_at,
            cost_per_answer=asked.query_cost(1),
        )


def _silent(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def _check_points(office: Office, asked: Asked, confirmed: AbstractSet[str]) -> None:
    """Let pass what the owner said yes to, point by point.

    Raises:
        InvalidError: a point was not confirmed, or one was that there is not.
        InvalidManifestError: the task demands evidence that this vault does not give.
    """
    office.require_evidence(asked.signed.task)
    asks = cards.points_of(asked, office.core.clock())
    # THREAT T173: what widens the bound needs a yes of its own; a yes to the whole is none
    for code, sentence in asks.items():
        if code not in confirmed:
            raise InvalidError(f"`{code}` was not confirmed: {sentence}")
    if unknown := confirmed - asks.keys():
        raise InvalidError(f"the request has no point `{min(unknown)[:40]}`")

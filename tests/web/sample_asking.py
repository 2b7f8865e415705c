"""The sample vault's parts for deciding: requests, grants, apps, runs, and the door outside."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import replace

from sealhold.frontends.ownerseam import NO_POINTS
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    LookalikeError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import (
    Kind,
    RequestId,
    SourceId,
    parse_id,
)
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown import (
    AnswerView,
    AppView,
    GrantView,
    Mode,
    PreviewView,
    RequestCard,
    RequestLine,
    RequestState,
    Terms,
)
from sealhold.model.shown.dataware import AckState, ComponentView, ListedDataset, ReadyView
from sealhold.policy.names import taken_for
from tests.web import sample_data as data
from tests.web.sample_state import ANSWER, Part, SampleState, answer_of

TOKEN = "shv1_green_token"


class SampleRequests(Part):
    """What others ask."""

    def list(self) -> tuple[RequestLine, ...]:
        return tuple(
            RequestLine(
                id=card.id,
                state=card.state,
                app=card.asker.app,
                asker=card.asker.name,
                purpose=card.purpose,
                purpose_words=card.purpose_words,
                label=card.answer.label,
                received_at=card.received_at,
                expires_at=card.expires_at,
                cost_per_answer=card.cost_per_answer,
            )
            for card in self._vault.cards.values()
        )

    def show(self, id_text: str) -> RequestCard:
        wanted = parse_id(Kind.REQUEST, id_text)
        for card in self._vault.cards.values():
            if card.id.endswith(wanted):
                return self._seen(card, card.asked_terms)
        raise NotFoundError(f"no request `{id_text}`")

    def show_with(self, id_text: str, terms: Terms) -> RequestCard:
        card = self.show(id_text)
        asked = card.asked_terms
        wider = terms.until > asked.until or terms.budget > asked.budget
        if wider or not terms.fields <= asked.fields or terms.mode is not asked.mode:
            raise InvalidError("the terms are wider than what was asked")
        if terms.coarsen == asked.coarsen:
            return self._seen(card, terms)
        choice = next((one for one in card.choices if one.coarsen == terms.coarsen), None)
        if choice is None:
            raise InvalidError("no such choice")
        narrowed = replace(
            card,
            answer=replace(
                card.answer,
                step=choice.coarsen,
                last=31 // choice.coarsen * choice.coarsen,
                alternatives=choice.alternatives,
            ),
            cost_per_answer=choice.cost,
            meters=tuple(replace(told, pending=choice.cost) for told in card.meters),
        )
        return self._seen(narrowed, terms)

    def approve(
        self,
        id_text: str,
        terms: Terms,
        shown_digest: str,
        passphrase: str,
        confirmed: AbstractSet[str] = NO_POINTS,
    ) -> GrantView:
        card = self._current(id_text, terms, shown_digest)
        if confirmed != card.points.keys():
            raise InvalidError("a point of the request was not confirmed")
        self._vault.need(passphrase)
        grant = GrantView(
            id=data.grant_id(card.id.hex()),
            request=card.id,
            app=card.asker.app,
            app_name=card.asker.name,
            purpose=card.purpose,
            label=card.answer.label,
            state=RequestState.ALLOWED,
            terms=terms,
            uses=0,
            spent=MicroBits(0),
            granted_at=data.NOW,
            ended_at=None,
        )
        self._vault.grant_views.insert(0, grant)
        self._vault.cards[card.id] = replace(
            self._vault.cards[card.id], state=RequestState.ALLOWED, grant=grant.id
        )
        return grant

    def refuse(self, id_text: str) -> None:
        card = self.show(id_text)
        if card.state is not RequestState.WAITING:
            raise ConflictError("the request no longer waits")
        self._vault.cards[card.id] = replace(self._vault.cards[card.id], state=RequestState.REFUSED)

    def preview(
        self,
        id_text: str,
        terms: Terms,
        shown_digest: str,
        passphrase: str,
        confirmed: AbstractSet[str] = NO_POINTS,
    ) -> bytes:
        card = self._current(id_text, terms, shown_digest)
        if confirmed != card.points.keys():
            raise InvalidError("a point of the request was not confirmed")
        self._vault.need(passphrase)
        self._vault.looked.add(card.id)
        self._vault.write(
            data.Use(
                at=data.NOW,
                actor="Alice",
                purpose="owner",
                what="looked at the answer",
                cost=card.preview.cost / 1e6,
                kind="preview",
            )
        )
        return self._bytes(terms)

    def _current(self, id_text: str, terms: Terms, shown_digest: str) -> RequestCard:
        card = self.show_with(id_text, terms)
        if card.state is not RequestState.WAITING or card.digest != shown_digest:
            raise ConflictError("the request is not what was shown")
        return card

    def _bytes(self, terms: Terms) -> bytes:
        value = ANSWER // terms.coarsen * terms.coarsen
        return json.dumps({"days": value}, separators=(",", ":")).encode()

    def _seen(self, card: RequestCard, terms: Terms) -> RequestCard:
        if card.id not in self._vault.looked:
            return card
        return replace(card, preview=PreviewView(cost=card.preview.cost, answer=self._bytes(terms)))


class SampleGrants(Part):
    """What was allowed."""

    def list(self) -> tuple[GrantView, ...]:
        return tuple(self._vault.grant_views)

    def revoke(self, id_text: str) -> GrantView:
        wanted = parse_id(Kind.GRANT, id_text)
        for at, grant in enumerate(self._vault.grant_views):
            if grant.id.endswith(wanted):
                if grant.ended_at is not None:
                    raise ConflictError("the grant has ended")
                ended = replace(grant, state=RequestState.REVOKED, ended_at=data.NOW)
                self._vault.grant_views[at] = ended
                return ended
        raise NotFoundError(f"no grant `{id_text}`")

    def pause(self, id_text: str) -> GrantView:
        return self._moved(id_text, RequestState.ALLOWED, RequestState.SUSPENDED)

    def resume(self, id_text: str, passphrase: str) -> GrantView:
        if not self._vault.verify_passphrase(passphrase):
            raise WrongPassphraseError
        return self._moved(id_text, RequestState.SUSPENDED, RequestState.ALLOWED)

    def _moved(self, id_text: str, before: RequestState, after: RequestState) -> GrantView:
        grant, _ = self.show(id_text)
        if grant.state is not before:
            raise ConflictError(f"the grant is {grant.state.value}")
        moved = replace(grant, state=after)
        self._vault.grant_views[self._vault.grant_views.index(grant)] = moved
        return moved

    def show(self, id_text: str) -> tuple[GrantView, tuple[ComponentView, ...]]:
        wanted = parse_id(Kind.GRANT, id_text)
        for grant in self._vault.grant_views:
            if grant.id.endswith(wanted):
                return grant, components(grant)
        raise NotFoundError(f"no grant `{id_text}`")


def components(grant: GrantView) -> tuple[ComponentView, ...]:
    """Return how two sources stand to a grant: one that is there, and one that was away."""
    is_over = grant.state is not RequestState.ALLOWED
    return tuple(
        ComponentView(
            source=SourceId(data.id_of(place)),
            name=name,
            state=AckState.LAID if not is_over else state,
            epoch=int(is_over),
            ends_at=Instant(data.NOW + DAY),
            acked_at=data.NOW if is_over and state is AckState.ACKED else None,
            killed=0,
            last_run=data.NOW if place == "mail" else None,
        )
        for place, name, state in (
            ("mail", "Work mail", AckState.ACKED),
            ("rides", "Rides", AckState.PENDING),
        )
    )


class SampleApps(Part):
    """Who may ask."""

    def list(self) -> tuple[AppView, ...]:
        return tuple(self.show(view.id.hex()) for view in self._vault.app_views.values())

    def show(self, id_text: str) -> AppView:
        wanted = bytes.fromhex(id_text.replace("-", "")[-12:])
        for view in self._vault.app_views.values():
            if view.id.endswith(wanted):
                held = tuple(one for one in self._vault.grant_views if one.app == view.id)
                return replace(view, grants=held)
        raise NotFoundError(f"no app `{id_text}`")

    def suspend(self, id_text: str) -> AppView:
        return self._set(id_text, "suspended")

    def resume(self, id_text: str) -> AppView:
        return self._set(id_text, "active")

    def register_app(
        self, name: str, public_key: bytes, *, confirmed: bool = False
    ) -> tuple[AppView, str]:
        known = [view.name for view in self._vault.app_views.values()]
        if not confirmed and taken_for(name, known):
            raise LookalikeError("the name looks like that of an app that you know")
        if len(public_key) != 32:
            raise InvalidError("a public key has 32 bytes")
        return self._vault._add_app(name), f"shv1_{data.digest(name)[:24]}"

    def _set(self, id_text: str, state: str) -> AppView:
        view = self.show(id_text)
        self._vault.app_views[view.id] = replace(view, state=state, grants=())
        return self.show(id_text)


class SampleRuns(Part):
    """What left."""

    def run(self, grant_id_text: str) -> AnswerView:
        wanted = parse_id(Kind.GRANT, grant_id_text)
        for at, grant in enumerate(self._vault.grant_views):
            if grant.id.endswith(wanted):
                return self._run(at, grant)
        raise NotFoundError(f"no grant `{grant_id_text}`")

    def answers(self) -> tuple[AnswerView, ...]:
        return tuple(sorted(self._vault.answer_views, key=lambda one: -one.seq))

    def answer(self, receipt_id_text: str) -> AnswerView:
        wanted = parse_id(Kind.RECEIPT, receipt_id_text)
        for answer in self._vault.answer_views:
            if answer.receipt.endswith(wanted):
                return answer
        raise NotFoundError(f"no receipt `{receipt_id_text}`")

    def _run(self, at: int, grant: GrantView) -> AnswerView:
        if grant.state is not RequestState.ALLOWED:
            raise DeniedError("the grant does not cover a run")
        cost = {1: 5, 4: 3, 16: 1}[grant.terms.coarsen] if grant.uses == 0 else 0
        line = self._vault.write(
            data.Use(
                at=data.NOW,
                actor=grant.app_name,
                purpose=grant.purpose,
                what=grant.label,
                cost=cost,
            )
        )
        state = RequestState.SPENT if grant.terms.mode is Mode.ONCE else RequestState.ALLOWED
        self._vault.grant_views[at] = replace(
            grant, state=state, uses=grant.uses + 1, spent=MicroBits(grant.spent + line.cost)
        )
        card = self._vault.cards.get(grant.request)
        if card is not None:
            self._vault.cards[card.id] = replace(card, state=state)
        answer = answer_of(line, grant.id)
        value = ANSWER // grant.terms.coarsen * grant.terms.coarsen
        self._vault.answer_views.append(replace(answer, value=value))
        return self._vault.answer_views[-1]


class SampleOutside:
    """The door for apps; one token is known."""

    def __init__(self, vault: SampleState) -> None:
        self._vault = vault

    def admit(self, token: str) -> None:
        self._need(token)

    def submit(self, token: str, request: bytes, task: bytes, code: bytes) -> RequestId:
        self._need(token)
        if not request.startswith(b"{") or not task.startswith(b"{") or not code:
            raise InvalidError("not a signed document")
        return RequestId(data.id_of("green bonus"))

    def datasets(self, token: str) -> tuple[ListedDataset, ...]:
        self._need(token)
        return ()

    def request_status(self, token: str, id_text: str) -> str:
        card = self._mine(token, id_text)
        return "allowed" if card.grant is not None else "pending"

    def invoke(self, token: str, id_text: str, nonce: str | None = None) -> None:
        if self._mine(token, id_text).grant is None or nonce == "":
            raise DeniedError("nothing is allowed")

    def fetch(self, token: str, id_text: str) -> bytes | None:
        card = self._mine(token, id_text)
        for answer in self._vault.answer_views:
            if answer.grant == card.grant:
                return answer.proof
        return None

    def ready(self, token: str, id_text: str) -> ReadyView:
        reply = self.fetch(token, id_text)
        run = "00" * 32 if reply is None else data.digest(reply.hex())
        state = "waiting" if reply is None else "ready"
        return ReadyView(state=state, run=run, at=data.NOW, notice=b"{}")

    def _need(self, token: str) -> None:
        if token != TOKEN or self._vault.locked:
            raise DeniedError("no such token")

    def _mine(self, token: str, id_text: str) -> RequestCard:
        self._need(token)
        wanted = parse_id(Kind.REQUEST, id_text)
        for card in self._vault.cards.values():
            if card.id.endswith(wanted):
                return card
        raise NotFoundError("no such request")

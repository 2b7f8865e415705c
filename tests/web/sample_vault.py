"""A small vault in memory that keeps the contract of `frontends/seam.py`.

It has one budget, one log with a true Merkle root, and the states of a request; it seals nothing.
"""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from sealhold.frontends.seam import Progress
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    LockedError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import (
    AppId,
    Collection,
    GrantId,
    Id16,
    JobId,
    Kind,
    Purpose,
    ReceiptId,
    RequestId,
    parse_id,
)
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown import (
    AnswerView,
    AppView,
    FileReport,
    GrantView,
    Hits,
    ImportReport,
    ItemView,
    LedgerLine,
    LogState,
    Meter,
    Mode,
    PreviewView,
    RejectView,
    RequestCard,
    RequestLine,
    RequestState,
    SourceView,
    Status,
    Terms,
)
from tests.web import sample_data as data

PASSPHRASE = "correct horse battery"
TOKEN = "shv1_green_token"
ANSWER = 17


def merkle(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962 section 2.1 over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    both = b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:])
    return hashlib.sha256(both).digest()


class SampleVault:
    """The vault of a person who does not exist.

    Args:
        stranger: put behind each text that somebody else chose.
        empty: nothing was imported and nobody is known.
    """

    def __init__(self, *, stranger: str = "", empty: bool = False, locked: bool = True) -> None:
        self.locked = locked
        self.whole: bool | None = None
        self.broken_leaf: int | None = None
        self.stranger = stranger
        self.cards: dict[bytes, RequestCard] = {}
        self.grant_views: list[GrantView] = []
        self.answer_views: list[AnswerView] = []
        self.lines: list[LedgerLine] = []
        self.source_views: list[SourceView] = []
        self.item_lines = () if empty else data.items(stranger)
        self.looked: set[bytes] = set()
        self.app_views: dict[bytes, AppView] = {}
        if not empty:
            card = data.green_request(stranger)
            self.cards[card.id] = card
            self.lines = data.lines_of(data.past_uses(stranger))
            self.source_views = list(data.sources(stranger))
            for name in (card.asker.name, "Desk assistant", "Tariff Finder", "Heat & Home Co-op"):
                self._add_app(name)
            self._add_past_grants()

    @property
    def sources(self) -> "SampleSources":
        return SampleSources(self)

    @property
    def records(self) -> "SampleRecords":
        return SampleRecords(self)

    @property
    def requests(self) -> "SampleRequests":
        return SampleRequests(self)

    @property
    def grants(self) -> "SampleGrants":
        return SampleGrants(self)

    @property
    def apps(self) -> "SampleApps":
        return SampleApps(self)

    @property
    def runs(self) -> "SampleRuns":
        return SampleRuns(self)

    @property
    def audit(self) -> "SampleAudit":
        return SampleAudit(self)

    @property
    def budgets(self) -> "SampleBudgets":
        return SampleBudgets(self)

    @property
    def outside(self) -> "SampleOutside":
        return SampleOutside(self)

    def status(self) -> Status:
        self.need_open()
        counts = Counter(line.collection for line in self.item_lines)
        return Status(
            version="0.1.0",
            home="/home/alice/.sealhold",
            headless=False,
            items=len(self.item_lines),
            by_collection=dict(counts),
            log=self.audit.state(),
            isolation="monty, seccomp and Landlock 4",
            rollback_note="A copy of the whole folder put back in one piece is not noticed.",
            warnings=("The last back-up is 9 days old.",) if self.item_lines else (),
        )

    def unlock(self, passphrase: str) -> None:
        self.need(passphrase)
        self.locked = False

    def lock(self) -> None:
        self.locked = True

    def verify_passphrase(self, passphrase: str) -> bool:
        return passphrase == PASSPHRASE

    def need(self, passphrase: str) -> None:
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError("no slot opens")

    def need_open(self) -> None:
        if self.locked:
            raise LockedError("the vault is locked")

    def used(self) -> MicroBits:
        return MicroBits(sum(line.cost for line in self.lines))

    def write(self, use: data.Use) -> LedgerLine:
        """Append one entry."""
        line = data.lines_of((use,))[0]
        seq, left = len(self.lines), MicroBits(data.YEAR_CAP - self.used() - line.cost)
        written = replace(
            line,
            seq=seq,
            left=left,
            leaf=data.digest(f"leaf {seq} {use.what}"),
            receipt=ReceiptId(data.id_of(f"receipt {seq}")) if use.kind == "release" else None,
        )
        self.lines.append(written)
        return written

    def _add_app(self, name: str) -> AppView:
        told = sum(line.cost for line in self.lines if line.actor == name)
        view = AppView(
            id=AppId(data.id_of(name)),
            name=name,
            key_digest=data.digest(name),
            key_words=("maple", "orbit", "lantern", "seven"),
            state="active",
            registered_at=Instant(data.NOW - 79 * DAY),
            last_used=Instant(data.NOW - 9 * DAY) if told else None,
            meter=Meter(label=name, used=MicroBits(told), pending=MicroBits(0), cap=data.bits(20)),
            grants=(),
        )
        self.app_views[view.id] = view
        return view

    def _add_past_grants(self) -> None:
        for name, label, mode in (
            ("Desk assistant", "free on Friday after 15:00", Mode.UNTIL),
            ("Tariff Finder", "cheapest of four tariffs", Mode.ONCE),
        ):
            mine = [line for line in self.lines if line.actor == name]
            state = RequestState.ALLOWED if mode is Mode.UNTIL else RequestState.SPENT
            card = data.past_request(name, label, state)
            self.cards[card.id] = card
            self.grant_views.append(
                GrantView(
                    id=data.grant_id(name),
                    request=card.id,
                    app=AppId(data.id_of(name)),
                    app_name=name,
                    purpose=Purpose("PersonalisedServices"),
                    label=label,
                    state=state,
                    terms=Terms(
                        mode=mode,
                        until=Instant(data.NOW + 40 * DAY),
                        budget=data.bits(12),
                        fields=frozenset(field.name for field in data.FIELDS),
                        coarsen=1,
                    ),
                    uses=len(mine),
                    spent=MicroBits(sum(line.cost for line in mine)),
                    granted_at=mine[0].at,
                    ended_at=None if mode is Mode.UNTIL else mine[-1].at,
                )
            )
            self.answer_views += [answer_of(line, data.grant_id(name)) for line in mine]


def answer_of(line: LedgerLine, grant: Id16) -> AnswerView:
    """Return what left with `line`."""
    assert line.receipt is not None
    paper = json.dumps({"receipt": line.receipt.hex(), "seq": line.seq}).encode()
    return AnswerView(
        grant=GrantId(grant),
        value=ANSWER if line.actor.startswith("GreenCorp") else 1,
        label=line.what,
        cost=line.cost,
        released_at=line.at,
        receipt=line.receipt,
        sealed=bytes(211),
        proof=paper,
        owner_receipt=paper,
        seq=line.seq,
    )


class Part:
    """One service of the sample vault."""

    def __init__(self, vault: SampleVault) -> None:
        self._vault = vault
        vault.need_open()


class SampleSources(Part):
    """Where the data comes from."""

    def list(self) -> tuple[SourceView, ...]:
        return tuple(self._vault.source_views)

    def import_file(self, name: str, path: Path, progress: Progress) -> ImportReport:
        content = path.read_bytes()
        progress(len(content), len(content))
        is_track = b"<gpx" in content
        reject = RejectView(position="trk 2", why="no_time", detail="no point has a time")
        report = FileReport(
            name=name,
            what="GPX 1.1" if is_track else "no format that a connector reads",
            job=JobId(data.id_of(name)) if is_track else None,
            new=12 if is_track else 0,
            changed=0,
            same=2 if is_track else 0,
            rejects=(reject,) if is_track else (),
            rejected=1 if is_track else 0,
            error=None if is_track else "no connector knows this content",
            remedy=None if is_track else "Export it as GPX, iCalendar, vCard, mbox, OFX or CSV.",
        )
        if is_track:
            self._vault.item_lines = self._vault.item_lines or data.items(self._vault.stranger)
            self._vault.source_views.insert(0, replace(data.sources()[1], name=name))
        return ImportReport(
            files=(report,),
            new=report.new,
            changed=0,
            same=report.same,
            rejected=report.rejected,
            unreadable=0 if is_track else 1,
            seconds=0.2,
            by_collection={Collection("trips"): report.new} if is_track else {},
        )


class SampleRecords(Part):
    """The owner's own reading."""

    def search(self, words: str, cursor: str | None, limit: int) -> Hits:
        found = tuple(
            line
            for line in self._vault.item_lines
            if all(word.lower() in f"{line.title} {line.snippet}".lower() for word in words.split())
        )
        return self._page(found, cursor, limit)

    def timeline(self, cursor: str | None, limit: int) -> Hits:
        return self._page(self._vault.item_lines, cursor, limit)

    def get(self, id_text: str) -> ItemView:
        wanted = parse_id(Kind.RECORD, id_text)
        for line in self._vault.item_lines:
            if line.id.endswith(wanted):
                return data.item_view(line, tuple(self._vault.lines[-2:]))
        raise NotFoundError(f"no item `{id_text}`")

    def today(self) -> tuple[tuple[int, int], ...]:
        if not self._vault.item_lines:
            return ()
        return ((7, 31), (8, 12), (9, 6), (10, 4), (11, 9), (12, 14), (13, 22), (14, 3))

    def _page(self, lines: tuple[object, ...], cursor: str | None, limit: int) -> Hits:
        if cursor is not None and not cursor.isdigit():
            raise InvalidError("not a cursor")
        start = int(cursor or 0)
        shown = self._vault.item_lines if lines is self._vault.item_lines else lines
        page = tuple(line for line in shown[start : start + limit])
        end = start + limit
        return Hits(
            items=page,  # type: ignore[arg-type]  # reason: narrowed by the callers
            total=len(shown),
            by_collection=dict(Counter(line.collection for line in shown)),  # type: ignore[attr-defined]
            cursor=str(end) if end < len(shown) else None,
        )


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

    def approve(self, id_text: str, terms: Terms, shown_digest: str, passphrase: str) -> GrantView:
        card = self._current(id_text, terms, shown_digest)
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

    def preview(self, id_text: str, terms: Terms, shown_digest: str, passphrase: str) -> bytes:
        card = self._current(id_text, terms, shown_digest)
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

    def register_app(self, name: str, public_key: bytes) -> tuple[AppView, str]:
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


class SampleAudit(Part):
    """What happened."""

    def ledger(self, before: int | None, limit: int) -> tuple[LedgerLine, ...]:
        below = [one for one in self._vault.lines if before is None or one.seq < before]
        return tuple(reversed(below[-limit:]))

    def state(self) -> LogState:
        leaves = [bytes.fromhex(line.leaf) for line in self._vault.lines]
        root = merkle(leaves).hex()
        return LogState(
            size=len(leaves),
            root=root,
            at=data.NOW,
            key_digest=data.digest("log key"),
            checkpoint=f"sealhold.example/alice\n{len(leaves)}\n{root}\n\n— sig AAAA\n",
            whole=self._vault.whole,
            faults=() if self._vault.whole is not False else ("entry 2 does not fit its leaf",),
        )

    def verify(self) -> LogState:
        self._vault.whole = self._vault.broken_leaf is None
        return self.state()

    def proof(self, seq: int) -> bytes:
        if not 0 <= seq < len(self._vault.lines):
            raise NotFoundError(f"no entry {seq}")
        return json.dumps({"seq": seq}).encode()

    def leaf_hashes(self) -> tuple[str, ...]:
        return tuple(
            line.leaf if line.seq != self._vault.broken_leaf else data.digest("forged")
            for line in self._vault.lines
        )


class SampleBudgets(Part):
    """How much was told."""

    def meters(self) -> tuple[Meter, ...]:
        waiting = sum(
            card.cost_per_answer
            for card in self._vault.cards.values()
            if card.state is RequestState.WAITING
        )
        used = self._vault.used()
        return (
            Meter(label="All askers", used=used, pending=MicroBits(waiting), cap=data.YEAR_CAP),
        )


class SampleOutside:
    """The door for apps; one token is known."""

    def __init__(self, vault: SampleVault) -> None:
        self._vault = vault

    def submit(self, token: str, request: bytes, task: bytes, code: bytes) -> RequestId:
        self._need(token)
        if not request.startswith(b"{") or not task.startswith(b"{") or not code:
            raise InvalidError("not a signed document")
        return RequestId(data.id_of("green bonus"))

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

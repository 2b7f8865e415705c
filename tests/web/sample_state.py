"""What the sample vault holds: one budget, one log, the states of a request."""

import hashlib
import json
from dataclasses import replace

from sealhold.model.errors import (
    LockedError,
    WrongPassphraseError,
)
from sealhold.model.ids import (
    AppId,
    GrantId,
    Id16,
    Purpose,
    ReceiptId,
)
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown import (
    AnswerView,
    AppView,
    GrantView,
    LedgerLine,
    Meter,
    Mode,
    RequestCard,
    RequestState,
    SourceView,
    Terms,
)
from sealhold.model.shown.dataware import RuleView
from tests.web import sample_data as data
from tests.web.sample_sources import sources

PASSPHRASE = "correct horse battery"
ANSWER = 17


class SampleState:
    """What the sample vault holds, and how it changes.

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
        self.rules: list[RuleView] = []
        self.media: list[PolicyTokenView] = []
        self.being_read: set[bytes] = set()
        self.mappings: list[str] = [] if empty else [f"bookings by day-amount-who{stranger}"]
        self.item_lines = () if empty else data.items(stranger)
        self.looked: set[bytes] = set()
        self.caps = dict(data.DEFAULTS)
        self.app_views: dict[bytes, AppView] = {}
        if not empty:
            card = data.green_request(stranger)
            self.cards[card.id] = card
            self.lines = data.lines_of(data.past_uses(stranger))
            self.source_views = list(sources(stranger))
            for name in (card.asker.name, "Desk assistant", "Tariff Finder", "Heat & Home Co-op"):
                self._add_app(name)
            self._add_past_grants()

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
            issuer=data.issuer_of(name),
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


def merkle(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962 section 2.1 over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    both = b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:])
    return hashlib.sha256(both).digest()


class Part:
    """One service of the sample vault."""

    def __init__(self, vault: SampleState) -> None:
        self._vault = vault
        vault.need_open()

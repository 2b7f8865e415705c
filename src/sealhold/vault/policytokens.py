"""Policy tokens of one vault: made, taken in when they come, let go when they are pulled out.

- Whether one is there is looked up on the medium at each decision; nothing is believed longer.
- Each time one comes, its counter goes up, on the medium and then here: a copy from before is older
  from then on. Of two at once the second is refused, and the first moves on.
- That one came, went or was refused is in the log before a decision rests on it.

Source: docs/spec/41-snapshots.md section 1.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Final

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import ConflictError, NotFoundError, SealholdError, UnavailableError
from sealhold.model.ids import GrantId, Id16, Kind, parse_id, random_id
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import Instant
from sealhold.policy.policy_token import (
    MEDIA_TYPE,
    Effect,
    PolicyToken,
    parse_policy_token,
    to_document,
)
from sealhold.stores.spec import Expect, Found, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.grants import GRANTS
from sealhold.vault.media import Lying, lying, medium_at, write
from sealhold.vault.policytokenrows import BONDS, EVERY, POLICY_TOKENS, Bonds
from sealhold.vault.standingrules import RULED
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

STANDING: Final = "standing"
REVOKED: Final = "revoked"
REMEMBERED: Final = 64  # files that were read and have not changed since


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it is kept."""

    id: Id16
    state: str
    effect: Effect
    counter: int
    until: Instant
    folder: str  # where its medium was when it was made
    medium: str
    rules: tuple[Id16, ...]
    v: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that lies on a medium, and what is wrong with it."""

    at: Lying
    counter: int
    fault: str  # empty: it counts


class PolicyTokens:
    """The policy tokens of one vault."""

    def __init__(
        self, core: Core, media: Sequence[Path], cut: Callable[[Callable[[GrantId], bool]], None]
    ) -> None:
        """Take the vault, further folders to look in, and what ends the runs under some grants."""
        self._core = core
        self._media = tuple(media)
        self._cut = cut
        self._signer: SigningKey = core.keyring.signer("grant-sign")
        self._teller = Teller(core.keys)
        self._turn = RLock()
        self._here: dict[Id16, Path] = {}
        self._read: dict[tuple[int, ...], PolicyToken | None] = {}
        self._refused: set[tuple[Id16, tuple[int, ...], str]] = set()  # told once each
        self._untold: list[Event] = []
        self._news: deque[tuple[Id16, str]] = deque(maxlen=REMEMBERED)

    def news(self) -> list[tuple[PolicyTokenView, str]]:
        """Return what came, went or was refused since this was last asked, the oldest first."""
        with self._turn:
            some = list(self._news)
            self._news.clear()
            return [(self._view(self._get(token)), why) for token, why in some]

    def make(
        self,
        folder: Path,
        effect: Effect,
        grants: Sequence[GrantId],
        until: Instant,
        rules: Sequence[Id16] = (),
    ) -> PolicyTokenView:
        """Sign a token onto the medium at `folder`; what widens binds its grants from now on.

        Rules that it carries hold only while it is there, and so do grants that they gave.

        Raises:
            InvalidGrantError: no grant or rule for a token that widens, or too many.
            UnavailableError: the medium is away, or takes no writing.
        """
        place = folder.resolve()
        row = TokenRow(
            id=random_id(self._core.entropy),
            state=STANDING,
            effect=effect,
            counter=1,
            until=until,
            folder=str(place),
            medium=medium_at(place),
            rules=tuple(sorted(set(rules))),
            v=0,
        )
        chosen = tuple(sorted(set(grants)))
        token = PolicyToken(
            id=row.id,
            vault=sha256(self._signer.public),
            effect=effect,
            grants=chosen,
            rules=row.rules,
            not_after=until,
            medium=row.medium,
            counter=row.counter,
        )
        parse_policy_token(to_document(token))
        on = chosen if chosen or row.rules else (EVERY,)
        bonds = [Put(BONDS.name, (row.id, each), Expect.ABSENT) for each in on]
        with self._turn:
            # Written first: a token that no row knows opens nothing, a bond without one shuts.
            write(place, name_of(row.id), self._signed(token))
            self._commit((self._put(row, Expect.ABSENT), *bonds), [self._event(row, "made")])
            self.look()
            return self._view(self._get(row.id))

    def all(self) -> tuple[PolicyTokenView, ...]:
        """Return every token, those that end last first."""
        with self._turn:
            self.look()
            rows = sorted(self._rows(), key=lambda row: (-row.until, row.id))
            return tuple(map(self._view, rows))

    def find(self, id_text: str) -> PolicyTokenView:
        """Return one token.

        Raises:
            NotFoundError: there is none of that id.
        """
        return self._view(self._named(id_text))

    def revoke(self, id_text: str) -> PolicyTokenView:
        """End a token wherever it is; grants that were bound to it stay bound.

        Raises:
            NotFoundError: there is none of that id.
            ConflictError: it was revoked before.
        """
        with self._turn:
            row = self._named(id_text)
            if row.state == REVOKED:
                raise ConflictError("this policy token was revoked before")
            put = self._put(replace(row, state=REVOKED), row.v)
            self._commit((put,), [self._event(row, REVOKED)], right=True)
            self.look()
            return self._view(self._get(row.id))

    def look(self) -> Bonds:
        """Look which tokens are there now, tell what changed, and end runs that hold no more.

        Raises:
            UnavailableError: what came cannot be told; nothing rests on it.
        """
        with self._turn:
            now = self._core.clock()
            for row in self._rows():
                is_live = row.state == STANDING and now < row.until
                seen = [self._judged(row, each) for each in self._lying(row)] if is_live else []
                self._settle(row, seen)
            bonds = self._bonds()
            self._cut(bonds.refuses)
            if self._untold:
                self._commit((), list(self._untold))
                self._untold.clear()
            return bonds

    def _settle(self, row: TokenRow, seen: Sequence[_Seen]) -> None:
        """Take in a token that came, let go of one that went, and refuse all others."""
        good = [each for each in seen if not each.fault]
        at = self._here.get(row.id)
        mine = next((each for each in good if each.at.folder == at), None)
        if at is not None and mine is None:
            # THREAT T420: before anything is written, so no full disk keeps it alive
            del self._here[row.id]
            self._untold.append(self._event(row, "away"))
        if mine is None and good:
            mine = max(good, key=lambda each: each.counter)
            self._advance(row, mine, self._event(row, "present"))
            self._here[row.id] = mine.at.folder
        for each in seen:
            if each is not mine:
                # THREAT T422: a copy is refused, and what it was copied from moves on
                fault = each.fault or "second"
                if self._refuse(row, each, fault) and fault == "second" and mine is not None:
                    self._advance(self._get(row.id), mine, self._event(row, "moved_on"))

    def _advance(self, row: TokenRow, mine: _Seen, told: Event) -> None:
        """Raise the counter of a token, on its medium first; one that takes no writing keeps it."""
        after = max(mine.counter, row.counter) + 1
        try:
            write(mine.at.folder, name_of(row.id), self._signed(self._token(row, after)))
        except UnavailableError:
            after = mine.counter
        put = self._put(replace(row, counter=after), row.v)
        self._commit((put,), [*self._untold, told])
        self._untold.clear()

    def _refuse(self, row: TokenRow, seen: _Seen, fault: str) -> bool:
        """Note that one was refused, and return whether that is new."""
        key = (row.id, seen.at.mark, fault)
        if key in self._refused:
            return False
        self._refused.add(key)
        event = self._event(row, fault)
        self._untold.append(_failed(event))
        return True

    def _lying(self, row: TokenRow) -> list[Lying]:
        places = dict.fromkeys((Path(row.folder), *self._media))
        found = (lying(place, name_of(row.id)) for place in places)
        return [each for each in found if each is not None]

    def _judged(self, row: TokenRow, at: Lying) -> _Seen:
        """Return what lies there, with what keeps it from counting."""
        if at.content is None:
            return _Seen(at, 0, "link")
        if at.mark not in self._read:
            if len(self._read) > REMEMBERED:
                self._read.clear()
            self._read[at.mark] = self._opened(at.content)
        token = self._read[at.mark]
        # THREAT T423: only what this vault signed, for this token, to the letter
        if token is None or replace(token, counter=1) != self._token(row, 1):
            return _Seen(at, 0, "forged")
        if token.medium and token.medium != at.medium:
            return _Seen(at, token.counter, "other_medium")
        return _Seen(at, token.counter, "old_counter" if token.counter < row.counter else "")

    def _opened(self, content: bytes) -> PolicyToken | None:
        with suppress(SealholdError):
            opened = dsse.open(content, MEDIA_TYPE, [self._signer.public])
            return parse_policy_token(from_json(opened.payload))
        return None

    def _token(self, row: TokenRow, counter: int) -> PolicyToken:
        return PolicyToken(
            id=row.id,
            vault=sha256(self._signer.public),
            effect=row.effect,
            grants=self._grants(row.id),
            rules=row.rules,
            not_after=row.until,
            medium=row.medium,
            counter=counter,
        )

    def _signed(self, token: PolicyToken) -> bytes:
        return dsse.sign(MEDIA_TYPE, to_json(to_document(token)), [self._signer])

    def _bonds(self) -> Bonds:
        rows = self._rows()
        effects = {row.id: row.effect for row in rows}
        bound: dict[GrantId, frozenset[Id16]] = {}
        muted: dict[GrantId, frozenset[Id16]] = {}
        for found in self._core.deciding.all(BONDS.name):
            token, grant = found.row
            into = bound if effects[token] is Effect.WIDEN else muted
            into[grant] = into.get(grant, frozenset()) | {token}
        carried: dict[Id16, frozenset[Id16]] = {}
        for row in rows:
            for rule in row.rules:
                carried[rule] = carried.get(rule, frozenset()) | {row.id}
        # THREAT T420: what a rule gave while its token was there goes with the token, too
        for grant, tokens in self._given(carried):
            bound[grant] = bound.get(grant, frozenset()) | tokens
        return Bonds(frozenset(self._here), bound, muted, carried)

    def _given(
        self, carried: Mapping[Id16, frozenset[Id16]]
    ) -> Iterator[tuple[GrantId, frozenset[Id16]]]:
        """Yield each grant that a rule on some tokens gave, with these tokens."""
        deciding = self._core.deciding
        by = {found.row[0]: found.row[1] for found in deciding.all(RULED.name)} if carried else {}
        if by:
            for found in deciding.all(GRANTS.name):
                rule = by.get(found.row[1])
                if rule is not None and rule in carried:
                    yield GrantId(found.row[0]), carried[rule]

    def _grants(self, token: Id16) -> tuple[GrantId, ...]:
        mine = (f.row[1] for f in self._core.deciding.all(BONDS.name) if f.row[0] == token)
        return tuple(sorted(each for each in mine if each != EVERY))

    def _rows(self) -> list[TokenRow]:
        return [self._row(found) for found in self._core.deciding.all(POLICY_TOKENS.name)]

    def _named(self, id_text: str) -> TokenRow:
        tail = parse_id(Kind.TOKEN, id_text)
        for row in self._rows():
            if row.id.endswith(tail):
                return row
        raise NotFoundError(f"no policy token `{id_text}`")

    def _get(self, token: Id16) -> TokenRow:
        return next(row for row in self._rows() if row.id == token)

    def _row(self, found: Found) -> TokenRow:
        *clear, paper = found.row
        body = self._core.papers.open(POLICY_TOKENS.name, tuple(clear), paper)
        token, state, effect, counter, until = clear
        return TokenRow(
            id=token,
            state=state,
            effect=Effect(effect),
            counter=counter,
            until=until,
            folder=body["folder"],
            medium=body["medium"],
            rules=tuple(map(Id16, body["rules"])),
            v=found.v,
        )

    def _put(self, row: TokenRow, expect: Expect | int) -> Op:
        clear = (row.id, row.state, row.effect.value, row.counter, row.until)
        body = {"folder": row.folder, "medium": row.medium, "rules": list(row.rules)}
        paper = self._core.papers.seal(POLICY_TOKENS.name, clear, body)
        return Put(POLICY_TOKENS.name, (*clear, paper), expect)

    def _view(self, row: TokenRow) -> PolicyTokenView:
        return PolicyTokenView(
            id=row.id,
            state=row.state,
            effect=row.effect.value,
            grants=self._grants(row.id),
            rules=row.rules,
            until=row.until,
            folder=row.folder,
            counter=row.counter,
            has_medium=bool(row.medium),
            present=row.id in self._here,
        )

    def _event(self, row: TokenRow, reason: str) -> Event:
        grants = self._grants(row.id)
        self._news.append((row.id, reason))
        return Event(
            kind=EventKind.TOKEN,
            actor=Actor.OWNER if reason in {"made", REVOKED} else Actor.VAULT,
            subject=self._teller.subject,
            grant=grants[0] if len(grants) == 1 else None,
            digest=sha256(row.id),
            reason=reason,
        )

    def _commit(self, ops: Sequence[Op], events: Sequence[Event], *, right: bool = False) -> None:
        entries = tuple(map(self._teller.entry, events))
        self._core.writer.commit(Work(tuple(ops), entries, releases=True, right=right))


def name_of(token: Id16) -> str:
    """Return what the file of a token is called on its medium."""
    return f"sealhold-{token.hex()}.token"


def _failed(event: Event) -> Event:
    return structs.replace(event, outcome=Outcome.DENIED)

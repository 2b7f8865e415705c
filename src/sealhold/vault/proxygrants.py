"""The query grants of one vault: which other proxies may ask its own, and for what.

- A grant is kept as it was signed. Revoked, its row stays and says so: what was told under it
  stays told, and decides what else may be granted.
- To one requester a table is granted in one way for good: as rows, or as sums over one grid. Two
  ways together would tell of rows that neither tells of.
- A grant is a user of the gate, who may read its tables and nothing else.

Source: docs/spec/67-proxy-to-proxy.md section 1.
"""

from dataclasses import dataclass
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidGrantError, NotFoundError, TakenError
from sealhold.model.quantities import DAY, Instant
from sealhold.protect.peers.paper import ID_BYTES, QueryGrant, Terms, open_grant, sign_grant
from sealhold.stores.spec import Guard
from sealhold.vault.core import Core
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxyrows import Kept, ProxyRows, Thing
from sealhold.vault.proxyusers import Right, User
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

MADE, REVOKED = "a query grant was made", "a query grant was revoked"
_READS: Final = frozenset({Right.READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGrant:
    """One grant of this vault."""

    grant: QueryGrant
    envelope: bytes
    revoked: Instant | None
    guard: Guard  # fails a commit if it was revoked by then

    def is_over(self, now: int) -> bool:
        """Whether nothing more may be asked under it."""
        return self.revoked is not None or now >= self.grant.not_after


class QueryGrants:
    """Makes, keeps and revokes the query grants of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rows = ProxyRows(core)
        self._keys = ProxyKeys(core)

    def public(self) -> bytes:
        """Return the key by which other proxies know this vault's: 32 bytes."""
        return self._keys.peer().public

    def make(self, terms: Terms, days: int, requester: bytes) -> KeptGrant:
        """Grant something to the proxy whose key is `requester`.

        Raises:
            InvalidGrantError: no key, or this vault's own.
            TakenError: a table of it was granted to the same one in another way.
            AuditUnavailableError: the log cannot be written.
        """
        key = self._keys.peer()
        if len(requester) != PUBLIC_BYTES or requester == key.public:
            raise InvalidGrantError("the key of another vault's proxy has 32 bytes")
        self._check_ways(terms, requester)
        now = self._core.clock()
        grant = QueryGrant(
            id=self._core.entropy(ID_BYTES),
            owner=key.public,
            requester=PublicKey(requester),
            made=Instant(now),
            not_after=Instant(now + days * DAY),
            terms=terms,
        )
        paper: dict[str, Plain] = {"envelope": sign_grant(grant, key), "revoked": None}
        self._put(grant.id, paper, MADE, None)
        return self.get(grant.id)

    def all(self) -> tuple[KeptGrant, ...]:
        """Return all grants that were ever made, the oldest first.

        Raises:
            SealBrokenError: a row is not what was written.
        """
        found = map(self._kept, self._rows.all(Thing.QUERY_GRANT))
        return tuple(sorted(found, key=lambda each: (each.grant.made, each.grant.id)))

    def find(self, grant: bytes) -> KeptGrant | None:
        """Return a grant by its id, if there is one.

        Raises:
            SealBrokenError: the row is not what was written.
        """
        kept = self._rows.get(Thing.QUERY_GRANT, grant.hex())
        return None if kept is None else self._kept(kept)

    def get(self, grant: bytes) -> KeptGrant:
        """Return a grant by its id.

        Raises:
            NotFoundError: there is none.
        """
        found = self.find(grant)
        if found is None:
            raise NotFoundError("no query grant of that id")
        return found

    def revoke(self, grant: bytes) -> None:
        """End a grant: nothing more is answered under it. A second time nothing happens.

        Raises:
            NotFoundError: there is none.
            AuditUnavailableError: the log cannot be written.
        """
        kept = self._rows.get(Thing.QUERY_GRANT, grant.hex())
        if kept is None:
            raise NotFoundError("no query grant of that id")
        if kept.paper["revoked"] is None:
            self._put(grant, {**kept.paper, "revoked": self._core.clock()}, REVOKED, kept)

    def requesters(self) -> frozenset[PublicKey]:
        """Return the keys of all that hold a grant that is not over."""
        now = self._core.clock()
        return frozenset(each.grant.requester for each in self.all() if not each.is_over(now))

    def tag(self, grant: bytes) -> bytes:
        """Return the 16 bytes that stand for a grant in the log."""
        return self._rows.tag(Thing.QUERY_GRANT, grant.hex())

    def _check_ways(self, terms: Terms, requester: bytes) -> None:
        # THREAT T759: two grids, or a grid and rows, differ by groups that are too small
        for each in self.all():
            if each.grant.requester == requester:
                clash = _clash(each.grant.terms, terms)
                if clash:
                    raise TakenError(clash)

    def _kept(self, kept: Kept) -> KeptGrant:
        envelope, revoked = bytes(kept.paper["envelope"]), kept.paper["revoked"]
        return KeptGrant(
            # THREAT T755: what holds is what was signed, as it was signed
            grant=open_grant(envelope, self._keys.peer().public),
            envelope=envelope,
            revoked=None if revoked is None else Instant(int(revoked)),
            guard=kept.guard,
        )

    def _put(self, grant: bytes, paper: dict[str, Plain], reason: str, was: Kept | None) -> None:
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.QUERY_GRANT,
            actor=Actor.OWNER,
            subject=teller.subject,
            records=self.tag(grant),
            digest=sha256(bytes(paper["envelope"])),
            reason=reason,
        )
        if was is None:
            op = self._rows.put(Thing.QUERY_GRANT, grant.hex(), paper)
        else:
            op = self._rows.put(Thing.QUERY_GRANT, grant.hex(), paper, expect=was.found.v)
        work = Work((op,), (teller.entry(event),), right=was is not None, releases=was is None)
        self._core.writer.commit(work)


class GrantUsers:
    """The grants of a vault as the gate knows users: by the hex of their id."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._grants = QueryGrants(core)

    def find(self, name: str) -> User | None:
        """Return who may read what a grant says; None if it is over.

        Raises:
            SealBrokenError: the row is not what was written.
        """
        kept = self._grants.find(bytes.fromhex(name))
        # THREAT T760: asked anew for each lease, so a revoked grant gets no other
        if kept is None or kept.is_over(self._core.clock()):
            return None
        tables = frozenset(each.full for each in kept.grant.terms.named)
        return User(
            name=name, verifier="", rights=_READS, tables=tables, is_decoy=False, guard=kept.guard
        )

    def tag(self, name: str) -> bytes:
        """Return the 16 bytes that stand for a grant in the log."""
        return self._grants.tag(bytes.fromhex(name))


def _clash(before: Terms, after: Terms) -> str:
    """Return why two grants to one requester must not both be; empty if they may."""
    sums = [each for each in (before, after) if each.grid is not None]
    if not sums:
        return ""
    if before.statements or after.statements:
        return "sums and whole statements are not granted to the same proxy"
    if not {each.full for each in before.named} & {each.full for each in after.named}:
        return ""
    if before.grid == after.grid:
        return ""
    return "a table of it was granted to the same proxy in another way: as rows, or by another grid"

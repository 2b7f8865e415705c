"""What the owner of a vault does about query grants: makes and revokes them; and asks others.

- A vault that a proxy serves from cannot be opened beside it. A revocation goes to the one that
  serves by a file in the vault's folder, which says nothing but to end a grant.

Source: docs/spec/67-proxy-to-proxy.md sections 1, 4 and 5.
"""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from sealhold.model.encoding import Plain, from_json
from sealhold.model.errors import (
    InvalidEncodingError,
    NotFoundError,
    PeerAwayError,
    QueryRefusedError,
    StoreBusyError,
    TamperedError,
)
from sealhold.model.shown.peers import PeerAnswer, QueryGrantView
from sealhold.net.proxies import frames
from sealhold.net.proxies.calling import connected
from sealhold.node.node import Node
from sealhold.node.peering import ended_folder
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import columns_of
from sealhold.protect.guards import tag_rows
from sealhold.protect.peers.paper import MAX_GRANT, QueryGrant, Terms, open_grant
from sealhold.protect.peers.planning import GrantPlanner
from sealhold.protect.peers.termsfile import MAX_TERMS, read_terms
from sealhold.protect.policy import Policy
from sealhold.protect.policyfile import load
from sealhold.protect.sql.explaining import names_of
from sealhold.protect.sql.plan import Plan, Refused
from sealhold.protect.sql.planner import Planner
from sealhold.vault.proxyasked import Asked, key_of
from sealhold.vault.proxygrants import KeptGrant, QueryGrants
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxypolicies import Policies

__all__ = ["MAX_GRANT", "MAX_TERMS", "PeerWork", "read_grant", "revoke_beside"]

MAX_ROWS: Final = 1_000_000  # of an answer that is taken
WAIT: Final = 10.0  # seconds for a serving proxy to carry out a revocation
_MOMENT: Final = 0.05
_FORM: Final = "the other proxy answers in no form that is known"


class PeerWork:
    """The owner's side of query grants, of an open vault. For one thread."""

    def __init__(self, node: Node) -> None:
        self._core = node.parts.core
        self._grants = QueryGrants(self._core)
        self._asked = Asked(self._core)

    def key(self) -> str:
        """Return the key by which other proxies know this vault's: 64 hex digits."""
        return self._grants.public().hex()

    def make(self, terms: bytes, to: str, policy: str) -> tuple[QueryGrantView, bytes]:
        """Grant what a text says to the proxy of a key; return the envelope, too.

        Raises:
            InvalidGrantError: a fault in the text, or no key.
            NotFoundError: no policy is in force.
            TakenError: a table was granted to the same one in another way.
            AuditUnavailableError: the log cannot be written.
        """
        active = load(Policies(self._core).active(policy).text)
        read, days = read_terms(terms, active, self._refusal(active))
        kept = self._grants.make(read, days, key_of(to))
        return self._shown(kept), kept.envelope

    def all(self) -> tuple[QueryGrantView, ...]:
        """Return all grants that were made, the oldest first."""
        return tuple(map(self._shown, self._grants.all()))

    def revoke(self, grant: str) -> None:
        """End a grant.

        Raises:
            NotFoundError: there is none of that id.
            AuditUnavailableError: the log cannot be written.
        """
        self._grants.revoke(_id(grant))

    def ask(
        self, envelope: bytes, owner: str, to: tuple[str, int], sql: str, values: tuple[str, ...]
    ) -> PeerAnswer:
        """Ask the proxy of another vault, check its receipt and keep it.

        Args:
            envelope: the grant.
            owner: the key of its owner, as 64 hex digits; empty if it was said before.
            to: host and port.
            sql: one SELECT.
            values: those of its parameters, as text.

        Raises:
            InvalidGrantError: the grant is for another vault, or over.
            DeniedError: nobody said that its key is the owner's, or they do not let this one in.
            PeerAwayError: nobody answers there, or somebody else.
            QueryRefusedError: the statement is refused.
            TamperedError: the receipt is about something else.
        """
        grant = self._asked.grant(envelope, key_of(owner) if owner else None)
        ask, request = self._asked.ask(grant, sql, values)
        link = connected(*to, self._asked.me(), grant.owner)
        try:
            frames.send(link, frames.ASK, request)
            came = _Came()
            while came.receipt is None:
                came.take(*frames.answered(link))
        finally:
            link.close()
        receipt = self._asked.keep(grant, ask, came.receipt, len(came.rows), came.frames)
        return PeerAnswer(
            columns=tuple(came.columns), rows=tuple(came.rows), at=receipt.at, grant=grant.id.hex()
        )

    def _refusal(self, policy: Policy) -> Callable[[Terms, str], str]:
        """Return what says why a text cannot be answered, by the policy alone."""
        datasets = {table.dataset for table in policy.tables if table.is_protected}
        keys = ProxyKeys(self._core).of(datasets)
        derived = Derived(keys.__getitem__)
        columns = columns_of(policy, derived, self._core.entropy)
        tag_rows(policy, columns, derived)
        planner = Planner(policy, columns)
        names = names_of(policy, columns, planner)

        def why(terms: Terms, text: str) -> str:
            plans = GrantPlanner(_Known(planner), terms).plan(text, (), names)
            refused = [each for each in plans if isinstance(each, Refused)]
            return f"{refused[0].code}: {refused[0].message}" if refused else ""

        return why

    def _shown(self, kept: KeptGrant) -> QueryGrantView:
        return shown(kept.grant, is_over=kept.is_over(self._core.clock()))


def revoke_beside(home: Path, grant: str) -> None:
    """Have the proxy that serves from a vault end a grant, and wait until it did.

    Raises:
        NotFoundError: no id of a grant.
        StoreBusyError: whoever has the vault open does not serve proxies: it is carried out as
            soon as one does, before it answers.
    """
    file = ended_folder(home) / _id(grant).hex()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    until = monotonic() + WAIT
    while file.exists():
        if monotonic() > until:
            raise StoreBusyError("the grant ends before another statement is answered")
        sleep(_MOMENT)


def read_grant(envelope: bytes) -> QueryGrantView:
    """Return what a grant says, once its own key's signature held.

    Raises:
        InvalidEncodingError: it is no grant.
        BadSignatureError: its owner did not sign it.
    """
    return shown(open_grant(envelope), is_over=False)


def shown(grant: QueryGrant, *, is_over: bool) -> QueryGrantView:
    """Return a grant as it is shown."""
    terms, grid = grant.terms, grant.terms.grid
    covers = [
        f"{each.full} ({', '.join(each.columns)})" + (f" where {each.where}" if each.where else "")
        for each in terms.tables
    ]
    if grid is not None:
        where = f" where {grid.table.where}" if grid.table.where else ""
        sums = ", ".join(grid.measures) or "rows alone"
        covers.append(
            f"sums of {grid.table.full} ({sums}){where} by {', '.join(grid.by)},"
            f" of {grid.least} rows or more"
        )
    covers += [each.sql for each in terms.statements]
    return QueryGrantView(
        id=grant.id.hex(),
        owner=grant.owner.hex(),
        requester=grant.requester.hex(),
        dataset=terms.dataset,
        purpose=terms.purpose,
        rows_per_day=terms.rows_per_day,
        made=grant.made,
        not_after=grant.not_after,
        covers=tuple(covers),
        is_over=is_over,
    )


class _Known:
    """A planner by the policy alone, without a provider."""

    version = 0
    loading = ()

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    def names(self, answers: Plain) -> Plain:
        """Return nothing: names are handed in."""
        return answers

    def plan(self, text: str, oids: Plain, names: Plain) -> tuple[Plan, ...]:
        """Return what is done for each statement of a text."""
        return self._planner.plan(text, oids, names)


class _Came:
    """What came of an answer."""

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.rows: list[tuple[str | None, ...]] = []
        self.frames: list[bytes] = []
        self.receipt: bytes | None = None

    def take(self, kind: bytes, body: bytes) -> None:
        """Take one frame.

        Raises:
            QueryRefusedError: it says why there is no answer.
            PeerAwayError: it is out of form.
            TamperedError: there are more rows than are taken.
        """
        if kind == frames.DONE:
            self.receipt = body
            return
        try:
            said = from_json(body)
        except InvalidEncodingError as err:
            raise PeerAwayError(_FORM) from err
        # THREAT T764: an owner's proxy may say anything
        match (kind, said):
            case (frames.ERROR, {"code": str() as code, "message": str() as message}):
                raise QueryRefusedError(f"{code}: {message}")
            case (frames.COLUMNS, {"names": list() as names}):
                self.columns = [str(each) for each in names]
            case (frames.ROWS, list() as rows) if all(map(self._fits, rows)):
                self.rows += [tuple(each) for each in rows]
            case _:
                raise PeerAwayError(_FORM)
        self.frames.append(body)
        if len(self.rows) > MAX_ROWS:
            raise TamperedError("an answer without end")

    def _fits(self, row: Plain) -> bool:
        return (
            isinstance(row, list)
            and len(row) == len(self.columns)
            and all(isinstance(each, str | None) for each in row)
        )


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as err:
        raise NotFoundError("no query grant of that id") from err

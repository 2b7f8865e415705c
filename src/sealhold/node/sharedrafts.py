"""A share that is looked at, and what a round did for shares.

Source: docs/spec/52-share-spaces.md; docs/spec/49-sharing.md sections 7 and 8.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sealhold.model.errors import InvalidError, InvalidGrantError
from sealhold.model.ids import ContactId, GrantId, Id16
from sealhold.node.sharefiles import Offered
from sealhold.policy.preview import Effect
from sealhold.policy.share import Clauses, What
from sealhold.policy.sharefacts import HeldShare
from sealhold.policy.shareterms import Tier
from sealhold.policy.suspicion import Finding
from sealhold.sharing.peers.contacts import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A share that is looked at, and may be made."""

    name: str
    clauses: Clauses  # with the owner's ids
    people: tuple[Known, ...]
    offered: Mapping[Id16, Offered]
    effect: Effect
    found: tuple[Finding, ...]
    came: Mapping[int, int]  # days back, objects that would have been added


@dataclass(slots=True)
class Kept:
    """What a round did for shares."""

    written: int = 0  # objects
    erased: int = 0
    released: int = 0  # uses
    denied: int = 0
    invited: int = 0
    signed_not: int = 0  # receipts that do not fit
    said: int = 0  # papers
    troubles: list[str] = field(default_factory=list)

    @property
    def has_written(self) -> bool:
        """Whether there is something to be given on."""
        told = (self.written, self.erased, self.released, self.denied, self.invited, self.said)
        return any(told)


def is_of_documents(clauses: Clauses, offered: Collection[Offered]) -> bool:
    """Return whether a share is of documents that people edit or read together.

    Raises:
        InvalidError: of documents and of files.
        InvalidGrantError: a clause that documents do not have.
    """
    kinds = {each.is_document for each in offered}
    if len(kinds) > 1:
        raise InvalidError("documents and files are shared apart")
    if True not in kinds:
        return False
    if clauses.tier not in {Tier.COPY, Tier.THEIR_NODE}:
        raise InvalidGrantError("a document is shared at tier `T0` or `T1`")
    if clauses.count is not None or clauses.precision or clauses.omit:
        raise InvalidGrantError("a document is shared whole: no count, no rule, nothing left out")
    return True


def as_together(clauses: Clauses) -> Clauses:
    """Return the clauses of documents: nobody is told when one is read, so nothing says so."""
    return replace(clauses, duties=replace(clauses.duties, notify=False, receipt=False))


def held_as(
    grant: GrantId, clauses: Clauses, owner: ContactId, offered: Mapping[Id16, Offered]
) -> HeldShare:
    """Return a share as rules see it: folders are what lies in them now."""
    what = What(ids=frozenset(offered))
    return HeldShare(
        id=grant,
        issuer=owner,
        clauses=replace(clauses, what=what),
        signed=True,
        epoch=1,
        newest=1,
    )

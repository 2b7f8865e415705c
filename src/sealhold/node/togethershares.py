"""Shares of documents: what they may say.

Source: docs/spec/52-share-spaces.md section 7.
"""

from collections.abc import Collection
from dataclasses import replace

from sealhold.model.errors import InvalidError, InvalidGrantError
from sealhold.node.sharefiles import Offered
from sealhold.policy.share import Clauses
from sealhold.policy.shareterms import Tier


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

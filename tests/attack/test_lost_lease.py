"""A process beside which another one began to write: what it remembers leaves it no more."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from sealhold.audit.tables import HEAD, HEAD_NAME
from sealhold.model.errors import FenceLostError, SealholdError
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.quantities import Instant
from sealhold.stores.remembering import Remembering
from sealhold.stores.spec import Delete, Op, Put, Unit
from sealhold.vault.keysets import LEASE_S, SHARD
from sealhold.vault.personrows import RECORDS
from tests.unit.memory_vault import NOON
from tests.unit.records_vault import NOTES, Shelf, rid, shelf

OTHER = Id16(b"another process.")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Return a vault whose store remembers records."""
    with suppress(FenceLostError), shelf() as found:  # it cannot write its end either
        inner = found.many.store
        remembering = Remembering(_Plain(inner.get), (RECORDS,))  # type: ignore[arg-type]  # reason: it is read alone
        monkeypatch.setattr(inner, "get", remembering.get)
        yield found


class _Plain:
    def __init__(self, get: object) -> None:
        self.get = get


def remembered(kept: Shelf) -> SubjectId:
    """Return a person with a note that is in memory."""
    ada = kept.many.person()
    kept.put(ada, 1, {"text": "remembered"})
    assert kept.get(ada, 1) == {"text": "remembered"}
    return ada


def gone(subject: SubjectId) -> Op:
    return Delete(RECORDS.name, (subject, NOTES, rid(1)))


@pytest.mark.threat("T335")
def test_nothing_that_is_remembered_leaves_once_another_process_has_the_lease(kept: Shelf) -> None:
    ada, store = remembered(kept), kept.many.store
    fence = store.lease(SHARD, OTHER, LEASE_S, Instant(NOON + 10 * LEASE_S * 1_000))
    store.commit([Unit((gone(ada),))], lambda _: (), fence)

    with pytest.raises(SealholdError):
        kept.get(ada, 1)


@pytest.mark.threat("T335")
def test_nothing_that_is_remembered_leaves_once_another_process_went_on_with_the_log(
    kept: Shelf,
) -> None:
    """As a copy of the home would, which takes itself for the holder of the lease."""
    ada, many = remembered(kept), kept.many
    head = many.store.get(HEAD.name, [(HEAD_NAME,)])[0]
    assert head is not None

    many.bend(gone(ada), Put(HEAD.name, head.row))

    with pytest.raises(SealholdError):
        kept.get(ada, 1)

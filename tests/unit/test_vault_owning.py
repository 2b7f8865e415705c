"""Records that the owner puts in by hand: whole, found again, and each told of in the log."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.ids import Collection, Id16, RecordId
from sealhold.vault.deciding import scan_all
from sealhold.vault.ingest import INLINE, PORTION
from sealhold.vault.owned import RECORDS
from sealhold.vault.owning import AT_ONCE, Fresh, Owning
from sealhold.vault.telling import Teller
from tests.unit.memory_vault import MemoryVault, memory_vault

NOTES = Collection("notes")


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def owning(vault: MemoryVault) -> Owning:
    return Owning(vault.core, vault.index, vault.objects)


def note(text: str, collection: Collection = NOTES) -> Fresh:
    return Fresh(collection=collection, fields={"text": text})


def kept(vault: MemoryVault) -> int:
    return sum(1 for _ in scan_all(vault.core.store, RECORDS))


def commits(vault: MemoryVault) -> int:
    return len(vault.core.store.scan("checkpoint", "key", (), ()).rows)


def opener(vault: MemoryVault, subject: Id16) -> Sealer:
    core = vault.core
    return Sealer(core.keyring.named("log")) if subject == NOBODY else core.keys.events


def test_records_come_back_as_they_were_put_in_their_order(vault: MemoryVault) -> None:
    texts = [f"note {number}" for number in range(100)]

    ids = owning(vault).put([note(text) for text in texts])

    assert [record.fields["text"] for record in vault.firewall.get(ids)] == texts
    assert ids == sorted(ids)
    assert {record.version for record in vault.firewall.get(ids)} == {1}


def test_one_log_entry_of_a_call_names_each_record_by_its_tag(
    vault: MemoryVault,
) -> None:
    ids = owning(vault).put([note("a"), note("b")])

    lines = list(read_entries(vault.core.store, lambda subject: opener(vault, subject)))
    told = [line.logged.event for line in lines if line.logged]
    assert [(event.kind, event.actor, event.rows_out) for event in told] == [
        (EventKind.INGEST, Actor.OWNER, 2)
    ]
    teller = Teller(vault.core.keys)
    assert told[0].records == teller.tags(ids)
    assert told[0].names(teller.tag(ids[1]))
    assert not told[0].names(teller.tag(RecordId(NOBODY)))


def test_records_of_one_call_share_a_commit_up_to_the_limits(vault: MemoryVault) -> None:
    put = owning(vault).put

    put([note("a"), note("b"), note("c")])
    assert commits(vault) == 1
    put([note(str(number)) for number in range(AT_ONCE + 1)])
    before = commits(vault)
    assert before in {2, 3}  # the writer may take what waits in one
    put([note("x" * (INLINE - 200)) for _ in range(PORTION // INLINE + 2)])
    assert commits(vault) - before in {1, 2}


def test_records_are_found_by_their_words_in_this_process_and_the_next(vault: MemoryVault) -> None:
    [lunch, _] = owning(vault).put([note("Lunch in the park"), note("dinner")])

    assert [doc.id for doc in vault.index.search("lunch park")] == [lunch]
    assert [doc.id for doc in vault.fresh_index().search("lunch park")] == [lunch]
    assert [doc.title for doc in vault.index.search("dinner")] == ["dinner"]


def test_larger_content_goes_into_packs_and_its_records_hold_together(vault: MemoryVault) -> None:
    large = "word " * INLINE

    ids = owning(vault).put([note("small"), note(large), note(large)])

    assert [record.fields["text"] for record in vault.firewall.get(ids)] == ["small", large, large]
    assert len(list(vault.packs.names())) == 1


def test_the_same_content_twice_is_two_records(vault: MemoryVault) -> None:
    put = owning(vault).put

    assert len({*put([note("coffee"), note("coffee")]), *put([note("coffee")])}) == 3


def test_a_record_without_fields_is_refused_and_told_and_nothing_is_put_in(
    vault: MemoryVault,
) -> None:
    with pytest.raises(DeniedError):
        owning(vault).put([note("a"), Fresh(collection=NOTES, fields={})])

    [line] = read_entries(vault.core.store, lambda subject: opener(vault, subject))
    assert line.logged is not None
    assert line.logged.event.outcome is Outcome.DENIED
    assert line.logged.event.reason == "nothing_asked"
    assert kept(vault) == 0


def test_a_collection_that_no_table_can_name_is_refused(vault: MemoryVault) -> None:
    with pytest.raises(InvalidError):
        owning(vault).put([note("a", Collection("n" * 33))])

    assert kept(vault) == 0


def test_no_records_make_no_commit(vault: MemoryVault) -> None:
    assert owning(vault).put([]) == []
    assert commits(vault) == 0

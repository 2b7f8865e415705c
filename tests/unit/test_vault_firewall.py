"""The one door: decided, logged, then opened; and no more than was decided."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import NOBODY
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    LeakExhaustedError,
    NotFoundError,
    SealBrokenError,
)
from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    Id16,
    Purpose,
    RecordId,
    TaskDigest,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode, RequestState
from sealhold.policy.consent import ConsentState
from sealhold.policy.consent import Standing as Consent
from sealhold.policy.decision import Decision, Reason
from sealhold.policy.facts import Actor as Asking
from sealhold.policy.facts import Ask, Facts, Held, Standing
from sealhold.policy.grant import Grant, GrantKind
from sealhold.stores.spec import Delete, Guard, Put, Unit
from sealhold.vault.deciding import scan_all
from sealhold.vault.firewall import Firewall, Passage
from sealhold.vault.ingest import Ingest
from sealhold.vault.owned import RECORDS
from sealhold.vault.settings import SETTINGS
from sealhold.vault.telling import Teller
from tests.unit.memory_vault import (
    NOON,
    SOURCE,
    MemoryVault,
    batch,
    item,
    job_row,
    memory_vault,
)

THINGS = Collection("things")
TEXT = FieldName("text")
GRANT = Grant(
    id=GrantId(Id16(b"grant".ljust(16))),
    kind=GrantKind.COMPONENT,
    issuer=bytes(32),
    audience=bytes(32),
    app=AppId(Id16(b"app".ljust(16))),
    purpose=Purpose("ServiceProvision"),
    collection=THINGS,
    fields=frozenset({TEXT}),
    filter="all",
    precision=(),
    task=TaskDigest(bytes(32)),
    param="p",
    selection="all",
    mode=Mode.UNTIL,
    budget=MicroBits(10),
    coarsen=1,
    not_before=NOON,
    not_after=Instant(NOON + 1_000),
    epoch=1,
    nonce=bytes(16),
)
ASK = Ask(
    actor=Asking.APP,
    app=GRANT.app,
    purpose=GRANT.purpose,
    collection=THINGS,
    fields=GRANT.fields,
    task=GRANT.task,
    param="p",
    selection="all",
    cost=MicroBits(4),
)
HELD = Held(
    grant=GRANT,
    state=RequestState.ALLOWED,
    consent=Consent(
        state=ConsentState.GIVEN, starts=NOON, ends=Instant(NOON + 1_000), notice="n" * 64
    ),
    notice="n" * 64,
    epoch=1,
    uses=0,
    spent=MicroBits(0),
    retention_days=1,
)
FACTS = Facts(
    now=NOON,
    app=Standing.ACTIVE,
    subject=Standing.ACTIVE,
    task=Standing.ACTIVE,
    held=(HELD,),
    objected=frozenset(),
    restricted=False,
    retain_until=None,
    budget_left=MicroBits(100),
)
EVENT = Event(kind=EventKind.CHARGE, actor=Actor.APP, app=GRANT.app, grant=GRANT.id)
PASSAGE = Passage(ask=ASK, facts=FACTS, event=EVENT)


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        taker = Ingest(found.core, found.index, found.objects, SOURCE)
        items = [item(f"thing {n}", own=str(n), secret=f"hidden {n}") for n in range(5)]
        taker.take(job_row(), batch(items), "1")
        taker.finish()
        yield found


def ids(vault: MemoryVault) -> list[RecordId]:
    return [RecordId(found.row[0]) for found in scan_all(vault.core.store, RECORDS)]


def logged(vault: MemoryVault) -> list[Event]:
    """Return what is in the log, the newest first."""
    sealer = vault.core.keys.events
    lines = read_entries(vault.core.store, lambda who: None if who == NOBODY else sealer)
    return [line.logged.event for line in lines if line.logged is not None]


def test_records_come_in_the_order_asked_for_and_one_entry_tells_of_all(
    vault: MemoryVault,
) -> None:
    asked = ids(vault)[::-1]
    before = len(logged(vault))

    found = vault.firewall.get(asked)

    assert [record.id for record in found] == asked
    newest, *_ = logged(vault)
    assert len(logged(vault)) == before + 1
    assert (newest.kind, newest.rows_read) == (EventKind.READ, 5)
    assert newest.records == Teller(vault.core.keys).tags(asked)


def test_one_record_is_named_in_the_log_by_a_tag_that_is_not_its_id(vault: MemoryVault) -> None:
    [first, *_] = ids(vault)

    vault.firewall.get([first])

    tag = logged(vault)[0].records
    assert tag not in {b"", first}


def test_records_looked_at_each_by_itself_have_an_entry_each(vault: MemoryVault) -> None:
    before = len(logged(vault))

    vault.firewall.get_each(ids(vault))

    assert len(logged(vault)) == before + 5
    assert len({event.records for event in logged(vault)[:5]}) == 5


def test_a_record_that_is_not_here_is_told_so_and_the_look_is_logged(vault: MemoryVault) -> None:
    before = len(logged(vault))

    with pytest.raises(NotFoundError, match="r-ffffffffffff"):
        vault.firewall.get([RecordId(Id16(b"\xff" * 16))])

    assert len(logged(vault)) == before + 1


@pytest.mark.parametrize("get", [Firewall.get, Firewall.get_each])
def test_the_log_tells_of_no_record_that_left_if_one_was_not_there(
    vault: MemoryVault, get: Callable[[Firewall, list[RecordId]], object]
) -> None:
    before = len(logged(vault))

    with pytest.raises(NotFoundError):
        get(vault.firewall, [*ids(vault)[:2], RecordId(Id16(b"\xff" * 16))])

    told = logged(vault)[: len(logged(vault)) - before]
    assert [event.rows_out for event in told] == [0] * len(told) != []


@pytest.mark.threat("T01")
def test_a_row_that_was_moved_does_not_open(vault: MemoryVault) -> None:
    first, second, *_ = scan_all(vault.core.store, RECORDS)
    moved = Put(RECORDS.name, (first.row[0], *second.row[1:]))
    vault.core.store.commit([Unit((moved,))], lambda _: (), vault.fence)

    with pytest.raises(SealBrokenError, match="does not open"):
        vault.firewall.get([RecordId(first.row[0])])


def test_what_is_permitted_is_logged_before_it_is_known(vault: MemoryVault) -> None:
    decision, seq = vault.firewall.decided(PASSAGE)

    assert decision.permit
    assert logged(vault)[0] == EVENT
    assert seq == vault.appender.head.size - 1


REFUSED = {
    Reason.APP_NOT_ACTIVE: replace(PASSAGE, facts=replace(FACTS, app=Standing.SUSPENDED)),
    Reason.NO_GRANT: replace(PASSAGE, facts=replace(FACTS, held=())),
    Reason.OUT_OF_SCOPE: replace(PASSAGE, ask=replace(ASK, fields=frozenset({FieldName("x")}))),
    Reason.OUT_OF_TIME: replace(
        PASSAGE,
        facts=replace(
            FACTS,
            now=Instant(NOON + 1_000),
            held=(replace(HELD, consent=replace(HELD.consent, ends=Instant(NOON + 9_000))),),
        ),
    ),
    Reason.GRANT_BUDGET: replace(PASSAGE, ask=replace(ASK, cost=MicroBits(11))),
    Reason.VAULT_BUDGET: replace(PASSAGE, facts=replace(FACTS, budget_left=MicroBits(3))),
}


@pytest.mark.parametrize("reason", REFUSED, ids=lambda reason: reason.name.lower())
def test_a_refusal_is_logged_with_its_reason_and_writes_nothing_else(
    vault: MemoryVault, reason: Reason
) -> None:
    exhausted = reason in {Reason.GRANT_BUDGET, Reason.VAULT_BUDGET}
    charge = Put(SETTINGS.name, ("charged", 1))

    with pytest.raises(LeakExhaustedError if exhausted else DeniedError):
        vault.firewall.decided(replace(REFUSED[reason], ops=(charge,)))

    newest = logged(vault)[0]
    assert (newest.kind, newest.outcome) == (EventKind.DECISION, Outcome.DENIED)
    assert newest.reason == reason.name.lower()
    assert newest.cost == 0
    assert vault.core.deciding.get(SETTINGS.name, "charged") is None


@pytest.mark.threat("T73")
def test_what_changed_since_it_was_decided_stops_the_passage(vault: MemoryVault) -> None:
    before = len(logged(vault))
    guarded = replace(PASSAGE, ops=(Guard(SETTINGS.name, ("grant",), 1),))

    with pytest.raises(ConflictError):
        vault.firewall.decided(guarded)

    assert len(logged(vault)) == before


def test_a_program_gets_the_granted_fields_and_no_others(vault: MemoryVault) -> None:
    decision, _ = vault.firewall.decided(PASSAGE)

    found = list(vault.firewall.objects_for_task(decision, THINGS, ids(vault)))

    shown = [fields or {} for _, _, fields in found]
    assert sorted(fields["text"] for fields in shown) == [f"thing {n}" for n in range(5)]
    assert all(fields.keys() == {TEXT} for fields in shown)
    assert {version for _, version, _ in found} == {1}


def test_what_is_gone_or_of_another_collection_is_left_out(vault: MemoryVault) -> None:
    decision, _ = vault.firewall.decided(PASSAGE)
    all_ids = ids(vault)
    gone = Delete(RECORDS.name, (all_ids[0],))
    vault.core.store.commit([Unit((gone,))], lambda _: (), vault.fence)
    opener = vault.firewall.objects_for_task

    assert len(list(opener(decision, THINGS, all_ids))) == 4
    assert list(opener(decision, Collection("others"), all_ids)) == []


def test_no_program_gets_anything_without_a_yes(vault: MemoryVault) -> None:
    refused = Decision(
        permit=False,
        fields=frozenset({TEXT}),
        because=(),
        code=Reason.NO_GRANT,
        sentence="no",
        obligations=None,
    )

    with pytest.raises(DeniedError):
        list(vault.firewall.objects_for_task(refused, THINGS, ids(vault)))

"""What is wrong with registers, notices and receipts is named when the vault is checked."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor
from sealhold.policy.rights_events import Right
from sealhold.stores.spec import Delete, Put, TableSpec
from sealhold.vault.breaches import BreachRegister
from sealhold.vault.deciding import scan_all
from sealhold.vault.erased import ERASED
from sealhold.vault.recipients import NOTICES
from sealhold.vault.registercheck import register_faults
from sealhold.vault.rights import RightsRegister
from sealhold.vault.stories import STORY_EVENTS, By
from tests.unit.people_vault import Crowd, crowd
from tests.unit.rights_stories import BERLIN

OWNER = By(actor=Actor.OWNER)


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        core = found.vault.core
        ada = found.person()
        found.people.recipients.add(OWNER, found.app(found.one), "Printers", "mail")
        RightsRegister(core, BERLIN).open(OWNER, found.one, ada, Right.ERASURE.value)
        BreachRegister(core).open(OWNER, "a paper was lost")
        found.people.erase(found.one, ada)
        yield found


def faults(many: Crowd) -> list[str]:
    return list(register_faults(many.vault.core))


def test_what_is_as_it_was_written_has_no_fault(many: Crowd) -> None:
    assert faults(many) == []


@pytest.mark.parametrize("table", [STORY_EVENTS, ERASED, NOTICES], ids=lambda each: each.name)
def test_a_row_that_was_edited_is_named(many: Crowd, table: TableSpec) -> None:
    row = next(scan_all(many.store, table)).row

    many.bend(Put(table.name, (*row[:-1], bytes([row[-1][0] ^ 1]) + row[-1][1:])))

    (fault,) = faults(many)
    assert "does not open" in fault


@pytest.mark.threat("T263")
def test_an_event_too_few_or_too_many_is_named(many: Crowd) -> None:
    first, second = (found.row for found in scan_all(many.store, STORY_EVENTS))

    many.bend(Delete(STORY_EVENTS.name, first[:2]))
    fewer = faults(many)
    many.bend(Put(STORY_EVENTS.name, first), Put(STORY_EVENTS.name, (second[0], 7, second[2])))

    assert len(fewer) == 2
    assert faults(many) == ["a register has an event too many, or lacks one"]

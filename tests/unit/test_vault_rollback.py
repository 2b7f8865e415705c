"""Going on from an older day: what people said is unknown, and rows without keys go."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import EventKind
from sealhold.policy.consent import ConsentState
from sealhold.vault import rollback
from sealhold.vault.registry import ACTIVE
from sealhold.vault.rollback import Accepted, Undone
from sealhold.vault.says import CHOICES, Says
from tests.unit.memory_vault import NOON
from tests.unit.processing_vault import Stage, permitted, refuses, stage

OWNER = Accepted(at_terminal=True, checkpoint=None)


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


def go_back(on: Stage) -> tuple[Undone, list[str]]:
    """Go on as from an older day, and return what was ended and when the home was marked."""
    marked: list[str] = []
    core = on.many.vault.core

    def mark() -> None:
        states = [found.row[3] for found in core.deciding.all(CHOICES.name)]
        marked.append(" ".join(states))

    return rollback.accept(core, OWNER, NOON, mark), marked


@pytest.mark.threat("T286")
def test_what_a_person_allowed_is_unknown_and_permits_nothing(on: Stage) -> None:
    subject, processing = permitted(on)
    lease = on.run(processing).lease
    assert on.read(lease, subject)

    undone, marked = go_back(on)

    assert undone.consents == 1
    standing = Says(on.many.vault.core).standing(subject, processing.id)
    assert standing.state is ConsentState.UNKNOWN
    crowd = on.many
    crowd.commit(crowd.registry.change(crowd.app(on.app), ACTIVE))  # as its owner lets it go on
    assert refuses(on, lease, subject) == "no_lease"  # the run ended, too
    assert refuses(on, on.run(processing).lease, subject) == "no_consent"
    assert marked == [ConsentState.GIVEN.value], "the home is closed before anything changes"


@pytest.mark.threat("T286")
def test_a_person_whose_keys_are_gone_has_no_row_left(on: Stage) -> None:
    subject, _ = permitted(on)
    core = on.many.vault.core
    core.keyring.erase_subject(on.app, subject)

    undone, _ = go_back(on)

    assert undone.people == 1
    told = [each for each in on.many.events(EventKind.ERASE) if each.reason == "erased_since"]
    assert [each.rows_out for each in told] == [1]

"""Going on from an older day: what people said is unknown, and rows without keys go."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.crypto.token import parse
from sealhold.model.ids import Id16
from sealhold.policy.consent import ConsentState
from sealhold.stores.spec import Expect, Put
from sealhold.vault import rollback
from sealhold.vault.caveats import USES
from sealhold.vault.deciding import scan_all
from sealhold.vault.leases import PEOPLE
from sealhold.vault.objects import PACKS
from sealhold.vault.passkeyrows import PASSKEYS
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.registry import ACTIVE
from sealhold.vault.rollback import Accepted, Undone
from sealhold.vault.says import CHOICES, Says
from sealhold.vault.stories import By
from tests.unit.attachments_vault import attach
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import NAME, SERVICE, crowd
from tests.unit.processing_vault import Stage, permitted, refuses, stage
from tests.unit.records_vault import shelf

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


def test_of_a_person_whose_keys_are_gone_neither_passkey_nor_pack_is_left() -> None:
    with shelf() as kept:
        many, core = kept.many, kept.many.vault.core
        ada = many.people.make(many.one).subject
        kept.put(ada, 1, {"n": 1})
        attach(kept, ada, b"a picture")
        passkey = (ada, 0, bytes(16), many.one, 0, bytes(64))
        many.commit(Put(PASSKEYS.name, passkey, Expect.ABSENT))
        core.keyring.erase_subject(many.one, ada)

        undone = rollback.accept(core, OWNER, NOON, lambda: None)

        assert undone.people == 1
        assert list(core.deciding.all(PASSKEYS.name)) == []
        assert [found for table in (PACKS, PASSKEYS) for found in scan_all(core.store, table)] == []
        assert list(many.vault.packs.names("packs/")) == []
        assert list(people_faults(core)) == []


def test_of_a_run_that_ended_nobody_is_left_who_was_read(on: Stage) -> None:
    subject, processing = permitted(on)
    assert on.read(on.run(processing).lease, subject)
    core = on.many.vault.core
    assert [found.row[1] for found in scan_all(core.store, PEOPLE)] == [subject]

    go_back(on)

    assert list(scan_all(core.store, PEOPLE)) == []


def test_uses_of_tokens_that_ended_are_not_counted_any_more_and_those_of_apps_are() -> None:
    with crowd() as many:
        core, app_token = many.vault.core, parse(many.tokens[0]).id
        for nth, token in enumerate((app_token, Id16(b"of a person once"))):
            many.commit(Put(USES.name, (bytes([nth]) * 16, token, 3), Expect.ABSENT))

        rollback.accept(core, OWNER, NOON, lambda: None)

        assert [found.row[1] for found in core.deciding.all(USES.name)] == [app_token]


@pytest.mark.threat("T329")
def test_no_notice_of_a_change_names_a_person_whose_keys_are_gone() -> None:
    with crowd() as many:
        core, by = many.vault.core, By(actor=Actor.OWNER)
        ada, recipients = many.person(), many.people.recipients
        printers = recipients.add(by, many.app(many.one), "Printers", "print@example.org")
        many.people.patch(many.one, ada, SERVICE, {NAME: "Eve"}, 1)
        recipients.remove(by, printers.id)
        assert [each.subject for each in recipients.waiting()] == [ada]
        core.keyring.erase_subject(many.one, ada)

        rollback.accept(core, OWNER, NOON, lambda: None)

        assert list(recipients.waiting()) == []

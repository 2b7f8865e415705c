"""Keys of nobody are swept while people come, and none of them loses theirs."""

from threading import Event, Thread

import pytest

from sealhold.audit.event import EventKind
from sealhold.model.ids import SubjectId
from sealhold.vault.keyring import Keyring
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.strays import Strays
from tests.unit.people_vault import crowd


@pytest.mark.threat("T328")
def test_whoever_is_made_while_keys_are_swept_keeps_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with crowd() as many:
        core = many.vault.core
        made, swept, people = Event(), Event(), list[SubjectId]()
        subject_of = Keyring.subject

        def waits(ring: Keyring, subject: SubjectId) -> object:
            made.set()  # the key is there, and the row is not
            swept.wait(10)
            return subject_of(ring, subject)

        monkeypatch.setattr(Keyring, "subject", waits)
        going = Thread(target=lambda: people.append(many.people.make(many.one).subject))
        going.start()
        assert made.wait(10)

        gone = Strays(core).sweep()

        swept.set()
        going.join()
        monkeypatch.undo()
        assert gone == 0
        assert many.people.show(many.one, people[0]).version == 0
        assert not list(people_faults(core))


@pytest.mark.threat("T328")
def test_who_is_written_behind_the_look_keeps_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    with crowd() as many:
        ada, keyring = many.person(), many.vault.core.keyring
        looking = Strays(many.vault.core)
        monkeypatch.setattr(looking, "_unnamed", lambda _: {ada})  # a look from just before

        gone = looking.sweep()

        assert gone == 0
        assert keyring.versions(ada) == (1,)
        assert not many.events(EventKind.KEY)

"""Keys turned over and destroyed in the midst of what people, apps and the owner do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from sealhold.model.errors import DeniedError
from sealhold.model.ids import Collection, Id16, RecordId, SubjectId
from sealhold.stores.spec import Op
from sealhold.vault import keyblocks, personrecords
from sealhold.vault.deciding import scan_all
from sealhold.vault.jobs import Scope, State, Turned
from sealhold.vault.keyblocks import Held
from sealhold.vault.lookups import Tags
from sealhold.vault.owned import RECORDS
from sealhold.vault.owning import Fresh, Owning
from sealhold.vault.personrecords import At
from sealhold.vault.rewrapping import UNDER_SUBJECTS
from sealhold.vault.steps import Steps
from tests.unit.people_vault import MAIL, NAME, SERVICE
from tests.unit.records_vault import NOTES, rid
from tests.unit.rotation_vault import TEXTS, Turnery, field_scope, notes_of, turnery


@pytest.fixture
def place() -> Iterator[Turnery]:
    with turnery() as found:
        yield found


class Busy:
    """Threads that change, keep, put in, come and go, each as long as nothing fails."""

    def __init__(self, place: Turnery) -> None:
        self._place = place
        core = place.many.vault.core
        self._owning = Owning(core, place.many.vault.index, place.many.vault.objects)
        self._ended = False
        self.put_in: list[RecordId] = []
        self.faults: list[Exception] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        ways = (self._change, self._keep, self._put, self._come_and_go)
        threads = [Thread(target=self._forever, args=(way,)) for way in ways]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended = True
            for thread in threads:
                thread.join()

    def name_ada(self, name: str) -> None:
        place, people = self._place, self._place.many.people
        version = people.show(place.one, place.ada).version
        people.patch(place.one, place.ada, SERVICE, {NAME: name}, version)

    def _forever(self, way: Callable[[int], None]) -> None:
        number = 0
        while not self._ended:
            number += 1
            try:
                way(number)
            except Exception as err:  # noqa: BLE001  # reason: whatever it is, the test shows it
                self.faults.append(err)
                return

    def _change(self, number: int) -> None:
        place = self._place
        self.name_ada(f"Ada {number}")
        assert place.many.people.get(place.one, place.ada, SERVICE).fields[NAME] == f"Ada {number}"

    def _keep(self, number: int) -> None:
        place, at = self._place, At(NOTES, rid(100 + number % 20))
        asking = place.shelf.asking(place.bob)
        if number > 20:
            place.shelf.records.delete(asking, at, 1).wait()
        place.shelf.records.put(asking, at, {"n": number}, None).wait()
        assert place.shelf.records.get(asking, at).wait().content == {"n": number}

    def _put(self, number: int) -> None:
        place, text = self._place, f"note {number}"
        fresh = Fresh(collection=Collection("notes"), fields={"text": text})
        (made,) = self._owning.put([fresh])
        self.put_in.append(made)
        got = place.many.vault.firewall.get([made, *place.items])
        assert [each.fields["text"] for each in got] == [text, *TEXTS]

    def _come_and_go(self, _number: int) -> None:
        place = self._place
        cid = notes_of(place.shelf, place.one, "Cid")
        place.many.people.erase(place.one, cid)
        with pytest.raises(DeniedError):
            place.many.people.get(place.one, cid, SERVICE)


@pytest.mark.threat("T272")
def test_what_was_sealed_before_a_key_was_turned_over_does_not_come_behind_it(
    place: Turnery,
) -> None:
    """A change is decided and sealed under the old key; its commit comes after the job's end."""
    many = place.many
    stopped: list[bool] = []
    submit = many.vault.core.writer.submit

    def hold(works: object) -> object:
        if not stopped:
            stopped.append(True)
            job = place.rotation.begin(Turned.SUBJECT, place.of(place.ada), compromised=True)
            place.rotation.run(job.id)
            place.rotation.sweep()
        return submit(works)  # type: ignore[arg-type]  # reason: passed on as it came

    many.vault.core.writer.submit = hold  # type: ignore[method-assign,assignment]  # reason: held
    try:
        many.people.patch(place.one, place.ada, SERVICE, {NAME: "Ada"}, 1)
    finally:
        many.vault.core.writer.submit = submit  # type: ignore[method-assign]  # reason: as before

    assert place.versions(place.ada) == {2}
    assert place.states(place.ada) == [(2, "active")]
    place.assert_whole()


@pytest.mark.threat("T272")
def test_what_the_owner_seals_is_written_before_their_key_is_turned_over(place: Turnery) -> None:
    core = place.many.vault.core
    submit, waited = core.writer.submit, list[bool]()

    def turn() -> None:
        place.do(Turned.SUBJECT, Scope(core.app, core.owner), compromised=True)
        place.rotation.sweep()

    turning = Thread(target=turn)

    def hold(works: object) -> object:
        if not waited:
            waited.append(True)
            turning.start()
            turning.join(0.3)
            waited.append(turning.is_alive())
        return submit(works)  # type: ignore[arg-type]  # reason: passed on as it came

    core.writer.submit = hold  # type: ignore[method-assign,assignment]  # reason: held
    owning = Owning(core, place.many.vault.index, place.many.vault.objects)
    ids = owning.put([Fresh(collection=Collection("notes"), fields={"text": "now"})])
    turning.join()

    assert waited == [True, True]
    assert place.states(core.owner) == [(2, "active")]
    assert place.versions(core.owner) == {2}
    assert place.many.vault.firewall.get(ids)[0].fields["text"] == "now"
    place.assert_whole()


@pytest.mark.threat("T272")
def test_a_tag_that_was_made_under_the_key_before_is_not_written_behind_the_job(
    place: Turnery, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = place.many.people
    made = Tags.row

    def late(*args: Any) -> Op:  # noqa: ANN401  # reason: passed on as they came
        op = made(*args)
        monkeypatch.setattr(Tags, "row", made)
        assert place.do(Turned.INDEX, field_scope(place)).state is State.DONE
        return op

    who = people.make(place.one).subject
    monkeypatch.setattr(Tags, "row", late)
    people.put(place.one, who, SERVICE, {MAIL: "zoe@example.org"}, 0)

    assert people.find(place.one, SERVICE, MAIL, "zoe@example.org") == (who,)
    place.assert_whole()


@pytest.mark.threat("T272")
def test_a_change_that_began_under_the_key_before_is_made_anew(
    place: Turnery, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, at = place.shelf, At(NOTES, rid(1))
    version = shelf.records.versions(shelf.asking(place.ada), at).wait().versions[0].version

    def late(*args: Any) -> Steps[Held]:  # noqa: ANN401  # reason: passed on as they came
        monkeypatch.setattr(personrecords, "holding", keyblocks.holding)
        assert place.do(Turned.SUBJECT, place.of(place.ada)).state is State.DONE
        return keyblocks.holding(*args)

    monkeypatch.setattr(personrecords, "holding", late)
    assert shelf.put(place.ada, 1, {"of": "Ada", "n": 1}, version) == version + 1

    assert place.versions(place.ada) == {2}
    place.assert_whole()


@pytest.mark.promise("P9")
@pytest.mark.threat("T272")
def test_everything_opens_while_keys_are_turned_over_and_destroyed_again_and_again(
    place: Turnery,
) -> None:
    many, crowd = place.many, Busy(place)
    jobs = []

    with crowd.at_work():
        for _ in range(4):
            for kind, scope in (
                (Turned.SUBJECTS, Scope()),
                (Turned.APP, Scope(place.one)),
                (Turned.BODIES, Scope()),
            ):
                jobs.append(place.do(kind, scope, compromised=True))
                place.rotation.sweep()

    assert crowd.faults == []
    assert {(job.state, job.error) for job in jobs} == {(State.DONE, None)}
    crowd.name_ada("Ada")
    assert {each.fields["text"][:4] for each in many.vault.firewall.get(crowd.put_in)} == {"note"}
    place.do(Turned.SUBJECTS, compromised=True)
    place.rotation.sweep()
    for under in UNDER_SUBJECTS:
        for subject, version in under.counted(many.store):
            assert place.states(SubjectId(Id16(subject))) == [(version, "active")]
    place.assert_whole()
    assert len(list(scan_all(many.store, RECORDS))) == len(place.items) + len(crowd.put_in)

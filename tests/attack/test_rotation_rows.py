"""Old keys and rows put back, rows that do not open, and jobs that were edited."""

from collections.abc import Iterator
from threading import Thread

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ConflictError, SealBrokenError, TamperedError
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Delete, Found, Put
from sealhold.vault import wraps
from sealhold.vault.deciding import rows_of
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.jobs import JOBS, QUARANTINE, Job, Scope, State, Turned
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.keyring import Keyring
from sealhold.vault.owned import RECORDS
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personrecords import At
from tests.unit.people_vault import NAME, SERVICE
from tests.unit.records_vault import NOTES, rid
from tests.unit.rotation_vault import KEPT, Turnery, all_left, turnery


@pytest.fixture
def place() -> Iterator[Turnery]:
    with turnery() as found:
        yield found


def later(place: Turnery, span: int = 2 * KEPT) -> None:
    place.many.time.now = Instant(place.many.time.now + span)


def fresh_ring(place: Turnery) -> Keyring:
    """Return the key set as the next process would read it."""
    key = Secret(seeded(b"memory vault")(32), "epoch key")
    return Keyring(place.many.vault.keys, key, seeded(b"x"))


# --- keys ---


@pytest.mark.threat("T270")
@pytest.mark.parametrize("columns", [(8,), (9,), (8, 9)])
def test_an_old_key_does_not_come_back_as_the_one_in_force(
    place: Turnery, columns: tuple[int, ...]
) -> None:
    place.do(Turned.SUBJECT, place.of(place.ada))
    rows = [
        list(each.row) for each in rows_of(place.many.vault.keys, wraps.SUBJECT, "key", place.ada)
    ]
    for at in columns:
        rows[1][at] = rows[0][at]
    place.bend_keys(Put(wraps.SUBJECT.name, tuple(rows[1])))

    with pytest.raises(SealBrokenError):
        fresh_ring(place).subject(place.ada)


@pytest.mark.threat("T270")
def test_states_of_keys_that_were_edited_open_nothing(place: Turnery) -> None:
    place.do(Turned.SUBJECT, place.of(place.ada))
    rows = [each.row for each in rows_of(place.many.vault.keys, wraps.SUBJECT, "key", place.ada)]
    for states in (("active", "decrypt-only"), ("active", "active"), ("decrypt-only",) * 2):
        bent = [
            Put(wraps.SUBJECT.name, (*row[:4], state, *row[5:]))
            for row, state in zip(rows, states, strict=True)
        ]
        place.bend_keys(*bent)

        with pytest.raises(TamperedError):
            fresh_ring(place).subject(place.ada)


@pytest.mark.threat("T270")
def test_a_key_of_an_app_that_was_turned_over_opens_no_key_of_its_people(place: Turnery) -> None:
    old = place.many.vault.keys.get(wraps.APP.name, [(place.one, 1)])[0]
    assert old is not None
    place.do(Turned.APP, Scope(place.one))

    place.bend_keys(Delete(wraps.APP.name, (place.one, 2)), Put(wraps.APP.name, old.row))

    with pytest.raises(SealBrokenError):
        fresh_ring(place).subject(place.ada)


# --- rows ---


def old_rows(place: Turnery, subject: SubjectId) -> list[tuple[str, Found]]:
    """Turn a subject's key over, destroy the old one, and return the rows as they were before."""
    rows = place.rows(subject)
    place.do(Turned.SUBJECT, place.of(subject), compromised=True)
    assert place.rotation.sweep() == 1
    return rows


@pytest.mark.promise("P9")
@pytest.mark.threat("T271")
def test_a_field_under_a_destroyed_key_that_is_put_back_does_not_open(place: Turnery) -> None:
    for table, found in old_rows(place, place.ada):
        if table == FIELDS.name:
            place.many.bend(Put(table, found.row))

    with pytest.raises(SealBrokenError):
        place.many.people.get(place.one, place.ada, SERVICE)
    (fault,) = people_faults(place.many.vault.core)
    assert "does not open" in fault


@pytest.mark.promise("P9")
@pytest.mark.threat("T271")
def test_a_block_of_keys_under_a_destroyed_key_that_is_put_back_opens_no_record(
    place: Turnery,
) -> None:
    for table, found in old_rows(place, place.ada):
        if table == KEY_BLOCKS.name:
            place.many.bend(Put(table, found.row))

    asking = place.shelf.asking(place.ada)
    with pytest.raises(SealBrokenError):
        place.shelf.records.get(asking, At(NOTES, rid(1))).wait()


@pytest.mark.promise("P9")
@pytest.mark.threat("T271")
def test_an_item_under_a_destroyed_key_that_is_put_back_does_not_open(place: Turnery) -> None:
    core = place.many.vault.core
    for table, found in old_rows(place, core.owner):
        if table == RECORDS.name:
            place.many.bend(Put(table, found.row))

    with pytest.raises(SealBrokenError):
        place.many.vault.firewall.get(place.items[:1])


@pytest.mark.threat("T271")
@pytest.mark.parametrize("version", [0, 1, 3, -1])
def test_a_row_whose_version_was_edited_does_not_open(place: Turnery, version: int) -> None:
    place.do(Turned.SUBJECT, place.of(place.ada))
    found = place.many.store.get(FIELDS.name, [(place.ada, NAME)])[0]
    assert found is not None
    place.many.bend(Put(FIELDS.name, (*found.row[:3], version, *found.row[4:])))

    with pytest.raises(SealBrokenError):
        place.many.people.get(place.one, place.ada, SERVICE, frozenset({NAME}))


@pytest.mark.threat("T275")
def test_a_row_that_was_put_back_under_an_old_key_is_moved_before_that_goes(
    place: Turnery,
) -> None:
    rows = place.rows(place.ada)
    place.do(Turned.SUBJECT, place.of(place.ada))
    for table, found in rows:
        place.many.bend(Put(table, found.row))
    later(place)

    assert place.rotation.sweep() == 0
    assert place.versions(place.ada) == {2}
    assert place.rotation.sweep() == 1
    place.assert_whole()


# --- rows that do not open ---


def broken_field(place: Turnery) -> Found:
    """Break the key of a field of Ada's, and return the row as it was."""
    found = place.many.store.get(FIELDS.name, [(place.ada, NAME)])[0]
    assert found is not None
    bent = bytes(byte ^ 1 for byte in found.row[5])
    place.many.bend(Put(FIELDS.name, (*found.row[:5], bent, found.row[6])))
    return found


@pytest.mark.threat("T275")
def test_while_a_row_that_does_not_open_is_listed_no_key_goes(place: Turnery) -> None:
    whole = broken_field(place)

    job = place.do(Turned.SUBJECTS, Scope(place.one), compromised=True)

    assert (job.state, job.quarantined) == (State.DONE_WITH_QUARANTINE, 1)
    assert all_left(place, job.id) == [("ident", "it does not open")]
    later(place)
    assert place.rotation.sweep() == 0
    assert place.states(place.bob) == [(1, "decrypt-only"), (2, "active")]

    place.many.bend(Put(FIELDS.name, whole.row))  # as a backup would bring it back
    assert place.rotation.sweep() == 1  # Bob's; Ada's row is re-wrapped first
    assert place.rotation.sweep() == 1
    place.assert_whole()


@pytest.mark.threat("T275")
def test_a_row_that_its_owner_gave_up_keeps_no_key(place: Turnery) -> None:
    broken_field(place)
    job = place.do(Turned.SUBJECT, place.of(place.ada), compromised=True)

    place.rotation.give_up(job.id, [0])

    assert place.rotation.sweep() == 1
    assert place.states(place.ada) == [(2, "active")]
    assert "rows_given_up" in {event.reason for event in place.events()}


@pytest.mark.threat("T275")
def test_a_list_of_rows_that_was_edited_destroys_nothing(place: Turnery) -> None:
    broken_field(place)
    job = place.do(Turned.SUBJECT, place.of(place.ada), compromised=True)
    other = place.many.store.get(JOBS.name, [(job.id,)])[0]
    assert other is not None
    place.many.bend(Put(QUARANTINE.name, (job.id, 0, other.row[2])))

    with pytest.raises(TamperedError):
        place.rotation.sweep()

    assert place.states(place.ada) == [(1, "decrypt-only"), (2, "active")]


@pytest.mark.threat("T275")
def test_a_list_of_rows_that_was_taken_away_destroys_nothing_either(place: Turnery) -> None:
    broken_field(place)
    job = place.do(Turned.SUBJECT, place.of(place.ada), compromised=True)
    place.many.bend(Delete(QUARANTINE.name, (job.id, 0)))

    assert place.rotation.sweep() == 0
    assert place.states(place.ada) == [(1, "decrypt-only"), (2, "active")]
    assert all_left(place, job.id) == [("ident", "it does not open")]


@pytest.mark.threat("T275")
@pytest.mark.parametrize("kind", [Turned.APP, Turned.SUBJECTS])
def test_a_key_that_does_not_open_is_told_and_left(place: Turnery, kind: Turned) -> None:
    found = place.many.vault.keys.get(wraps.SUBJECT.name, [(place.ada, 1)])[0]
    assert found is not None
    bent = bytes(byte ^ 1 for byte in found.row[8])
    place.bend_keys(Put(wraps.SUBJECT.name, (*found.row[:8], bent, found.row[9])))

    job = place.do(kind, Scope(place.one), compromised=True)

    assert job.state is State.DONE_WITH_QUARANTINE
    assert all_left(place, job.id) == [("subjectkey", "its key does not open")]
    assert place.rotation.sweep() == 0
    if kind is Turned.APP:
        assert place.app_states(place.one) == [(1, "decrypt-only"), (2, "active")]
    place.many.vault.core.keyring.forget([place.bob])
    assert place.many.people.get(place.one, place.bob, SERVICE).fields[NAME] == "Bob"


# --- jobs ---


def begun(place: Turnery) -> tuple[Job, Found]:
    job = place.rotation.begin(Turned.SUBJECT, place.of(place.ada), compromised=True)
    found = place.many.store.get(JOBS.name, [(job.id,)])[0]
    assert found is not None
    return job, found


@pytest.mark.threat("T273")
@pytest.mark.parametrize("state", ["done", "verifying", "paused", "cancelled"])
def test_a_job_whose_state_was_edited_neither_goes_on_nor_ends(place: Turnery, state: str) -> None:
    job, found = begun(place)
    place.many.bend(Put(JOBS.name, (job.id, state, found.row[2])))

    for way in (place.rotation.run, place.rotation.resume, place.rotation.pause):
        with pytest.raises(TamperedError):
            way(job.id)

    assert place.rotation.jobs.edited() == [job.id]
    assert place.rotation.jobs.all() == []
    assert place.states(place.ada) == [(1, "active")]
    place.do(Turned.SUBJECT, place.of(place.ada))
    place.assert_whole()


@pytest.mark.threat("T273")
def test_a_job_does_not_pass_for_another(place: Turnery) -> None:
    job, found = begun(place)
    other = Id16(b"another job     ")
    place.many.bend(Put(JOBS.name, (other, *found.row[1:])))

    assert [each.id for each in place.rotation.jobs.all()] == [job.id]
    assert place.rotation.jobs.edited() == [other]


@pytest.mark.threat("T273")
def test_a_job_that_was_put_back_to_its_beginning_does_its_work_again(place: Turnery) -> None:
    job, found = begun(place)
    place.rotation.run(job.id)
    place.rotation.sweep()
    states = place.states(place.ada)
    place.many.bend(Put(JOBS.name, found.row))

    assert place.rotation.run(job.id).state is State.DONE
    assert place.states(place.ada) == states
    place.assert_whole()


@pytest.mark.threat("T274")
def test_of_two_who_begin_a_job_at_one_key_at_once_one_is_refused(place: Turnery) -> None:
    ended: list[object] = []

    def begin() -> None:
        try:
            ended.append(place.rotation.begin(Turned.SUBJECT, place.of(place.ada)).kind)
        except ConflictError as err:
            ended.append(type(err))

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, ended)) == sorted(["subject", *3 * [str(ConflictError)]])

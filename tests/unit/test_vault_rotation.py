"""Jobs that turn keys over: what moves, what stays, what goes, and what a second pass finds."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import ConflictError, NotFoundError, SealBrokenError
from sealhold.model.ids import Collection, SubjectId
from sealhold.model.quantities import Instant
from sealhold.vault import keyring
from sealhold.vault.deciding import scan_all
from sealhold.vault.jobs import JOBS, Scope, State, Turned
from sealhold.vault.keyring import WORN
from sealhold.vault.lookups import LOOKUPS
from sealhold.vault.owning import Fresh, Owning
from sealhold.vault.rewrapping import UNDER_SUBJECTS
from tests.unit.people_vault import MAIL, NAME, SERVICE
from tests.unit.rotation_vault import KEPT, Turnery, field_scope, notes_of, turnery


@pytest.fixture
def place() -> Iterator[Turnery]:
    with turnery() as found:
        yield found


# --- each kind ---


@pytest.mark.promise("P9")
def test_one_persons_key_is_turned_over_and_all_their_rows_lie_under_the_new_one(
    place: Turnery,
) -> None:
    before = dict(place.rows(place.bob))

    job = place.do(Turned.SUBJECT, place.of(place.ada))

    assert (job.state, job.quarantined) == (State.DONE, 0)
    assert place.states(place.ada) == [(1, "decrypt-only"), (2, "active")]
    assert place.versions(place.ada) == {2}
    assert place.states(place.bob) == [(1, "active")]
    assert dict(place.rows(place.bob)) == before
    place.assert_whole()


@pytest.mark.promise("P9")
def test_the_owners_key_is_turned_over_with_items_and_chunks(place: Turnery) -> None:
    owner = place.many.vault.core.owner

    place.do(Turned.SUBJECT, Scope(place.many.vault.core.app, owner))

    assert place.states(owner) == [(1, "decrypt-only"), (2, "active")]
    assert place.versions(owner) == {2}
    assert {name for name, _ in place.rows(owner)} == {"rec", "chunk"}
    place.assert_whole()


@pytest.mark.promise("P9")
@pytest.mark.parametrize("whose", ["an app's", "everybody's"])
def test_keys_of_many_are_turned_over_at_once(place: Turnery, whose: str) -> None:
    scope = Scope(place.one) if whose == "an app's" else Scope()

    place.do(Turned.SUBJECTS, scope)

    turned = {place.ada, place.bob} | (set() if scope.app else {place.eve, owner_of(place)})
    for subject in (place.ada, place.bob, place.eve, owner_of(place)):
        assert place.versions(subject) == ({2} if subject in turned else {1})
    place.assert_whole()


@pytest.mark.promise("P9")
def test_an_apps_key_is_turned_over_and_the_old_one_is_gone(place: Turnery) -> None:
    rows = place.rows(place.ada)

    place.do(Turned.APP, Scope(place.one))

    assert place.app_states(place.one) == [(2, "active")]
    assert place.app_states(place.many.other) == [(1, "active")]
    assert place.rows(place.ada) == rows
    place.assert_whole()
    assert place.many.people.find(place.one, SERVICE, MAIL, "ada@example.org") == (place.ada,)


@pytest.mark.promise("P9")
def test_contents_are_sealed_anew_and_no_key_of_a_subject_changes(place: Turnery) -> None:
    def sealed() -> set[object]:
        tables = ("personrecord", "personrecordold", "ident", "rec")
        return {row[-1] for name in tables for row in scan_table(place, name)}

    before = sealed()

    job = place.do(Turned.BODIES)

    assert job.state is State.DONE
    assert not before & sealed()
    assert len(before) == len(sealed())
    assert place.states(place.ada) == [(1, "active")]
    place.assert_whole()


@pytest.mark.promise("P9")
def test_the_tags_of_one_field_are_made_anew_and_its_old_key_is_gone(place: Turnery) -> None:
    def tags(field: str) -> set[bytes]:
        rows = (each.row for each in scan_all(place.many.store, LOOKUPS))
        return {row[2] for row in rows if row[0] == place.one and row[1] == field}

    before = tags(MAIL)

    job = place.do(Turned.INDEX, field_scope(place))

    assert (job.state, job.changed) == (State.DONE, 2)
    assert not before & tags(MAIL)
    keyring = place.many.vault.core.keyring
    assert [each.version for each in keyring.lies_in.fields(place.one, MAIL)] == [2]
    place.assert_whole()


# --- what a job is ---


@pytest.mark.parametrize("kind", [Turned.SUBJECTS, Turned.BODIES])
def test_a_second_run_of_a_job_that_is_over_changes_nothing(place: Turnery, kind: Turned) -> None:
    job = place.do(kind)
    before = [place.rows(each) for each in (place.ada, place.bob, place.eve, owner_of(place))]
    generation = place.many.vault.core.keyring.generation

    assert place.rotation.run(job.id) == job

    after = [place.rows(each) for each in (place.ada, place.bob, place.eve, owner_of(place))]
    assert after == before
    assert place.many.vault.core.keyring.generation == generation


def test_keys_can_be_turned_over_again_and_again(place: Turnery) -> None:
    for _ in range(3):
        place.do(Turned.SUBJECTS)
        place.do(Turned.APP, Scope(place.one))
        place.do(Turned.INDEX, field_scope(place))

    assert place.versions(place.ada) == {4}
    assert [version for version, _ in place.states(place.ada)] == [1, 2, 3, 4]
    place.assert_whole()


def test_each_beginning_and_end_is_told_and_a_compromise_is_said(place: Turnery) -> None:
    place.do(Turned.SUBJECT, place.of(place.ada))
    place.do(Turned.SUBJECT, place.of(place.bob), compromised=True)
    place.rotation.sweep()

    reasons = [event.reason for event in reversed(place.events())]

    assert reasons == [
        "rotation_begun",
        "rotation_done",
        "rotation_begun_compromised",
        "rotation_done",
        "old_keys_destroyed",
    ]
    assert {event.app for event in place.events()[1:]} == {place.one}


def test_what_would_be_done_is_told_and_nothing_changes(place: Turnery) -> None:
    planned = place.rotation.plan(Turned.SUBJECTS, Scope(place.one))

    assert planned.total == 2
    assert list(scan_all(place.many.store, JOBS)) == []
    assert place.states(place.ada) == [(1, "active")]


def test_a_job_that_is_paused_goes_on_where_it_was(place: Turnery) -> None:
    job = place.rotation.begin(Turned.SUBJECTS, Scope())
    place.rotation.pause(job.id)

    assert place.rotation.run(job.id).state is State.PAUSED
    assert place.states(place.ada) == [(1, "active")]
    place.rotation.resume(job.id)
    assert place.rotation.run(job.id).state is State.DONE
    with pytest.raises(ConflictError):
        place.rotation.resume(job.id)
    place.assert_whole()


def test_a_job_that_is_cancelled_leaves_everything_open_and_the_next_one_ends_it(
    place: Turnery,
) -> None:
    job = place.rotation.begin(Turned.SUBJECTS, Scope())
    step_once(place)
    cancelled = place.rotation.cancel(job.id)

    assert cancelled.state is State.CANCELLED
    place.many.time.now = Instant(place.many.time.now + 2 * KEPT)
    assert place.rotation.sweep() == 0
    place.assert_whole()
    with pytest.raises(ConflictError):
        place.rotation.cancel(job.id)
    place.do(Turned.SUBJECTS)
    place.assert_whole()


def test_two_jobs_that_could_meet_are_refused(place: Turnery) -> None:
    job = place.rotation.begin(Turned.SUBJECT, place.of(place.ada))

    for kind, scope in (
        (Turned.SUBJECT, place.of(place.ada)),
        (Turned.SUBJECTS, Scope()),
        (Turned.APP, Scope(place.one)),
        (Turned.BODIES, Scope(place.one)),
        (Turned.INDEX, field_scope(place)),
    ):
        with pytest.raises(ConflictError):
            place.rotation.begin(kind, scope)
    place.do(Turned.SUBJECT, place.of(place.bob))
    place.do(Turned.APP, Scope(place.many.other))
    place.rotation.run(job.id)
    place.do(Turned.SUBJECT, place.of(place.ada))
    place.assert_whole()


def test_nobody_has_a_key_whom_nobody_knows(place: Turnery) -> None:
    with pytest.raises(NotFoundError):
        place.rotation.app_of(SubjectId(place.many.one))


# --- the end of older versions ---


def test_an_older_version_is_destroyed_once_backups_of_its_time_are_over(place: Turnery) -> None:
    place.do(Turned.SUBJECTS)
    started = place.many.time.now

    place.many.time.now = Instant(started + KEPT - 1)
    assert place.rotation.sweep() == 0
    place.many.time.now = Instant(started + KEPT)
    assert place.rotation.sweep() == 4
    assert place.rotation.sweep() == 0

    for subject in (place.ada, place.bob, place.eve, owner_of(place)):
        assert place.states(subject) == [(2, "active")]
    place.assert_whole()


def test_after_a_compromise_the_old_key_goes_at_once(place: Turnery) -> None:
    place.do(Turned.SUBJECT, place.of(place.ada), compromised=True)

    assert place.rotation.sweep() == 1
    assert place.states(place.ada) == [(2, "active")]
    place.assert_whole()


def test_who_comes_while_a_job_runs_has_a_key_of_their_own(place: Turnery) -> None:
    job = place.rotation.begin(Turned.SUBJECTS, Scope())
    step_once(place)
    cid = notes_of(place.shelf, place.one, "Cid")

    assert place.rotation.run(job.id).state is State.DONE
    assert place.many.people.get(place.one, cid, SERVICE).fields[NAME] == "Cid"
    assert [state for _, state in place.states(cid)].count("active") == 1
    place.assert_whole()


def test_who_is_erased_while_a_job_runs_is_gone_with_every_version(place: Turnery) -> None:
    job = place.rotation.begin(Turned.SUBJECTS, Scope())
    step_once(place)
    place.many.people.erase(place.one, place.ada)

    assert place.rotation.run(job.id).state is State.DONE
    assert place.states(place.ada) == []
    assert place.rows(place.ada) == []


def test_what_the_owner_puts_in_while_a_job_runs_lies_under_the_new_key(place: Turnery) -> None:
    job = place.rotation.begin(Turned.SUBJECTS, Scope())
    step_once(place)
    core = place.many.vault.core
    owning = Owning(core, place.many.vault.index, place.many.vault.objects)
    fresh = owning.put([Fresh(collection=Collection("notes"), fields={"text": "late"})])
    place.rotation.run(job.id)

    assert place.versions(core.owner) == {2}
    assert [each.fields["text"] for each in place.many.vault.firewall.get(fresh)] == ["late"]
    place.assert_whole()


def test_a_key_that_wrapped_often_enough_is_turned_over_by_itself(place: Turnery) -> None:
    ring = place.many.vault.core.keyring
    count = ring.counting(place.ada)
    for _ in range(WORN // 65_536 - 1):
        count(1)
    place.rotation.go_on()
    assert place.states(place.ada) == [(1, "active")]

    count(1)
    place.rotation.go_on()

    assert place.states(place.ada) == [(1, "decrypt-only"), (2, "active")]
    place.assert_whole()


def owner_of(place: Turnery) -> SubjectId:
    return place.many.vault.core.owner


def scan_table(place: Turnery, name: str) -> list[tuple[object, ...]]:
    cursor, rows = None, []
    while True:
        page = place.many.store.scan(name, "key", (), (), after=cursor)
        rows += [found.row for found in page.rows]
        cursor = page.cursor
        if cursor is None:
            return rows


def step_once(place: Turnery) -> None:
    """Take one step of the job that is under way."""
    (job,) = place.rotation.unfinished()
    place.rotation._step(place.rotation.jobs.get(job))


def test_who_uses_keys_that_are_no_longer_at_hand_goes_on_with_the_new_ones(
    place: Turnery, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = place.many.vault.core.keyring
    monkeypatch.setattr(keyring, "AT_HAND", 1)
    ring.forget([place.ada, place.bob, place.eve, place.many.vault.core.owner])
    held = ring.subject(place.ada)
    ring.subject(place.bob)  # for whom ada's keys are put away

    place.do(Turned.SUBJECT, place.of(place.ada))

    again = ring.subject(place.ada)
    assert (held.version, again.version) == (2, 2)
    for name, found in place.rows(place.ada):
        under = next(each for each in UNDER_SUBJECTS if each.spec.name == name)
        version = found.row[under.version_at]
        assert version == 2
        held.opener(version)
    place.do(Turned.SUBJECT, place.of(place.ada), compromised=True)  # ends the older ones
    place.rotation.sweep()
    assert (held.version, again.version) == (3, 3)
    with pytest.raises(SealBrokenError):
        ring.subject(place.ada).opener(2)

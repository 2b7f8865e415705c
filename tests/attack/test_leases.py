"""Leases beyond their bounds, and results of runs whose people have left."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.crypto.token import Caveat, CaveatKind, attenuate, mint
from sealhold.model.errors import BusyError, DeniedError, SealholdError, TamperedError
from sealhold.model.ids import Id16, SubjectId, canonical
from sealhold.model.processing import Wish
from sealhold.model.quantities import HOUR, Instant
from sealhold.stores.spec import Delete, Put
from sealhold.vault.leases import COUNTS, PEOPLE
from tests.unit.people_vault import MAIL, MARKETING, NAME, SERVICE
from tests.unit.processing_vault import TERMS, Stage, permitted, refuses, stage


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


# --- leases ---


@pytest.mark.threat("T257")
def test_a_lease_of_another_app_over_or_ended_reads_nothing(on: Stage) -> None:
    ada, found = permitted(on)
    run = on.run(found)
    with pytest.raises(DeniedError):
        on.runs.get(on.many.other, run.lease, ada)
    on.runs.end(on.app, run.run, Actor.APP)
    assert refuses(on, run.lease, ada) == "no_lease"
    later = on.run(found)
    on.many.time.now = Instant(on.many.time.now + HOUR)

    assert refuses(on, later.lease, ada) == "no_lease"
    with pytest.raises(DeniedError):
        on.releasing.release(on.app, later.lease, b"")


@pytest.mark.threat("T257")
def test_a_lease_cannot_be_made_widened_or_taken_for_an_apps_token(on: Stage) -> None:
    ada, found = permitted(on)
    run = on.run(found, reads=1)
    key = on.many.vault.core.keyring.named("token")
    forged = mint(key, Id16(b"no such run     "), (Caveat(CaveatKind.USES, "9"),))
    prefix, number, *caveats, signature = run.lease.split("_")
    without = "_".join((prefix, number, *caveats[:-1], signature))
    reordered = "_".join((prefix, number, *reversed(caveats), signature))

    for text in (forged, without, reordered, on.many.tokens[0], "", "shv1_x", "x" * 5_000):
        assert refuses(on, text, ada) == "no_lease"
    with pytest.raises(DeniedError):
        on.many.registry.holder(run.lease)
    assert on.read(run.lease, ada) == {NAME: "Ada"}
    assert refuses(on, run.lease, ada) == "no_reads_left"


@pytest.mark.threat("T257")
def test_a_lease_that_was_narrowed_reads_within_that_and_ends_nothing(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing(replace(TERMS, fields=frozenset({NAME, MAIL}), purpose=SERVICE))
    schema = on.many.schemas.get(on.app)
    assert schema is not None
    for subject in (ada, bob):
        on.say(subject, found, Wish.ALLOW)
    run = on.run(found)
    on.many.time.now = Instant(on.many.time.now + 1)
    for_ada = attenuate(run.lease, Caveat(CaveatKind.SUBJECT, canonical(ada)))
    for_names = attenuate(run.lease, Caveat(CaveatKind.SCOPE, "name"))
    for_ads = attenuate(run.lease, Caveat(CaveatKind.PURPOSE, MARKETING))
    for_key = attenuate(run.lease, Caveat(CaveatKind.CLIENT, "ab"))
    one_read = attenuate(run.lease, Caveat(CaveatKind.USES, "1"))

    assert on.read(for_ada, ada).keys() == {NAME, MAIL}
    assert refuses(on, for_ada, bob) == "no_lease"
    assert on.read(for_names, ada).keys() == {NAME}
    with pytest.raises(DeniedError):
        on.runs.get(on.app, for_names, ada, "", frozenset({MAIL}))
    assert refuses(on, for_ads, ada) == "no_lease"
    assert refuses(on, for_key, ada) == "no_lease"
    assert refuses(on, one_read, ada) == "no_reads_left"  # the run has read more already
    for lease in (for_ada, for_names, for_ads, one_read):
        with pytest.raises(DeniedError):
            on.releasing.release(on.app, lease, b"")
    assert on.releasing.release(on.app, run.lease, b"").people == 1


@pytest.mark.threat("T257")
def test_of_two_who_take_the_last_read_one_gets_it(on: Stage) -> None:
    ada, found = permitted(on)
    lease = on.run(found, reads=5).lease

    def read(_: int) -> bool:
        try:
            return on.read(lease, ada) == {NAME: "Ada"}
        except DeniedError:
            return False

    with ThreadPoolExecutor(20) as pool:
        got = sum(pool.map(read, range(20)))

    assert got == 5


@pytest.mark.threat("T258")
@pytest.mark.parametrize("bend", ["taken out", "put in", "moved"])
def test_a_list_of_people_that_was_edited_releases_nothing(on: Stage, bend: str) -> None:
    ada, found = permitted(on)
    bob = on.many.person(name="Bob")
    on.say(bob, found, Wish.ALLOW)
    run = on.run(found)
    for subject in (ada, bob):
        on.read(run.lease, subject)
    (row, _) = [each.row for each in on.many.store.scan(PEOPLE.name, "key", (), ()).rows]
    stranger = on.many.person(name="Eve")
    match bend:
        case "taken out":
            on.say(SubjectId(row[1]), found, Wish.WITHDRAW)
            on.many.bend(Delete(PEOPLE.name, row[:2]))
        case "put in":
            on.many.bend(Put(PEOPLE.name, (run.run, stranger, row[2])))
        case _:
            on.many.bend(Delete(PEOPLE.name, row[:2]))
            on.many.bend(Put(PEOPLE.name, (run.run, stranger, row[2])))

    with pytest.raises(DeniedError):
        on.releasing.release(on.app, run.lease, b"42")


@pytest.mark.threat("T258")
def test_a_count_of_people_that_was_lowered_behind_the_vaults_back_does_not_commit(
    on: Stage,
) -> None:
    ada, found = permitted(on)
    run = on.run(found)
    on.read(run.lease, ada)
    (count,) = on.many.store.scan(COUNTS.name, "key", (), ()).rows

    on.many.bend(Put(COUNTS.name, (run.run, 0, 0)))

    with pytest.raises((BusyError, DeniedError, TamperedError)):
        on.releasing.release(on.app, run.lease, b"42")
    assert count.row[2] == 1


@pytest.mark.threat("T258")
def test_whoever_withdraws_while_a_result_is_released_is_asked_before_or_after_never_between(
    on: Stage,
) -> None:
    people = [on.many.person(name=f"P{n}") for n in range(6)]
    found = on.processing()
    for subject in people:
        on.say(subject, found, Wish.ALLOW)
    run = on.run(found)
    for subject in people:
        on.read(run.lease, subject)

    def withdraw() -> None:
        on.say(people[-1], found, Wish.WITHDRAW)

    def release() -> bool:
        try:
            return on.releasing.release(on.app, run.lease, b"42").people == 6
        except SealholdError:
            return False

    with ThreadPoolExecutor(2) as pool:
        withdrawn, released = pool.submit(withdraw), pool.submit(release)
        withdrawn.result()
        came = released.result()

    order = [each.reason for each in on.many.events(EventKind.SAY, EventKind.PROCESSING)]
    newest = order[:2]
    assert ("released" in newest) is came
    assert newest == (["ConsentWithdrawn", "released"] if came else ["dropped", "ConsentWithdrawn"])

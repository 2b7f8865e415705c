"""Processings, choices, limits and runs, as the vault keeps them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.crypto import dsse
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    NotAssessedError,
)
from sealhold.model.ids import FieldName, Purpose, SubjectId
from sealhold.model.processing import Assessment, ChoiceState, ProcessingState, Risk, Wish
from sealhold.model.processing import Outcome as Assessed
from sealhold.model.quantities import HOUR, Instant
from sealhold.policy.bases import LegalBasis, SpecialBasis
from sealhold.vault.processings import Processings
from sealhold.vault.releasing import RESULT_TYPE
from sealhold.vault.using import Use, Uses
from tests.unit.people_vault import MARKETING, NAME
from tests.unit.processing_vault import OTHER_CODE, TERMS, Stage, opened, stage

LOW = Assessment(outcome=Assessed.LOW_RISK, text="small", digest="0" * 64)


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


# --- the life of a processing ---


@pytest.mark.threat("T255")
def test_no_read_past_the_runs_is_committed_behind_a_processing(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, people = on.many.person(), on.many.people
    fields = frozenset({NAME})
    assert people.get(on.app, ada, MARKETING, fields).fields == {NAME: "Ada"}
    bound = Uses.bound

    def late(uses: Uses, use: Use) -> frozenset[Purpose]:
        purposes = bound(uses, use)
        monkeypatch.setattr(Uses, "bound", bound)
        on.processing()  # between the decision and the commit
        return purposes

    monkeypatch.setattr(Uses, "bound", late)
    with pytest.raises(DeniedError):
        people.get(on.app, ada, MARKETING, fields)


def test_a_processing_is_known_wherever_processings_are_read(on: Stage) -> None:
    elsewhere = Processings(on.many.vault.core)
    assert list(elsewhere.all()) == []

    found = on.processing()

    assert [each.id for each in elsewhere.of_app(on.app)] == [found.id]
    assert elsewhere.bound(on.app) == {MARKETING}


@pytest.mark.promise("P6")
def test_a_script_is_denied_until_each_person_allows_it(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    lease = on.run(found).lease

    for subject in (ada, bob):
        assert on.choice(subject, found).state is ChoiceState.PENDING
        with pytest.raises(DeniedError):
            on.read(lease, subject)
    on.say(ada, found, Wish.ALLOW)

    assert on.read(lease, ada) == {NAME: "Ada"}
    with pytest.raises(DeniedError):
        on.read(lease, bob)


@pytest.mark.promise("P6")
def test_a_changed_script_waits_for_a_new_yes_and_a_new_label_does_not(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.ALLOW)

    relabelled = on.change(found, lambda terms: replace(terms, name="News"))
    assert on.choice(ada, found).state is ChoiceState.ALLOWED
    assert on.read(on.run(found).lease, ada) == {NAME: "Ada"}
    changed = on.change(found, lambda terms: replace(terms, code=OTHER_CODE))

    assert (relabelled.edition, changed.edition, changed.version) == (1, 2, 3)
    assert on.choice(ada, found).state is ChoiceState.PENDING
    with pytest.raises(DeniedError):
        on.read(on.run(found).lease, ada)
    on.say(ada, found, Wish.ALLOW)
    assert on.read(on.run(found).lease, ada) == {NAME: "Ada"}


def test_nothing_runs_before_somebody_activated_it_or_after_it_is_retired(on: Stage) -> None:
    found = on.processings.register(on.many.app(on.app), TERMS, Actor.APP)
    assert found.state is ProcessingState.WAITING
    with pytest.raises(DeniedError):
        on.run(found)
    on.activate(found)
    on.run(found)

    retired = on.processings.retire(on.processings.get(found.id), Actor.OFFICER)

    assert retired.state is ProcessingState.RETIRED
    with pytest.raises(DeniedError):
        on.run(found)
    for way in (
        on.activate,
        lambda each: on.change(each, lambda terms: replace(terms, name="Again")),
    ):
        with pytest.raises(ConflictError):
            way(retired)


@pytest.mark.parametrize("wide", [{"risk": Risk.HIGH}, {"automated": True}])
def test_what_is_risky_or_decides_by_itself_waits_for_an_assessment_that_ends_well(
    on: Stage, wide: dict[str, object]
) -> None:
    terms = replace(TERMS, **wide)  # type: ignore[arg-type]  # reason: one of two fields
    found = on.processings.register(on.many.app(on.app), terms, Actor.APP)
    with pytest.raises(NotAssessedError):
        on.activate(found)
    bad = replace(LOW, outcome=Assessed.HIGH_RISK)
    found = on.processings.assess(found, bad, Actor.OFFICER)
    with pytest.raises(NotAssessedError):
        on.activate(found)

    found = on.activate(on.processings.assess(found, LOW, Actor.OFFICER))
    assert found.state is ProcessingState.ACTIVE
    on.run(found)

    with pytest.raises(NotAssessedError):  # the next edition was not assessed
        on.change(found, lambda terms: replace(terms, code=OTHER_CODE))


@pytest.mark.parametrize("bent", [{"digest": "x"}, {"text": " "}, {"text": "a\u202e"}])
def test_an_assessment_without_reason_or_document_is_refused(
    on: Stage, bent: dict[str, str]
) -> None:
    with pytest.raises(InvalidError):
        on.processings.assess(on.processing(), replace(LOW, **bent), Actor.OFFICER)  # type: ignore[arg-type]  # reason: texts only


def test_an_assessment_that_ends_badly_later_stops_what_runs(on: Stage) -> None:
    ada = on.many.person()
    terms = replace(TERMS, risk=Risk.HIGH)
    found = on.processings.register(on.many.app(on.app), terms, Actor.APP)
    found = on.activate(on.processings.assess(found, LOW, Actor.OFFICER))
    on.say(ada, found, Wish.ALLOW)
    lease = on.run(found).lease
    on.read(lease, ada)

    bad = replace(LOW, outcome=Assessed.ASK_AUTHORITY)
    on.processings.assess(on.processings.get(found.id), bad, Actor.OFFICER)

    with pytest.raises(DeniedError):
        on.read(lease, ada)
    assert on.many.events(EventKind.PROFILE)[0].reason == "not_assessed"


def test_a_field_outside_the_schema_or_of_a_special_category_is_not_activated(on: Stage) -> None:
    rules = on.many.schemas.get(on.app)
    assert rules is not None
    sensitive = {**rules.rules, NAME: replace(rules.rules[NAME], sensitive=True)}
    unknown = replace(TERMS, fields=frozenset({NAME, FieldName("shoe_size")}))
    with pytest.raises(InvalidError):
        on.processing(unknown)
    on.many.schemas.lay_down(on.many.app(on.app), sensitive)

    with pytest.raises(InvalidError):
        on.processing()
    with_ground = replace(TERMS, special="eu-gdpr:A9-2-a")
    assert on.processing(with_ground).state is ProcessingState.ACTIVE


BAD_TERMS: dict[str, dict[str, object]] = {
    "no name": {"name": " "},
    "a hidden character": {"name": "News\u202eletter"},
    "no digest": {"code": "AB" * 32},
    "no purpose": {"purpose": "Fun"},
    "no basis": {"basis": "eu-gdpr:A6-1-g"},
    "no special basis": {"special": "yes"},
    "no balancing": {"basis": "eu-gdpr:A6-1-f"},
    "nothing used": {"fields": frozenset()},
    "too many": {"recipients": frozenset(map(str, range(101)))},
    "an empty one": {"transfers": frozenset({""})},
    "too long a term": {"retention_days": 36_501},
    "too large a result": {"output_bytes": 32_769},
}


@pytest.mark.parametrize("bad", BAD_TERMS)
def test_terms_that_break_a_rule_are_neither_registered_nor_taken_as_a_change(
    on: Stage, bad: str
) -> None:
    terms = replace(TERMS, **BAD_TERMS[bad])  # type: ignore[arg-type]  # reason: one bad value each
    found = on.processing()

    with pytest.raises(InvalidError):
        on.processings.register(on.many.app(on.app), terms, Actor.APP)
    with pytest.raises(InvalidError):
        on.processings.change(on.many.app(on.app), found, terms, Actor.APP)

    assert on.processings.get(found.id) == found


@pytest.mark.parametrize(
    ("bad", "allowed"),
    [("no basis", list(LegalBasis)), ("no special basis", list(SpecialBasis))],
)
def test_who_names_no_basis_reads_which_there_are(
    on: Stage, bad: str, allowed: list[LegalBasis] | list[SpecialBasis]
) -> None:
    terms = replace(TERMS, **BAD_TERMS[bad])  # type: ignore[arg-type]  # reason: one bad value each

    with pytest.raises(InvalidError) as told:
        on.processings.register(on.many.app(on.app), terms, Actor.APP)

    assert [each for each in allowed if f"`{each.value}`" not in str(told.value)] == []


def test_an_app_has_so_many_processings_and_no_more(on: Stage) -> None:
    holder = on.many.app(on.app)
    for number in range(100):
        on.processings.register(holder, replace(TERMS, name=f"{number}"), Actor.APP)

    with pytest.raises(ExhaustedError):
        on.processings.register(holder, TERMS, Actor.APP)
    other = on.processings.register(on.many.app(on.many.other), TERMS, Actor.APP)
    assert other.app == on.many.other


def test_a_processing_has_so_many_runs_at_a_time(on: Stage) -> None:
    found = on.processing()
    for _ in range(32):
        on.run(found)

    with pytest.raises(BusyError):
        on.run(found)


# --- runs ---


def test_a_run_reads_so_often_and_so_long_and_then_no_more(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.ALLOW)
    lease = on.run(found, reads=2).lease
    on.read(lease, ada)
    on.read(lease, ada)
    with pytest.raises(DeniedError):
        on.read(lease, ada)
    assert on.many.events(EventKind.PROFILE)[0].reason == "no_reads_left"

    other = on.run(found)
    on.many.time.now = other.until
    with pytest.raises(DeniedError):
        on.read(other.lease, ada)
    assert on.many.events(EventKind.PROFILE)[0].reason == "no_lease"


def test_who_permits_is_told_page_by_page_and_nobody_else(on: Stage) -> None:
    people = [on.many.person(name=f"P{n}") for n in range(5)]
    other = on.many.person(on.many.other, "Zed")
    found = on.processing()
    for subject in people[:3]:
        on.say(subject, found, Wish.ALLOW)
    on.say(people[3], found, Wish.DENY)
    on.limiting.restrict(on.who(people[2]), is_set=True)

    told = on.runs.people(on.app, on.run(found).run)

    assert set(told.people) == set(people[:2])
    assert told.after == ""
    by_law = on.processing(replace(TERMS, name="Tax", basis="eu-gdpr:A6-1-c"))
    everybody = on.runs.people(on.app, on.run(by_law).run)
    assert set(everybody.people) == set(people) - {people[2]}
    assert other not in everybody.people
    rest = on.runs.people(on.app, on.run(found).run, SubjectId(min(people[:2])))
    assert rest.people == (max(people[:2]),)


def test_a_result_is_released_signed_and_ends_the_run(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.ALLOW)
    run = on.run(found)
    on.read(run.lease, ada)
    with pytest.raises(InvalidError):
        on.releasing.release(on.app, run.lease, b"x" * 65)

    told = on.releasing.release(on.app, run.lease, b"42")
    public = on.many.vault.core.keyring.signer("grant-sign").public
    dsse.open(told.statement.encode(), RESULT_TYPE, [public])

    assert told.people == 1
    assert opened(told.statement)["people"] == 1
    for use in (
        lambda: on.read(run.lease, ada),
        lambda: on.releasing.release(on.app, run.lease, b"42"),
        lambda: on.runs.end(on.app, run.run, Actor.APP),
    ):
        with pytest.raises(DeniedError):
            use()


@pytest.mark.promise("P6")
@pytest.mark.parametrize("leaves", ["withdraws", "objects", "restricts", "is erased"])
def test_a_result_is_dropped_if_one_of_its_people_has_left(on: Stage, leaves: str) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    run = on.run(found)
    for subject in (ada, bob):
        on.say(subject, found, Wish.ALLOW)
        on.read(run.lease, subject)
    match leaves:
        case "withdraws":
            on.say(bob, found, Wish.WITHDRAW)
        case "objects":
            on.limiting.object(on.who(bob), MARKETING, is_raised=True)
        case "restricts":
            on.limiting.restrict(on.who(bob), is_set=True)
        case _:
            on.many.people.erase(on.app, bob)

    with pytest.raises(DeniedError):
        on.releasing.release(on.app, run.lease, b"42")

    dropped = on.many.events(EventKind.PROCESSING)[0]
    assert (dropped.reason, dropped.outcome) == ("dropped", Outcome.DENIED)
    with pytest.raises(DeniedError):
        on.read(run.lease, ada)


def test_runs_whose_hour_is_over_are_ended_when_another_begins(on: Stage) -> None:
    found = on.processing()
    old = on.run(found)
    on.many.time.now = Instant(on.many.time.now + HOUR)

    on.run(found)

    assert [each.reason for each in on.many.events(EventKind.PROCESSING)][:2] == ["begun", "over"]
    with pytest.raises(DeniedError):
        on.runs.end(on.app, old.run, Actor.APP)

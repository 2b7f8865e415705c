"""Processings, choices, limits and runs, as the vault keeps them."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.crypto import dsse
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    NotAssessedError,
    NotFoundError,
    NoticeChangedError,
)
from sealhold.model.ids import FieldName, SubjectId
from sealhold.model.processing import Assessment, ChoiceState, ProcessingState, Risk, Wish
from sealhold.model.processing import Outcome as Assessed
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.vault.choosing import Answer
from sealhold.vault.consentrecords import MEDIA_TYPE
from sealhold.vault.releasing import RESULT_TYPE
from sealhold.vault.speaking import Speaker
from sealhold.vault.verdicts import Question
from tests.unit.people_vault import MAIL, MARKETING, NAME, SERVICE
from tests.unit.processing_vault import CODE, OTHER_CODE, TERMS, Stage, opened, stage

LOW = Assessment(outcome=Assessed.LOW_RISK, text="small", digest="0" * 64)


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


# --- the life of a processing ---


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


# --- what people say ---


@pytest.mark.promise("P6")
def test_a_withdrawal_stops_the_next_read_and_a_new_yes_is_a_new_consent(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    first = on.say(ada, found, Wish.ALLOW).choice.consent
    lease = on.run(found).lease
    on.read(lease, ada)

    taken = on.say(ada, found, Wish.WITHDRAW)
    with pytest.raises(DeniedError):
        on.read(lease, ada)
    again = on.say(ada, found, Wish.ALLOW)

    assert taken.choice.consent == first
    assert again.choice.consent != first
    assert on.read(lease, ada) == {NAME: "Ada"}


def test_a_no_is_a_no_in_every_state_and_a_withdrawal_needs_a_yes(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()

    with pytest.raises(ConflictError):
        on.say(ada, found, Wish.WITHDRAW)
    assert on.say(ada, found, Wish.DENY).choice.state is ChoiceState.DENIED
    assert on.say(ada, found, Wish.DENY).choice.state is ChoiceState.DENIED
    with pytest.raises(ConflictError):
        on.say(ada, found, Wish.WITHDRAW)
    assert on.say(ada, found, Wish.ALLOW).choice.state is ChoiceState.ALLOWED
    assert on.say(ada, found, Wish.DENY).choice.state is ChoiceState.WITHDRAWN
    assert on.say(ada, found, Wish.WITHDRAW).choice.state is ChoiceState.WITHDRAWN


def test_a_yes_ends_when_the_person_said_and_does_not_come_back_with_the_clock(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    until = Instant(on.many.time.now + HOUR)
    answer = Answer(wish=Wish.ALLOW, notice=found.shown, until=until)
    on.choosing.choose(on.who(ada), found.id, answer)
    lease = on.run(found).lease
    on.read(lease, ada)

    on.many.time.now = until

    assert on.choice(ada, found).state is ChoiceState.PENDING
    with pytest.raises(DeniedError):
        on.read(on.run(found).lease, ada)
    with pytest.raises(InvalidError):
        on.choosing.choose(on.who(ada), found.id, answer)


def test_after_a_no_nobody_is_asked_for_90_days_unless_the_terms_change(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    assert on.choice(ada, found).is_asked
    on.say(ada, found, Wish.DENY)
    assert not on.choice(ada, found).is_asked

    on.change(found, lambda terms: replace(terms, name="Other label"))
    assert not on.choice(ada, found).is_asked
    on.change(
        found, lambda terms: replace(terms, recipients=frozenset({"Mailer Ltd", "Broker Ltd"}))
    )
    assert on.choice(ada, found).is_asked
    on.say(ada, found, Wish.DENY)
    on.many.time.now = Instant(on.many.time.now + 90 * DAY)

    assert on.choice(ada, found).is_asked


@pytest.mark.parametrize(
    ("basis", "strict", "permitted"),
    [
        ("eu-gdpr:A6-1-a", False, False),
        ("eu-gdpr:A6-1-b", True, False),
        ("eu-gdpr:A6-1-b", False, True),
        ("eu-gdpr:A6-1-c", True, True),
        ("eu-gdpr:A6-1-d", True, True),
        ("eu-gdpr:A6-1-e", True, False),
        ("eu-gdpr:A6-1-f", True, False),
        ("eu-gdpr:A6-1-f", False, True),
    ],
)
def test_a_no_stops_whatever_no_law_or_life_demands(
    on: Stage, basis: str, *, strict: bool, permitted: bool
) -> None:
    ada = on.many.person()
    found = on.processing(replace(TERMS, basis=basis, strict=strict, balancing="weighed"))
    said = on.say(ada, found, Wish.DENY).choice
    lease = on.run(found).lease

    assert said.stops is not permitted
    assert said.why
    if permitted:
        assert on.read(lease, ada) == {NAME: "Ada"}
    else:
        with pytest.raises(DeniedError):
            on.read(lease, ada)


def test_a_yes_is_to_what_was_shown_and_to_nothing_else(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    seen = found.shown
    on.change(found, lambda terms: replace(terms, fields=frozenset({NAME, MAIL}), purpose=SERVICE))

    for notice in (seen, "", "0" * 64):
        with pytest.raises(NoticeChangedError):
            on.choosing.choose(on.who(ada), found.id, Answer(wish=Wish.ALLOW, notice=notice))
    answer = Answer(wish=Wish.DENY, notice=seen)  # a no needs no reading
    assert on.choosing.choose(on.who(ada), found.id, answer).choice.state is ChoiceState.DENIED


def test_a_text_of_ones_own_may_be_shown_and_stands_in_the_record(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    text = "ab" * 32
    on.notices.add(found, text, "de", "1.2", Actor.OWNER)

    made = on.choosing.choose(on.who(ada), found.id, Answer(wish=Wish.ALLOW, notice=text))
    record = opened(made.record)

    assert record["dpv:hasNotice"] == {
        "@type": "dpv:ConsentNotice",
        "dct:identifier": text,
        "dct:language": "de",
    }
    assert record["sealhold:evidence"]["notice version"] == "1.2"
    on.change(found, lambda terms: replace(terms, code=OTHER_CODE))
    with pytest.raises(NoticeChangedError):
        on.choosing.choose(on.who(ada), found.id, Answer(wish=Wish.ALLOW, notice=text))


@pytest.mark.parametrize(
    ("digest", "language", "version"),
    [("ab", "de", "1"), ("g" * 64, "de", "1"), ("ab" * 32, "German", "1"), ("ab" * 32, "de", "")],
)
def test_a_notice_of_another_form_is_refused(
    on: Stage, digest: str, language: str, version: str
) -> None:
    with pytest.raises(InvalidError):
        on.notices.add(on.processing(), digest, language, version, Actor.OWNER)


# --- records of consent ---


def test_a_receipt_comes_at_once_signed_and_whole(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()

    made = on.say(ada, found, Wish.ALLOW)
    public = on.many.vault.core.keyring.signer("grant-sign").public
    payload = dsse.open(made.record.encode(), MEDIA_TYPE, [public]).payload
    record = opened(made.record)

    assert payload
    assert record["dct:conformsTo"].endswith("#receipt-eu-gdpr")
    assert record["sealhold:gaps"] == []
    assert [each["@type"] for each in record["dpv:hasConsentStatus"]] == ["dpv:ConsentGiven"]
    assert on.many.events(EventKind.SAY)[0].receipt == made.receipt


def test_a_record_tells_each_event_and_the_terms_that_were_agreed_to(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing(replace(TERMS, name="As agreed"))
    consent = on.say(ada, found, Wish.ALLOW).choice.consent
    assert consent is not None
    on.change(found, lambda terms: replace(terms, name="Renamed later"))
    on.say(ada, found, Wish.WITHDRAW)

    record = opened(on.choosing.record(on.who(ada), consent))

    told = [each["@type"] for each in record["dpv:hasConsentStatus"]]
    assert told == ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]
    assert record["sealhold:evidence"]["processing"] == "As agreed"
    assert "sealhold:receipt" not in record


def test_what_nobody_said_is_a_gap_and_not_a_guess(on: Stage) -> None:
    ada = on.many.person()
    circumstances = replace(TERMS.circumstances, jurisdiction="", withdrawal="")
    found = on.processing(replace(TERMS, circumstances=circumstances, recipients=frozenset()))

    record = opened(on.say(ada, found, Wish.ALLOW).record)

    assert record["sealhold:gaps"] == ["jurisdiction", "recipients", "withdrawal"]


def test_a_consent_of_somebody_else_has_no_record_here(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    consent = on.say(ada, found, Wish.ALLOW).choice.consent
    assert consent is not None

    with pytest.raises(NotFoundError):
        on.choosing.record(on.who(bob), consent)
    with pytest.raises(DeniedError):
        on.choosing.withdraw(on.who(bob), consent)
    assert on.choosing.withdraw(on.who(ada), consent).choice.state is ChoiceState.WITHDRAWN


# --- limits ---


def test_an_objection_stops_a_purpose_and_all_within_it_until_it_is_taken_back(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing(replace(TERMS, basis="eu-gdpr:A6-1-b", strict=False))
    lease = on.run(found).lease
    on.read(lease, ada)

    limits = on.limiting.object(on.who(ada), MARKETING, is_raised=True)
    with pytest.raises(DeniedError):
        on.read(lease, ada)
    on.limiting.object(on.who(ada), MARKETING, is_raised=False)

    assert limits.objections == (MARKETING,)
    assert on.read(lease, ada) == {NAME: "Ada"}
    assert on.limiting.limits(on.who(ada)).objections == ()


def test_a_restriction_stops_runs_reads_and_changes_but_not_the_person(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.ALLOW)
    lease = on.run(found).lease

    assert on.limiting.restrict(on.who(ada), is_set=True).is_restricted
    for use in (
        lambda: on.read(lease, ada),
        lambda: on.many.people.get(on.app, ada, SERVICE),
        lambda: on.many.people.patch(on.app, ada, SERVICE, {NAME: "Eve"}, 1),
    ):
        with pytest.raises(DeniedError):
            use()
    assert on.many.people.find(on.app, SERVICE, MAIL, "ada@example.org") == ()
    on.limiting.restrict(on.who(ada), is_set=False)

    assert on.read(lease, ada) == {NAME: "Ada"}


def test_a_restriction_that_others_lift_is_seen_for_three_days_before_it_ends(on: Stage) -> None:
    ada = on.many.person()
    on.limiting.restrict(on.who(ada, Actor.OFFICER), is_set=True)
    lifted = on.limiting.restrict(on.who(ada, Actor.OFFICER), is_set=False)

    assert lifted.lifts_at == on.many.time.now + 3 * DAY
    with pytest.raises(DeniedError):
        on.many.people.get(on.app, ada, SERVICE)
    on.many.time.now = Instant(on.many.time.now + 3 * DAY)
    assert not on.limiting.limits(on.who(ada)).is_restricted
    assert on.many.people.get(on.app, ada, SERVICE).fields


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


# --- what happened ---


@pytest.mark.promise("P7")
def test_a_person_reads_who_did_what_when_with_their_data(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    run = on.run(found)
    with pytest.raises(DeniedError):
        on.read(run.lease, ada)
    on.say(ada, found, Wish.ALLOW)
    on.read(run.lease, ada)
    on.say(bob, found, Wish.ALLOW)

    page = on.uses_of.person(on.who(ada), "", 100)
    told = [(each.app, each.actor, each.what, each.outcome) for each in page.uses]

    assert told == [
        ("One", "app", "profile: read", "done"),
        ("One", "person", "say: ConsentGiven", "done"),
        ("One", "app", "profile: no consent", "denied"),
        ("One", "app", "profile: changed", "done"),
        ("One", "app", "person: made", "done"),
    ]
    assert (page.uses[0].run, page.uses[0].processing) == (run.run, "Newsletter")
    assert page.uses[0].fields == (NAME,)


@pytest.mark.promise("P7")
def test_uses_are_told_page_by_page_and_whoever_reads_them_is_told_too(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    every = on.uses_of.person(on.who(ada, Actor.OFFICER), "", 100).uses

    first = on.uses_of.person(on.who(ada), "", 2)
    rest = on.uses_of.person(on.who(ada), first.before, 100)

    assert [each.actor for each in first.uses] == ["officer", "app"]
    assert first.uses[1:] + rest.uses == every
    assert rest.before == ""
    for cursor in (first.before, "x", "AAAA"):
        with pytest.raises(InvalidError):
            on.uses_of.person(on.who(bob), cursor, 2)


@pytest.mark.promise("P7")
def test_a_run_tells_what_it_did_and_a_person_their_part_of_it(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    found = on.processing()
    run = on.run(found)
    for subject in (ada, bob):
        on.say(subject, found, Wish.ALLOW)
        on.read(run.lease, subject)
    on.releasing.release(on.app, run.lease, b"42")

    whole = [each.what for each in on.uses_of.run(run.run, None, 50)]
    mine = on.uses_of.run(run.run, on.many.vault.core.keyring.subject(ada), 50)

    assert whole == [
        "processing: released", "profile: read", "profile: read", "processing: begun",
    ]  # fmt: skip
    assert [each.what for each in mine] == ["profile: read"]


def test_a_verdict_says_why_to_the_person_and_nothing_to_the_app(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    question = Question(processing=found.id, code=CODE, purpose="", fields=frozenset({NAME}))

    told = on.verdicts.verdict(on.who(ada), question)
    with pytest.raises(DeniedError) as refused:
        on.verdicts.verdict(on.who(ada, Actor.APP), question)
    on.say(ada, found, Wish.ALLOW)
    permitted = on.verdicts.verdict(on.who(ada, Actor.APP), question)

    assert (told.permit, told.code) == (False, "no_consent")
    assert str(refused.value) == "denied"
    assert (permitted.permit, permitted.code, permitted.sentence) == (True, "", "")
    logged = on.many.events(EventKind.DECISION)
    assert logged[0].decision == permitted.decision
    assert on.many.events(EventKind.PROFILE)[0].reason == "changed"


def test_what_people_choose_about_is_not_read_past_their_choice(on: Stage) -> None:
    ada = on.many.person()
    assert on.many.people.get(on.app, ada, MARKETING).fields == {NAME: "Ada"}
    many = replace(on.many, people=type(on.many.people)(on.many.vault.core, on.uses))
    on.processing()

    with pytest.raises(DeniedError):
        many.people.get(on.app, ada, MARKETING)
    assert on.many.events(EventKind.PROFILE)[0].reason == "needs_run"
    assert many.people.get(on.app, ada, SERVICE).fields[NAME] == "Ada"


def test_whoever_is_not_the_person_does_not_choose_for_them(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    answer = Answer(wish=Wish.ALLOW, notice=found.shown)

    for actor in (Actor.APP, Actor.OFFICER, Actor.OWNER):
        with pytest.raises(DeniedError):
            on.choosing.choose(on.who(ada, actor), found.id, answer)
    stranger = Speaker(app=on.many.other, subject=ada, actor=Actor.PERSON)
    with pytest.raises(DeniedError):
        on.choosing.choose(stranger, found.id, answer)
    assert on.choice(ada, found).state is ChoiceState.PENDING


def test_nothing_that_a_person_said_outlives_them(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.ALLOW)
    on.limiting.restrict(on.who(ada), is_set=True)
    run = on.run(found)

    on.many.people.erase(on.app, ada)

    core = on.many.vault.core
    for table in ("say", "choice", "said", "runperson"):
        assert not core.store.scan(table, "key", (), ()).rows
    assert core.deciding.get("choice", ada, found.id) is None
    assert run.run

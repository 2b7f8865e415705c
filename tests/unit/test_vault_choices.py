"""What people say to processings and to all uses, as the vault keeps it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.crypto import dsse
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    NotFoundError,
    NoticeChangedError,
)
from sealhold.model.processing import ChoiceState, Wish
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.vault.choosing import Answer
from sealhold.vault.consentrecords import MEDIA_TYPE
from tests.unit.people_vault import MAIL, MARKETING, NAME, SERVICE
from tests.unit.processing_vault import OTHER_CODE, TERMS, Stage, opened, stage


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


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


def test_what_was_said_before_is_told_to_nobody_whose_token_ended(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    on.say(ada, found, Wish.DENY)
    made = on.many.principals.mint_person(on.app, ada, Instant(on.many.time.now + HOUR))
    held = on.many.principals.person(made.token)
    who = replace(on.who(ada), guards=held.guards)
    answer = Answer(wish=Wish.DENY)
    assert on.choosing.choose(who, found.id, answer).choice.state is ChoiceState.DENIED

    on.many.principals.leave(made.token)

    with pytest.raises(DeniedError):
        on.choosing.choose(who, found.id, answer)


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
    for ends in (until, Instant(-1), Instant(2**62)):
        with pytest.raises(InvalidError):
            on.choosing.choose(on.who(ada), found.id, replace(answer, until=ends))


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


def test_a_token_that_others_could_use_says_no_and_never_yes(on: Stage) -> None:
    ada = on.many.person()
    found = on.processing()
    link = replace(on.who(ada), may_choose=False)
    on.limiting.object(link, MARKETING, is_raised=True)
    on.limiting.restrict(link, is_set=True)

    with pytest.raises(DeniedError):
        on.choosing.choose(link, found.id, Answer(wish=Wish.ALLOW, notice=found.shown))
    with pytest.raises(DeniedError):
        on.limiting.object(link, MARKETING, is_raised=False)
    with pytest.raises(DeniedError):
        on.limiting.restrict(link, is_set=False)

    assert on.many.events(EventKind.SAY)[0].reason == "not_the_person"
    limits = on.limiting.limits(link)
    assert (limits.is_restricted, limits.objections) == (True, (MARKETING,))
    on.say(ada, found, Wish.ALLOW)
    denied = on.choosing.choose(link, found.id, Answer(wish=Wish.DENY))
    assert denied.choice.state is ChoiceState.WITHDRAWN

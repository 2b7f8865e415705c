"""Apps that read past people's choices, and whoever edits what people said or speaks for them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event as Flag
from time import perf_counter

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import (
    BusyError,
    DeniedError,
    NoticeChangedError,
    SealBrokenError,
)
from sealhold.model.ids import SubjectId
from sealhold.model.processing import ChoiceState, Terms, Wish
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Delete, Put
from sealhold.vault.choosing import Answer
from sealhold.vault.deciding import Deciding
from sealhold.vault.opening import DECIDING
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.rollback import Accepted, accept
from sealhold.vault.says import CHOICES, SAID, SAYS
from sealhold.vault.speaking import Speaker
from tests.unit.people_vault import MAIL, MARKETING, NAME, SERVICE
from tests.unit.processing_vault import (
    CODE,
    OTHER_CODE,
    TERMS,
    Stage,
    opened,
    permitted,
    refuses,
    stage,
    staged,
)

WIDER: dict[str, Callable[[Terms], Terms]] = {
    "code": lambda terms: replace(terms, code=OTHER_CODE),
    "purpose": lambda terms: replace(terms, purpose=SERVICE),
    "basis": lambda terms: replace(terms, special="eu-gdpr:A9-2-a"),
    "fields": lambda terms: replace(terms, fields=terms.fields | {MAIL}),
    "recipients": lambda terms: replace(terms, recipients=frozenset({"Mailer Ltd", "Broker"})),
    "transfers": lambda terms: replace(terms, transfers=frozenset({"Elsewhere"})),
    "retention": lambda terms: replace(terms, retention_days=31),
    "output": lambda terms: replace(terms, output_bytes=65),
}


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as found:
        yield found


# --- an app that widens what people agreed to ---


@pytest.mark.threat("T250")
@pytest.mark.parametrize("wider", WIDER)
def test_whatever_is_widened_is_not_what_people_agreed_to(on: Stage, wider: str) -> None:
    ada, found = permitted(on)
    lease = on.run(found).lease
    on.read(lease, ada)

    on.processings.change(on.many.app(on.app), on.processings.get(found.id), WIDER[wider](TERMS),
                          Actor.APP)  # fmt: skip
    assert refuses(on, lease, ada) == "processing_not_active"
    on.activate(on.processings.get(found.id))

    assert refuses(on, on.run(found).lease, ada) in {"no_consent", "other_purpose"}
    assert on.choice(ada, found).state is ChoiceState.PENDING


@pytest.mark.threat("T250")
def test_what_changed_between_look_and_yes_is_not_agreed_to(on: Stage) -> None:
    ada, found = on.many.person(), on.processing()
    seen = Answer(wish=Wish.ALLOW, notice=on.choice(ada, found).notice)
    on.change(found, WIDER["fields"])

    with pytest.raises(NoticeChangedError):
        on.choosing.choose(on.who(ada), found.id, seen)

    assert on.choice(ada, found).state is ChoiceState.PENDING


@pytest.mark.threat("T250")
def test_terms_that_go_narrow_and_wide_again_ask_anew(on: Stage) -> None:
    ada = on.many.person()
    wide = replace(TERMS, fields=frozenset({NAME, MAIL}), purpose=SERVICE)
    found = on.processing(wide)
    on.say(ada, found, Wish.ALLOW)

    on.change(found, lambda terms: replace(terms, fields=frozenset({NAME})))
    assert on.choice(ada, found).state is ChoiceState.ALLOWED
    on.change(found, lambda terms: replace(terms, fields=frozenset({NAME, MAIL})))

    assert on.choice(ada, found).state is ChoiceState.PENDING


# --- another program ---


@pytest.mark.threat("T251")
def test_one_bit_of_the_program_changed_and_it_neither_begins_nor_goes_on(on: Stage) -> None:
    ada, found = permitted(on)
    lease = on.run(found).lease
    with pytest.raises(DeniedError):
        on.runs.begin(on.app, found.id, CODE[:-1] + "d", 10)

    on.change(found, WIDER["code"])
    on.say(ada, found, Wish.ALLOW)

    assert refuses(on, lease, ada) == "other_code"
    with pytest.raises(DeniedError):
        on.runs.begin(on.app, found.id, CODE, 10)
    assert on.read(on.run(found).lease, ada) == {NAME: "Ada"}


# --- whoever speaks for people ---


@pytest.mark.threat("T252")
@pytest.mark.parametrize(
    "claimed",
    ["ConsentGiven", "RenewedConsentGiven", "ConsentRequested", "ConsentUnknown", "yes", ""],
)
def test_an_app_that_claims_a_consent_has_none(on: Stage, claimed: str) -> None:
    ada, found = on.many.person(), on.processing()
    lease = on.run(found).lease

    on.choosing.claim(on.who(ada, Actor.APP), found.id, claimed)

    assert on.choice(ada, found).state is ChoiceState.PENDING
    assert refuses(on, lease, ada) == "no_consent"
    on.say(ada, found, Wish.ALLOW)
    assert on.read(lease, ada) == {NAME: "Ada"}


@pytest.mark.threat("T252")
@pytest.mark.parametrize("claimed", ["ConsentGiven", "ConsentRequested", "ConsentUnknown"])
@pytest.mark.parametrize("said", [Wish.ALLOW, Wish.DENY])
def test_a_claim_never_stands_in_the_place_of_what_a_person_said(
    on: Stage, said: Wish, claimed: str
) -> None:
    ada, found = on.many.person(), on.processing()
    before = on.say(ada, found, said).choice

    on.choosing.claim(on.who(ada, Actor.APP), found.id, claimed)

    assert on.choice(ada, found) == before
    told = on.many.events(EventKind.SAY)
    assert told[0].reason == "asked_in_vain"


@pytest.mark.threat("T252")
@pytest.mark.parametrize("actor", [Actor.APP, Actor.OFFICER, Actor.OWNER, Actor.VAULT])
def test_nobody_but_the_person_says_yes(on: Stage, actor: Actor) -> None:
    ada, found = on.many.person(), on.processing()

    with pytest.raises(DeniedError):
        on.choosing.choose(
            on.who(ada, actor), found.id, Answer(wish=Wish.ALLOW, notice=found.shown)
        )

    assert on.choice(ada, found).state is ChoiceState.PENDING


@pytest.mark.threat("T259")
def test_a_persons_word_counts_for_nobody_else_and_under_no_other_app(on: Stage) -> None:
    ada, found = permitted(on)
    bob = on.many.person(name="Bob")
    zed = on.many.person(on.many.other, "Zed")
    answer = Answer(wish=Wish.ALLOW, notice=found.shown)

    with pytest.raises(DeniedError):
        on.choosing.choose(Speaker(app=on.many.other, subject=zed, actor=Actor.PERSON), found.id,
                           answer)  # fmt: skip
    with pytest.raises(DeniedError):
        on.choosing.choose(Speaker(app=on.app, subject=zed, actor=Actor.PERSON), found.id, answer)

    assert refuses(on, on.run(found).lease, bob) == "no_consent"
    assert on.read(on.run(found).lease, ada) == {NAME: "Ada"}


# --- reading past a no ---


@pytest.mark.threat("T253")
def test_in_log_order_no_read_follows_a_withdrawal(on: Stage) -> None:
    people = [on.many.person(name=f"P{n}") for n in range(4)]
    found = on.processing()
    lease = on.run(found, reads=10_000).lease
    over = Flag()

    def read(subject: SubjectId) -> int:
        done = 0
        for _ in range(5):
            try:
                on.read(lease, subject)
                done += 1
            except (DeniedError, BusyError):
                continue
        return done

    def change(subject: SubjectId) -> None:
        while not over.is_set():
            on.say(subject, found, Wish.ALLOW)
            on.say(subject, found, Wish.WITHDRAW)

    with ThreadPoolExecutor(204) as pool:
        changing = [pool.submit(change, subject) for subject in people]
        reading = [pool.submit(read, people[n % 4]) for n in range(200)]
        done = sum(each.result() for each in reading)
        over.set()
        for each in changing:
            each.result()

    assert done > 50
    allowed: dict[bytes | None, bool] = {}
    reads = 0
    told = on.many.events(EventKind.SAY, EventKind.PROFILE)
    for event in reversed(told):
        if event.kind is EventKind.SAY:
            allowed[event.subject] = event.reason == "ConsentGiven"
        elif event.reason == "read":
            reads += 1
            assert allowed[event.subject], "a read stands behind a withdrawal"
    assert reads == done


@pytest.mark.threat("T253")
def test_a_withdrawal_is_heeded_within_a_millisecond(on: Stage) -> None:
    ada, found = permitted(on)
    lease = on.run(found, reads=10_000).lease
    took = []
    for _ in range(30):
        on.read(lease, ada)
        on.say(ada, found, Wish.WITHDRAW)
        since = perf_counter()
        with pytest.raises(DeniedError):
            on.read(lease, ada)
        took.append(perf_counter() - since)
        on.say(ada, found, Wish.ALLOW)

    assert min(took) < 0.001  # of the best: a busy machine is no failure


@pytest.mark.threat("T254")
@pytest.mark.parametrize("basis", ["b", "c", "d", "e", "f"])
def test_an_objection_to_advertising_wins_over_every_basis(on: Stage, basis: str) -> None:
    ada = on.many.person()
    found = on.processing(
        replace(TERMS, basis=f"eu-gdpr:A6-1-{basis}", strict=False, balancing="weighed")
    )
    direct = "DirectMarketing"
    lease = on.run(found).lease
    on.runs.get(on.app, lease, ada, direct)

    on.limiting.object(on.who(ada), direct, is_raised=True)

    with pytest.raises(DeniedError):
        on.runs.get(on.app, lease, ada, direct)
    assert on.many.events(EventKind.PROFILE)[0].reason == "objected"


@pytest.mark.threat("T255")
@pytest.mark.parametrize("purpose", [MARKETING, "DirectMarketing", "SocialMediaMarketing"])
def test_what_people_choose_about_is_not_read_under_the_bare_purpose(
    on: Stage, purpose: str
) -> None:
    ada, _ = permitted(on)
    people = type(on.many.people)(on.many.vault.core, on.uses)

    with pytest.raises(DeniedError):
        people.get(on.app, ada, purpose)
    with pytest.raises(DeniedError):
        people.get(on.app, ada, purpose, frozenset({NAME}))

    assert on.many.events(EventKind.PROFILE)[0].reason == "needs_run"


# --- what was said, edited ---


@pytest.mark.threat("T256")
def test_a_choice_that_was_put_back_or_edited_is_not_what_was_committed(on: Stage) -> None:
    ada, found = permitted(on)
    core = on.many.vault.core
    key = core.keyring.named("set-hash")
    (before,) = [each.row for each in on.many.store.scan(CHOICES.name, "key", (), ()).rows]
    on.say(ada, found, Wish.WITHDRAW)
    total = core.deciding.total

    on.many.bend(Put(CHOICES.name, before))

    read_anew = Deciding(DECIDING, key)
    read_anew.load(on.many.store)
    assert read_anew.total != total  # so it does not open again: tests/attack/test_ledger_rollback
    assert refuses(on, on.run(found).lease, ada) == "no_consent"
    assert any("not what they said" in each or "choices" in each
               for each in people_faults(replace(core, deciding=read_anew)))  # fmt: skip


@pytest.mark.threat("T256")
@pytest.mark.parametrize("bend", ["taken out", "swapped", "of another", "one more"])
def test_events_that_were_bent_are_named_and_make_no_record(on: Stage, bend: str) -> None:
    ada, found = permitted(on)
    bob = on.many.person(name="Bob")
    on.say(bob, found, Wish.ALLOW)
    on.say(ada, found, Wish.WITHDRAW)
    consent = on.choice(ada, found).consent
    assert consent is not None
    rows = [each.row for each in on.many.store.scan(SAID.name, "key", (), ()).rows]
    mine = [row for row in rows if row[0] == ada]
    theirs = next(row for row in rows if row[0] == bob)
    match bend:
        case "taken out":
            on.many.bend(Delete(SAID.name, (ada, 2)))
        case "swapped":
            on.many.bend(Put(SAID.name, (ada, 1, mine[1][2])), Put(SAID.name, (ada, 2, mine[0][2])))
        case "of another":
            on.many.bend(Put(SAID.name, (ada, 2, theirs[2])))
        case _:
            on.many.bend(Put(SAID.name, (ada, 3, mine[1][2])))

    with pytest.raises(SealBrokenError):
        on.choosing.record(on.who(ada), consent)
    assert len(list(people_faults(on.many.vault.core))) == 1


@pytest.mark.threat("T256")
def test_the_count_of_what_was_said_does_not_open_for_anybody_else(on: Stage) -> None:
    ada, bob = on.many.person(), on.many.person(name="Bob")
    on.limiting.restrict(on.who(ada), is_set=True)
    (row,) = [each.row for each in on.many.store.scan(SAYS.name, "key", (), ()).rows]
    on.many.commit(Put(SAYS.name, (bob, *row[1:])))

    with pytest.raises(SealBrokenError):
        on.many.people.get(on.app, bob, SERVICE)


@pytest.mark.threat("T253")
def test_what_was_said_holds_in_the_next_process(on: Stage) -> None:
    ada, found = permitted(on)
    on.say(ada, found, Wish.WITHDRAW)
    fresh = staged(on.many)

    lease = fresh.run(found).lease

    assert fresh.processings.get(found.id) == on.processings.get(found.id)
    assert refuses(fresh, lease, ada) == "no_consent"


@pytest.mark.threat("T286")
def test_no_yes_of_before_an_older_database_was_taken_counts_until_it_is_said_anew(
    on: Stage,
) -> None:
    ada, found = permitted(on)
    bob = on.many.person(name="Bob")
    on.say(bob, found, Wish.DENY)
    run = on.run(found)
    consent = on.choice(ada, found).consent
    assert consent is not None
    core = on.many.vault.core
    accept(core, Accepted(at_terminal=True, checkpoint=None), on.many.time.now, lambda: None)
    registry = on.many.registry
    on.many.commit(registry.change(registry.get(on.app), "active"))
    on.many.time.now = Instant(on.many.time.now + 1)

    assert on.choice(ada, found).state is ChoiceState.PENDING
    assert on.choice(bob, found).state is ChoiceState.DENIED
    assert refuses(on, run.lease, ada) == "no_lease"
    assert refuses(on, on.run(found).lease, ada) == "no_consent"
    told = opened(on.choosing.record(on.who(ada), consent))["dpv:hasConsentStatus"]
    assert [each["@type"] for each in told] == ["dpv:ConsentGiven", "dpv:ConsentUnknown"]
    assert list(people_faults(core)) == []
    on.say(ada, found, Wish.ALLOW)
    assert on.read(on.run(found).lease, ada) == {NAME: "Ada"}

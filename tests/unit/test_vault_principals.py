"""Who holds a token: apps, their people, officers; minted, checked, revoked, over."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.model.errors import ConflictError, DeniedError, InvalidError, NotFoundError
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.principals import PrincipalKind, Way
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.vault.deciding import scan_all
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.registry import REMOVED, SUSPENDED
from sealhold.vault.tokenrows import OFFICER_TOKENS, PERSON_TOKENS
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd

SOON = Instant(NOON + HOUR)


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def test_a_persons_token_leads_to_them_and_their_app(many: Crowd) -> None:
    ada = many.person()

    made = many.principals.mint_person(many.one, ada, SOON)
    held = many.principals.person(made.token)

    assert (held.app, held.subject, held.token_id, held.way) == (many.one, ada, made.id, Way.LINK)
    assert many.principals.caller(made.token).kind is PrincipalKind.PERSON


def test_an_apps_token_leads_to_the_app(many: Crowd) -> None:
    assert many.principals.app(many.tokens[0]) == many.app(many.one)
    assert many.principals.caller(many.tokens[0]).kind is PrincipalKind.APP


def test_an_officers_token_leads_to_the_officer(many: Crowd) -> None:
    view, made = many.principals.mint_officer(" Dora ", SOON)

    assert many.principals.officer(made.token) == view.id
    assert many.principals.caller(made.token).kind is PrincipalKind.OFFICER
    assert many.principals.officers() == (view,)
    assert (view.name, view.made_at, view.until) == ("Dora", NOON, SOON)


@pytest.mark.parametrize("until", [NOON, NOON - 1, NOON + 367 * DAY])
def test_a_token_ends_in_the_future_and_within_a_year(many: Crowd, until: int) -> None:
    ada = many.person()

    with pytest.raises(InvalidError):
        many.principals.mint_person(many.one, ada, Instant(until))
    with pytest.raises(InvalidError):
        many.principals.mint_officer("Dora", Instant(until))


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_an_officer_has_a_name(many: Crowd, name: str) -> None:
    with pytest.raises(InvalidError):
        many.principals.mint_officer(name, SOON)


def test_a_token_is_over_at_its_end(many: Crowd) -> None:
    ada = many.person()
    of_ada = many.principals.mint_person(many.one, ada, SOON).token
    of_dora = many.principals.mint_officer("Dora", SOON)[1].token

    many.time.now = SOON

    for holder in (many.principals.person, many.principals.officer, many.principals.caller):
        for token in (of_ada, of_dora):
            with pytest.raises(DeniedError, match=r"^denied$"):
                holder(token)


def test_a_new_token_takes_out_those_of_theirs_that_are_over(many: Crowd) -> None:
    ada = many.person()
    many.principals.mint_person(many.one, ada, SOON)
    many.time.now = Instant(SOON - 1)
    kept = many.principals.mint_person(many.one, ada, Instant(SOON + HOUR))
    many.time.now = SOON

    last = many.principals.mint_person(many.one, ada, Instant(SOON + HOUR))

    rows = {row.row[0] for row in scan_all(many.store, PERSON_TOKENS)}
    assert rows == {kept.id, last.id}


def test_revoking_binds_the_next_call(many: Crowd) -> None:
    ada, bob = many.person(), many.person(name="Bob")
    tokens = [many.principals.mint_person(many.one, ada, SOON).token for _ in range(2)]
    of_bob = many.principals.mint_person(many.one, bob, SOON).token

    ended = many.principals.revoke_person(many.principals.acting(tokens[0], ada))

    assert ended == 2
    for token in tokens:
        with pytest.raises(DeniedError):
            many.principals.person(token)
    assert many.principals.person(of_bob).subject == bob


def test_a_revoked_officer_is_nobody(many: Crowd) -> None:
    view, made = many.principals.mint_officer("Dora", SOON)

    assert many.principals.revoke_officer(view.id) == view

    with pytest.raises(DeniedError):
        many.principals.officer(made.token)
    with pytest.raises(NotFoundError):
        many.principals.revoke_officer(view.id)
    assert many.principals.officers() == ()
    assert list(scan_all(many.store, OFFICER_TOKENS)) == []


@pytest.mark.parametrize("state", [SUSPENDED, REMOVED])
def test_with_the_app_its_peoples_tokens_rest(many: Crowd, state: str) -> None:
    ada = many.person()
    token = many.principals.mint_person(many.one, ada, SOON).token

    many.commit(many.registry.change(many.app(many.one), state))

    with pytest.raises(DeniedError):
        many.principals.person(token)


def test_with_the_person_their_tokens_go(many: Crowd) -> None:
    ada = many.person()
    token = many.principals.mint_person(many.one, ada, SOON).token

    many.people.erase(many.one, ada)

    with pytest.raises(DeniedError):
        many.principals.person(token)
    assert list(scan_all(many.store, PERSON_TOKENS)) == []
    assert list(people_faults(many.vault.core)) == []


def test_who_acts_on_a_person_is_their_app_or_they(many: Crowd) -> None:
    ada = many.person()
    token = many.principals.mint_person(many.one, ada, SOON).token

    by_app = many.principals.acting(many.tokens[0], ada)
    by_ada = many.principals.acting(token, ada)

    assert (by_app.app, by_app.subject, by_app.actor) == (many.one, ada, Actor.APP)
    assert (by_ada.app, by_ada.subject, by_ada.actor) == (many.one, ada, Actor.PERSON)


def test_a_use_is_not_committed_behind_the_end_of_its_token(many: Crowd) -> None:
    ada = many.person()
    token = many.principals.mint_person(many.one, ada, SOON).token
    held = many.principals.person(token)

    many.principals.revoke_person(many.principals.acting(token, ada))

    with pytest.raises(ConflictError):
        many.commit(*held.guards)


def test_making_and_ending_tokens_stands_in_the_log(many: Crowd) -> None:
    ada = many.person()
    token = many.principals.mint_person(many.one, ada, SOON).token
    officer, _ = many.principals.mint_officer("Dora", SOON)
    many.principals.revoke_person(many.principals.acting(token, ada))
    many.principals.revoke_officer(officer.id)
    with pytest.raises(DeniedError):
        many.principals.mint_person(many.other, ada, SOON)

    told = [(e.actor, e.outcome, e.reason) for e in many.events(EventKind.ACCESS)]

    assert told == [
        (Actor.APP, Outcome.DENIED, "subject_not_active"),
        (Actor.OWNER, Outcome.DONE, "an officer was revoked"),
        (Actor.PERSON, Outcome.DONE, "tokens were revoked"),
        (Actor.OWNER, Outcome.DONE, "an officer was made"),
        (Actor.APP, Outcome.DONE, "a token was made"),
    ]


def test_nobody_gets_a_token_for_whom_the_app_does_not_keep(many: Crowd) -> None:
    for subject in (SubjectId(Id16(b"no such person  ")), many.vault.core.owner):
        with pytest.raises(DeniedError):
            many.principals.mint_person(many.one, subject, SOON)

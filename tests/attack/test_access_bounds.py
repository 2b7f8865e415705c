"""Bounds pushed at: many at once, rows filled up, lookups tried through, a log that is flooded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.crypto.token import Caveat, CaveatKind, attenuate, mint
from sealhold.model.errors import DeniedError
from sealhold.model.ids import AppId, random_id
from sealhold.model.principals import Asked, Presented
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant
from sealhold.vault import caveats, turnedaway
from sealhold.vault.caveats import USES
from sealhold.vault.deciding import scan_all
from sealhold.vault.people import People
from sealhold.vault.registry import SUSPENDED
from sealhold.vault.using import Uses
from sealhold.vault.writer import Work
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MAIL, SERVICE, Crowd, crowd


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def few(many: Crowd, lookups: int) -> Crowd:
    """Return the same vault, whose apps may make so many lookups in a day."""
    core = many.vault.core
    return replace(many, people=People(core, Uses(core, many.registry, many.schemas), lookups))


# --- uses ---


@pytest.mark.threat("T294")
def test_of_many_uses_at_once_no_more_are_let_in_than_the_bound_says(many: Crowd) -> None:
    token = attenuate(many.tokens[0], Caveat(CaveatKind.USES, "5"))

    def once(_: int) -> int:
        with suppress(DeniedError):
            many.principals.count(many.principals.caller(Presented(token, Asked())))
            return 1
        return 0

    with ThreadPoolExecutor(8) as pool:
        let_in = sum(pool.map(once, range(40)))

    rows = list(scan_all(many.store, USES))
    assert let_in == rows[0].row[2] <= 5
    assert let_in >= 1


@pytest.mark.threat("T294")
def test_nobody_fills_the_rows_by_narrowing_a_token_again_and_again(
    many: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caveats, "MOST_COUNTS", 3)

    def use(bound: int) -> None:
        token = attenuate(many.tokens[0], Caveat(CaveatKind.USES, str(bound)))
        many.principals.count(many.principals.caller(Presented(token, Asked())))

    for bound in range(10, 13):
        use(bound)

    with pytest.raises(DeniedError):
        use(13)
    use(12)  # what is counted already goes on
    assert len(list(scan_all(many.store, USES))) == 3


# --- lookups ---


@pytest.mark.threat("T295")
def test_nobody_tries_out_who_is_there_beyond_a_days_lookups(many: Crowd) -> None:
    many = few(many, 3)
    many.person()
    for value in ("ada@example.org", "bob@example.org", "eve@example.org"):
        many.people.find(many.one, SERVICE, MAIL, value)

    for value in ("ada@example.org", "nobody@example.org"):
        with pytest.raises(DeniedError, match=r"^denied$"):
            many.people.find(many.one, SERVICE, MAIL, value)

    assert many.people.find(many.other, SERVICE, MAIL, "ada@example.org") == ()
    refused = many.events(EventKind.PROFILE)[1]
    assert (refused.outcome, refused.reason) == (Outcome.DENIED, "lookup_quota")
    many.time.now = Instant(NOON + DAY)
    assert len(many.people.find(many.one, SERVICE, MAIL, "ada@example.org")) == 1


@pytest.mark.threat("T295")
def test_of_many_lookups_at_once_no_more_are_made_than_a_day_has(many: Crowd) -> None:
    many = few(many, 6)

    def once(_: int) -> int:
        with suppress(DeniedError):
            many.people.find(many.one, SERVICE, MAIL, "ada@example.org")
            return 1
        return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(once, range(30))) == 6


@pytest.mark.threat("T295")
def test_an_app_that_is_near_its_lookups_is_named(many: Crowd) -> None:
    many = few(many, 5)
    for _ in range(3):
        many.people.find(many.one, SERVICE, MAIL, "ada@example.org")
    before = list(many.people.lookups.near())

    many.people.find(many.one, SERVICE, MAIL, "ada@example.org")

    assert (before, list(many.people.lookups.near())) == ([], [(many.one, 4)])
    many.time.now = Instant(NOON + DAY)
    assert list(many.people.lookups.near()) == []


# --- refusals in the log ---


def test_a_refused_token_that_the_vault_made_stands_in_the_log(many: Crowd) -> None:
    bound = attenuate(many.tokens[0], Caveat(CaveatKind.SCOPE, "lookup"))
    many.principals.tell_refused(bound)
    many.commit(many.registry.change(many.app(many.other), SUSPENDED))
    many.principals.tell_refused(many.tokens[1])

    told = [(e.app, e.outcome, e.reason) for e in many.events(EventKind.ACCESS)]

    assert told == [
        (many.other, Outcome.DENIED, "a token was refused"),
        (many.one, Outcome.DENIED, "a token was refused"),
    ]


@pytest.mark.threat("T316")
def test_a_token_that_is_refused_again_and_again_makes_two_entries_a_minute(many: Crowd) -> None:
    bound = attenuate(many.tokens[0], Caveat(CaveatKind.SCOPE, "lookup"))
    size = len(many.lines())

    for _ in range(500):
        many.principals.tell_refused(bound)
    assert len(many.lines()) == size + 1
    many.time.now = Instant(NOON + MINUTE)
    for _ in range(500):
        many.principals.tell_refused(bound)
    many.principals.refused.tell_rest()

    told = [(event.app, event.more) for event in many.events(EventKind.ACCESS)]
    assert told == [(many.one, 498), (many.one, 0), (many.one, 498), (many.one, 0)]
    assert sum(1 + more for _, more in told) == 1_000


@pytest.mark.threat("T316")
def test_refusals_of_many_tokens_are_all_counted_however_few_are_remembered(
    many: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnedaway, "MOST", 2)
    ada = many.person()
    made = [many.principals.mint_person(many.one, ada, Instant(NOON + HOUR)) for _ in range(4)]
    before = len(many.events(EventKind.ACCESS))
    for each in made:
        for _ in range(3):
            many.principals.tell_refused(attenuate(each.token, Caveat(CaveatKind.SCOPE, "x")))

    many.principals.refused.tell_rest()

    told = many.events(EventKind.ACCESS)
    assert sum(1 + event.more for event in told[: len(told) - before]) == 12


def test_a_token_that_the_vault_did_not_make_names_nobody_in_the_log(many: Crowd) -> None:
    core = many.vault.core
    unknown = mint(core.keyring.named("token"), random_id(core.entropy))
    size = len(many.lines())

    for token in ("", "shv1_", many.tokens[0][:-3] + "AAA", unknown):
        many.principals.tell_refused(token)

    assert len(many.lines()) == size


def test_equal_refusals_of_one_batch_are_one_entry_that_counts_them(many: Crowd) -> None:
    def refused(app: AppId, outcome: Outcome = Outcome.DENIED) -> Work:
        event = Event(kind=EventKind.DECISION, actor=Actor.APP, outcome=outcome, app=app)
        return Work((), (Entry(event=event),))

    one, other = refused(many.one), refused(many.other)
    done = refused(many.one, Outcome.DONE)
    size = len(many.lines())

    places = many.vault.core.writer.submit([one, done, one, other, done, one]).result()

    told = [(e.app, e.outcome, e.more) for e in reversed(many.events(EventKind.DECISION))]
    assert told == [
        (many.one, Outcome.DENIED, 2),
        (many.one, Outcome.DONE, 0),
        (many.other, Outcome.DENIED, 0),
        (many.one, Outcome.DONE, 0),
    ]
    assert [place - size for place in places] == [0, 1, 0, 2, 3, 0]


def test_until_is_looked_at_at_each_use(many: Crowd) -> None:
    token = attenuate(many.tokens[0], Caveat(CaveatKind.UNTIL, str(NOON + HOUR)))
    many.principals.caller(Presented(token, Asked()))

    many.time.now = Instant(NOON + HOUR)

    with pytest.raises(DeniedError):
        many.principals.caller(Presented(token, Asked()))

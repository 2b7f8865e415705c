"""Sign-ins and how they end."""

import pytest

from sealhold.frontends.http.session import (
    MOST,
    Sessions,
    SignIns,
    cookie,
    is_token_of,
)
from sealhold.model.quantities import HOUR, MINUTE, Instant


class Turned:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> Instant:
        return Instant(self.now)


class Counted:
    """Bytes that differ at each call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, count: int, /) -> bytes:
        self.calls += 1
        return self.calls.to_bytes(count, "big")


@pytest.fixture
def clock() -> Turned:
    return Turned()


@pytest.fixture
def sessions(clock: Turned) -> Sessions:
    return Sessions(clock, Counted())


def test_a_session_is_found_by_its_id_and_has_256_bits(sessions: Sessions) -> None:
    session = sessions.begin()

    found = sessions.use(session.id)

    assert found is not None
    assert found.id == session.id
    assert len(bytes.fromhex(session.id)) == 32
    assert session.csrf != session.id


@pytest.mark.parametrize("text", [None, "", "0" * 64, "unknown"])
def test_an_unknown_id_is_no_session(sessions: Sessions, text: str | None) -> None:
    sessions.begin()

    assert sessions.use(text) is None


def test_a_session_ends_when_it_was_not_used_for_15_minutes(
    sessions: Sessions, clock: Turned
) -> None:
    session = sessions.begin()
    clock.now += 15 * MINUTE - 1
    assert sessions.use(session.id) is not None

    clock.now += 15 * MINUTE

    assert sessions.use(session.id) is None


def test_a_session_ends_after_12_hours_however_much_it_is_used(
    sessions: Sessions, clock: Turned
) -> None:
    session = sessions.begin()
    for _ in range(12 * 6 - 1):
        clock.now += 10 * MINUTE
        assert sessions.use(session.id) is not None

    clock.now += 10 * MINUTE

    assert clock.now == 1_000_000 + 12 * HOUR
    assert sessions.use(session.id) is None


def test_the_oldest_session_goes_when_there_are_too_many(sessions: Sessions) -> None:
    first = sessions.begin()
    for _ in range(MOST):
        sessions.begin()

    assert sessions.use(first.id) is None


@pytest.mark.threat("T60")
def test_a_token_belongs_to_one_session_alone(sessions: Sessions) -> None:
    one, other = sessions.begin(), sessions.begin()

    assert is_token_of(one, one.csrf)
    assert not is_token_of(one, other.csrf)
    assert not is_token_of(one, "")
    assert not is_token_of(one, one.id)


def sign_ins(clock: Turned) -> SignIns:
    return SignIns(
        pages=Sessions(clock, Counted()),
        programs=Sessions(clock, Counted()),
        people=Sessions(clock, Counted(), 3),
    )


def test_locking_ends_sign_ins_of_all_kinds(clock: Turned) -> None:
    both = sign_ins(clock)
    page, (token, _) = both.pages.begin(), both.new_token()
    person = both.people.begin("a token")
    assert both.is_owner(token)
    assert person.token == "a token"
    assert "a token" not in repr(person)

    both.end_all()

    assert both.pages.use(page.id) is None
    assert both.people.use(person.id) is None
    assert not both.is_owner(token)


def test_so_many_people_are_signed_in_at_once(clock: Turned) -> None:
    people = sign_ins(clock).people

    held = [people.begin(str(number)) for number in range(4)]

    assert [people.use(each.id) is None for each in held] == [True, False, False, False]


@pytest.mark.threat("T65")
def test_a_cookie_is_no_bearer_token_and_a_bearer_token_no_cookie(clock: Turned) -> None:
    both = sign_ins(clock)
    page, (token, _) = both.pages.begin(), both.new_token()

    assert not both.is_owner("sho1_" + page.id + "0")
    assert not both.is_owner(page.id)
    assert both.pages.use(token) is None


def test_a_cookie_is_for_this_origin_and_for_no_script() -> None:
    text = cookie("__Host-sealhold", "abc")

    assert text == "__Host-sealhold=abc; Path=/; Secure; HttpOnly; SameSite=Strict"

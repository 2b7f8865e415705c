"""Narrowed tokens: each bound is held against what a token is shown for, and uses are counted."""

from collections.abc import Iterator

import pytest

from sealhold.crypto.token import Caveat, CaveatKind, attenuate
from sealhold.model.errors import DeniedError
from sealhold.model.principals import Asked, Presented, PrincipalKind
from sealhold.model.quantities import HOUR, Instant
from sealhold.vault.caveats import USES
from sealhold.vault.deciding import scan_all
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import Crowd, crowd

ADA = "3b0f7a52-6c1d-4e8b-9a55-0c4de7a8f913"
ASKED = Asked(
    purpose="ServiceProvision", processing="newsletter", subject=ADA, scope="profile:read"
)
HOLDS = [
    (CaveatKind.PURPOSE, "ServiceProvision"),
    (CaveatKind.PROCESSING, "newsletter"),
    (CaveatKind.SUBJECT, ADA),
    (CaveatKind.SCOPE, "profile"),
    (CaveatKind.SCOPE, "profile:read"),
    (CaveatKind.SCOPE, "lookup records:write profile:read"),
    (CaveatKind.UNTIL, str(NOON + 1)),
]
FAILS = [
    (CaveatKind.PURPOSE, "Marketing"),
    (CaveatKind.PURPOSE, "RequestedServiceProvision"),  # lies within what is asked for
    (CaveatKind.PURPOSE, "NoSuchPurpose"),
    (CaveatKind.PROCESSING, "newslette"),
    (CaveatKind.SUBJECT, ADA.replace("3", "4", 1)),
    (CaveatKind.SCOPE, "profile:write"),
    (CaveatKind.SCOPE, "profiles"),
    (CaveatKind.SCOPE, "read"),
    (CaveatKind.UNTIL, str(NOON)),
    (CaveatKind.USES, "0"),
    (CaveatKind.CLIENT, "00" * 32),
]


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def narrowed(token: str, *bounds: tuple[CaveatKind, str]) -> str:
    for kind, value in bounds:
        token = attenuate(token, Caveat(kind, value))
    return token


def use(many: Crowd, token: str, asked: Asked = ASKED) -> PrincipalKind:
    """Use a token once, as a call does."""
    caller = many.principals.caller(Presented(token, asked))
    many.principals.count(caller)
    return caller.kind


@pytest.mark.parametrize("bound", HOLDS)
def test_a_use_within_the_bound_is_let_in(many: Crowd, bound: tuple[CaveatKind, str]) -> None:
    token = narrowed(many.tokens[0], bound)

    assert use(many, token) is PrincipalKind.APP
    assert many.principals.app(Presented(token, ASKED)).id == many.one
    assert many.registry.holder(Presented(token, ASKED)).id == many.one


def test_all_bounds_must_hold(many: Crowd) -> None:
    use(many, narrowed(many.tokens[0], *HOLDS))

    for bound in FAILS:
        with pytest.raises(DeniedError):
            use(many, narrowed(many.tokens[0], *HOLDS, bound))


@pytest.mark.threat("T293")
@pytest.mark.parametrize("bound", FAILS)
def test_a_use_beyond_the_bound_is_refused(many: Crowd, bound: tuple[CaveatKind, str]) -> None:
    with pytest.raises(DeniedError, match=r"^denied$"):
        use(many, narrowed(many.tokens[0], bound))


@pytest.mark.threat("T293")
@pytest.mark.parametrize("bound", HOLDS[:-1])
def test_a_bound_of_which_nothing_was_said_holds_for_nothing(
    many: Crowd, bound: tuple[CaveatKind, str]
) -> None:
    token = narrowed(many.tokens[0], bound)

    with pytest.raises(DeniedError):
        use(many, token, Asked())
    with pytest.raises(DeniedError):
        many.principals.app(token)  # a door that does not say what for


def test_tokens_of_people_and_officers_are_narrowed_as_well(many: Crowd) -> None:
    ada = many.person()
    until = Instant(NOON + HOUR)
    tokens = [
        many.principals.mint_person(many.one, ada, until).token,
        many.principals.mint_officer("Dora", until)[1].token,
    ]

    for token in tokens:
        use(many, narrowed(token, (CaveatKind.SCOPE, "profile:read")))
        with pytest.raises(DeniedError):
            use(many, narrowed(token, (CaveatKind.SCOPE, "profile:write")))


def test_uses_are_counted_in_rows(many: Crowd) -> None:
    token = narrowed(many.tokens[0], (CaveatKind.USES, "3"))

    for _ in range(3):
        use(many, token)

    with pytest.raises(DeniedError):
        use(many, token)
    rows = list(scan_all(many.store, USES))
    assert [row.row[2] for row in rows] == [3]
    assert token.rpartition("_")[2] not in repr(rows)


@pytest.mark.threat("T294")
def test_a_narrower_token_counts_with_the_one_that_it_comes_from(many: Crowd) -> None:
    token = narrowed(many.tokens[0], (CaveatKind.USES, "2"))
    for scope in ("profile", "profile:read"):
        use(many, narrowed(token, (CaveatKind.SCOPE, scope)))

    for each in (token, narrowed(token, (CaveatKind.USES, "9")), many.tokens[1] and token):
        with pytest.raises(DeniedError):
            use(many, each)
    use(many, many.tokens[0])  # the token before it is bounded is not


@pytest.mark.parametrize("uses", [2**63, 10**100])
def test_a_bound_that_no_row_can_hold_is_as_good_as_none(many: Crowd, uses: int) -> None:
    token = narrowed(many.tokens[0], (CaveatKind.USES, str(uses)))

    for _ in range(3):
        use(many, token)


def test_with_the_tokens_of_a_person_their_counts_go(many: Crowd) -> None:
    ada = many.person()
    made = many.principals.mint_person(many.one, ada, Instant(NOON + HOUR))
    use(many, narrowed(made.token, (CaveatKind.USES, "9")))

    assert many.principals.revoke_person(many.principals.acting(made.token, ada)) == 1

    assert list(scan_all(many.store, USES)) == []

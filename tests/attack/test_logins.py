"""ID tokens and answers that lie: each is one and the same no, and nobody is let in."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.compute import loginway
from sealhold.model.errors import (
    DeniedError,
)
from sealhold.model.logins import Entered, LoginRole
from sealhold.model.quantities import MINUTE, SECOND, Instant
from tests.attack.login_site import ORIGIN, Bend, Site, site_of
from tests.scenarios.idprovider import (
    CLIENT,
    IdProvider,
    Json,
    Signer,
    compact,
    eddsa,
    es256,
    hs256,
    identities,
    rsa_signer,
    unsigned,
)
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import crowd


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdProvider]:
    with identities(tmp_path_factory.mktemp("ids"), lambda: NOON) as found:
        yield found


@pytest.fixture
def site(served: IdProvider) -> Iterator[Site]:
    with crowd() as many:
        yield site_of(many, served)


def test_an_account_that_the_owner_let_in_enters_as_the_owner(site: Site) -> None:
    assert site.enter() == Entered(role=LoginRole.OWNER)

    told = site.many.events(EventKind.ACCESS)[0]
    assert (told.actor, told.reason) == (Actor.OWNER, "a sign-in through a provider")
    assert (told.outcome, told.app) == (Outcome.DONE, None)


@pytest.mark.parametrize(
    "signer", [es256(), rsa_signer("RS256", "r1"), rsa_signer("PS256", "p1"), eddsa()]
)
def test_each_way_of_signing_lets_in(site: Site, signer: Signer) -> None:
    site.ids.signer = signer

    assert site.enter().role is LoginRole.OWNER


# --- T310: signatures ---


def by(signer: Signer, **head: object) -> Bend:
    """Return what signs the token with another key."""

    def bend(given: Json) -> Json:
        claims = given["id_token"].split(".")[1]
        claims = urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
        said = {"alg": signer.alg, "kid": signer.jwk["kid"], **head}
        return {**given, "id_token": compact(said, claims, signer)}

    return bend


OWN = es256().jwk["kid"]
FORGED: dict[str, Bend] = {
    "not signed": by(unsigned(OWN)),
    "not signed, in other letters": by(unsigned(OWN), alg="nOnE"),
    "a keyed hash with the public key": by(hs256(json.dumps(es256().jwk).encode(), OWN)),
    "a keyed hash with no key": by(hs256(b"", OWN)),
    "another key under the same name": by(es256("another"), kid=OWN),
    "another key that the token brings": by(es256("mine"), kid="mine", jwk=es256("mine").jwk),
    "a key of another kind": by(rsa_signer("RS256", "r1"), kid=OWN),
    "an algorithm of another kind": by(es256(), alg="RS256"),
    "an unknown algorithm": by(es256(), alg="ES512"),
    "a critical extension": by(es256(), crit=["b64"], b64=False),
    "a name that is none": by(es256(), kid=7),
    "no token": lambda given: {**given, "id_token": "nothing"},
    "no text": lambda given: {**given, "id_token": ["x"]},
    "none at all": lambda given: {"access_token": given["access_token"]},
    "no access token": lambda given: {"id_token": given["id_token"]},
    "five parts": lambda given: {**given, "id_token": given["id_token"] + ".a.b"},
    "padded": lambda given: {**given, "id_token": given["id_token"] + "="},
    "too long": lambda given: {**given, "id_token": "e" * 20_000 + given["id_token"]},
    "a cut signature": lambda given: {**given, "id_token": given["id_token"][:-4]},
    "no signature": lambda given: {**given, "id_token": given["id_token"].rpartition(".")[0] + "."},
}  # fmt: skip


@pytest.mark.threat("T310")
@pytest.mark.parametrize("bent", FORGED)
def test_a_token_that_the_providers_key_did_not_sign_lets_nobody_in(site: Site, bent: str) -> None:
    site.ids.bend_tokens = FORGED[bent]

    site.refused()


@pytest.mark.threat("T310")
def test_a_key_that_is_new_is_asked_for_once_and_one_that_never_comes_not_again(site: Site) -> None:
    site.enter()
    site.many.time.now = Instant(NOON + 2 * MINUTE)
    site.ids.signer = es256("turned over")
    site.enter()
    lists = site.ids.asked.count(("GET", "/jwks"))

    site.ids.bend_head = lambda head: {**head, "kid": "no such key"}
    for _ in range(5):
        site.refused()

    assert (lists, site.ids.asked.count(("GET", "/jwks"))) == (2, 2)
    site.many.time.now = Instant(NOON + 4 * MINUTE)
    site.refused()
    assert site.ids.asked.count(("GET", "/jwks")) == 3


@pytest.mark.threat("T310")
def test_of_two_keys_of_one_name_none_counts(site: Site) -> None:
    site.ids.published = [es256().jwk, {**es256("x").jwk, "kid": OWN}]

    site.refused()


# --- T311: claims ---

WRONG: dict[str, Json] = {
    "another issuer": {"iss": "https://id.example.org"},
    "an issuer with a slash": {"iss": None},
    "another client": {"aud": "other"},
    "others besides": {"aud": [CLIENT, "other"]},
    "nobody": {"aud": []},
    "made for another": {"azp": "other"},
    "another sign-in": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 7},
    "a nonce that is half a character": {"nonce": "\ud800"},
    "no account": {"sub": None},
    "an empty account": {"sub": ""},
    "an account in other letters": {"sub": "\uff41"},
}


@pytest.mark.threat("T311")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_token_for_somebody_or_something_else_lets_nobody_in(site: Site, wrong: str) -> None:
    if wrong == "an issuer with a slash":
        site.ids.bend_claims = lambda claims: {**claims, "iss": claims["iss"] + "/"}
    else:
        site.ids.bend_claims = lambda claims: {**claims, **WRONG[wrong]}

    site.refused()


@pytest.mark.threat("T311")
@pytest.mark.parametrize("name", ["iss", "sub", "aud", "nonce", "iat", "exp"])
def test_a_token_that_leaves_out_what_must_stand_in_it_lets_nobody_in(
    site: Site, name: str
) -> None:
    site.ids.bend_claims = lambda claims: {k: v for k, v in claims.items() if k != name}

    site.refused()


@pytest.mark.threat("T311")
def test_a_claim_that_stands_twice_is_none(site: Site) -> None:
    def twice(claims: Json) -> bytes:
        return json.dumps(claims).replace("{", '{"sub": "somebody", ', 1).encode()

    site.ids.bend_claims = twice

    site.refused()


@pytest.mark.threat("T311")
def test_one_audience_in_a_list_is_that_audience(site: Site) -> None:
    site.ids.bend_claims = lambda claims: {**claims, "aud": [CLIENT], "azp": CLIENT}

    assert site.enter().role is LoginRole.OWNER


# --- T312: times, replays, other browsers ---

TIMES: dict[str, Json] = {
    "over": {"exp": NOON // SECOND - 60},
    "over, as a text": {"exp": "never"},
    "over, as a truth": {"exp": True},
    "from before the sign-in": {"iat": NOON // SECOND - 61},
    "of tomorrow": {"iat": NOON // SECOND + 61},
    "not yet": {"nbf": NOON // SECOND + 61},
}


@pytest.mark.threat("T312")
@pytest.mark.parametrize("time", TIMES)
def test_a_token_out_of_its_time_lets_nobody_in(site: Site, time: str) -> None:
    site.ids.bend_claims = lambda claims: {**claims, **TIMES[time]}

    site.refused()


@pytest.mark.threat("T312")
def test_an_answer_is_good_once_whatever_came_of_it(site: Site) -> None:
    site.ids.forgets_codes = False  # a provider that would give the same again
    came = site.back(site.begun())
    site.door.finish(came, ORIGIN)

    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)


@pytest.mark.threat("T312")
def test_a_token_of_one_sign_in_is_none_of_the_next(site: Site) -> None:
    kept: list[Json] = []

    def keep(given: Json) -> Json:
        kept.append(given)
        return given

    site.ids.bend_tokens = keep
    site.enter()
    site.ids.bend_tokens = lambda _: kept[0]

    site.refused()


@pytest.mark.threat("T312")
def test_a_stolen_code_is_worth_nothing_in_another_sign_in(site: Site) -> None:
    stolen = site.ids.authorized(site.begun().url)["code"]

    site.refused(code=stolen)  # its verifier is of the sign-in that it was stolen from


@pytest.mark.threat("T312")
@pytest.mark.parametrize("browser", ["", "x" * 43])
def test_an_answer_in_another_browser_signs_nobody_in(site: Site, browser: str) -> None:
    site.refused(browser=browser)


@pytest.mark.threat("T312")
def test_a_browser_is_not_signed_in_by_the_link_of_somebody_elses_sign_in(site: Site) -> None:
    theirs, ours = site.begun(), site.begun()

    with pytest.raises(DeniedError):
        site.door.finish(site.back(theirs, browser=ours.browser), ORIGIN)


@pytest.mark.threat("T312")
@pytest.mark.parametrize("state", ["", "x" * 43])
def test_a_state_that_was_not_given_out_is_none(site: Site, state: str) -> None:
    site.refused(state=state)


@pytest.mark.threat("T312")
def test_a_sign_in_is_over_after_ten_minutes(site: Site) -> None:
    came = site.back(site.begun())
    site.many.time.now = Instant(NOON + 10 * MINUTE)

    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)


@pytest.mark.threat("T312")
def test_of_sign_ins_that_never_end_so_many_wait_and_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loginway, "MOST", 2)
    first, second, third = (site.begun() for _ in range(3))

    for begun, enters in ((first, False), (second, True), (third, True)):
        with suppress(DeniedError):
            site.door.finish(site.back(begun), ORIGIN)
            assert enters

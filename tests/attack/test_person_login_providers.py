"""Providers that apps named: mixed up, replayed, swapped, slow, and turned against the vault."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from sealhold.compute.personlogindoor import PersonLogins
from sealhold.model.errors import (
    BusyError,
    DeniedError,
    ProviderAwayError,
)
from sealhold.model.ids import canonical
from sealhold.model.quantities import HOUR, MINUTE, Instant
from sealhold.vault.deciding import scan_all
from sealhold.vault.personloginrows import PERSON_LOGINS
from sealhold.vault.registry import ACTIVE, SUSPENDED
from sealhold.vault.subjects import SUBJECTS
from sealhold.vault.tokenrows import PERSON_TOKENS
from tests.attack.person_login_site import ORIGIN, PersonSite, site_of
from tests.scenarios.idprovider import (
    ACCOUNT,
    CLIENT,
    IdProvider,
    Json,
    es256,
    hs256,
    rsa_signer,
    unsigned,
)
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import crowd


@pytest.fixture
def site() -> Iterator[PersonSite]:
    with crowd() as many:
        yield site_of(many, IdProvider(port=8443, roots="", clock=many.time))


def people(site: PersonSite) -> int:
    return sum(1 for _ in scan_all(site.many.store, SUBJECTS))


# --- T437: mix-ups, replays, and what an app can do by its provider ---


@pytest.mark.threat("T437")
def test_a_sign_in_that_began_at_one_app_does_not_end_at_another(site: PersonSite) -> None:
    many = site.many
    bob = many.person(many.other)
    site.door.bind(many.tokens[1], canonical(bob), ACCOUNT)
    begun = site.begun()

    came = site.back(begun, many.other)
    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)
    with pytest.raises(DeniedError):  # and it is used up
        site.door.finish(site.form(begun, {"state": came.state, "code": came.code}), ORIGIN)


@pytest.mark.threat("T437")
def test_each_app_has_an_address_of_its_own_to_come_back_to(site: PersonSite) -> None:
    ones, others = (site.begun(app).url for app in (site.many.one, site.many.other))

    assert canonical(site.many.one) in ones
    assert canonical(site.many.other) in others
    site.ids.backs.clear()
    with pytest.raises(ValueError, match="not registered"):
        site.ids.sent_back(ones)


@pytest.mark.threat("T437")
@pytest.mark.parametrize(
    "other", [{"issuer": "https://evil.example"}, {"issuer": ""}, {"state": "x"}, {"code": "x"},
              {"browser": "x"}, {"error": "access_denied"}, {"code": ""}],
)  # fmt: skip
def test_an_answer_that_is_not_whole_and_of_this_browser_lets_nobody_in(
    site: PersonSite, other: dict[str, str]
) -> None:
    site.refused(None, **other)


@pytest.mark.threat("T437")
def test_an_answer_counts_once_and_for_ten_minutes(site: PersonSite) -> None:
    came = site.back(site.begun())
    site.door.finish(came, ORIGIN)
    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)

    late = site.back(site.begun())
    site.many.time.now = Instant(NOON + 10 * MINUTE)
    with pytest.raises(DeniedError):
        site.door.finish(late, ORIGIN)
    site.many.time.now = NOON
    with pytest.raises(DeniedError):  # nor at another address of the pages
        site.door.finish(site.back(site.begun()), "https://evil.example")


@pytest.mark.threat("T437")
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": [CLIENT, "other"]},
        {"azp": "other"},
        {"iss": "https://evil.example"},
        {"nonce": "x"},
        {"nonce": None},
        {"exp": NOON // 1000 - 61},
        {"iat": NOON // 1000 - 61},
        {"iat": NOON // 1000 + 61},
        {"nbf": NOON // 1000 + 61},
    ],
)
def test_a_token_for_somebody_else_or_another_time_lets_nobody_in(
    site: PersonSite, claims: Json
) -> None:
    site.ids.bend_claims = lambda said: {**said, **claims}

    site.refused()


@pytest.mark.threat("T437")
def test_a_token_of_another_sign_in_is_none_of_this_one(site: PersonSite) -> None:
    given: list[Json] = []

    def noted(said: Json) -> Json:
        given.append(said)
        return said

    site.ids.bend_tokens = noted
    site.enter()
    site.ids.bend_tokens = lambda _: given[0]

    site.refused()


@pytest.mark.threat("T437")
def test_another_verifier_gets_nothing_for_a_code(site: PersonSite) -> None:
    mine, stolen = site.begun(), site.back(site.begun())

    came = site.form(mine, {**site.ids.authorized(mine.url), "code": stolen.code})
    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)


@pytest.mark.threat("T437")
@pytest.mark.parametrize("signer", [unsigned(), hs256(b"k", "e1"), es256("stranger")])
def test_a_signature_that_is_none_of_the_provider_lets_nobody_in(
    site: PersonSite, signer: object
) -> None:
    site.ids.published = [es256().jwk]
    site.ids.signer = signer  # type: ignore[assignment]  # reason: one of three

    site.refused()


@pytest.mark.threat("T437")
def test_keys_are_turned_over_and_the_old_one_ends(site: PersonSite) -> None:
    assert site.who() == site.ada
    old, site.ids.signer = site.ids.signer, rsa_signer("RS256", "r2")
    site.many.time.now = Instant(NOON + 2 * MINUTE)
    assert site.who() == site.ada  # asked for anew, as the token names a new one

    site.ids.signer, site.ids.published = old, [site.ids.signer.jwk]
    site.many.time.now = Instant(NOON + HOUR + 2 * MINUTE)
    site.refused()


@pytest.mark.threat("T437")
def test_an_app_that_named_another_provider_since_lets_nobody_in_by_the_former(
    site: PersonSite,
) -> None:
    token = site.many.tokens[0]
    came = site.back(site.begun())
    site.door.set_issuer(token, site.wish(issuer="https://id.example.org"))
    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)

    site.door.set_issuer(token, site.wish())
    came = site.back(site.begun())
    site.door.unset_issuer(token)
    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)


@pytest.mark.threat("T437")
def test_what_another_issuer_said_under_the_same_app_counts_for_nothing(site: PersonSite) -> None:
    site.begun()
    evil = f"{site.ids.issuer}/evil"
    site.door = site.opened(site.ids.issuer, evil)
    site.begun()
    site.door.set_issuer(site.many.tokens[0], site.wish(issuer=evil))

    with pytest.raises(ProviderAwayError):  # asked anew, and it says to be another
        site.begun()


@pytest.mark.threat("T437")
def test_a_login_that_went_in_the_very_moment_lets_nobody_in(
    site: PersonSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = site.rows.issuer(site.many.one, lambda _: True)
    assert issuer is not None
    (found,) = scan_all(site.many.store, PERSON_LOGINS)
    site.door.unbind(site.many.tokens[0], canonical(site.ada))
    monkeypatch.setattr(site.rows, "_at", lambda *_: found)

    with pytest.raises(DeniedError, match=r"^denied$"):
        site.rows.enter(issuer, ACCOUNT, Instant(NOON + HOUR))
    assert list(scan_all(site.many.store, PERSON_TOKENS)) == []


@pytest.mark.threat("T437")
def test_an_app_makes_the_vault_speak_to_public_addresses_alone(site: PersonSite) -> None:
    asked: list[bool] = []

    def spoken(*told: object) -> bytes:
        asked.append(told[0].is_near)  # type: ignore[attr-defined]  # reason: an address
        return site.ids.spoken(*told)  # type: ignore[arg-type]  # reason: passed on

    core, many = site.many.vault.core, site.many
    for near, says in (((), False), ((site.ids.issuer,), True)):
        door = PersonLogins(core, many.registry, many.principals, site.rows, spoken, near)
        door.begin(canonical(many.one), ORIGIN)
        assert asked.pop() is says


@pytest.mark.threat("T437")
def test_a_slow_provider_of_one_app_keeps_nobody_of_another_waiting(site: PersonSite) -> None:
    told: list[str] = []

    def spoken(*asked: object) -> bytes:
        if len(told) < 2:
            told.append("slow")
            with suppress(BusyError):
                site.begun()
                told.append("went on")
            if len(told) == 2:
                site.begun(site.many.other)
                told.append("other app")
        return site.ids.spoken(*asked)  # type: ignore[arg-type]  # reason: passed on

    core, many = site.many.vault.core, site.many
    near = (site.ids.issuer,)
    site.door = PersonLogins(core, many.registry, many.principals, site.rows, spoken, near)
    site.begun()

    assert told == ["slow", "slow", "other app", "went on"]


@pytest.mark.threat("T437")
def test_who_is_suspended_erased_or_unknown_lets_nobody_in(site: PersonSite) -> None:
    many = site.many
    came = site.back(site.begun())
    many.commit(many.registry.change(many.app(many.one), SUSPENDED))
    with pytest.raises(DeniedError):
        site.door.finish(came, ORIGIN)
    for app in (canonical(many.one), canonical(site.ada), "app", ""):
        assert site.door.way_in(app) is None
        with pytest.raises(DeniedError):
            site.door.begin(app, ORIGIN)

    many.commit(many.registry.change(many.app(many.one), ACTIVE))
    assert site.who() == site.ada


@pytest.mark.threat("T437")
def test_a_sign_in_elsewhere_says_no_more_than_a_link_once_there_is_a_passkey(
    site: PersonSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, token = site.many, site.enter().token
    assert many.principals.person(token).may_choose
    monkeypatch.setattr("sealhold.vault.principals.has_passkey", lambda *_: True)

    assert not many.principals.person(token).may_choose
    with pytest.raises(DeniedError):
        site.door.unbind_mine(token)
    assert site.door.login(token) is not None

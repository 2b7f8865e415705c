"""Providers, clients and browsers that lie: each is one and the same no, and nobody is let in."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.compute import logindoor
from sealhold.compute.logindoor import Logins
from sealhold.model.errors import (
    BusyError,
    ConflictError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    NotFoundError,
    ProviderAwayError,
    UnboundLoginError,
    WrongPassphraseError,
)
from sealhold.model.ids import Id16, canonical
from sealhold.model.logins import Begun, CameBack, Entered, LoginRole, Provider
from sealhold.model.quantities import DAY, HOUR, MINUTE, SECOND, Instant
from sealhold.stores.spec import Put
from sealhold.vault import logins as rows_module
from sealhold.vault.deciding import scan_all
from sealhold.vault.loginrows import LOGINS
from sealhold.vault.tokenrows import OFFICER_TOKENS
from tests.scenarios.idprovider import (
    ACCOUNT,
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
from tests.unit.people_vault import Crowd, crowd

ORIGIN, PASSPHRASE = "https://vault.example", "the owner"
BACK = f"{ORIGIN}/login/back/work"
Bend = Callable[[Json], object]


@dataclass
class Site:
    """A vault, its door for sign-ins, and the provider that it trusts."""

    many: Crowd
    ids: IdProvider
    door: Logins

    def opened(self, *providers: Provider) -> Logins:
        """Return the door of the same vault, with other providers in its settings."""
        configured = {each.name: each for each in providers}
        refused = self.many.principals.refused
        core = self.many.vault.core
        return Logins(core, configured, self.ids.spoken, refused, lambda p: p == PASSPHRASE)

    def begun(self) -> Begun:
        return self.door.begin("work", ORIGIN)

    def back(self, begun: Begun, **other: str) -> CameBack:
        """Return what the browser brings back that began."""
        came = self.ids.authorized(begun.url)
        return self.form(begun, came, **other)

    def form(self, begun: Begun, came: Json, **other: str) -> CameBack:
        said = {
            "provider": "work",
            "state": came.get("state", ""),
            "code": came.get("code", ""),
            "issuer": came.get("iss", ""),
            "error": came.get("error", ""),
            "browser": begun.browser,
        }
        return CameBack(**{**said, **other})

    def enter(self, **other: str) -> Entered:
        """Sign in, from the beginning to the end."""
        return self.door.finish(self.back(self.begun(), **other), ORIGIN)

    def refused(self, **other: str) -> DeniedError:
        with pytest.raises(DeniedError) as told:
            self.enter(**other)
        assert not isinstance(told.value, UnboundLoginError)
        return told.value


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdProvider]:
    with identities(tmp_path_factory.mktemp("ids"), lambda: NOON) as found:
        yield found


@pytest.fixture
def site(served: IdProvider) -> Iterator[Site]:
    fresh = IdProvider(port=served.port, roots=served.roots, clock=lambda: NOON, backs={BACK})
    served.__dict__.update(fresh.__dict__)  # what the test before bent
    with crowd() as many:
        served.clock = many.time
        found = Site(many, served, None)  # type: ignore[arg-type]  # reason: made in the next line
        found.door = found.opened(served.provider())
        found.door.add("work", ACCOUNT, "", PASSPHRASE)
        yield found


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
    monkeypatch.setattr(logindoor, "MOST", 2)
    first, second, third = (site.begun() for _ in range(3))

    for begun, enters in ((first, False), (second, True), (third, True)):
        with suppress(DeniedError):
            site.door.finish(site.back(begun), ORIGIN)
            assert enters


# --- T313: other providers, and where browsers are sent ---


@pytest.mark.threat("T313")
def test_an_answer_of_another_provider_is_none_of_this_one(site: Site) -> None:
    evil = site.ids.provider("evil", client="other")
    site.door = site.opened(site.ids.provider(), evil)
    site.ids.backs.add(f"{ORIGIN}/login/back/evil")

    site.refused(provider="evil")
    site.refused(issuer="https://evil.example")
    site.refused(issuer=site.ids.issuer + "/")


@pytest.mark.threat("T313")
def test_a_provider_that_says_to_name_itself_must(site: Site) -> None:
    site.ids.bend_answer = lambda answer: {k: v for k, v in answer.items() if k != "iss"}
    site.refused()

    site.ids.bend_described = lambda said: {
        **said, "authorization_response_iss_parameter_supported": False
    }  # fmt: skip
    site.door = site.opened(site.ids.provider())
    assert site.enter().role is LoginRole.OWNER
    site.refused(issuer="https://evil.example")


DESCRIBED: dict[str, Json] = {
    "another issuer": {"issuer": "https://id.example.org"},
    "no issuer": {"issuer": None},
    "no PKCE with S256": {"code_challenge_methods_supported": ["plain"]},
    "plain HTTP": {"token_endpoint": "http://localhost/token"},
    "a file": {"jwks_uri": "file:///etc/passwd"},
    "a script": {"authorization_endpoint": "javascript:alert(1)"},
    "a name before the host": {"authorization_endpoint": "https://localhost@evil.example/"},
    "a line break": {"token_endpoint": "https://localhost/token\r\nX: y"},
    "a space": {"token_endpoint": "https://localhost/to ken"},
    "a port that is none": {"token_endpoint": "https://localhost:99999999/"},
    "no address": {"token_endpoint": 7},
}


@pytest.mark.threat("T313")
@pytest.mark.parametrize("described", DESCRIBED)
def test_a_provider_that_is_not_what_the_owner_wrote_down_is_not_gone_to(
    site: Site, described: str
) -> None:
    site.ids.bend_described = lambda said: {**said, **DESCRIBED[described]}

    with pytest.raises(ProviderAwayError):
        site.begun()


@pytest.mark.threat("T313")
@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff"])
def test_a_provider_that_says_nothing_sensible_is_away(site: Site, said: bytes) -> None:
    site.ids.bend_described = lambda _: said

    with pytest.raises(ProviderAwayError):
        site.begun()


@pytest.mark.threat("T313")
def test_the_provider_sends_nobody_back_to_another_place(site: Site) -> None:
    begun = site.door.begin("work", "https://evil.example")

    with pytest.raises(ValueError, match="not registered"):
        site.ids.sent_back(begun.url)
    came = site.back(site.begun())
    with pytest.raises(DeniedError):
        site.door.finish(came, "https://evil.example")


@pytest.mark.threat("T313")
def test_a_provider_says_no_and_its_words_are_repeated_to_nobody(site: Site) -> None:
    told = site.refused(error="access_denied <b>planted</b>")

    assert "planted" not in str(told)
    assert "planted" not in repr(site.many.events(EventKind.ACCESS))


@pytest.mark.threat("T313")
def test_a_client_with_a_secret_shows_it_to_the_token_address_alone(site: Site) -> None:
    site.ids.secret = "s3cret:+/ä".encode().hex()
    site.refused()

    site.door = site.opened(site.ids.provider(secret=site.ids.secret))

    assert site.enter().role is LoginRole.OWNER
    assert not any(site.ids.secret in path for _, path in site.ids.asked)


# --- T314: who may enter ---


@pytest.mark.threat("T314")
@pytest.mark.parametrize("account", ["somebody", ACCOUNT + "1", ACCOUNT[:-1], ACCOUNT + " "])
def test_an_account_that_nobody_let_in_is_told_its_name_and_not_let_in(
    site: Site, account: str
) -> None:
    site.ids.account = account

    with pytest.raises(UnboundLoginError) as told:
        site.enter()

    assert (told.value.provider, told.value.sub) == ("work", account)


@pytest.mark.threat("T314")
def test_an_address_of_mail_lets_nobody_in(site: Site) -> None:
    site.door.add("work", "ada@example.org", "", PASSPHRASE)
    site.ids.account = "somebody"
    site.ids.bend_claims = lambda claims: {
        **claims, "email": "ada@example.org", "email_verified": True, "preferred_username": ACCOUNT,
    }  # fmt: skip

    with pytest.raises(UnboundLoginError):
        site.enter()


@pytest.mark.threat("T314")
@pytest.mark.parametrize("other", [{"client": "other"}, {"issuer": "https://id.example.org"}])
def test_the_same_account_of_another_provider_or_client_is_another_one(
    site: Site, other: dict[str, str]
) -> None:
    changed = replace(site.ids.provider(), **other)  # type: ignore[arg-type]  # reason: one field
    rows = rows_module.Logins(site.many.vault.core)

    with pytest.raises(UnboundLoginError):
        rows.enter(changed, ACCOUNT, Instant(NOON + HOUR))


@pytest.mark.threat("T314")
def test_only_the_passphrase_lets_somebody_in(site: Site) -> None:
    with pytest.raises(WrongPassphraseError):
        site.door.add("work", "eve", "", "wrong")

    assert [each.sub for each in site.door.all()] == [ACCOUNT]


@pytest.mark.threat("T314")
def test_a_login_that_was_taken_out_lets_in_no_more(site: Site) -> None:
    came = site.back(site.begun())
    site.door.remove("work", ACCOUNT)

    with pytest.raises(UnboundLoginError):
        site.door.finish(came, ORIGIN)
    with pytest.raises(NotFoundError):
        site.door.remove("work", ACCOUNT)


@pytest.mark.threat("T314")
def test_a_login_that_goes_in_the_very_moment_lets_in_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_module.Logins(site.many.vault.core)
    found = list(rows._found())
    rows.remove("work", ACCOUNT)
    monkeypatch.setattr(rows, "_found", lambda: iter(found))

    with pytest.raises(DeniedError, match=r"^denied$"):
        rows.enter(site.ids.provider(), ACCOUNT, Instant(NOON + HOUR))


@pytest.mark.threat("T314")
def test_a_row_that_was_put_in_behind_the_vault_lets_nobody_in(site: Site) -> None:
    core = site.many.vault.core
    (row,) = scan_all(site.many.store, LOGINS)
    site.door.remove("work", ACCOUNT)

    site.many.bend(Put(LOGINS.name, row.row))

    with pytest.raises(UnboundLoginError):
        site.enter()
    assert core.deciding.get(LOGINS.name, row.row[0]) is None


@pytest.mark.threat("T314")
def test_no_row_tells_which_account_enters(site: Site) -> None:
    kept = repr(list(scan_all(site.many.store, LOGINS)))

    assert [word for word in (ACCOUNT, CLIENT, "localhost") if word in kept] == []


@pytest.mark.threat("T314")
def test_what_names_no_account_is_let_in_nowhere(site: Site) -> None:
    for account in ("", "x" * 256, "ä", "a\nb"):
        with pytest.raises(InvalidError):
            site.door.add("work", account, "", PASSPHRASE)
    with pytest.raises(InvalidError):
        site.door.add("work", "eve", "o-123", PASSPHRASE)
    with pytest.raises(NotFoundError):
        site.door.add("nowhere", "eve", "", PASSPHRASE)
    with pytest.raises(NotFoundError):
        site.door.add("work", "eve", "3b0f7a52-6c1d-4e8b-9a55-0c4de7a8f913", PASSPHRASE)
    with pytest.raises(ConflictError):
        site.door.add("work", ACCOUNT, "", PASSPHRASE)


def test_a_vault_has_so_many_logins(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MOST", 2)
    site.door.add("work", "bob", "", PASSPHRASE)

    with pytest.raises(ExhaustedError):
        site.door.add("work", "eve", "", PASSPHRASE)


def test_a_preview_says_what_would_be_and_keeps_nothing(site: Site) -> None:
    view = site.door.preview("work", "bob", "")

    assert (view.sub, view.role, view.issuer) == ("bob", LoginRole.OWNER, site.ids.issuer)
    assert [each.sub for each in site.door.all()] == [ACCOUNT]


# --- officers ---


@pytest.fixture
def officer(site: Site) -> str:
    view, _ = site.many.principals.mint_officer("Dora", Instant(NOON + 90 * DAY))
    site.door.add("work", "dora", canonical(view.id), PASSPHRASE)
    site.ids.account = "dora"
    return canonical(view.id)


@pytest.mark.threat("T314")
def test_an_officer_gets_one_token_at_a_time_that_is_no_more_than_an_officers(
    site: Site, officer: str
) -> None:
    principals = site.many.principals
    first, second = site.enter().token, site.enter().token

    assert first is not None
    assert second is not None
    assert canonical(principals.officer(second.token)) == officer
    assert second.until == NOON + 12 * HOUR
    for holder in (principals.officer, principals.kind):
        with pytest.raises(DeniedError):
            holder(first.token)
    with pytest.raises(DeniedError):
        principals.app(second.token)
    with pytest.raises(DeniedError):
        principals.person(second.token)
    told = site.many.events(EventKind.ACCESS)[0]
    assert (told.actor, told.reason) == (Actor.OFFICER, "a sign-in through a provider")


@pytest.mark.threat("T314")
def test_an_officers_token_ends_with_the_login_and_the_login_with_the_officer(
    site: Site, officer: str
) -> None:
    token = site.enter().token
    assert token is not None
    site.door.remove("work", "dora")
    with pytest.raises(DeniedError):
        site.many.principals.officer(token.token)

    site.door.add("work", "dora", officer, PASSPHRASE)
    site.enter()
    site.many.principals.revoke_officer(Id16(UUID(officer).bytes))

    with pytest.raises(UnboundLoginError):
        site.enter()
    assert [each.row for each in scan_all(site.many.store, OFFICER_TOKENS)] == []
    assert [each.sub for each in site.door.all()] == [ACCOUNT]


@pytest.mark.threat("T314")
def test_an_officer_whose_time_is_over_does_not_come_in_through_a_provider(
    site: Site, officer: str
) -> None:
    assert officer
    site.many.time.now = Instant(NOON + 90 * DAY - HOUR)
    last = site.enter().token
    assert last is not None
    assert last.until == NOON + 90 * DAY

    site.many.time.now = Instant(NOON + 90 * DAY)
    site.refused()


# --- how much ---


@pytest.mark.threat("T316")
def test_refused_sign_ins_make_two_entries_a_minute(site: Site) -> None:
    before = len(site.many.lines())
    for _ in range(20):
        site.refused(state="x")
    site.many.principals.refused.tell_rest()

    told = site.many.events(EventKind.ACCESS)[:2]
    assert len(site.many.lines()) == before + 2
    assert [(e.actor, e.outcome, e.more) for e in told] == [
        (Actor.OUTSIDER, Outcome.DENIED, 18),
        (Actor.OUTSIDER, Outcome.DENIED, 0),
    ]


@pytest.mark.threat("T313")
def test_of_many_who_sign_in_at_once_two_are_asked_for(site: Site) -> None:
    told: list[str] = []

    def spoken(*asked: Any) -> bytes:  # noqa: ANN401  # reason: passed on
        if len(told) < 2:
            told.append("asked")
            with suppress(BusyError):
                site.door.begin("work", ORIGIN)
                told.append("went on")
        return site.ids.spoken(*asked)

    refused = site.many.principals.refused
    configured = {"work": site.ids.provider()}
    site.door = Logins(site.many.vault.core, configured, spoken, refused, lambda _: False)
    site.begun()

    assert told == ["asked", "asked", "went on"]


def test_the_description_of_a_provider_is_asked_for_once_an_hour(site: Site) -> None:
    described = ("GET", "/.well-known/openid-configuration")
    site.begun()
    site.begun()
    assert site.ids.asked.count(described) == 1

    site.many.time.now = Instant(NOON + HOUR)
    site.begun()

    assert site.ids.asked.count(described) == 2


def test_a_provider_that_does_not_answer_is_away(site: Site, tmp_path: Path) -> None:
    assert tmp_path.exists()
    gone = site.ids.provider(issuer="https://localhost:1")

    def spoken(*asked: Any) -> bytes:  # noqa: ANN401  # reason: passed on
        return site.ids.fetched(*asked)

    refused = site.many.principals.refused
    door = Logins(site.many.vault.core, {"work": gone}, spoken, refused, lambda _: False)

    with pytest.raises(ProviderAwayError, match="cannot be reached"):
        door.begin("work", ORIGIN)

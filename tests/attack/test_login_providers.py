"""Providers that lie, and accounts that nobody let in: no session, no token, no word of theirs."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
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
from sealhold.model.logins import LoginRole
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.stores.spec import Put
from sealhold.vault import logins as rows_module
from sealhold.vault.deciding import scan_all
from sealhold.vault.loginrows import LOGINS
from sealhold.vault.tokenrows import OFFICER_TOKENS
from tests.attack.login_site import ORIGIN, PASSPHRASE, Site, site_of
from tests.scenarios.idprovider import (
    ACCOUNT,
    CLIENT,
    IdProvider,
    Json,
    identities,
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
    for holder in (principals.officer, principals.caller):
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

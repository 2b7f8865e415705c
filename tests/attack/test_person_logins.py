"""People who sign in through their app's provider: nobody comes in as another, or is made unasked.

What a provider can lie in an ID token is tried in `test_logins.py` on the same code; here is what
many apps add: whose account it is, which app asked, and what an app can and cannot do by it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
    InvalidError,
    InvalidIdError,
    NotFoundError,
    SealBrokenError,
)
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.logins import IssuerWish
from sealhold.model.principals import Way
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.stores.spec import Put
from sealhold.vault.deciding import scan_all
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personloginrows import ISSUERS, PERSON_LOGINS, login_faults
from sealhold.vault.retagging import retag
from sealhold.vault.subjects import SUBJECTS
from tests.attack.person_login_site import PersonSite, site_of
from tests.scenarios.idprovider import (
    ACCOUNT,
    CLIENT,
    IdProvider,
    Json,
)
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import crowd


@pytest.fixture
def site() -> Iterator[PersonSite]:
    with crowd() as many:
        yield site_of(many, IdProvider(port=8443, roots="", clock=many.time))


def people(site: PersonSite) -> int:
    return sum(1 for _ in scan_all(site.many.store, SUBJECTS))


# --- coming in ---


def test_somebody_comes_in_as_the_person_that_their_account_is(site: PersonSite) -> None:
    token = site.enter()
    held = site.many.principals.person(token.token)

    assert (held.subject, held.app, held.way) == (site.ada, site.many.one, Way.PROVIDER)
    assert token.until == NOON + 12 * HOUR
    told = site.many.events(EventKind.ACCESS)[0]
    assert (told.actor, told.reason) == (Actor.PERSON, "a sign-in through a provider")
    assert told.app == site.many.one


def test_the_app_sees_its_provider_without_the_secret_and_takes_it_out(site: PersonSite) -> None:
    token = site.many.tokens[0]
    told = site.door.set_issuer(token, site.wish(secret="s3cret-s3cret"))

    assert (told.issuer, told.client_id, told.has_secret) == (site.ids.issuer, CLIENT, True)
    assert "s3cret" not in repr((told, list(scan_all(site.many.store, ISSUERS))))
    assert "s3cret" not in repr(site.wish(secret="s3cret-s3cret"))
    assert site.door.issuer(token) == told == site.door.unset_issuer(token)
    for asked in (site.door.issuer, site.door.unset_issuer):
        with pytest.raises(NotFoundError):
            asked(token)
    with pytest.raises(DeniedError):
        site.begun()
    assert site.door.way_in(canonical(site.many.one)) is None


@pytest.mark.parametrize(
    ("issuer", "client", "secret"),
    [
        ("http://id.example.org", "c", ""),
        ("https://id.example.org?x=1", "c", ""),
        ("https://user@id.example.org", "c", ""),
        ("https://id.example.org\n", "c", ""),
        ("https://" + "a" * 500, "c", ""),
        ("", "c", ""),
        ("https://id.example.org", "", ""),
        ("https://id.example.org", "c d", ""),
        ("https://id.example.org", "c", "a\nb"),
    ],
)
def test_what_names_no_provider_is_refused(
    site: PersonSite, issuer: str, client: str, secret: str
) -> None:
    with pytest.raises(InvalidError):
        site.door.set_issuer(
            site.many.tokens[0], IssuerWish(issuer=issuer, client=client, secret=secret)
        )


# --- T436: a claim makes nobody by itself ---


@pytest.mark.threat("T436")
@pytest.mark.parametrize("account", ["somebody", ACCOUNT + "1", ACCOUNT[:-1], ACCOUNT + " "])
def test_an_account_that_nobody_named_comes_in_as_nobody_and_makes_nobody(
    site: PersonSite, account: str
) -> None:
    site.ids.account, before = account, people(site)

    site.refused()

    assert people(site) == before
    told = site.many.events(EventKind.ACCESS)[0]
    assert (told.outcome, told.actor) == (Outcome.DENIED, Actor.OUTSIDER)
    assert account not in repr(site.many.lines())


@pytest.mark.threat("T436")
def test_an_account_makes_one_person_where_the_app_said_so_before(site: PersonSite) -> None:
    site.door.set_issuer(site.many.tokens[0], site.wish(makes_people=True))
    site.ids.account, before = "somebody", people(site)

    first, second = site.who(), site.who()

    assert first == second != site.ada
    assert people(site) == before + 1
    assert site.door.find(site.many.tokens[0], "somebody") == (first,)
    site.refused(site.many.other)  # the other app did not say so


@pytest.mark.threat("T436")
def test_of_many_who_come_in_at_once_by_one_account_one_person_is_made(site: PersonSite) -> None:
    site.door.set_issuer(site.many.tokens[0], site.wish(makes_people=True))
    issuer = site.rows.issuer(site.many.one, lambda _: True)
    assert issuer is not None
    before = people(site)

    def once(_: int) -> SubjectId:
        token = site.rows.enter(issuer, "somebody", Instant(NOON + HOUR)).token
        return site.many.principals.person(token).subject

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(once, range(24)))) == 1

    assert people(site) == before + 1


@pytest.mark.threat("T436")
@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ada@example.org", "email_verified": True, "preferred_username": ACCOUNT},
        {"sub": [ACCOUNT]},
        {"sub_jwk": {"sub": ACCOUNT}, "act": {"sub": ACCOUNT}},
    ],
)
def test_nothing_but_the_account_says_who_somebody_is(site: PersonSite, claims: Json) -> None:
    site.ids.account = "somebody"
    site.ids.bend_claims = lambda said: {**said, **claims}

    site.refused()


# --- T436: one account in two apps ---


@pytest.mark.threat("T436")
def test_one_account_in_two_apps_is_two_people_that_nothing_joins(site: PersonSite) -> None:
    many = site.many
    bob = many.person(many.other)
    site.door.bind(many.tokens[1], canonical(bob), ACCOUNT)

    assert (site.who(), site.who(many.other)) == (site.ada, bob)
    one, other = (found.row for found in scan_all(many.store, PERSON_LOGINS))
    assert one[1] != other[1]
    kept = repr(list(scan_all(many.store, PERSON_LOGINS)))
    assert [word for word in (ACCOUNT, "localhost", CLIENT) if word in kept] == []


@pytest.mark.threat("T436")
def test_an_account_that_one_app_named_does_not_come_in_at_another(site: PersonSite) -> None:
    site.refused(site.many.other)

    with pytest.raises(DeniedError):  # nor is a person of another app bound
        site.door.bind(site.many.tokens[1], canonical(site.ada), ACCOUNT)
    assert site.door.find(site.many.tokens[1], ACCOUNT) == ()


@pytest.mark.threat("T436")
def test_a_login_that_was_moved_beside_another_person_lets_nobody_in(site: PersonSite) -> None:
    many = site.many
    bob = many.person(name="Bob")
    (found,) = scan_all(many.store, PERSON_LOGINS)
    moved = (*found.row[:2], bob, found.row[3])
    entry = many.vault.core.deciding
    many.commit(Put(PERSON_LOGINS.name, moved, found.v))  # with all hashes right
    assert entry.get(PERSON_LOGINS.name, *found.row[:2]) is not None

    with pytest.raises(SealBrokenError):
        site.enter()
    assert any("a login of person" in fault for fault in people_faults(many.vault.core))


@pytest.mark.threat("T436")
def test_a_row_that_was_put_in_behind_the_vault_lets_nobody_in(site: PersonSite) -> None:
    (found,) = scan_all(site.many.store, PERSON_LOGINS)
    site.door.unbind(site.many.tokens[0], canonical(site.ada))

    site.many.bend(Put(PERSON_LOGINS.name, found.row))

    site.refused()


@pytest.mark.threat("T436")
def test_an_account_is_one_person_and_a_person_one_account(site: PersonSite) -> None:
    many, token = site.many, site.many.tokens[0]
    bob = many.person(name="Bob")
    with pytest.raises(ConflictError):
        site.door.bind(token, canonical(bob), ACCOUNT)

    site.door.bind(token, canonical(site.ada), ACCOUNT)  # again
    site.door.bind(token, canonical(site.ada), "another")

    assert len(list(scan_all(many.store, PERSON_LOGINS))) == 1
    site.refused()
    site.ids.account = "another"
    assert site.who() == site.ada
    for account in ("", "x" * 256, "ä", "a\nb"):
        with pytest.raises(InvalidError):
            site.door.bind(token, canonical(bob), account)
        with pytest.raises(InvalidError):
            site.door.find(token, account)
    with pytest.raises(InvalidIdError):
        site.door.bind(token, "s-123", "bob")


@pytest.mark.threat("T436")
def test_with_a_person_their_login_goes_and_its_tag_cannot_be_tried_any_more(
    site: PersonSite,
) -> None:
    many = site.many
    (found,) = scan_all(many.store, PERSON_LOGINS)
    many.people.erase(many.one, site.ada)

    site.refused()
    assert list(scan_all(many.store, PERSON_LOGINS)) == []
    many.bend(Put(PERSON_LOGINS.name, found.row))  # an old backup
    assert "a login is of nobody" in "".join(people_faults(many.vault.core))


@pytest.mark.threat("T436")
def test_logins_get_the_tag_of_another_key_with_the_others(
    site: PersonSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = site.many.vault.core
    (before,) = scan_all(site.many.store, PERSON_LOGINS)
    ring = core.keyring
    tags = ring.tags(site.many.other)  # a key that nobody had before, as after an epoch
    monkeypatch.setattr(type(ring), "tags", lambda *_: tags)
    assert list(login_faults(core, core.keyring.subject(site.ada))) != []

    retag(core, [site.many.one])

    (after,) = scan_all(site.many.store, PERSON_LOGINS)
    assert after.row[1] != before.row[1]
    assert list(login_faults(core, core.keyring.subject(site.ada))) == []
    assert site.who() == site.ada
    retag(core)
    assert [each.row for each in scan_all(site.many.store, PERSON_LOGINS)] == [after.row]


def test_a_person_takes_their_own_login_out_and_nobody_elses(site: PersonSite) -> None:
    many, token = site.many, site.enter().token
    bob = many.person(name="Bob")
    site.door.bind(many.tokens[0], canonical(bob), "bob")
    with pytest.raises(DeniedError):
        site.door.unbind(token, canonical(bob))
    with pytest.raises(DeniedError):
        site.door.unbind(many.tokens[1], canonical(bob))

    site.door.unbind_mine(token)

    assert site.door.login(token) is None
    with pytest.raises(NotFoundError):
        site.door.unbind_mine(token)
    site.refused()
    assert site.door.find(many.tokens[0], "bob") == (bob,)


@pytest.mark.threat("T295")
def test_nobody_tries_out_whose_accounts_are_there_beyond_a_days_lookups(site: PersonSite) -> None:
    token, lookups = site.many.tokens[0], site.many.people.lookups
    lookups.most = 3
    for account in (ACCOUNT, "nobody", "nobody else"):
        site.door.find(token, account)

    for account in (ACCOUNT, "nobody"):
        with pytest.raises(DeniedError, match=r"^denied$"):
            site.door.find(token, account)
    site.many.time.now = Instant(NOON + DAY)
    assert site.door.find(token, ACCOUNT) == (site.ada,)

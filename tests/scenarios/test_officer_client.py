"""All that the client can ask for as an officer, and an app's provider, asked of a served vault."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealhold.client import (
    AsyncVault,
    ClientKey,
    ConflictError,
    DeniedError,
    InvalidError,
    Token,
    Vault,
    attachments,
    breaches,
    cases,
    choices,
    holds,
    logins,
    office,
    people,
    processings,
    records,
    rights,
)
from sealhold.client.answers import Reason
from sealhold.client.said import Terms
from sealhold.model.ids import canonical
from sealhold.model.logins import IssuerWish
from sealhold.model.quantities import rfc3339
from sealhold.vault.personloginrows import ISSUERS, PERSON_LOGINS
from tests.loops import in_a_loop
from tests.scenarios.access_ids import collection
from tests.scenarios.access_site import AccessSite, access_site
from tests.scenarios.vaults import PASSPHRASE, Asker
from tests.unit.people_vault import MARKETING, RULES, SERVICE

NOTES = "notes"
CODE = hashlib.sha256(b"print()").hexdigest()
LONG = Reason(ground="eu-gdpr:JustificationA12Complexity", text="many records")
WHO = Reason(ground="eu-gdpr:JustificationA12IdentityRequired", text="another address")
UNFOUNDED = Reason(ground="eu-gdpr:JustificationA12ManifestlyUnfounded", text="the tenth today")
UNLIKELY = Reason(ground="eu-gdpr:JustificationA33RiskUnlikely", text="it was sealed")
LATE = Reason(ground="eu-gdpr:JustificationA12Delay", text="an illness")
DAY = 86_400_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessSite]:
    with access_site(tmp_path_factory.mktemp("officer") / "home") as found:
        yield found


@pytest.fixture(scope="module")
def app(site: AccessSite) -> Iterator[Vault]:
    with Vault(f"http://localhost:{site.port}", site.one.token) as found:
        yield found


@pytest.fixture(scope="module")
def officer(site: AccessSite, app: Vault) -> Vault:
    return app.holding(site.officer_token)


def test_a_request_is_entered_and_taken_step_by_step(
    site: AccessSite, app: Vault, officer: Vault
) -> None:
    who, name = app(people.make()).subject, site.one.id
    then = site.node.parts.core.clock() - DAY
    case = officer(cases.enter(name, who, "eu-gdpr:A15", then))
    assert (case.subject, case.right, case.is_closed) == (who, "eu-gdpr:A15", False)

    officer(cases.acknowledge(case.id))
    assert officer(cases.suspend(case.id, [WHO])).is_waiting
    assert not officer(cases.verify_identity(case.id)).is_waiting
    assert officer(cases.extend(case.id, [LONG])).is_extended
    with pytest.raises(ConflictError):
        officer(cases.extend(case.id, [LONG]))
    officer(cases.accept(case.id))
    assert officer(cases.delay(case.id, [LATE])).state
    assert officer(cases.fulfil(case.id)).is_closed
    assert officer(rights.show(case.id)).steps[-1].step

    second = officer(cases.enter(name, who, "eu-gdpr:A15"))
    officer(cases.acknowledge(second.id))
    refused = officer(cases.reject(second.id, [UNFOUNDED]))
    assert refused.is_closed
    assert {case.id, second.id} <= {each.id for each in officer(rights.every()).requests}
    third = officer(cases.enter(name, who, "eu-gdpr:A15"))
    officer(cases.acknowledge(third.id))
    officer(cases.accept(third.id))
    assert officer(cases.unfulfil(third.id, [UNFOUNDED])).is_closed
    with pytest.raises(DeniedError):
        app(cases.acknowledge(case.id))  # an app says nothing of it


def test_an_officer_exports_restricts_and_erases_at_a_persons_word(
    app: Vault, officer: Vault
) -> None:
    who = app(people.make())
    app(people.replace(who, {"name": "Ann Quillfeather"}, SERVICE))

    with officer.stream(rights.export(who.subject)) as pieces:
        told = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert b"Quillfeather" in told.read("profile.json")
    assert officer(choices.restrict(who.subject)).is_restricted
    assert officer(choices.lift(who.subject)).lifts_at  # who restricted it is told first
    assert list(officer.each(choices.uses(who.subject)))
    gone = officer(cases.erase(who.subject))
    assert officer(cases.erase(who.subject)).receipt == gone.receipt
    assert officer(people.receipt(gone.receipt)).paper == gone.paper
    with pytest.raises(DeniedError):
        app(people.show(who.subject))


def test_a_breach_is_entered_measured_told_of_and_closed(
    site: AccessSite, app: Vault, officer: Vault
) -> None:
    app(people.show(app(people.make()).subject))
    now, name = site.node.parts.core.clock(), site.one.id
    breach = officer(breaches.enter("a laptop was lost", now - DAY))

    found = officer(breaches.scope(breach.id, name, now - DAY, now + DAY))
    assert [each.app for each in found.scopes]
    assert found.scopes[0].people_at_most >= 1
    officer(breaches.notify(breach.id, "eu-gdpr:DPABreachInitialNotice"))
    officer(breaches.spare(breach.id, "persons", [UNLIKELY]))
    officer(breaches.notify(breach.id, "eu-gdpr:DPAPhasedBreachNotice"))
    assert officer(breaches.close(breach.id)).is_closed
    assert not officer(breaches.reopen(breach.id)).is_closed
    assert officer(breaches.show(breach.id)).id in {
        each.id for each in officer(breaches.every()).breaches
    }


def test_what_is_held_of_an_erased_person_is_read_for_that_duty_alone(
    site: AccessSite, app: Vault, officer: Vault
) -> None:
    site.id_of("/v1/apps/{id}/collections/{coll}", collection)
    who, name = app(people.make()), site.one.id
    app(people.replace(who, {"name": "Ann"}, SERVICE))
    head = app(records.make(who.subject, NOTES, {"text": "owed"}, SERVICE))
    app(attachments.put(head, 1, b"a bill", SERVICE, media="text/plain"))
    until = site.node.parts.core.clock() + DAY
    wish = holds.Wish(
        app=name, ground="LegalClaims", law="the civil code", until=until, subject=who.subject,
        fields=("name",), collections=(NOTES,),
    )  # fmt: skip
    assert officer(holds.plan(wish)).people == 1
    hold = officer(holds.declare(wish))
    assert officer(rights.staying(who.subject)).stays
    app(people.erase(who.subject))

    (kept,) = officer(holds.show(hold.id)).keepings
    assert officer(holds.every()).holds[0].kept == 1
    assert officer(holds.profile(kept.id, hold.purpose)).fields == {"name": "Ann"}
    assert "Ann" not in repr(officer(holds.profile(kept.id, hold.purpose)))
    (record,) = officer.each(holds.records(kept.id, NOTES, hold.purpose))
    assert record.content == {"text": "owed"}
    named = (kept.id, NOTES, record.head.id)
    assert len(officer(holds.attachments(*named, hold.purpose)).attachments) == 1
    with officer.stream(holds.attachment(*named, 1, hold.purpose)) as pieces:
        assert b"".join(pieces) == b"a bill"
    with pytest.raises(DeniedError):
        officer(holds.profile(kept.id, SERVICE))
    with pytest.raises(DeniedError):
        app(holds.profile(kept.id, hold.purpose))
    assert officer(holds.lift(hold.id)).keepings
    assert hold.id not in {each.id for each in officer(holds.every()).holds}


def test_a_processing_is_assessed_activated_and_retired(app: Vault, officer: Vault) -> None:
    terms = Terms(
        name="Letter", code=CODE, purpose=MARKETING, basis="eu-gdpr:A6-1-a", retention_days=3,
        fields=("name",), output_bytes=100, risk="high",
    )  # fmt: skip
    made = app(processings.register(terms))
    assert made.needs_assessment
    with pytest.raises(ConflictError):
        officer(office.activate(made.processing))

    low = "eu-gdpr:DPIAOutcomeLowRisk"
    assert officer(office.assess(made.processing, low, "few data", "ab" * 32)).assessment
    assert officer(office.activate(made.processing)).state == "active"
    notice = officer(office.publish(made.processing, "cd" * 32, "en", "1"))
    assert app(processings.notices(made.processing)).notices == (notice,)
    assert officer(office.retire(made.processing)).state == "retired"
    with pytest.raises(DeniedError):
        app(office.activate(made.processing))


def test_recipients_are_kept_and_the_record_of_all_is_read(
    site: AccessSite, officer: Vault
) -> None:
    mailer = officer(office.add_recipient(site.one.id, "Mailer Ltd", "m@example.org"))
    assert mailer in officer(office.recipients()).recipients

    assert "Mailer Ltd" in json.dumps(json.loads(officer(office.ropa())))
    assert list(csv.reader(io.StringIO(officer(office.ropa_table("processor")).decode())))
    assert officer(office.alerts()) == ()
    month = rfc3339(site.node.parts.core.clock())[:7]
    assert officer(office.statement(month)).drawn.month == month
    assert len(officer(office.statement_paper(month))) > 100
    assert officer(office.end_recipient(mailer.id)) == mailer
    with pytest.raises(InvalidError):
        office.ropa("controller\r\nx: y")


def test_a_loop_asks_the_same_as_an_officer(site: AccessSite) -> None:
    async def asked() -> int:
        url = f"http://localhost:{site.port}"
        async with AsyncVault(url, site.officer_token) as officer:
            breach = await officer(breaches.enter("a parcel"))
            found = await officer(breaches.every())
            return [each.id for each in found.breaches].count(breach.id)

    assert in_a_loop(asked()) == 1


def test_a_token_that_is_bound_to_a_key_serves_the_client_that_has_it_and_no_other(
    site: AccessSite,
) -> None:
    url, hashed = f"http://localhost:{site.port}", lambda data: hashlib.sha256(data).digest()
    mine, other = (
        ClientKey(each.public_key().public_bytes_raw(), each.sign, hashed)
        for each in (Ed25519PrivateKey.generate() for _ in range(2))
    )
    site.id_of("/v1/apps/{id}/collections/{coll}", collection)
    body = {"passphrase": PASSPHRASE, "client": mine.name}
    token = site.made(f"/v1/apps/{site.one.id}/credentials", site.owner, body)["token"]
    with Vault(url, token, key=mine) as app, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sealhold.client.proof.now", site.node.parts.core.clock)
        who = app(people.make())
        app(people.replace(who, {"name": "Ann"}, SERVICE))
        read = app(people.read(who.subject, SERVICE, ["name"]))
        note = app(records.make(who.subject, "notes", {"n": 1}, SERVICE))
        app(attachments.put(note, 1, b"x" * 100_000, SERVICE, media="text/plain"))
        with app.stream(
            attachments.read(app(attachments.every(note, SERVICE)).attachments[0], SERVICE)
        ) as pieces:
            assert len(b"".join(pieces)) == 100_000
        assert read.fields == {"name": "Ann"}
        for key in (None, other):
            with Vault(url, token, key=key) as thief, pytest.raises(DeniedError):
                thief(people.read(who.subject, SERVICE, ["name"]))


@pytest.mark.threat("T438")
def test_a_call_that_was_copied_off_the_wire_is_of_no_use(site: AccessSite) -> None:
    key = Ed25519PrivateKey.generate()
    mine = ClientKey(
        key.public_key().public_bytes_raw(), key.sign, lambda data: hashlib.sha256(data).digest()
    )
    body = {"passphrase": PASSPHRASE, "client": mine.name}
    token = site.made(f"/v1/apps/{site.one.id}/credentials", site.owner, body)["token"]
    sent: list[httpx.Request] = []

    class Tap(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return super().handle_request(request)

    url, clock = f"http://localhost:{site.port}", site.node.parts.core.clock
    with (
        Vault(url, token, key=mine, transport=Tap()) as app,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("sealhold.client.proof.now", clock)
        who = app(people.make())
        app(people.replace(who, {"name": "Ann"}, SERVICE))
    (put,) = [each for each in sent if each.method == "PUT"]
    again = dict(put.headers)
    with httpx.Client(trust_env=False) as thief:
        for address, content in (
            (put.url, put.content),  # the very same
            (put.url, b'{"fields":{"name":"Eve"}}'),  # with another body
            (f"{url}/v1/subjects/{site.one.people[0]}/profile", put.content),
        ):
            headers = {**again, "content-length": str(len(content))}
            told = thief.request("PUT", address, headers=headers, content=content)
            assert (told.status_code, told.json()["code"]) == (403, "DENIED")


def test_a_key_is_named_by_its_digest_or_no_token_is_made(site: AccessSite) -> None:
    path = f"/v1/apps/{site.one.id}/credentials"

    for client in ("x", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"):
        body = json.dumps({"passphrase": PASSPHRASE, "client": client}).encode()
        assert site.call("POST", path, site.owner, body).status == 422


def test_with_an_app_that_is_removed_its_provider_and_its_secret_go(site: AccessSite) -> None:
    asker = Asker(site.node, "Gone")
    site.node.people.lay_down(asker.shown, RULES, PASSPHRASE)
    wish = IssuerWish(issuer="https://id.example.org", client="app", secret="s3cret-s3cret")
    made = site.node.callers.person_logins.set_issuer(asker.token, wish)
    rows = site.node.parts.core.deciding
    assert rows.get(ISSUERS.name, made.app) is not None
    shown = site.node.apps.show(asker.shown)
    assert shown.issuer is not None
    assert (shown.issuer.issuer, shown.issuer.client_id) == ("https://id.example.org", "app")
    assert "s3cret" not in repr(shown)

    site.node.apps.remove(asker.shown)

    assert rows.get(ISSUERS.name, made.app) is None
    assert site.node.callers.person_logins.way_in(canonical(made.app)) is None


@pytest.mark.threat("T436")
def test_after_an_epoch_of_an_erasure_logins_stand_under_tags_that_nobody_had(
    site: AccessSite, app: Vault
) -> None:
    core, account = site.node.parts.core, "of-this-epoch"
    app(logins.name_issuer("https://id.example.org", "app"))
    ann, gone = (app(people.make()).subject for _ in range(2))
    app(logins.bind(ann, account))
    app(people.erase(gone))
    before = {each.row[1] for each in core.deciding.all(PERSON_LOGINS.name)}

    site.node.keys.close(PASSPHRASE)

    after = {each.row[1] for each in core.deciding.all(PERSON_LOGINS.name)}
    assert len(after) == len(before) > 0
    assert not before & after
    assert app(logins.find(account)) == (ann,)
    app(logins.unbind(ann))
    app(logins.end_issuer())
    assert site.node.audit.verify().whole is True


def test_an_app_names_its_provider_and_whose_account_is_whose(app: Vault) -> None:
    with pytest.raises(DeniedError):
        app(logins.issuer())
    secret = Token("s3cret-s3cret")
    named = app(logins.name_issuer("https://id.example.org", "app", secret))
    ann, bob = (app(people.make()).subject for _ in range(2))

    assert (named.has_secret, named.makes_people) == (True, False)
    assert named.comes_back.removeprefix("/me/back/") == named.app
    assert app(logins.issuer()) == named
    assert app(logins.bind(ann, "248289761001")).subject == ann
    assert app(logins.find("248289761001")) == (ann,)
    with pytest.raises(DeniedError):
        app(logins.bind(bob, "248289761001"))
    me = app.holding(app(people.token(ann)).token)
    with pytest.raises(DeniedError):
        me(logins.issuer())
    me(logins.unbind(ann))
    assert app(logins.find("248289761001")) == ()
    assert app(logins.end_issuer()) == named
    with pytest.raises(DeniedError):
        app(logins.bind(ann, "248289761001"))

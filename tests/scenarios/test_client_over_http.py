"""All that the client can ask for, asked of a served vault: as an app, as a person, in a loop."""

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sealhold.client import (
    AsyncVault,
    DeniedError,
    InvalidError,
    Patience,
    StaleError,
    UnavailableError,
    Vault,
    attachments,
    choices,
    people,
    processings,
    records,
    rights,
)
from sealhold.client.said import Terms
from tests.calm import Calm
from tests.loops import in_a_loop
from tests.scenarios.people_site import MARKETING, SERVICE
from tests.scenarios.realpages import free_port
from tests.scenarios.records_site import NOTES, RecordsSite, records_site
from tests.transcripts.cli import Cli
from tests.unit.client_samples import BY_ROUTE, LEFT_OUT

CODE = hashlib.sha256(b"print()").hexdigest()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordsSite]:
    with records_site(tmp_path_factory.mktemp("client"), "sqlcipher") as found:
        yield found


@pytest.fixture(scope="module")
def url(site: RecordsSite) -> str:
    return f"http://localhost:{site.site.port}"


@pytest.fixture(scope="module")
def vault(site: RecordsSite, url: str) -> Iterator[Vault]:
    with Vault(url, site.token) as found:
        yield found


def test_each_route_that_is_served_to_apps_people_and_officers_is_called_or_left_out(
    site: RecordsSite,
) -> None:
    served = site.use("GET", "/v1/openapi.json").json["paths"]
    routes = {
        f"{method.upper()} {path}"
        for path, methods in served.items()
        for method, told in methods.items()
        if {"app", "person", "officer"} & set(told["x-roles"])
    }

    assert routes == (BY_ROUTE.keys() - {"GET /v1/notices"}) | LEFT_OUT.keys()


# --- as an app ---


def test_a_person_is_made_written_read_changed_found_and_erased(vault: Vault) -> None:
    who = vault(people.make())
    first = vault(people.replace(who, {"name": "Ann", "mail": "ann@example.org"}, SERVICE))
    read = vault(people.read(who.subject, SERVICE))
    assert (read.fields, read.version) == ({"name": "Ann", "mail": "ann@example.org"}, 1)
    assert vault(people.read(who.subject, SERVICE, ["name"])).fields == {"name": "Ann"}

    second = vault(people.change(first, {"name": "Bea", "mail": None}, SERVICE))
    assert (second.version, vault(people.show(who.subject)).version) == (2, 2)
    with pytest.raises(StaleError) as caught:
        vault(people.change(read, {"name": "Cat"}, SERVICE))
    assert (caught.value.code, caught.value.status) == ("STALE", 412)
    assert caught.value.remedy

    vault(people.change(second, {"mail": "bea@example.org"}, SERVICE))
    assert vault(people.find("mail", "BEA@example.org".lower(), SERVICE)) == (who.subject,)
    emptied = vault(people.clear(vault(people.read(who.subject, SERVICE)), SERVICE))
    assert vault(people.find("mail", "bea@example.org", SERVICE)) == ()
    assert emptied.version == 4

    erased = vault(people.erase(who.subject))
    assert vault(people.erase(who.subject)) == erased
    assert vault(people.receipt(erased.receipt)).paper == erased.paper
    with pytest.raises(DeniedError) as denied:
        vault(people.show(who.subject))
    assert (denied.value.code, str(denied.value)) == ("DENIED", "denied")


def test_the_same_call_sent_again_makes_nothing_twice(vault: Vault) -> None:
    make = people.make()
    who = vault(make)
    load = records.load([{"collection": NOTES, "content": {"n": 1}}], SERVICE, subject=who.subject)

    assert vault(make) == who
    assert vault(load) == vault(load)
    assert len(list(vault.each(records.all_of(who.subject, NOTES, SERVICE)))) == 1
    assert vault(people.make()) != who


def test_records_are_kept_with_versions_pages_and_attachments(vault: Vault) -> None:
    who = vault(people.make()).subject
    head = vault(records.make(who, NOTES, {"n": 0, "old": True}, SERVICE))
    head = vault(records.replace(head, {"n": 1, "old": True}, SERVICE))
    head = vault(records.change(head, {"n": 2, "old": None}, SERVICE))
    now = vault(records.read(who, NOTES, head.id, SERVICE))
    assert (now.content, now.head) == ({"n": 2}, head)
    assert [each.version for each in vault(records.versions(now, SERVICE)).versions] == [3, 2, 1]
    assert vault(records.version(now, 1, SERVICE)).content == {"n": 0, "old": True}
    with pytest.raises(StaleError):
        vault(records.make(who, NOTES, {}, SERVICE, record=head.id))

    rows = [{"collection": NOTES, "content": {"n": n}} for n in range(10, 40)]
    rows[7] = {"collection": NOTES, "content": {"n": 0}, "id": "none"}
    came = vault(records.load(rows, SERVICE, subject=who))
    assert [each.line for each in came if each.error] == [8]
    assert came[7].error is not None
    assert came[7].error.kind == "invalid"
    found = list(vault.each(records.all_of(who, NOTES, SERVICE, at_once=7)))
    assert sorted(each.content["n"] for each in found) == [2, *range(10, 17), *range(18, 40)]
    other = vault(people.make()).subject
    named = {"subject": other, "collection": NOTES, "content": {"n": 1}}
    assert [each.version for each in vault(records.load([named], SERVICE))] == [1]

    assert vault(records.delete(now, SERVICE)).id == head.id
    with pytest.raises(DeniedError):
        vault(records.read(who, NOTES, head.id, SERVICE))


def test_what_is_attached_is_read_whole_and_in_part(vault: Vault) -> None:
    who = vault(people.make()).subject
    head = vault(records.make(who, NOTES, {"n": 0}, SERVICE))
    content = bytes(range(256)) * 1_000
    kept = vault(attachments.put(head, 1, content, SERVICE, media="image/png"))
    assert (kept.size, kept.version) == (len(content), 1)

    with vault.stream(attachments.read(kept, SERVICE)) as pieces:
        assert b"".join(pieces) == content
    with vault.stream(attachments.read(kept, SERVICE, start=1_000, end=70_001)) as pieces:
        assert b"".join(pieces) == content[1_000:70_001]
    again = vault(attachments.replace(kept, b"other", SERVICE))
    with pytest.raises(StaleError):
        vault(attachments.delete(kept, SERVICE))
    assert vault(attachments.every(head, SERVICE)).attachments == (again,)
    vault(attachments.delete(again, SERVICE))
    assert vault(attachments.every(head, SERVICE)).attachments == ()


def test_a_processing_runs_on_those_who_permit_and_releases_what_came_of_it(
    site: RecordsSite, vault: Vault
) -> None:
    ann, bob = (vault(people.make()) for _ in range(2))
    for person in (ann, bob):
        vault(people.replace(person, {"name": "Ann", "mail": "ann@example.org"}, SERVICE))
    terms = Terms(
        name="Letter", code=CODE, purpose=MARKETING, basis="eu-gdpr:A6-1-a", retention_days=3,
        fields=("name",), output_bytes=100,
    )  # fmt: skip
    made = vault(processings.register(terms))
    path = f"/v1/processings/{made.processing}/activate"
    assert site.use("POST", path, token=site.site.owner).status == 200
    assert made.terms == terms
    assert made.processing in {each.processing for each in vault(processings.every()).processings}
    assert vault(processings.notices(made.processing)).notices == ()
    vault(processings.ask(ann.subject, made.processing))
    with pytest.raises(DeniedError):
        vault(processings.decide(ann.subject, made.processing, fields=["name"]))

    me = vault.holding(vault(people.token(ann.subject)).token)
    (choice,) = me(choices.every(ann.subject)).choices
    said = me(choices.allow(ann.subject, choice))
    assert said.choice.state == "allowed"
    assert json.loads(me(choices.consent_record(said.choice.consent or "")))["payload"]
    assert vault(processings.decide(ann.subject, made.processing, fields=["name"])).permit

    run = vault(processings.begin(made.processing, CODE))
    assert list(vault.each(processings.permitting(run))) == [ann.subject]
    read = vault(people.read(ann.subject, MARKETING, lease=run.lease))
    assert read.fields == {"name": "Ann"}
    with pytest.raises(DeniedError):
        vault(people.read(bob.subject, MARKETING, lease=run.lease))
    assert vault(processings.release(run, b"1")).people == 1
    assert me(processings.log(run.run)).uses

    other = vault(processings.begin(made.processing, CODE))
    assert vault(processings.end(other)).run == other.run
    assert me(choices.withdraw(ann.subject, said.choice)).choice.state == "withdrawn"
    changed = vault(processings.change(made.processing, terms))
    assert vault(processings.show(made.processing)).version == changed.version


# --- as a person ---


def test_a_person_sees_limits_exports_and_asks(vault: Vault) -> None:
    ann = vault(people.make())
    vault(people.replace(ann, {"name": "Ann Quillfeather"}, SERVICE))
    me = vault.holding(vault(people.token(ann.subject)).token)

    assert me(choices.restrict(ann.subject)).is_restricted
    assert not me(choices.lift(ann.subject)).is_restricted
    assert me(choices.object_to(ann.subject, MARKETING)).objections == (MARKETING,)
    assert me(choices.take_back(ann.subject, MARKETING)) == me(choices.limits(ann.subject))
    uses = list(me.each(choices.uses(ann.subject, at_once=2)))
    assert len(uses) > 2
    assert {each.actor for each in uses} >= {"app", "person"}

    with me.stream(rights.export(ann.subject)) as pieces:
        told = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert any(b"Quillfeather" in told.read(name) for name in told.namelist())
    with pytest.raises(DeniedError), vault.stream(rights.export(ann.subject)):
        pass  # an app asks with the person's token, or not at all

    asked = me(rights.ask("eu-gdpr:A15"))
    assert me(rights.show(asked.id)) == asked
    assert me(rights.every()).requests == (asked,)
    assert vault(rights.due()).notices == ()
    assert vault(people.link(ann.subject)).path.reveal().startswith("/me/enter?link=shv1_")
    assert vault(people.end_tokens(ann.subject)).tokens == 2
    with pytest.raises(DeniedError):
        me(rights.every())
    again = vault.holding(vault(people.token(ann.subject)).token)
    assert again(rights.erase(ann.subject)).stage == 1
    with pytest.raises(DeniedError):
        vault(people.show(ann.subject))


# --- both senders, and trouble ---


def test_many_calls_at_once_in_a_loop_and_in_threads(site: RecordsSite, url: str) -> None:
    who = site.person()

    async def load() -> list[int]:
        async with AsyncVault(url, site.token) as vault:
            made = [vault(records.make(who, NOTES, {"n": n}, SERVICE)) for n in range(60)]
            await asyncio.gather(*made)
            return [
                each.content["n"] async for each in vault.each(records.all_of(who, NOTES, SERVICE))
            ]

    assert sorted(in_a_loop(load())) == list(range(60))
    with Vault(url, site.token) as vault, ThreadPoolExecutor(8) as pool:
        heads = [each.head for each in vault.each(records.all_of(who, NOTES, SERVICE))]
        gone = list(pool.map(lambda head: vault(records.delete(head, SERVICE)).id, heads))
        assert sorted(gone) == sorted(head.id for head in heads)
        assert list(vault.each(records.all_of(who, NOTES, SERVICE))) == []


def test_a_stream_in_a_loop_is_taken_piece_by_piece(site: RecordsSite, url: str) -> None:
    who = site.person()

    async def export() -> bytes:
        async with AsyncVault(url, site.token) as vault:
            token = (await vault(people.token(who))).token
            async with vault.holding(token).stream(rights.export(who)) as pieces:
                return b"".join([piece async for piece in pieces])

    assert zipfile.ZipFile(io.BytesIO(in_a_loop(export()))).testzip() is None


def test_a_wrong_token_and_a_wrong_form_are_told(url: str, vault: Vault) -> None:
    with Vault(url, "shv1_none_none") as other, pytest.raises(DeniedError) as caught:
        other(people.make())
    assert caught.value.code == "DENIED"
    with pytest.raises(InvalidError) as wrong:
        vault(people.show("not-an-id"))
    assert wrong.value.status == 422
    assert wrong.value.remedy


def test_a_vault_that_is_away_is_told_in_time() -> None:
    begun = Calm()
    patience = Patience(tries=3, first=0.01)
    nowhere = Vault(f"http://localhost:{free_port()}", "x", patience=patience)
    with nowhere, pytest.raises(UnavailableError) as caught:
        nowhere(people.make())
    assert caught.value.code == "NO_ANSWER"
    assert begun.within(5)


def test_an_app_that_makes_too_many_calls_is_slowed_down_and_served(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("slow")  # seconds: a vault with settings of its own
    assert Cli(folder).line("init --headless").code == 0
    (home,) = (path.parent for path in folder.rglob("HEAD"))
    settings = home / "config.toml"
    settings.write_text("[access]\ntoken_per_second = 5\n")
    settings.chmod(0o600)
    with records_site(folder, "sqlcipher") as site:
        vault = Vault(f"http://localhost:{site.site.port}", site.token)
        who = vault(people.make())
        assert {vault(people.show(who.subject)) for _ in range(12)} == {who}
        vault.close()

"""The pages of devices, sharing, old versions and keys, over real vaults."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from sealhold.frontends.web.texts import ENGLISH
from sealhold.policy.shareterms import Action
from sealhold.policy.suspicion import Fix, Sign
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.memberstate import Standing
from sealhold.vault.access import Way
from tests.scenarios.circle_site import SECRET, CircleSite, quoted, served, serving
from tests.scenarios.vaults import PASSPHRASE, new_home

pytestmark = pytest.mark.xdist_group("circle_pages")  # the vaults are made once


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CircleSite]:
    with served(tmp_path_factory.mktemp("circle")) as site:
        site.sign_in()
        yield site


def one(pattern: str, page: str) -> str:
    found = re.findall(pattern, page)
    assert found, (pattern, page)
    return unescape(found[0])


def fields(page: str) -> dict[str, str | list[str]]:
    """Return the hidden fields of a preview."""
    found: dict[str, list[str]] = {}
    pattern = r'<input type="hidden" name="([^"]+)" value="([^"]*)">'
    for name, value in re.findall(pattern, page.partition('action="/sharing/make"')[2]):
        if name != "csrf":
            found.setdefault(name, []).append(unescape(value))
    return {**found}


@pytest.fixture(scope="module")
def taken(site: CircleSite) -> dict[str, str]:
    """Take both invitations on, before a device goes; return the shares by their tiers."""
    site.synced()
    offers = re.findall(r"/sharing/offers/([0-9a-f]{32})/accept", site.page("/sharing"))
    assert len(offers) == 2
    site.press(f"/sharing/offers/{offers[0]}/accept", 403, passphrase="wrong")
    for offer in offers:
        site.press(f"/sharing/offers/{offer}/accept", passphrase=PASSPHRASE)
    site.met()
    return {
        tier: one(rf'/sharing/received/([0-9a-f]{{32}})">letters {tier}', site.page("/sharing"))
        for tier in ("T1", "T2")
    }


def test_the_devices_are_listed_and_a_round_is_told(site: CircleSite) -> None:
    (site.folder / "new.txt").write_text("new")
    page = site.synced()

    assert ">phone</a>" in page or "old phone" in page
    assert "ada&#39;s laptop" in page
    assert "1 new here" in page
    assert str(site.folder) in unescape(page)


@pytest.fixture(scope="module")
def opened_all(site: CircleSite, taken: dict[str, str]) -> list[str]:
    """Open what is shared at each tier; return what was told."""
    wanted = {"object": "letters/first.txt", "may": "view"}
    assert "agreed, not enforced" in site.page(f"/sharing/received/{taken['T1']}")
    told = site.press(f"/sharing/received/{taken['T1']}/open", 200, **wanted)
    found = [told.text]
    asked = site.press(f"/sharing/received/{taken['T2']}/open", 200, **wanted)
    assert "is asked for" in asked.text
    site.met()
    told = site.press(f"/sharing/received/{taken['T2']}/open", 200, **wanted)
    found.append(told.text)
    site.press(f"/sharing/received/{taken['T1']}/open", 409, object="no", may="view")
    return found


def test_an_invitation_is_taken_on_and_what_is_in_it_is_opened(opened_all: list[str]) -> None:
    assert opened_all == ["by the sea", "by the sea"]


@pytest.mark.usefixtures("opened_all")
def test_a_device_is_renamed_and_removed_only_as_it_was_shown(site: CircleSite) -> None:
    phone = one(r'<a href="/devices/([0-9a-f]{32})">(?:old )?phone', site.page("/devices"))
    site.press(f"/devices/{phone}/rename", name="old phone")
    page = site.page(f"/devices/{phone}")
    stamp = one(r'name="shown" value="([^"]+)"', page)

    for status, shown, passphrase in (
        (403, stamp, "wrong"),
        (409, "member.9.9.9", PASSPHRASE),
    ):
        told = site.press(f"/devices/{phone}/revoke", status, shown=shown, passphrase=passphrase)
        assert "In good standing".lower() in told.text.lower()
    site.press(f"/devices/{phone}/revoke", shown=stamp, passphrase=PASSPHRASE)

    assert "removed" in site.page(f"/devices/{phone}")
    seen = site.node.circle.devices.look()
    assert one("<h1>([^<]+)", site.page("/devices")) == "One device, and no other", seen


def test_this_device_does_not_remove_itself(site: CircleSite) -> None:
    here = one(r'<a href="/devices/([0-9a-f]{32})">ada', site.page("/devices"))
    assert "Another one removes it" in site.page(f"/devices/{here}")
    told = site.press(f"/devices/{here}/revoke", 409, shown="x", passphrase=PASSPHRASE)

    assert 'role="alert"' in told.text


def test_a_share_is_looked_at_made_and_taken_back(site: CircleSite) -> None:
    bo = one(r'name="person" value="([0-9a-f]{64})"', site.page("/sharing/new"))
    said: dict[str, str | list[str]] = {
        "name": "for bo",
        "person": bo,
        "objects": "papers/letters",
        "may": ["view", "reshare"],
        "purpose": "ServiceProvision",
    }
    looked = site.send("/sharing/new", said, 200).text
    assert "papers/letters/first.txt" in looked
    assert "papers/secret.txt" not in looked
    hidden = fields(looked)
    answers = {f"answer-{sign}": "meant" for sign in re.findall(r'name="answer-([^"]+)"', looked)}
    assert "People whom you do not know may get it" in looked
    again = site.send("/sharing/new", {**hidden, "answer-reshare": "fix"}, 200).text
    assert fields(again)["fixed"] == ["reshare"]
    assert "answer-reshare" not in again
    whole = {**hidden, **answers, "passphrase": PASSPHRASE}
    site.send("/sharing/make", {**hidden, "passphrase": PASSPHRASE}, 409)  # no answer
    site.send("/sharing/make", {**hidden, **answers, "passphrase": "wrong"}, 403)
    site.send("/sharing/make", {**whole, "digest": "00" * 32}, 409)
    assert "You share nothing" in site.page("/sharing")

    made = site.send("/sharing/make", whole).where
    page = site.page(made)
    assert "In force" in page
    for line in ("Stops now", "Was given", "Is asked", "Cannot be known"):
        assert line in page
    assert "One share in force" in site.page("/sharing")
    site.press(f"{made}/revoke")
    assert "It was taken back" in site.page(made)


def test_a_form_that_says_nonsense_keeps_what_was_typed(site: CircleSite) -> None:
    bo = one(r'name="person" value="([0-9a-f]{64})"', site.page("/sharing/new"))
    told = site.press(
        "/sharing/new",
        409,
        name="odd",
        person=bo,
        objects="nowhere/at all",
        may="view",
        purpose="ServiceProvision",
    )

    assert "nowhere/at all" in told.text
    assert "is called <code>nowhere/at all</code>" in told.text
    site.press("/sharing/new", 409, name="odd", person=bo, objects="papers", most="many")


def test_a_card_is_looked_at_before_it_is_added_and_forgotten(site: CircleSite) -> None:
    own = site.press("/sharing/card", 200).text
    text = one(r"<textarea readonly[^>]*>([^<]+)</textarea>", own)
    looked = site.press("/sharing/contacts", 200, card=text).text
    assert "A card by ada" in looked
    site.press("/sharing/contacts", 403, card=text, name="me", passphrase="wrong")
    site.press("/sharing/contacts", 409, card=text, name="me", passphrase=PASSPHRASE)  # her own
    site.press("/sharing/contacts", 409, card="no card")
    bo = one(r"/sharing/contacts/([0-9a-f]{64})", site.page("/sharing"))
    assert "verified" in site.page(f"/sharing/contacts/{bo}")
    site.press(f"/sharing/contacts/{bo}/verify", 409, words="a b c", passphrase=PASSPHRASE)
    site.page(f"/sharing/contacts/{'0' * 64}", 404)


def test_an_old_version_is_put_back_after_a_look(site: CircleSite) -> None:
    site.node.world.clock.move(60_000)  # type: ignore[attr-defined]  # reason: a clock of tests
    file = site.folder / "letters" / "first.txt"
    file.write_text("by the lake")
    site.synced()
    spot = "papers/letters/first.txt"
    page = site.page(f"/devices/history?spot={quoted(spot)}")
    assert "in the folder now" in page
    ms = one(r'name="ms" value="(\d+)"', page)
    looked = site.press("/devices/history/restore", 200, spot=spot, ms=ms).text
    stamp = one(r'name="shown" value="([^"]+)"', looked)
    assert file.read_text() == "by the lake"
    site.press("/devices/history/restore", 409, spot=spot, ms=ms, shown="9.9")
    done = site.press("/devices/history/restore", 200, spot=spot, ms=ms, shown=stamp).text
    assert "It is put back" in done
    site.synced()

    assert file.read_text() == "by the sea"
    assert "letters/first.txt" in site.page("/devices/history?spot=papers")
    site.page("/devices/history?spot=/etc/passwd", 409)
    site.page("/devices/history?spot=papers&at=yesterday", 409)


def test_the_page_of_keys_says_what_opens_the_vault(site: CircleSite) -> None:
    page = site.page("/keys")

    assert "Your passphrase" in page
    assert "Nothing opens it if the passphrase or key is lost" in page


def test_every_finding_and_fix_has_words() -> None:
    assert {f"sign.{each.value}" for each in Sign} <= ENGLISH.keys()
    assert {f"fix.{each.value}" for each in Fix} <= ENGLISH.keys()
    assert {f"share.do_{each.value}" for each in Action} <= ENGLISH.keys()
    assert {f"devices.holds_{each.value}" for each in Holds} <= ENGLISH.keys()
    assert {f"devices.is_{each.value}" for each in Standing} <= ENGLISH.keys()
    assert {f"keys.way_{each.value}" for each in Way} <= ENGLISH.keys() | {"keys.way_other"}


def test_no_page_says_a_secret(site: CircleSite) -> None:
    with_secrets = "\n".join(site.said)
    core = site.node.parts.core
    with site.node.circle.devices._turns.work() as work:
        secrets = [bytes(each.about.secret.reveal()) for each in work.devices.collections()]
    assert secrets
    assert core.owner
    for secret in secrets:
        assert secret.hex() not in with_secrets
    assert PASSPHRASE not in with_secrets
    assert SECRET not in with_secrets


def test_a_vault_that_is_no_device_begins_here(tmp_path: Path) -> None:
    with serving(new_home(tmp_path / "lone"), tmp_path, tmp_path) as lone:
        lone.sign_in()
        assert "on this machine alone" in lone.page("/devices")
        assert "Nothing can be shared yet" in lone.page("/sharing")
        assert "No folder is kept equal yet" in lone.page("/devices/history")
        lone.press("/devices/begin", 403, name="desk", passphrase="wrong")
        lone.press("/devices/begin", name="desk", passphrase=PASSPHRASE)
        assert "One device, and no other" in lone.page("/devices")
        lone.press("/devices/begin", 409, name="desk", passphrase=PASSPHRASE)
        assert "There is nobody to share with" in lone.page("/sharing/new")

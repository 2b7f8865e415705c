"""Holds in a vault on disk: over epochs, rotation, kills and back-ups, and over HTTP.

On SQLCipher, and with the rows on PostgreSQL.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from sealhold.frontends.http.rounds import Rounds
from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.holds import HoldWish, KeepingView
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.quantities import DAY, Instant
from sealhold.node import Node
from sealhold.vault.subjects import SUBJECTS
from tests.forked import FORKS
from tests.scenarios.holding import ERASE, LIFT, do_and_die
from tests.scenarios.office import Office, office_in
from tests.scenarios.people_site import Answer
from tests.scenarios.records_site import STORES
from tests.scenarios.shredded import (
    NAME,
    RULES,
    SERVICE,
    WORDS,
    Place,
    Shop,
    told,
)
from tests.scenarios.test_shredding import (
    PLACES,
    assert_others_are_whole,
    assert_shredded,
    erase,
    id_of,
)
from tests.scenarios.vaults import NOON, PASSPHRASE, new_home, opened
from tests.transcripts.cli import Cli

LEGAL = "LegalCompliance"
END = Instant(NOON + 300 * DAY)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return PLACES[request.param](tmp_path / "home")


def declared(node: Node, app: str) -> str:
    """Return a hold over the names of an app's people."""
    wish = HoldWish(
        app=app, subject="", collections=(), records=(), fields=(NAME,), ground="LegallyRequired",
        law="Section 147", until=END,
    )  # fmt: skip
    return canonical(node.holds.add("", wish, PASSPHRASE).id)


def hold_and_erase(node: Node, shop: Shop, subject: str) -> None:
    declared(node, shop.id)
    erase(node, shop, subject)


def officer(node: Node) -> str:
    principals = node.parts.crowd.principals
    until = Instant(node.parts.core.clock() + DAY)
    return principals.mint_officer("Dora", until)[1].token


def held(node: Node) -> KeepingView:
    (hold,) = node.holds.all()
    (keeping,) = node.holds.show(canonical(hold.id)).keepings
    return keeping


def assert_held(node: Node) -> None:
    """The held name opens for an officer, and for nobody else."""
    keeping = canonical(held(node).id)
    assert node.holds.profile(officer(node), keeping, LEGAL).fields == {NAME: WORDS[0]}
    with pytest.raises(DeniedError):
        node.holds.profile(officer(node), keeping, SERVICE)


@pytest.mark.threat("T321")
@pytest.mark.promise("P8")
def test_under_a_hold_back_ups_of_before_give_nothing_of_the_erased(place: Place) -> None:
    """A4, with a hold: rows of before and the keys of today, in which the hold's key is."""
    story = told(place, hold_and_erase)
    with story.opened(older=False) as node:
        assert_shredded(node, story)
        assert_others_are_whole(node, story)
        assert_held(node)
        assert node.audit.verify().faults == ()
        assert (node.status().holds, node.status().held) == (1, 1)

    place.swap_rows()

    with story.opened(older=True) as node:
        assert_shredded(node, story)
        assert_others_are_whole(node, story)


@pytest.mark.threat("T321")
def test_once_a_hold_has_ended_back_ups_of_what_it_held_give_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path / "home")
    story = told(place, hold_and_erase)
    place.keep_rows()
    with story.opened(older=False) as node:
        keeping = held(node)
        node.holds.lift("", canonical(keeping.hold), PASSPHRASE)
        assert node.keys.due() is not None
        node.keys.close(PASSPHRASE)
        assert (node.status().holds, node.status().held) == (0, 0)
        assert node.audit.verify().faults == ()

    place.swap_rows()

    with story.opened(older=True) as node:
        with pytest.raises(NotFoundError):
            node.parts.core.keyring.subject(SubjectId(keeping.id))
        (hold,) = node.holds.all()
        assert node.holds.show(canonical(hold.id)).keepings == ()
        with pytest.raises(DeniedError):
            node.holds.profile(officer(node), canonical(keeping.id), LEGAL)
        assert node.audit.verify().faults == ()


@pytest.mark.promise("P9")
def test_what_is_held_opens_whatever_keys_are_turned_over(place: Place) -> None:
    story = told(place, hold_and_erase)
    app = story.shops[0].id
    with story.opened(older=False) as node:
        for kind, scope in (("subjects", app), ("app", app), ("bodies", "all")):
            job = node.rotation.begin(kind, scope, PASSPHRASE, compromised=True, throttle=0)
            assert node.rotation.run(canonical(job.id)).state == "done"
            assert_held(node)
        node.keys.close(PASSPHRASE)
        assert_held(node)
    place.clock.move(DAY)
    with story.opened(older=False) as node:
        Rounds(node, place.clock).once()  # as a served vault does: it ends, closes and sweeps
        node.parts.turn_due()
        assert_held(node)
        assert node.audit.verify().faults == ()
        listed = [key for key in node.keys.list().keys if key.kind == "hold"]
        assert [(key.version, key.state) for key in listed] == [(2, "active")]


def test_a_hold_whose_day_has_come_is_ended_when_the_vault_is_opened(tmp_path: Path) -> None:
    story = told(Place(tmp_path / "home"), hold_and_erase)
    story.place.clock.move(300 * DAY)

    with story.opened(older=False) as node:
        assert node.holds.all() == ()
        assert node.audit.verify().faults == ()
        assert not [key for key in node.keys.list().keys if key.kind == "hold"]


# --- killed at each write ---


@dataclass(frozen=True)
class Told:
    """A home with a hold and a person, in which one was erased before."""

    home: Path
    token: str
    subject: str
    hold: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = new_home(tmp_path_factory.mktemp("holds") / "home")
    with opened(folder) as node:
        app, token = node.apps.register_app("One", bytes(range(32)), confirmed=True)
        node.people.lay_down(canonical(app.id), RULES, PASSPHRASE)
        shop = Shop(canonical(app.id), token)
        for name in ("Ada", "Bob"):
            shop.add(node, name, f"{name.lower()}@example.org")
        hold = declared(node, shop.id)
        node.people.erase(token, shop.people["Bob"])
    return Told(folder, token, shop.people["Ada"], hold)


@pytest.mark.threat("T317")
@pytest.mark.parametrize("what", [ERASE, LIFT])
def test_a_kill_before_any_write_loses_nothing_and_brings_nothing_back(
    home: Told, tmp_path: Path, what: str
) -> None:
    asked = (what, home.token, home.subject if what == ERASE else home.hold)
    for write in count():
        copy = Path(shutil.copytree(home.home, tmp_path / f"before {write}"))
        ours, theirs = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=do_and_die, args=(copy, asked, write, theirs))
        process.start()
        theirs.close()
        process.join()
        assert process.exitcode == -9
        with opened(copy) as node:
            names = names_held(node)
            person = node.parts.core.store.get(SUBJECTS.name, [(id_of(home.subject),)])[0]
            if what == LIFT:
                assert names in ({"Bob"}, set()), write
                assert bool(names) == bool(node.holds.all())
            else:
                assert names == ({"Bob"} if person else {"Ada", "Bob"}), write
            assert node.audit.verify().faults == (), write
        shutil.rmtree(copy)
        if ours.poll():
            try:
                assert ours.recv() == "done"
                break
            except EOFError:
                continue

    assert write >= 4  # pyright: ignore[reportPossiblyUnboundVariable]  # count(1) has a first


def names_held(node: Node) -> set[object]:
    """Return the names that are held, as an officer reads them."""
    token = officer(node)
    return {
        node.holds.profile(token, canonical(keeping.id), LEGAL).fields[NAME]
        for hold in node.holds.all()
        for keeping in node.holds.show(canonical(hold.id)).keepings
    }


# --- over HTTP ---


@pytest.fixture(scope="module", params=STORES)
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    with office_in(tmp_path_factory.mktemp("holds"), request.param) as found:
        yield found


def wish(office: Office) -> dict[str, object]:
    """Return a duty to keep the addresses of an app's people."""
    return {
        "app": office.site.apps[0][0],
        "ground": "eu-gdpr:JustificationA17LegalClaims",
        "law": "File 12 of 2026",
        "until": int(time.time() * 1000) + DAY,
        "fields": ["mail"],
    }


@pytest.mark.promise("P8")
def test_a_duty_is_declared_by_officer_or_owner_and_seen_by_the_person(office: Office) -> None:
    token = office.app
    subject = office.site.person(token, "Ada", "ada@example.org")

    planned = office.post("/v1/holds/plan", wish(office))
    made = office.post("/v1/holds", wish(office))
    by_app = office.post("/v1/holds", wish(office), token)
    owners = {**wish(office), "passphrase": "wrong"}
    by_owner = office.post("/v1/holds", owners, office.site.owner)
    person = office.post(f"/v1/subjects/{subject}/tokens", token=token).json["token"]
    staying = office.get(f"/v1/subjects/{subject}/holds", person)

    assert (planned.status, planned.json["items"]) == (200, {"ident": 1})
    assert (made.status, made.json["letter"], made.json["purpose"]) == (
        201, "e", "DisputeManagement",
    )  # fmt: skip
    assert [by_app.status, by_owner.status] == [403, 403]
    (stay,) = staying.json["stays"]
    assert (stay["law"], stay["items"]) == ("File 12 of 2026", {"ident": 1})
    assert office.post(f"/v1/holds/{made.json['id']}/lift").status == 200
    office.site.call("DELETE", f"/v1/subjects/{subject}", token)


@pytest.mark.promise("P8")
def test_what_a_law_demands_stays_of_an_erasure_and_goes_when_the_duty_ends(
    office: Office,
) -> None:
    token = office.app
    subject = office.site.person(token, "Bob", "bob@example.org")
    made = office.post("/v1/holds", wish(office))

    erased = office.site.call("DELETE", f"/v1/subjects/{subject}", token)
    assert_receipts_tell(office, erased)
    (keeping,) = office.get(f"/v1/holds/{made.json['id']}").json["keepings"]
    path = f"/v1/held/{keeping['id']}/profile"
    read = office.get(path, purpose="DisputeManagement")
    refused = [
        office.get(path, purpose="LegalCompliance"),
        office.get(path, purpose="ServiceProvision"),
        office.get(path, token, "DisputeManagement"),
        office.get(path, office.site.owner, "DisputeManagement"),
        office.site.call("GET", f"/v1/subjects/{keeping['id']}/profile", token),
    ]

    assert (read.status, read.json["fields"]) == (200, {"mail": "bob@example.org"})
    assert {each.status for each in refused} <= {401, 403}
    assert keeping["receipt"] == erased.json["receipt"]
    lifted = office.post(f"/v1/holds/{made.json['id']}/lift")
    assert (lifted.status, lifted.json["hold"]["kept"]) == (200, 1)
    assert office.get(path, purpose="DisputeManagement").status == 403
    assert office.get("/v1/holds").json == {"holds": []}


def assert_receipts_tell(office: Office, erased: Answer) -> None:
    """Both copies of a receipt say what stays, hold as they are, and not if they are changed."""
    whole = office.get(f"/v1/erasures/{erased.json['receipt']}")
    cli = Cli(office.folder)
    for name, answer in (("app", erased), ("whole", whole)):
        assert answer.json["stays"][0]["items"] == {"ident": 1}
        paper = answer.json["paper"]
        (office.folder / f"{name}.json").write_text(paper)
        told_of = cli.line(f"verify {name}.json")
        assert (told_of.code, "File 12 of 2026" in told_of.out) == (0, True)
        (office.folder / "bent.json").write_text(paper.replace('"sig":"', '"sig":"A', 1))
        assert cli.line("verify bent.json").code == 6

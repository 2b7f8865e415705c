"""Holds: what a duty keeps of somebody who is erased, for how long, and who reads it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.audit.erasure import open_erasure
from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.audit.verdict import HELD
from sealhold.compute.verify import verify_files
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Put
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.epochs import ERASED as ERASED_IN
from sealhold.vault.erasures import Erasures
from sealhold.vault.holdends import VAULT
from sealhold.vault.holds import Holds
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.personrecords import At
from sealhold.vault.personrows import OLDER, RECORDS
from sealhold.vault.strays import Strays
from tests.unit.attachments_vault import attach
from tests.unit.holds_vault import CLAIMS, END, LAW, LEGAL, PROOF, YEAR, Archive, archive
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MAIL, NAME, SERVICE
from tests.unit.records_vault import NOTES, VISITS, rid


@pytest.fixture
def kept() -> Iterator[Archive]:
    with archive() as found:
        yield found


def filled(kept: Archive, name: str = "Ada") -> SubjectId:
    """Return a person with a profile, two notes and a visit; the first note has an attachment."""
    who = kept.many.person(name=name)
    kept.shelf.put(who, 1, {"text": f"{name} paid"})
    kept.shelf.put(who, 2, {"text": f"{name} owes"})
    attach(kept.shelf, who, b"an invoice of " + name.encode())
    visit = At(VISITS, rid(3))
    kept.shelf.records.put(kept.shelf.asking(who), visit, {"place": "Hall"}, None).wait()
    return who


def test_what_a_hold_names_outlives_the_erasure_and_all_else_goes(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold(kept.wish(fields=(NAME,)))

    receipt = kept.erase(ada)

    (keeping,) = kept.kept(hold)
    assert keeping.items == {f"attachment/{NOTES}": 1, "ident": 1, f"personrecord/{NOTES}": 2}
    assert (keeping.lost, keeping.receipt) == (0, receipt.receipt)
    assert kept.rows(ada) == []
    assert not list(rows_of(kept.many.store, FIELDS, "key", ada))
    assert kept.keys(ada) == 0
    assert kept.keys(SubjectId(keeping.id)) == 1
    name, purpose = canonical(keeping.id), LEGAL
    assert kept.door.profile(kept.officer, name, purpose).fields == {NAME: "Ada"}
    page = kept.door.records(kept.officer, name, purpose, NOTES, "", 10)
    assert [each.content for each in page.records] == [{"text": "Ada paid"}, {"text": "Ada owes"}]
    record = canonical(rid(1))
    (head,) = kept.door.attachments(kept.officer, name, purpose, NOTES, record).attachments
    assert (head.number, head.size) == (1, len(b"an invoice of Ada"))
    view = kept.door.attachment(kept.officer, name, purpose, NOTES, record, 1)
    assert (view.media, b"".join(view.pieces)) == ("image/png", b"an invoice of Ada")
    assert kept.faults() == []


def test_a_record_is_held_as_it_is_in_force_and_its_older_versions_go(kept: Archive) -> None:
    ada = filled(kept)
    kept.shelf.put(ada, 1, {"text": "Ada paid twice"}, 1)
    hold = kept.hold()
    (older,) = rows_of(kept.many.store, OLDER, "key", ada)

    kept.erase(ada)

    (keeping,) = kept.kept(hold)
    page = kept.door.records(kept.officer, canonical(keeping.id), LEGAL, NOTES, "", 10)
    texts = [each.content["text"] for each in page.records]
    assert texts == ["Ada paid twice", "Ada owes"]
    assert not [found for found in scan_all(kept.many.store, OLDER) if found.row[2] == older.row[2]]


def test_held_records_are_read_page_by_page(kept: Archive) -> None:
    ada = kept.many.person()
    for number in range(150):
        kept.shelf.put(ada, number + 1, {"n": number})
    hold = kept.hold()
    kept.erase(ada)
    (keeping,) = kept.kept(hold)
    came, after = list[object](), ""

    while True:
        page = kept.door.records(kept.officer, canonical(keeping.id), LEGAL, NOTES, after, 40)
        came += [each.content["n"] for each in page.records]
        if page.after is None:
            break
        after = canonical(page.after)

    assert came == list(range(150))
    assert keeping.items == {f"personrecord/{NOTES}": 150}
    assert kept.faults() == []


def test_each_hold_keeps_its_own_and_two_keep_the_same_twice(kept: Archive) -> None:
    ada, bob = filled(kept), filled(kept, "Bob")
    of_all = kept.hold(kept.wish(collections=(), fields=(MAIL,)))
    of_ada = kept.hold(
        kept.wish(
            of=ada, collections=(), records=(f"{NOTES}/{canonical(rid(2))}",), fields=(MAIL,),
            ground="LegalClaims",
        )
    )  # fmt: skip

    kept.erase(ada)
    kept.erase(bob)

    assert [each.items for each in kept.kept(of_all)] == [{"ident": 1}] * 2
    (of_hers,) = kept.kept(of_ada)
    assert of_hers.items == {"ident": 1, f"personrecord/{NOTES}": 1}
    kept.lift(of_all)
    assert kept.door.profile(kept.officer, canonical(of_hers.id), CLAIMS).fields == {
        MAIL: "ada@example.org"
    }
    assert kept.faults() == []


def test_a_person_of_whom_a_hold_names_nothing_goes_whole(kept: Archive) -> None:
    bob = kept.many.person(name="Bob")
    hold = kept.hold()

    receipt = kept.erase(bob)

    assert (kept.kept(hold), kept.keepings(), receipt.stays) == ((), [], ())
    assert b'"held":[{' not in receipt.paper.encode()


def test_what_was_over_before_is_not_held(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold(kept.wish(collections=(VISITS,)))
    kept.many.time.now = Instant(NOON + 31 * DAY)

    kept.erase(ada)

    assert kept.kept(hold) == ()


# --- the receipt ---


def test_the_receipt_says_what_stays_on_what_ground_and_until_when(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold(kept.wish(fields=(NAME,)))

    receipt = kept.erase(ada)
    erasures = Erasures(kept.many.vault.core)
    found = erasures.of_person(kept.many.one, ada)

    assert found is not None
    whole = erasures.whole(found)
    for view in (receipt, whole):
        facts = open_erasure(view.paper.encode())[0].facts
        (held,) = facts.held
        assert (held.hold, held.law, held.until, held.purpose) == (hold.id, LAW, END, LEGAL)
        assert held.ground == "eu-gdpr:JustificationA17LegallyRequired"
        assert verify_files([view.paper.encode()], None, at=NOON).exit_code == HELD
        (stay,) = view.stays
        assert (stay.letter, stay.items) == ("b", held.items)
    assert kept.erase(ada) == receipt


def test_what_does_not_open_is_not_held_and_that_is_told(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold()
    found = kept.many.store.get(RECORDS.name, [(ada, NOTES, rid(2))])[0]
    assert found is not None
    kept.many.bend(Put(RECORDS.name, (*found.row[:-1], found.row[-1][:-1] + b"x")))

    receipt = kept.erase(ada)

    (keeping,) = kept.kept(hold)
    assert (keeping.lost, keeping.items[f"personrecord/{NOTES}"]) == (1, 1)
    (held,) = open_erasure(receipt.paper.encode())[0].facts.held
    assert held.lost == 1


# --- declaring ---


@pytest.mark.parametrize(
    "change",
    [
        {"ground": "LegitimateInterest"},
        {"ground": "eu-gdpr:JustificationA12Delay"},
        {"until": NOON},
        {"until": Instant(NOON + 101 * YEAR)},
        {"collections": ()},
        {"collections": ("letters",)},
        {"fields": ("shoes",)},
        {"records": (f"{NOTES}/{canonical(rid(1))}",)},
        {"records": ("one",)},
    ],
    ids=str,
)
def test_what_is_no_duty_cannot_be_declared(kept: Archive, change: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        kept.hold(kept.wish(**change))  # type: ignore[arg-type]  # reason: one of them at a time

    assert kept.door.all() == ()


@pytest.mark.parametrize("law", ["", "  ", "x" * 401, "a\u202elaw"])
def test_a_hold_says_which_law(kept: Archive, law: str) -> None:
    with pytest.raises(InvalidError):
        kept.hold(replace(kept.wish(), law=law))


def test_the_owner_proves_themselves_and_an_officer_need_not(kept: Archive) -> None:
    with pytest.raises(WrongPassphraseError):
        kept.door.add("", kept.wish(), "wrong")
    by_owner = kept.door.add("", kept.wish(), PROOF)
    by_officer = kept.hold()

    with pytest.raises(WrongPassphraseError):
        kept.door.lift("", canonical(by_officer.id), "wrong")
    assert {each.id for each in kept.door.all()} == {by_owner.id, by_officer.id}
    assert {each.actor for each in kept.events()} == {Actor.OWNER, Actor.OFFICER}


def test_a_plan_counts_what_would_be_held_and_changes_nothing(kept: Archive) -> None:
    filled(kept)
    filled(kept, "Bob")

    planned = kept.door.plan(kept.wish(fields=(NAME,)))

    assert (planned.people, planned.hold.letter) == (2, "b")
    assert planned.items == {f"attachment/{NOTES}": 2, "ident": 2, f"personrecord/{NOTES}": 4}
    assert kept.door.all() == ()


def test_a_person_and_an_officer_see_what_would_stay(kept: Archive) -> None:
    ada, bob = filled(kept), filled(kept, "Bob")
    kept.hold(kept.wish(of=ada, ground="LegalClaims"))
    token = kept.many.principals.mint_person(kept.many.one, ada, END)

    for said in (kept.door.staying(kept.officer, canonical(ada)), kept.door.of_mine(token.token)):
        (stay,) = said
        assert (stay.letter, stay.law, stay.why) == ("e", LAW, "legal claims need it")
        assert stay.items == {f"attachment/{NOTES}": 1, f"personrecord/{NOTES}": 2}
    assert kept.door.staying("", canonical(bob)) == ()
    with pytest.raises(DeniedError):
        kept.door.staying(token.token, canonical(bob))


# --- the end ---


@pytest.mark.parametrize("how", ["lifted", "over"])
def test_when_a_hold_ends_the_keys_of_what_it_held_go_and_the_log_tells(
    kept: Archive, how: str
) -> None:
    ada, bob = filled(kept), filled(kept, "Bob")
    hold = kept.hold()
    receipts = {kept.erase(each).receipt for each in (ada, bob)}
    keepings = kept.kept(hold)
    packs = set(kept.many.vault.packs.names("packs/"))

    if how == "lifted":
        kept.lift(hold)
    else:
        kept.many.time.now = END
        assert kept.door.end_over() == 1

    for each in keepings:
        assert kept.keys(SubjectId(each.id)) == 0
        assert kept.rows(SubjectId(each.id)) == []
        with pytest.raises(DeniedError):
            kept.door.records(kept.officer, canonical(each.id), LEGAL, NOTES, "", 10)
    assert packs
    assert not set(kept.many.vault.packs.names("packs/"))
    assert (kept.keepings(), kept.door.all()) == ([], ())
    released = [each for each in kept.events() if each.reason == "released"]
    assert {each.receipt for each in released} == receipts
    assert next(each.reason for each in kept.events()) == "ended"
    assert kept.many.vault.core.deciding.get(ERASED_IN.name, 1) is not None
    assert kept.faults() == []


def test_an_end_that_a_process_began_is_ended_by_the_next(kept: Archive) -> None:
    ada, bob = filled(kept), filled(kept, "Bob")
    hold = kept.hold()
    kept.erase(ada)
    kept.erase(bob)
    one, other = kept.kept(hold)
    holds = Holds(kept.many.vault.core)
    holds.ended(VAULT, holds.get(hold.id), "lifted")
    kept.many.vault.core.keyring.erase_subject(kept.many.one, SubjectId(one.id))

    with pytest.raises(DeniedError):
        kept.door.records(kept.officer, canonical(other.id), LEGAL, NOTES, "", 10)
    assert kept.door.end_over() == 1
    assert kept.door.end_over() == 0
    assert kept.keepings() == []
    assert kept.faults() == []


def test_the_look_for_keys_of_nobody_passes_over_what_is_held(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold(kept.wish(fields=(NAME,)))
    kept.erase(ada)
    (keeping,) = kept.kept(hold)

    assert Strays(kept.many.vault.core).sweep() == 0

    profile = kept.door.profile(kept.officer, canonical(keeping.id), LEGAL)
    assert profile.fields == {NAME: "Ada"}


# --- reading ---


def test_each_read_and_each_refusal_is_an_entry_that_names_the_receipt(kept: Archive) -> None:
    ada = filled(kept)
    hold = kept.hold()
    receipt = kept.erase(ada).receipt
    (keeping,) = kept.kept(hold)

    kept.door.records(kept.officer, canonical(keeping.id), LEGAL, NOTES, "", 10)
    with pytest.raises(DeniedError):
        kept.door.records(kept.officer, canonical(keeping.id), SERVICE, NOTES, "", 10)

    refused, read = kept.events(EventKind.HELD)
    assert (read.reason, read.rows_out, read.receipt) == ("records read", 2, receipt)
    assert (read.actor, read.collection, read.purpose) == (Actor.OFFICER, NOTES, LEGAL)
    assert (refused.outcome, refused.reason) == (Outcome.DENIED, "other_purpose")
    assert read.subject is None


def test_a_hold_that_there_is_not_is_not_found(kept: Archive) -> None:
    with pytest.raises(NotFoundError):
        kept.door.show(canonical(rid(1)))
    with pytest.raises(NotFoundError):
        kept.hold(kept.wish(of=SubjectId(rid(7))))

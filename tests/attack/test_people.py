"""Apps against each other's people, and whoever edits rows against what stands in them."""

from collections.abc import Callable, Iterator

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import DeniedError, NotFoundError, SealBrokenError, TamperedError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.stores.spec import Cell, Fence, Found, Put
from sealhold.vault import wraps
from sealhold.vault.deciding import scan_all
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keyring import Keyring
from sealhold.vault.lookups import LOOKUPS
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.subjects import ERASING, SUBJECTS, Subjects
from tests.unit.people_vault import MAIL, MARKETING, NAME, PHONE, SERVICE, Crowd, crowd

TABLES = (SUBJECTS, FIELDS, LOOKUPS)
WAYS: dict[str, Callable[[Crowd, AppId, SubjectId], object]] = {
    "show": lambda many, app, subject: many.people.show(app, subject),
    "get": lambda many, app, subject: many.people.get(app, subject, SERVICE),
    "get one": lambda many, app, subject: many.people.get(app, subject, SERVICE, frozenset({NAME})),
    "put": lambda many, app, subject: many.people.put(app, subject, SERVICE, {NAME: "Eve"}, 1),
    "patch": lambda many, app, subject: many.people.patch(app, subject, SERVICE, {NAME: "Eve"}, 1),
    "clear": lambda many, app, subject: many.people.clear(app, subject, SERVICE, 1),
    "erase": lambda many, app, subject: many.people.erase(app, subject),
}


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def put_back(many: Crowd, table: str, row: tuple[Cell, ...]) -> None:
    many.bend(Put(table, row))


def field_row(many: Crowd, subject: SubjectId, field: str) -> tuple[Cell, ...]:
    found = many.store.get(FIELDS.name, [(subject, field)])[0]
    assert found is not None
    return found.row


# --- one app's people and another app ---


@pytest.mark.threat("T230")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("whose", ["another app's", "erased there", "never made", "the owner"])
def test_no_way_leads_to_a_person_of_another_app(many: Crowd, way: str, whose: str) -> None:
    ada = many.person(many.one)
    erased = many.person(many.one, "Bob")
    many.people.erase(many.one, erased)
    subject = {
        "another app's": ada,
        "erased there": erased,
        "never made": SubjectId(Id16(b"no such person  ")),
        "the owner": many.vault.core.owner,
    }[whose]
    size = len(many.lines())

    with pytest.raises(DeniedError) as told:
        WAYS[way](many, many.other, subject)

    assert (type(told.value), str(told.value)) == (DeniedError, "denied")
    assert len(many.lines()) == size + 1
    refused = many.lines()[0].logged
    assert refused is not None
    assert (refused.event.outcome, refused.event.reason) == (Outcome.DENIED, "subject_not_active")
    assert refused.event.app == many.other
    assert refused.event.subject is None
    assert many.people.get(many.one, ada, SERVICE).fields[NAME] == "Ada"


@pytest.mark.threat("T230")
def test_nobody_is_found_through_another_app(many: Crowd) -> None:
    many.person(many.one)

    assert many.people.find(many.other, SERVICE, MAIL, "ada@example.org") == ()


@pytest.mark.threat("T230")
def test_the_same_human_under_two_apps_shares_no_byte_of_a_row(many: Crowd) -> None:
    one, other = many.person(many.one), many.person(many.other)

    def cells(subject: SubjectId) -> set[Cell]:
        every = (each for table in TABLES for each in scan_all(many.store, table))
        rows = [each.row for each in every if subject in each.row]
        return {cell for row in rows for cell in row if isinstance(cell, bytes)}

    assert cells(one).isdisjoint(cells(other))


# --- purposes ---


@pytest.mark.threat("T231")
@pytest.mark.parametrize("purpose", ["", "Purpose", "purpose", "ServiceProvision ", MARKETING])
def test_no_purpose_but_one_of_the_field_opens_it(many: Crowd, purpose: str) -> None:
    ada = many.person()

    for fields in ({MAIL}, {NAME, MAIL}):
        with pytest.raises(DeniedError):
            many.people.get(many.one, ada, purpose, frozenset(fields))
    with pytest.raises(DeniedError):
        many.people.find(many.one, purpose, MAIL, "ada@example.org")

    assert not [e for e in many.events(EventKind.PROFILE) if e.reason in {"read", "found"}]


# --- rows that were moved, swapped or edited ---


@pytest.mark.promise("P3")
@pytest.mark.threat("T232")
@pytest.mark.parametrize("whose", ["of the same app", "of another app"])
@pytest.mark.parametrize("part", ["row", "key", "content", "both"])
def test_a_field_of_one_person_opens_for_no_other(many: Crowd, whose: str, part: str) -> None:
    ada = many.person()
    bob = many.person(many.one if whose == "of the same app" else many.other, "Bob")
    mine, theirs = list(field_row(many, ada, NAME)), field_row(many, bob, NAME)
    moved = {"row": range(1, 7), "key": [5], "content": [6], "both": [5, 6]}[part]
    for at in moved:
        mine[at] = theirs[at]

    put_back(many, FIELDS.name, tuple(mine))

    with pytest.raises(SealBrokenError):
        many.people.get(many.one, ada, SERVICE)
    assert len(list(people_faults(many.vault.core))) == 1


@pytest.mark.threat("T232")
@pytest.mark.parametrize(("at", "value"), [(2, 2), (2, 0), (3, 2), (4, 2**62)])
def test_a_clear_column_that_was_edited_shows(many: Crowd, at: int, value: int) -> None:
    ada = many.person()
    row = list(field_row(many, ada, NAME))
    row[at] = value

    put_back(many, FIELDS.name, tuple(row))

    with pytest.raises(SealBrokenError):
        many.people.get(many.one, ada, SERVICE)


@pytest.mark.threat("T232")
def test_a_field_does_not_pass_for_another(many: Crowd) -> None:
    ada = many.person()
    mail = field_row(many, ada, MAIL)

    put_back(many, FIELDS.name, (ada, NAME, *mail[2:]))

    with pytest.raises(SealBrokenError):
        many.people.get(many.one, ada, SERVICE, frozenset({NAME}))


@pytest.mark.promise("P1")
@pytest.mark.promise("P2")
@pytest.mark.threat("T232")
@pytest.mark.parametrize("columns", [(8,), (9,), (8, 9), (2, 8, 9)])
def test_swapped_keys_open_for_nobody(many: Crowd, columns: tuple[int, ...]) -> None:
    ada, bob = many.person(), many.person(many.other, "Bob")
    keys = many.vault.keys
    found = keys.get(wraps.SUBJECT.name, [(ada, 1), (bob, 1)])
    mine, theirs = [list(each.row) for each in found if each is not None]
    for at in columns:
        mine[at] = theirs[at]
    keys.commit((), lambda _: (Put(wraps.SUBJECT.name, tuple(mine)),), many.vault.fence)
    fresh = Keyring(keys, Secret(seeded(b"memory vault")(32), "epoch key"), seeded(b"x"))

    with pytest.raises(SealBrokenError):
        fresh.subject(ada)
    assert fresh.subject(bob).subject == bob


@pytest.mark.promise("P1")
@pytest.mark.threat("T232")
def test_an_apps_key_opens_only_under_the_epochs_and_in_its_place(many: Crowd) -> None:
    ada = many.person()
    keys = many.vault.keys
    other_epoch = Keyring(keys, Secret(bytes(32), "epoch key"), seeded(b"x"))
    with pytest.raises(SealBrokenError):
        other_epoch.subject(ada)
    rows = keys.get(wraps.APP.name, [(many.one, 1), (many.other, 1)])
    mine, theirs = [each.row for each in rows if each is not None]
    swapped = Put(wraps.APP.name, (*mine[:3], *theirs[3:]))
    keys.commit((), lambda _: (swapped,), Fence(many.vault.fence))

    with pytest.raises(SealBrokenError):
        Keyring(keys, Secret(seeded(b"memory vault")(32), "epoch key"), seeded(b"x")).subject(ada)


@pytest.mark.promise("P1")
@pytest.mark.threat("T232")
def test_base_keys_and_field_keys_of_another_app_open_for_nobody(many: Crowd) -> None:
    keys = many.vault.keys
    mine, theirs = (
        each.row
        for each in keys.get(wraps.APP.name, [(many.one, 1), (many.other, 1)])
        if each is not None
    )
    field = keys.get(wraps.FIELD.name, [(many.other, MAIL, 1)])[0]
    assert field is not None
    bent = (
        Put(wraps.APP.name, (*mine[:5], theirs[5])),
        Put(wraps.FIELD.name, (many.other, PHONE, *field.row[2:])),
    )
    keys.commit((), lambda _: bent, Fence(many.vault.fence))
    ring = Keyring(keys, Secret(seeded(b"memory vault")(32), "epoch key"), seeded(b"x"))

    for look in (lambda: ring.app(many.one), lambda: ring.fields(many.other, PHONE)):
        with pytest.raises(SealBrokenError):
            look()
    assert ring.app(many.other).app == many.other


# --- lookups ---


@pytest.mark.threat("T233")
def test_a_row_that_leads_to_a_wrong_person_leads_to_nobody(many: Crowd) -> None:
    many.person()
    bob = many.person(name="Bob")
    row = next(each.row for each in scan_all(many.store, LOOKUPS) if each.row[3] != bob)

    put_back(many, LOOKUPS.name, (*row[:3], bob, *row[4:]))

    with pytest.raises(SealBrokenError):
        many.people.find(many.one, SERVICE, MAIL, "ada@example.org")
    assert len(list(people_faults(many.vault.core))) == 1


@pytest.mark.threat("T233")
def test_an_old_row_that_came_back_leads_to_nobody(many: Crowd) -> None:
    ada = many.person()
    (old,) = [each.row for each in scan_all(many.store, LOOKUPS)]
    many.people.patch(many.one, ada, SERVICE, {MAIL: "lovelace@example.org"}, 1)

    put_back(many, LOOKUPS.name, old)

    with pytest.raises(SealBrokenError):
        many.people.find(many.one, SERVICE, MAIL, "ada@example.org")


@pytest.mark.threat("T233")
def test_nobody_is_found_by_a_field_that_is_not_for_finding(many: Crowd) -> None:
    many.person()

    with pytest.raises(DeniedError):
        many.people.find(many.one, SERVICE, NAME, "Ada")


# --- older rows ---


@pytest.mark.threat("T234")
def test_an_older_value_that_was_put_back_shows(many: Crowd) -> None:
    ada = many.person()
    old = field_row(many, ada, NAME)
    many.people.patch(many.one, ada, SERVICE, {NAME: "Countess"}, 1)

    put_back(many, FIELDS.name, old)

    with pytest.raises(SealBrokenError):
        many.people.get(many.one, ada, SERVICE)


@pytest.mark.threat("T234")
def test_a_person_whose_row_alone_was_put_back_shows(many: Crowd) -> None:
    ada = many.person()
    old = many.store.get(SUBJECTS.name, [(ada,)])[0]
    assert old is not None
    many.people.patch(many.one, ada, SERVICE, {NAME: "Countess", PHONE: "+4930123456"}, 1)

    put_back(many, SUBJECTS.name, old.row)

    with pytest.raises(SealBrokenError):
        many.people.get(many.one, ada, SERVICE)
    assert list(people_faults(many.vault.core))


@pytest.mark.threat("T234")
@pytest.mark.parametrize(("at", "value"), [(1, "app"), (3, bytes(16)), (4, 7)])
def test_a_person_whose_clear_columns_were_edited_shows(many: Crowd, at: int, value: Cell) -> None:
    ada = many.person()
    found = many.store.get(SUBJECTS.name, [(ada,)])[0]
    assert found is not None
    row = list(found.row)
    row[at] = many.other if value == "app" else value

    put_back(many, SUBJECTS.name, tuple(row))

    with pytest.raises(SealBrokenError):
        many.people.get(AppId(Id16(row[1])), ada, SERVICE)


# --- after an erasure ---


@pytest.mark.threat("T235")
def test_rows_of_an_erased_person_that_came_back_open_for_nobody(many: Crowd) -> None:
    ada = many.person()
    kept: list[tuple[str, Found]] = [
        (table.name, each) for table in TABLES for each in scan_all(many.store, table)
    ]
    many.people.erase(many.one, ada)

    for table, found in kept:
        put_back(many, table, found.row)

    with pytest.raises(NotFoundError):
        many.vault.core.keyring.subject(ada)
    for way in set(WAYS) - {"erase"}:
        with pytest.raises(DeniedError):
            WAYS[way](many, many.one, ada)
    assert many.people.find(many.one, SERVICE, MAIL, "ada@example.org") == ()


@pytest.mark.threat("T235")
def test_the_log_of_an_erased_person_cannot_be_joined_to_their_id(many: Crowd) -> None:
    ada = many.person()
    bob = many.person(name="Bob")
    many.people.erase(many.one, ada)

    rows = [each.row for table in TABLES for each in scan_all(many.store, table)]
    cells = {cell for row in rows for cell in row}
    leaves = {line.leaf.subject for line in many.lines()}

    assert ada not in cells | leaves
    assert bob in cells
    assert bob not in leaves


# --- an erasure that nobody asked for ---


def edited(many: Crowd, subject: SubjectId, at: int, value: Cell) -> None:
    found = many.store.get(SUBJECTS.name, [(subject,)])[0]
    assert found is not None
    row = list(found.row)
    row[at] = value
    put_back(many, SUBJECTS.name, tuple(row))


@pytest.mark.threat("T236")
def test_a_row_that_was_edited_into_a_mark_erases_nobody(many: Crowd) -> None:
    ada = many.person()
    edited(many, ada, 2, ERASING)

    assert many.people.finish_erasures() == 0

    assert many.vault.core.keyring.subject(ada).subject == ada
    assert len(list(people_faults(many.vault.core))) == 1


@pytest.mark.threat("T236")
def test_the_mark_of_one_person_stands_for_no_other(many: Crowd) -> None:
    ada, bob = many.person(), many.person(name="Bob")
    found = many.store.get(SUBJECTS.name, [(bob,)])[0]
    assert found is not None
    many.commit(Subjects(many.vault.core).marked(found))
    marked = many.store.get(SUBJECTS.name, [(bob,)])[0]
    assert marked is not None

    put_back(many, SUBJECTS.name, (ada, *marked.row[1:]))

    assert many.people.finish_erasures() == 1
    assert many.vault.core.keyring.subject(ada).subject == ada


@pytest.mark.threat("T236")
@pytest.mark.parametrize("whose", ["another app's person", "the owner"])
def test_a_row_that_was_edited_gives_no_app_the_erasing_of_others(many: Crowd, whose: str) -> None:
    ada = many.person()
    if whose == "the owner":
        found = many.store.get(SUBJECTS.name, [(ada,)])[0]
        assert found is not None
        subject = many.vault.core.owner
        put_back(many, SUBJECTS.name, (subject, many.other, *found.row[2:]))
    else:
        subject = ada
        edited(many, ada, 1, many.other)

    with pytest.raises(TamperedError):
        many.people.erase(many.other, subject)

    fresh = Keyring(many.vault.keys, Secret(seeded(b"memory vault")(32), "epoch key"), seeded(b"x"))
    assert fresh.subject(subject).subject == subject

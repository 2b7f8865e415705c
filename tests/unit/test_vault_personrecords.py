"""Records of people: kept, read, changed, listed and taken out; each decided and in the log."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NoReturn

import pytest

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.model.errors import (
    AuditUnavailableError,
    DeniedError,
    InvalidError,
    StaleError,
    StoreUnavailableError,
)
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.personrecords import RecordHead
from sealhold.model.underway import Underway
from sealhold.stores.spec import Delete
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personrecords import At
from sealhold.vault.recordasking import Asking
from sealhold.vault.registry import SUSPENDED
from sealhold.vault.subjects import SUBJECTS
from tests.unit.people_vault import MARKETING, SERVICE
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, rule, shelf, whole_shelf


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return kept.newcomer()


# --- a record's life ---


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"text": "kiwi", "number": 3, "part": 0.5, "yes": True, "none": None},
        {"list": [1, [2, {"three": "3"}]], "object": {"a": {"b": {"c": []}}}},
        {"": "an empty name", "\u00e9": "\U0001f95d"},
    ],
)
def test_what_was_put_in_comes_out(kept: Shelf, ada: SubjectId, content: dict[str, object]) -> None:
    assert kept.put(ada, 1, content) == 1

    assert kept.get(ada, 1) == content


@pytest.mark.promise("P4")
def test_no_byte_of_content_lies_in_a_row(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"text": "a quokka on a unicycle"})
    kept.put(ada, 1, {"text": "a kiwi"}, 1)

    cells = [cell for row in kept.rows(ada) for cell in row if isinstance(cell, bytes)]

    assert len(cells) > 5
    assert not any(b"quokka" in cell or b"kiwi" in cell for cell in cells)


def test_older_versions_are_kept_as_many_as_the_rule_says(kept: Shelf, ada: SubjectId) -> None:
    for version in range(6):
        kept.put(ada, 1, {"n": version}, version or None)

    view = kept.records.versions(kept.asking(ada), At(NOTES, rid(1))).wait()

    assert [each.version for each in view.versions] == [6, 5, 4, 3]
    for each in view.versions:
        found = kept.records.get_version(kept.asking(ada), At(NOTES, rid(1)), each.version).wait()
        assert (found.head, found.content) == (each, {"n": each.version - 1})
    for gone in (0, 1, 2, 7):
        with pytest.raises(DeniedError):
            kept.records.get_version(kept.asking(ada), At(NOTES, rid(1)), gone).wait()


def test_a_collection_may_keep_no_older_version(kept: Shelf, ada: SubjectId) -> None:
    app = kept.many.app(kept.many.one)
    kept.collections.lay_down(app, "latest", rule(versions=0))
    at = At("latest", rid(1))
    kept.records.put(kept.asking(ada), at, {"n": 1}, None).wait()
    before = kept.counts()

    kept.records.put(kept.asking(ada), at, {"n": 2}, 1).wait()

    assert kept.counts() == before
    view = kept.records.versions(kept.asking(ada), at).wait()
    assert [each.version for each in view.versions] == [2]


def test_fewer_versions_kept_take_out_those_that_are_over(kept: Shelf, ada: SubjectId) -> None:
    app, at = kept.many.app(kept.many.one), At("fewer", rid(1))
    kept.collections.lay_down(app, "fewer", rule(versions=5))
    for version in range(6):
        kept.records.put(kept.asking(ada), at, {"n": version}, version or None).wait()
    kept.collections.lay_down(app, "fewer", rule(versions=1))

    kept.records.put(kept.asking(ada), at, {"n": 6}, 6).wait()

    view = kept.records.versions(kept.asking(ada), at).wait()
    assert [each.version for each in view.versions] == [7, 6]


def test_a_record_goes_with_all_its_versions_and_keys(kept: Shelf, ada: SubjectId) -> None:
    before = kept.counts()
    for version in range(3):
        kept.put(ada, 1, {"n": version}, version or None)

    gone = kept.records.delete(kept.asking(ada), At(NOTES, rid(1)), 3).wait()

    assert gone.version == 3
    assert kept.counts() == before
    with pytest.raises(DeniedError):
        kept.get(ada, 1)
    with pytest.raises(DeniedError):
        kept.records.delete(kept.asking(ada), At(NOTES, rid(1)), 3).wait()
    assert kept.put(ada, 1, {"n": 9}) == 1


def test_a_patch_changes_what_it_names(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"a": 1, "b": {"c": 2, "d": 3}})
    at = At(NOTES, rid(1))

    head = kept.records.patch(kept.asking(ada), at, {"a": None, "b": {"c": 9}}, 1).wait()

    assert head.version == 2
    assert kept.get(ada, 1) == {"b": {"c": 9, "d": 3}}
    for whole in ([1], "text", None, 7):
        with pytest.raises(InvalidError):
            kept.records.patch(kept.asking(ada), at, whole, 2).wait()
    assert kept.get(ada, 1) == {"b": {"c": 9, "d": 3}}


def test_a_page_ends_where_the_next_begins(kept: Shelf, ada: SubjectId) -> None:
    for number in range(7):
        kept.put(ada, number, {"n": number})
    kept.records.put(kept.asking(ada), At(VISITS, rid(3)), {"place": "x"}, None).wait()
    bob = kept.many.people.make(kept.many.one).subject
    kept.put(bob, 4, {"n": "another's"})

    found, after = [], None
    while True:
        page = kept.records.page(kept.asking(ada), NOTES, after, 3).wait()
        found += [each.content["n"] for each in page.records]
        after = page.after
        if after is None:
            break

    assert found == [*range(7)]


def test_a_page_of_large_records_is_cut_short(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealhold.stores.tables.PAGE_BYTES", 3_000)
    for number in range(5):
        kept.put(ada, number, {"text": "x" * 1_200})

    page = kept.records.page(kept.asking(ada), NOTES, None, 500).wait()

    assert (len(page.records), page.after) == (2, rid(1))


# --- versions and those who come together ---


def test_a_change_for_another_version_changes_nothing(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 1})
    at = At(NOTES, rid(1))
    asking = kept.asking(ada)
    changes: tuple[Underway[RecordHead], ...] = (
        kept.records.put(asking, at, {"n": 2}, None),
        kept.records.put(asking, at, {"n": 2}, 2),
        kept.records.patch(asking, at, {"n": 2}, 0),
        kept.records.delete(asking, at, 7),
        kept.records.put(asking, At(NOTES, rid(2)), {"n": 2}, 1),
    )
    for change in changes:
        with pytest.raises(StaleError):
            change.wait()
        assert (kept.events()[0].outcome, kept.events()[0].reason) == (Outcome.FAILED, "stale")

    assert kept.get(ada, 1) == {"n": 1}


def test_of_those_who_change_a_version_at_once_one_does(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 0})

    def change(number: int) -> int:
        try:
            return kept.put(ada, 1, {"n": number}, 1)
        except StaleError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(change, range(1, 33)))

    assert sorted(versions) == [0] * 31 + [2]
    assert kept.get(ada, 1) == {"n": versions.index(2) + 1}


def test_many_at_once_are_all_kept(kept: Shelf, ada: SubjectId) -> None:
    bob = kept.many.people.make(kept.many.one).subject

    def life(number: int) -> int:
        who = (ada, bob)[number % 2]
        kept.put(who, number, {"n": number})
        kept.put(who, number, {"n": -number}, 1)
        kept.put(who, number, {"n": number}, 2)
        if number % 5 == 0:
            kept.records.delete(kept.asking(who), At(NOTES, rid(number)), 3).wait()
            return 0
        return int(kept.get(who, number)["n"])

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(life, range(80)))

    assert found == [0 if number % 5 == 0 else number for number in range(80)]


# --- what is decided and what the log says ---


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    ("collection", "purpose", "reason"),
    [
        (NOTES, "", "other_purpose"),
        (NOTES, "Purpose", "other_purpose"),
        (NOTES, "no term", "other_purpose"),
        (VISITS, MARKETING, "other_purpose"),
        ("nothing", SERVICE, "out_of_scope"),
    ],
)
def test_what_the_owner_did_not_allow_is_refused(
    kept: Shelf, ada: SubjectId, collection: str, purpose: str, reason: str
) -> None:
    asking, at = kept.asking(ada, purpose=purpose), At(collection, rid(1))
    for use in (
        lambda: kept.records.get(asking, at),
        lambda: kept.records.versions(asking, at),
        lambda: kept.records.put(asking, at, {}, None),
        lambda: kept.records.patch(asking, at, {}, 1),
        lambda: kept.records.delete(asking, at, 1),
        lambda: kept.records.page(asking, collection, None, 9),
    ):
        with pytest.raises(DeniedError):
            use().wait()
        told = kept.events()[0]
        assert (told.outcome, told.reason, told.rows_out) == (Outcome.DENIED, reason, 0)
        assert told.collection in {collection, None}


@pytest.mark.promise("P5")
def test_a_suspended_app_gets_nothing(kept: Shelf, ada: SubjectId) -> None:
    registry, app = kept.many.registry, kept.many.app(kept.many.one)
    kept.put(ada, 1, {"n": 1})
    kept.many.commit(registry.change(app, SUSPENDED))

    with pytest.raises(DeniedError):
        kept.get(ada, 1)

    assert kept.events()[0].reason == "app_not_active"
    kept.many.commit(registry.change(kept.many.app(app.id), "active"))
    assert kept.get(ada, 1) == {"n": 1}


@pytest.mark.promise("P7")
def test_each_use_is_an_entry_that_names_no_id(kept: Shelf, ada: SubjectId) -> None:
    asking, at = kept.asking(ada), At(NOTES, rid(1))
    kept.put(ada, 1, {"n": 1})
    kept.put(ada, 1, {"n": 2}, 1)
    kept.get(ada, 1)
    kept.records.get_version(asking, at, 1).wait()
    kept.records.versions(asking, at).wait()
    kept.records.page(asking, NOTES, None, 5).wait()
    kept.records.delete(asking, at, 2).wait()

    events = kept.events()[:7][::-1]

    assert [each.reason for each in events] == [
        "kept", "changed", "read", "read", "versions listed", "listed", "taken out",
    ]  # fmt: skip
    assert len({each.records for each in events}) == 1
    for each in events:
        assert (each.kind, each.actor, each.app) == (EventKind.RECORD, Actor.APP, kept.many.one)
        assert (each.purpose, each.collection) == (SERVICE, NOTES)
        assert each.subject is not None
        assert bytes(rid(1)) not in each.records
        assert ada != each.subject


def test_a_person_has_their_own_without_a_purpose(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 1})
    own = Asking(app=kept.many.one, subject=ada, actor=Actor.PERSON)

    assert kept.records.get(own, At(NOTES, rid(1))).wait().content == {"n": 1}
    assert kept.records.patch(own, At(NOTES, rid(1)), {"n": 2}, 1).wait().version == 2
    assert [each.actor for each in kept.events()[:2]] == [Actor.PERSON] * 2
    with pytest.raises(DeniedError):
        kept.records.get(own, At("nothing", rid(1))).wait()


def test_a_use_is_decided_anew_if_the_record_changed_meanwhile(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 1})
    at = At(NOTES, rid(1))
    read = kept.records.get(kept.asking(ada), at)
    taken = kept.records.delete(kept.asking(ada), at, 1)
    first = read.go()
    assert isinstance(first, Future)
    kept.put(ada, 1, {"n": 2}, 1)
    first.exception()

    with pytest.raises(StaleError):
        taken.wait()
    read.wait()

    assert read.value.content in ({"n": 1}, {"n": 2})


def test_a_use_whose_person_is_gone_by_then_is_refused(kept: Shelf, ada: SubjectId) -> None:
    kept.put(ada, 1, {"n": 1})
    bob = SubjectId(Id16(b"nobody at all..."))

    for asking in (kept.asking(bob), kept.asking(ada, kept.many.other)):
        with pytest.raises(DeniedError):
            kept.records.get(asking, At(NOTES, rid(1))).wait()
        assert kept.events()[0].reason == "subject_not_active"


def test_without_a_log_nothing_is_kept_or_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise StoreUnavailableError("the disk does not answer")

    with shelf() as own:
        ada = own.many.people.make(own.many.one).subject
        own.put(ada, 1, {"n": 1})
        before = own.counts()
        with monkeypatch.context() as patched:
            patched.setattr(own.many.store, "commit", refuse)
            for use in (lambda: own.get(ada, 1), lambda: own.put(ada, 2, {"n": 1})):
                with pytest.raises(AuditUnavailableError):
                    use()
        assert own.counts() == before


def test_erasing_a_person_takes_all_of_it_out() -> None:
    with shelf() as own:
        ada, bob = (own.many.people.make(own.many.one).subject for _ in range(2))
        for who in (ada, bob):
            own.put(who, 1, {"n": 1})
            own.put(who, 1, {"n": 2}, 1)

        own.many.people.erase(own.many.one, ada)

        assert own.rows(ada) == []
        assert own.counts() == (1, 1, 1)
        assert own.get(bob, 1) == {"n": 2}
        with pytest.raises(DeniedError):
            own.get(ada, 1)


def test_a_person_who_is_not_there_any_more_leaves_faults() -> None:
    with shelf() as own:
        ada = own.many.people.make(own.many.one).subject
        own.put(ada, 1, {"n": 1})
        own.put(ada, 1, {"n": 2}, 1)
        own.many.bend(Delete(SUBJECTS.name, (ada,)))

        assert len(list(people_faults(own.many.vault.core))) == 3

"""Attachments of records: kept in packs of their own, read in part, gone with their record."""

from collections.abc import Generator, Iterator
from threading import Thread
from typing import NoReturn

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.model.errors import (
    AuditUnavailableError,
    ConflictError,
    DeniedError,
    InvalidError,
    RangeError,
    SealholdError,
    StaleError,
    StoreUnavailableError,
)
from sealhold.model.ids import Id16, SealedBytes, SubjectId
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.vault import attaching
from sealhold.vault.attaching import MAX_SIZE, Given, Of
from sealhold.vault.personrecords import At
from tests.unit.attachments_vault import LARGE, ONE, attach, packs, read, with_a_note
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MARKETING
from tests.unit.records_vault import NOTES, VISITS, Shelf, rid, whole_shelf


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with whole_shelf() as found:
        yield found


@pytest.fixture
def ada(kept: Shelf) -> SubjectId:
    return with_a_note(kept)


# --- an attachment's life ---


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    "content", [b"", b"x", LARGE, bytes(3_000_000)], ids=["empty", "small", "large", "alike"]
)
def test_what_was_attached_comes_out(kept: Shelf, ada: SubjectId, content: bytes) -> None:
    assert attach(kept, ada, content) == 1

    view = kept.attachments.get(kept.asking(ada), ONE)

    assert (view.media, view.head.size, view.head.version) == ("image/png", len(content), 1)
    assert b"".join(view.pieces) == content


@pytest.mark.promise("P4")
def test_nothing_readable_lies_in_packs_or_rows(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, b"a quokka on a unicycle " * 10_000)

    stored = [kept.many.vault.packs.get(name) for name in kept.many.vault.packs.names("packs/")]
    cells = [cell for row in kept.rows(ada) for cell in row if isinstance(cell, bytes)]

    assert stored
    assert not any(b"quokka" in each or b"image/png" in each for each in (*stored, *cells))


@pytest.mark.parametrize(
    ("span", "first", "end"),
    [
        ((0, 0), 0, 1),
        ((0, 99), 0, 100),
        ((500_000, 500_009), 500_000, 500_010),
        ((999_999, None), 999_999, 1_000_000),
        ((10, 10**12), 10, 1_000_000),
        ((None, 5), 999_995, 1_000_000),
        ((None, 10**12), 0, 1_000_000),
        ((65_530, 300_000), 65_530, 300_001),
    ],
)
def test_some_of_its_bytes_are_read_alone(
    kept: Shelf, ada: SubjectId, span: tuple[int | None, int | None], first: int, end: int
) -> None:
    attach(kept, ada, LARGE)

    assert read(kept, ada, span) == LARGE[first:end]


@pytest.mark.parametrize("span", [(1_000_000, None), (10**12, 10**13), (5, 4), (None, 0)])
def test_bytes_that_it_does_not_have_are_refused(
    kept: Shelf, ada: SubjectId, span: tuple[int | None, int | None]
) -> None:
    attach(kept, ada, LARGE)

    with pytest.raises(RangeError):
        read(kept, ada, span)


def test_a_read_of_a_few_bytes_opens_one_chunk(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(kept, ada, LARGE)
    touched: list[int] = []
    get = MemoryObjects.get

    def counting(self: MemoryObjects, *args: object) -> SealedBytes:
        touched.append(1)
        return get(self, *args)  # type: ignore[arg-type]  # reason: passed on as it came

    monkeypatch.setattr(MemoryObjects, "get", counting)
    read(kept, ada, (500_000, 500_001))

    assert len(touched) == 1


def test_what_is_replaced_goes_with_its_packs(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, LARGE)
    before, counts = packs(kept, ada), kept.counts()

    assert attach(kept, ada, LARGE[::-1], 1) == 2

    after = packs(kept, ada)
    assert read(kept, ada) == LARGE[::-1]
    assert len(after) == len(before) == 1
    assert after != before
    assert kept.counts() == counts
    assert not before & {*kept.many.vault.packs.names("packs/")}


def test_content_over_a_pack_lies_in_several(kept: Shelf, ada: SubjectId) -> None:
    content = seeded(b"twelve megabytes")(12_000_000)

    attach(kept, ada, content)

    assert len(packs(kept, ada)) == 2
    assert read(kept, ada) == content
    kept.attachments.delete(kept.asking(ada), ONE, 1)
    assert packs(kept, ada) == set()


def test_a_record_has_several_and_keeps_them_when_it_changes(kept: Shelf, ada: SubjectId) -> None:
    for number in (3, 1, 2):
        attach(kept, ada, b"%d" % number, of=Of(ONE.at, number))
    kept.put(ada, 1, {"n": 2}, 1)

    view = kept.attachments.listed(kept.asking(ada), ONE.at)

    assert [(each.number, each.size) for each in view.attachments] == [(1, 1), (2, 1), (3, 1)]
    assert read(kept, ada, of=Of(ONE.at, 2)) == b"2"
    kept.attachments.delete(kept.asking(ada), Of(ONE.at, 2), 1)
    with pytest.raises(DeniedError):
        read(kept, ada, of=Of(ONE.at, 2))
    assert read(kept, ada, of=Of(ONE.at, 3)) == b"3"


def test_a_record_goes_with_its_attachments(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, LARGE)

    kept.records.delete(kept.asking(ada), ONE.at, 1).wait()

    assert kept.rows(ada) == []
    assert packs(kept, ada) == set()
    assert kept.put(ada, 1, {"n": 1}) == 1
    with pytest.raises(DeniedError):
        read(kept, ada)


def test_a_person_goes_with_all_of_it(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, LARGE)
    stored = packs(kept, ada)

    kept.many.people.erase(kept.many.one, ada)

    assert kept.rows(ada) == []
    assert packs(kept, ada) == set()
    assert not stored & {*kept.many.vault.packs.names("packs/")}


# --- versions, terms and those who come together ---


def test_a_change_for_another_version_changes_nothing(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, b"one")
    before = packs(kept, ada)

    for over in (None, 0, 2):
        with pytest.raises(StaleError):
            attach(kept, ada, b"two", over)
    with pytest.raises(StaleError):
        kept.attachments.delete(kept.asking(ada), ONE, 7)
    with pytest.raises(StaleError):
        attach(kept, ada, b"two", 1, of=Of(ONE.at, 2))

    assert read(kept, ada) == b"one"
    assert packs(kept, ada) == before


def test_what_a_lost_race_put_is_deleted(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = attaching.Attachments._looked  # reason: between look and commit

    def late(*args: object) -> Generator[object, bool, object]:
        keys = yield from looked(*args)  # type: ignore[arg-type]  # reason: passed on as it came
        monkeypatch.setattr(attaching.Attachments, "_looked", looked)
        attach(kept, ada, b"first")
        return keys

    before = {*kept.many.vault.packs.names("packs/")}
    monkeypatch.setattr(attaching.Attachments, "_looked", late)
    with pytest.raises(StaleError):
        attach(kept, ada, b"second")

    assert read(kept, ada) == b"first"
    assert {*kept.many.vault.packs.names("packs/")} - before == packs(kept, ada)


def test_what_may_have_been_written_keeps_its_packs(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kept.many.store
    attach(kept, ada, b"first")
    commit = store.commit

    def unanswered(*args: object) -> NoReturn:
        commit(*args)  # type: ignore[arg-type]  # reason: passed on as it came
        raise StoreUnavailableError("no answer")

    def away() -> NoReturn:
        raise StoreUnavailableError("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(store, "commit", unanswered)
        broken.setattr(store, "renew", away)
        with pytest.raises(AuditUnavailableError):
            attach(kept, ada, b"second", over=1)

    assert read(kept, ada) == b"second"
    assert packs(kept, ada)


def test_a_record_that_is_taken_out_meanwhile_keeps_no_attachment(
    kept: Shelf, ada: SubjectId
) -> None:
    taken = kept.records.delete(kept.asking(ada), ONE.at, 1)
    first = taken.go()
    assert first is not None
    came: list[SealholdError] = []

    def attaches() -> None:
        try:
            attach(kept, ada, b"late")
        except SealholdError as err:
            came.append(err)

    late = Thread(target=attaches)
    late.start()
    late.join()
    taken.wait()

    assert [type(err) for err in came] == [DeniedError]
    assert kept.rows(ada) == []


def test_what_is_over_is_there_for_nobody(kept: Shelf, ada: SubjectId) -> None:
    at, asking = At(VISITS, rid(1)), kept.asking(ada)
    kept.records.put(asking, at, {"place": "x"}, None).wait()
    kept.many.time.now = Instant(NOON + 15 * DAY)
    attach(kept, ada, b"x", of=Of(at, 1))
    kept.records.put(asking, at, {"place": "y"}, 1).wait()
    kept.many.time.now = Instant(NOON + 46 * DAY)
    with pytest.raises(DeniedError):
        read(kept, ada, of=Of(at, 1))

    kept.records.put(asking, at, {"place": "z"}, None).wait()

    assert kept.attachments.listed(asking, at).attachments == ()
    assert attach(kept, ada, b"x", of=Of(at, 1)) == 1


@pytest.mark.parametrize(
    ("number", "media", "size"),
    [
        (0, "image/png", 1),
        (101, "image/png", 1),
        (1, "image", 1),
        (1, "IMAGE/PNG", 1),
        (1, "image/png; x=y", 1),
        (1, "", 1),
        (1, "image/png", MAX_SIZE + 1),
    ],
)
def test_what_is_none_is_refused(
    kept: Shelf, ada: SubjectId, number: int, media: str, size: int
) -> None:
    given = Given(media, bytes(size))

    with pytest.raises(InvalidError):
        kept.attachments.put(kept.asking(ada), Of(ONE.at, number), given, None)


@pytest.mark.promise("P5")
def test_what_the_owner_did_not_allow_is_refused(kept: Shelf, ada: SubjectId) -> None:
    attach(kept, ada, b"x")
    visit = At(VISITS, rid(1))
    kept.records.put(kept.asking(ada), visit, {"place": "x"}, None).wait()
    stored = {*kept.many.vault.packs.names("packs/")}
    for asking, at in (
        (kept.asking(ada, kept.many.other), ONE.at),
        (kept.asking(ada, purpose=MARKETING), visit),
        (kept.asking(ada, purpose=""), ONE.at),
        (kept.asking(SubjectId(Id16(bytes(16)))), ONE.at),
        (kept.asking(ada), At(NOTES, rid(9))),
        (kept.asking(ada), At("nothing", rid(1))),
    ):
        with pytest.raises(DeniedError):
            kept.attachments.put(asking, Of(at, 2), Given("a/b", b"x"), None)
        with pytest.raises(DeniedError):
            kept.attachments.get(asking, Of(at, 1))
        with pytest.raises(DeniedError):
            kept.attachments.listed(asking, at)
        with pytest.raises(DeniedError):
            kept.attachments.delete(asking, Of(at, 1), 1)
    assert {*kept.many.vault.packs.names("packs/")} == stored


def test_a_place_for_packs_that_is_away_keeps_nothing(
    kept: Shelf, ada: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailableError("the bucket does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryObjects, "put", away)
        with pytest.raises((StoreUnavailableError, ConflictError)):
            attach(kept, ada, b"one")

    assert kept.attachments.listed(kept.asking(ada), ONE.at).attachments == ()

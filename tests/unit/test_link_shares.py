"""Links: how a content is cut, what terms and tellings are taken, what is odd, what is kept."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.reading import read_hashes
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    InvalidEncodingError,
    InvalidError,
    InvalidFilterError,
    NotFoundError,
    ObjectNotFoundError,
)
from sealhold.model.ids import Collection, FieldName, Id16
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.model.records import Column, ColumnType, Sensitivity
from sealhold.net.relay.linkspec import (
    PIECE,
    STEP,
    End,
    LinkTold,
    read_terms,
    read_told,
)
from sealhold.net.relay.spec import Stored
from sealhold.policy.suspicion import Sign
from sealhold.sharing.hosting.linkrows import LINK, OPENING
from sealhold.sharing.hosting.linkshelf import BY_THEN, REMEMBERED, LinkShelf, name_of
from sealhold.sharing.links.linkbook import KeptLink, LinkBook
from sealhold.sharing.links.linkhead import PLAIN, Link, padded, terms_of
from sealhold.sharing.links.looking import Subject, look, shown_row
from sealhold.vault.ledgerwords import sentence
from tests.relaying import ACCOUNT, NOW, Place
from tests.unit.memory_vault import memory_vault

UNTIL = Instant(NOW + DAY)
LINK_ID = Id16(b"a link of tests.")
TERMS = terms_of(PLAIN + 5, bytes(32), UNTIL, 1)


# --- pieces and papers ---


@pytest.mark.parametrize("size", [0, 1, STEP, STEP + 1, PLAIN - 1, PLAIN, PLAIN + 1, 3 * PLAIN])
def test_a_content_is_cut_into_the_pieces_that_its_terms_say(size: int) -> None:
    terms = terms_of(size, bytes(32), UNTIL, 0)
    data = bytes(range(251)) * (size // 251 + 1)
    parts = [data[at : min(at + 70_001, size)] for at in range(0, size, 70_001)]

    plains = list(padded(parts, size))

    assert [len(each) + 16 for each in plains] == [
        terms.length(number) for number in range(1, terms.pieces)
    ]
    assert b"".join(plains)[:size] == data[:size]
    assert not any(b"".join(plains)[size:])
    assert terms.length(terms.pieces) == terms.length(-1) == 0


@pytest.mark.parametrize("size", [4, 6, PLAIN, 2 * PLAIN + 5])
def test_a_content_of_another_length_is_none(size: int) -> None:
    with pytest.raises(InvalidError, match="changed while"):
        list(padded([b"12345"] if size < PLAIN else [b"12345" * PLAIN], size))


@pytest.mark.parametrize(
    "other",
    [
        {"gate": bytes(31)},
        {"most": -1},
        {"pieces": 1},
        {"pieces": 4_097},
        {"size": TERMS.size + 1},
        {"size": TERMS.size + PIECE},
        {"size": 0},
        {"more": 1},
        {"until": "soon"},
    ],
)
def test_terms_of_no_such_form_are_refused(other: dict[str, object]) -> None:
    assert read_terms(TERMS.told()) == TERMS
    with pytest.raises(InvalidEncodingError):
        read_terms(pack(unpack(TERMS.told()) | other))


def test_what_is_told_of_a_link_is_read_again_or_refused() -> None:
    told = LinkTold(
        end=End.READY, until=UNTIL, most=0, opened=2, wrong=1, pieces=3, times=(NOW, UNTIL)
    )
    assert read_told(told.told()) == told
    for other in ({"end": "soon"}, {"times": 1}, {"times": ["x"]}, {"opened": -1}, {"x": 1}):
        with pytest.raises(InvalidEncodingError):
            read_told(pack(unpack(told.told()) | other))


# --- at the relay ---


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def shelf(place: Place) -> Iterator[LinkShelf]:
    yield place.shelf(place.mailboxes())
    place.rows.close()


def fill(shelf: LinkShelf) -> None:
    assert shelf.begin(ACCOUNT, LINK_ID, TERMS) is Stored.CREATED
    for number in range(TERMS.pieces):
        assert shelf.put(ACCOUNT, LINK_ID, number, bytes(TERMS.length(number))) is Stored.CREATED


def test_a_put_that_is_repeated_changes_nothing_and_another_one_is_refused(
    shelf: LinkShelf,
) -> None:
    fill(shelf)

    assert shelf.begin(ACCOUNT, LINK_ID, TERMS) is Stored.SAME
    other = terms_of(5, bytes(32), UNTIL, 0)
    assert shelf.begin(ACCOUNT, LINK_ID, other) is Stored.TAKEN
    assert shelf.put(ACCOUNT, LINK_ID, 1, bytes(TERMS.length(1))) is Stored.SAME
    assert shelf.put(ACCOUNT, LINK_ID, 1, b"x" * TERMS.length(1)) is Stored.TAKEN
    assert shelf.put(ACCOUNT, LINK_ID, 1, b"short") is Stored.TAKEN
    assert shelf.put(ACCOUNT, LINK_ID, 9, bytes(16)) is Stored.TAKEN
    assert shelf.ready(ACCOUNT, LINK_ID)
    assert shelf.ready(ACCOUNT, LINK_ID)
    assert shelf.put(ACCOUNT, LINK_ID, 1, bytes(TERMS.length(1))) is Stored.TAKEN


def test_a_link_is_not_ready_before_all_is_there(shelf: LinkShelf) -> None:
    fill(shelf)
    shelf.objects.delete(name_of(LINK_ID, 2))

    assert not shelf.ready(ACCOUNT, LINK_ID)
    assert shelf.told(ACCOUNT, LINK_ID).end is End.FILLING


def test_what_was_never_made_ready_ends_after_a_day(shelf: LinkShelf, place: Place) -> None:
    fill(shelf)
    place.now = Instant(NOW + BY_THEN - 1)
    shelf.sweep()
    assert shelf.told(ACCOUNT, LINK_ID).end is End.FILLING
    place.now = Instant(NOW + BY_THEN)
    shelf.sweep()

    assert shelf.told(ACCOUNT, LINK_ID).end is End.EXPIRED
    assert list(shelf.objects.names("s/")) == []


def test_an_ended_link_is_remembered_for_thirty_days_and_then_forgotten(
    shelf: LinkShelf, place: Place
) -> None:
    fill(shelf)
    shelf.end(ACCOUNT, LINK_ID)
    shelf.end(ACCOUNT, LINK_ID)
    place.now = Instant(UNTIL + REMEMBERED - 1)
    shelf.sweep()
    assert shelf.told(ACCOUNT, LINK_ID).end is End.REVOKED
    place.now = Instant(UNTIL + REMEMBERED)
    shelf.sweep()

    with pytest.raises(ObjectNotFoundError):
        shelf.told(ACCOUNT, LINK_ID)
    for table in (LINK, OPENING):
        assert not shelf.rows.scan(table.name, "key", (), (), limit=9).rows


@pytest.mark.parametrize("until", [NOW, NOW - HOUR, NOW + 92 * DAY])
def test_a_link_ends_ahead_and_within_ninety_one_days(shelf: LinkShelf, until: int) -> None:
    with pytest.raises(InvalidError):
        shelf.begin(ACCOUNT, LINK_ID, terms_of(5, bytes(32), Instant(until), 0))


# --- what is odd ---


def column(name: str, type_: ColumnType = ColumnType.TEXT) -> Column:
    return Column(name=FieldName(name), type=type_, about="")


MAIL = (column("from"), column("to", ColumnType.LIST), column("at", ColumnType.INSTANT))
SEEN = {"from": "ann@example.org", "to": ["bob@example.org"], "at": 1_700_000_123_456}


def signs(subject: Subject) -> list[Sign]:
    return [one.sign for one in look(subject, bytes(32), NOW, UNTIL, 0).found]


def test_a_record_tells_of_other_people_until_they_are_left_out() -> None:
    omit = frozenset({FieldName("from"), FieldName("to")})
    whole = Subject(kind="record", dataset=Collection("mail"), row=SEEN, columns=MAIL)
    row = shown_row(SEEN, MAIL, (), omit)
    less = Subject(kind="record", dataset=Collection("mail"), row=row, columns=MAIL, omit=omit)

    assert signs(whole) == [Sign.THIRD_PERSON]
    assert row == {"at": SEEN["at"]}
    assert signs(less) == []


def test_what_is_intimate_or_hidden_is_found() -> None:
    for level, found in ((Sensitivity.ORDINARY, []), (Sensitivity.INTIMATE, [Sign.SENSITIVE])):
        assert signs(Subject(kind="record", row={}, sensitivity=level)) == found
    assert signs(Subject(kind="file", row={}, hidden=frozenset({"metadata"}))) == [Sign.HIDDEN_DATA]


def test_a_rule_of_precision_is_applied_before_anything_is_shown() -> None:
    rules = ("round(at, 3600000ms)",)
    assert shown_row(SEEN, MAIL, rules, ())["at"] == 1_699_999_200_000
    with pytest.raises(InvalidFilterError):
        shown_row(SEEN, MAIL, ("round(nothing, 5)",), ())


# --- what is kept ---


def kept(number: int = 1) -> KeptLink:
    return KeptLink(
        id=bytes([number]) * 16,
        host="https://relay.example",
        token="t",  # reason: none
        name="n",
        kind="file",
        sender="",
        size=5,
        until=UNTIL,
        most=0,
        asks=False,
        made=NOW + number,
    )


def told(**more: object) -> LinkTold:
    base = {"end": End.READY, "until": UNTIL, "most": 0, "opened": 0, "wrong": 0, "pieces": 2}
    return LinkTold(**(base | {"times": ()} | more))  # type: ignore[arg-type]


def test_links_are_kept_found_and_heard_of_each_change_with_its_entry() -> None:
    with memory_vault() as vault:
        book = LinkBook(vault.core)
        before = len(list(read_hashes(vault.core.store)))
        for number in (1, 2):
            book.begin(kept(number))
        opened = book.hear(kept(1), told(opened=2, times=(NOW, UNTIL)))
        same = book.hear(opened, told(opened=2, times=(NOW, UNTIL)))
        ended = book.hear(opened, told(opened=3, times=(NOW,) * 3, end=End.EXPIRED))

        assert same is opened
        assert (opened.state, ended.state) == ("open", "expired")
        assert [each.id for each in book.every()] == [kept(2).id, kept(1).id]
        assert book.find("0101") == ended
        for text in ("010", "ffff"):
            with pytest.raises(NotFoundError):
                book.find(text)
        # begun twice; opened and open at once is two; opened again and expired two more
        assert len(list(read_hashes(vault.core.store))) - before == 6


def test_a_link_does_not_show_its_key() -> None:
    link = Link("https://relay.example", LINK_ID, Secret(b"k" * 32, "link key"), asks=False)
    assert "kkk" not in repr(link)


@pytest.mark.parametrize("kind", EventKind)
def test_each_kind_of_event_has_words_in_the_ledger(kind: EventKind) -> None:
    assert sentence(Event(kind=kind, actor=Actor.OWNER, reason="made"))

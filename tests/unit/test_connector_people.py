"""vCard 2.1, 3.0 and 4.0."""

import io

import pytest

from sealhold.connectors.sources.vcard import VCard, parse_birthday
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError


def card(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""]).encode()


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(VCard().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def one(content: bytes) -> Item:
    (item,), rejects = read(content)
    assert not rejects
    return item


def test_version_2_1_writes_quoted_printable_over_lines() -> None:
    item = one(
        card(
            "VERSION:2.1",
            "N;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FCller;J=F6rg",
            "FN;QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=B6rg =",
            "M=C3=BCller",
            "TEL;HOME;VOICE:+41 44 1",
        )
    )

    assert item.fields["name"] == "Jörg Müller"
    assert (item.fields["family"], item.fields["given"]) == ("Müller", "Jörg")
    assert item.fields["phones"] == ["+41 44 1"]
    assert item.raw == ["TEL;HOME;VOICE:+41 44 1"]


def test_version_4_has_uris_groups_and_escapes() -> None:
    item = one(
        card(
            "VERSION:4.0",
            r"FN:Ann\, B",
            "item1.EMAIL;TYPE=work:mailto:ann@example.org",
            "TEL;VALUE=uri:tel:+41-44-1",
            r"NOTE:first\nsecond",
            "CATEGORIES:friends,chess",
            "REV:20200101T000000Z",
        )
    )

    assert item.fields["name"] == "Ann, B"
    assert item.fields["emails"] == ["ann@example.org"]
    assert item.fields["phones"] == ["+41-44-1"]
    assert item.fields["note"] == "first\nsecond"
    assert item.fields["categories"] == ["friends", "chess"]
    assert item.fields["changed"] == 1_577_836_800_000


@pytest.mark.parametrize(
    ("written", "shown", "is_all"),
    [
        ("1980-05-17", "1980-05-17", True),
        ("19800517", "1980-05-17", True),
        ("--0517", "--05-17", True),
        ("--05-17", "--05-17", True),
        ("1980-05-17T10:00:00Z", "1980-05-17", False),
        ("circa 1800", "circa 1800", True),
        ("", None, True),
    ],
)
def test_a_birthday_may_lack_its_year(written: str, shown: str | None, *, is_all: bool) -> None:
    assert parse_birthday(written) == (shown, is_all)


def test_a_card_without_a_formatted_name_is_named_by_its_parts() -> None:
    assert one(card("N:Roe;Jane;;;")).fields["name"] == "Jane Roe"
    assert one(card("ORG:Acme")).fields["name"] == "Acme"


def test_an_address_is_one_line_and_its_parts_stay_in_raw() -> None:
    item = one(card("FN:A", "ADR:;;Main Street 1;Bern;;3000;CH"))

    assert item.fields["addresses"] == ["Main Street 1, Bern, 3000, CH"]
    assert item.raw == ["ADR:;;Main Street 1;Bern;;3000;CH"]


def test_a_picture_stays_in_raw_unfolded() -> None:
    item = one(card("FN:A", "PHOTO;ENCODING=b:AAAA", " BBBB"))

    assert item.raw == ["PHOTO;ENCODING=b:AAAABBBB"]


def test_the_card_of_an_agent_inside_a_card_is_no_contact_of_its_own() -> None:
    item = one(card("FN:A", "AGENT:", "BEGIN:VCARD", "FN:B", "END:VCARD"))

    assert item.fields["name"] == "A"
    assert "FN:B" in item.raw


def test_a_card_that_says_nothing_is_a_reject() -> None:
    items, rejects = read(card("VERSION:3.0") + card("FN:A"))

    assert len(items) == 1
    assert rejects[0].why is Why.UNSUPPORTED


def test_a_card_without_end_is_a_reject_and_the_others_are_read() -> None:
    items, rejects = read(card("FN:A") + card("FN:B")[:-12])

    assert [item.fields["name"] for item in items] == ["A"]
    assert [reject.why for reject in rejects] == [Why.MALFORMED]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one(end: str) -> None:
    content = end.join(["BEGIN:VCARD", "FN:A", "END:VCARD", ""]).encode()

    assert one(content).fields["name"] == "A"
    assert VCard().sniff(content, "").sure


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_line(charset: str) -> None:
    content = card("FN:Zoë").decode().encode(charset)

    assert one(content).fields["name"] == "Zoë"
    assert VCard().sniff(content, "").sure


def test_a_file_without_cards_is_unreadable() -> None:
    with pytest.raises(UnreadableSourceError):
        read(b"")


def test_a_year_that_only_fills_its_place_is_none() -> None:
    written = one(card("FN:A", "BDAY;X-APPLE-OMIT-YEAR=1604;VALUE=date:1604-03-05"))
    known = one(card("FN:A", "BDAY;X-APPLE-OMIT-YEAR=1604:1980-03-05"))

    assert (written.fields["birthday"], written.raw) == ("--03-05", None)
    assert known.fields["birthday"] == "1980-03-05"

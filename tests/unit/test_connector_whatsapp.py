"""WhatsApp's text of a chat: layouts, times, writers, what is kept of what was taken back."""

import io

import pytest

from sealhold import plugins
from sealhold.connectors.chats import DELETED, DISAPPEARING, EDITED
from sealhold.connectors.sources.whatsapp import WhatsApp
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

JUNE_13 = 1_528_925_115_000  # 2018-06-13 21:25:15, as if it were UTC
LRM = "\u200e"
ARABIC = {ord(str(digit)): 0x660 + digit for digit in range(10)}


def read(*lines: str, end: str = "\n") -> tuple[list[Item], list[Reject]]:
    return read_bytes("".join(line + end for line in lines).encode())


def read_bytes(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(WhatsApp().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def one(line: str) -> Item:
    (item, *_), rejects = read(line)
    assert not rejects
    return item


@pytest.mark.parametrize(
    "line",
    [
        "[13.06.18, 21:25:15] Ann: hi",
        "[13/06/2018, 21:25:15] Ann: hi",
        "[6/13/18, 9:25:15\u202fPM] Ann: hi",
        f"{LRM}[13/06/18, 9:25:15 p. m.] Ann: hi",
        "[13.06.18 21:25:15] Ann: hi",
        "[2018/06/13, 21:25:15] Ann: hi",
        "2018-06-13, 21:25:15 - Ann: hi",
        "[13/06/18, 9:25:15 p.\u00a0m.] Ann: hi",
        "[2018/6/13, 下午9:25:15] Ann: hi",
        "13. 6. 2018. 21:25:15 - Ann: hi",
        "13.6.2018 klo 21.25.15 - Ann: hi",
        "\u200f13\u200f/6\u200f/2018, 21:25:15 - Ann: hi".translate(ARABIC),
    ],
)
def test_every_layout_gives_the_same_moment_writer_and_words(line: str) -> None:
    item = one(line)

    assert (item.fields["at"], item.fields["offset_min"]) == (JUNE_13, None)
    assert (item.fields["from"], item.fields["text"]) == ("Ann", "hi")
    assert item.fields["written"] is None


@pytest.mark.parametrize(
    ("written", "minute"),
    [("12:05 AM", 5), ("1:05 am", 65), ("12:05 PM", 725), ("1:05\u202fpm", 785), ("13:05", 785)],
)
def test_noon_and_midnight_are_where_they_belong(written: str, minute: int) -> None:
    item = one(f"13/06/2018, {written} - Ann: hi")

    assert item.fields["at"] == 1_528_848_000_000 + minute * 60_000


def test_one_day_over_twelve_proves_the_order_for_the_whole_file() -> None:
    items, rejects = read("03/02/2025, 10:00 - Ann: a", "2/25/2025, 10:00 - Ann: b")

    assert [item.fields["at"] for item in items] == [1_740_909_600_000, 1_740_477_600_000]
    assert not rejects


def test_an_order_that_nothing_proves_leaves_the_times_as_text_and_is_said() -> None:
    items, rejects = read("03/02/2025, 10:00 - Ann: a", "04/02/2025, 10:01 - Bo: b")

    assert [item.fields["at"] for item in items] == [None, None]
    assert [item.fields["written"] for item in items] == ["03/02/2025, 10:00", "04/02/2025, 10:01"]
    assert [(each.position, each.why) for each in rejects] == [("dates", Why.NO_TIME)]


def test_days_that_prove_both_orders_prove_none() -> None:
    items, rejects = read("13/02/2025, 10:00 - Ann: a", "02/13/2025, 10:01 - Bo: b")

    assert [item.fields["at"] for item in items] == [None, None]
    assert len(rejects) == 1


def test_a_message_has_one_name_whether_its_date_is_proven_yet_or_not() -> None:
    early, _ = read("03/02/2025, 10:00 - Ann: a")
    later, _ = read("03/02/2025, 10:00 - Ann: a", "25/02/2025, 10:00 - Ann: b")

    assert early[0].original_id == later[0].original_id


def test_a_day_that_no_month_has_stays_text() -> None:
    items, _ = read("31/02/2025, 10:00 - Ann: a", "01/02/2025, 10:00 - Ann: b")

    assert (items[0].fields["at"], items[0].fields["written"]) == (None, "31/02/2025, 10:00")
    assert items[1].fields["at"] == 1_738_404_000_000


def test_a_part_of_the_day_in_unknown_words_leaves_the_time_as_text() -> None:
    (item,), _ = read("13/02/2025, 9:00 abends - Ann: a")

    assert (item.fields["at"], item.fields["written"]) == (None, "13/02/2025, 9:00 abends")


def test_lines_without_a_time_belong_to_the_message_before() -> None:
    items, _ = read(
        "13/02/2025, 10:00 - Ann: one", "", "two: three", "13/02/2025, 10:01 - Bo: four", end="\r\n"
    )

    assert [item.fields["text"] for item in items] == ["one\n\ntwo: three", "four"]


def test_a_line_in_another_form_than_the_first_is_text_of_a_message() -> None:
    items, _ = read(
        "[13/02/2025, 10:00:00] Ann: he wrote",
        "13/02/2025, 10:00 - Bo: no",
        "[1.2.25, 9:00:00] x: y",
    )

    assert len(items) == 1
    assert str(items[0].fields["text"]).endswith("y")


def test_marks_and_spaces_within_a_text_stay_to_the_letter() -> None:
    assert one("13/02/2025, 10:00 - Ann:  a\u202eb\u200f ").fields["text"] == " a\u202eb\u200f "


def test_a_line_without_a_writer_is_a_notice() -> None:
    item = one("13/02/2025, 10:00 - Ann added Bo")

    assert (item.fields["from"], item.fields["kind"]) == (None, "notice")
    assert item.fields["text"] == "Ann added Bo"


def test_a_name_that_the_messenger_marks_as_unknown_keeps_its_sign() -> None:
    assert one("[13/02/2025, 10:00:00] ~\u202fDana: hi").fields["from"] == "~\u202fDana"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (f"{LRM}<attached: 00000012-PHOTO.jpg>", "00000012-PHOTO.jpg", None),
        (f"{LRM}<Anhang: 00000012-PHOTO.jpg>", "00000012-PHOTO.jpg", None),
        ("IMG-20250213-WA0003.jpg (file attached)\nlook", "IMG-20250213-WA0003.jpg", "look"),
        (f"{LRM}my plan.pdf (Datei angehängt)", "my plan.pdf", None),
    ],
)
def test_a_file_is_named(text: str, name: str, words: str | None) -> None:
    item = one(f"13/02/2025, 10:00 - Ann: {text}")

    assert item.fields["attachments"] == [[name, None]]
    assert (item.fields["kind"], item.fields["text"]) == ("media", words)


@pytest.mark.parametrize("text", ["plan.pdf (my version)", "see: a.jpg", "<b>", "image omitted"])
def test_what_somebody_typed_is_no_file(text: str) -> None:
    assert one(f"13/02/2025, 10:00 - Ann: {text}").fields["attachments"] == []
    assert one(f"13/02/2025, 10:00 - Ann: {text}").fields["text"] == text


@pytest.mark.parametrize(
    "text", ["<Media omitted>", f"{LRM}image omitted", f"{LRM}Bild weggelassen"]
)
def test_a_file_that_was_left_out_is_media(text: str) -> None:
    assert one(f"13/02/2025, 10:00 - Ann: {text}").fields["kind"] == "media"


@pytest.mark.parametrize(
    "text",
    [
        "This message was deleted",
        f"{LRM}You deleted this message.",
        "Diese Nachricht wurde gelöscht.",
        "Ce message a été supprimé",
    ],
)
def test_of_a_deleted_message_writer_and_time_are_kept(text: str) -> None:
    item = one(f"13/02/2025, 10:00 - Ann: {text}")

    assert (item.fields["state"], item.fields["text"]) == (DELETED, None)
    assert item.fields["from"] == "Ann"


@pytest.mark.parametrize("end", ["<This message was edited>", f"{LRM}<This message was edited.>"])
def test_an_edited_message_says_so_and_keeps_its_words(end: str) -> None:
    item = one(f"13/02/2025, 10:00 - Ann: at three {end}")

    assert (item.fields["state"], item.fields["text"]) == (EDITED, "at three")


@pytest.mark.parametrize(
    ("on", "off"),
    [
        ("You turned on disappearing messages. Tap.", "You turned off disappearing messages."),
        (
            "Bo hat selbstlöschende Nachrichten aktiviert.",
            "… selbstlöschende Nachrichten deaktiviert.",
        ),
        ("Vous avez activé les messages éphémères.", "Vous avez désactivé les messages éphémères."),
        ("Activaste los mensajes temporales.", "Desactivaste los mensajes temporales."),
        ("Você ativou as mensagens temporárias.", "Você desativou as mensagens temporárias."),
        ("Hai attivato i messaggi temporanei.", "Hai disattivato i messaggi temporanei."),
        ("U heeft verdwijnende berichten ingeschakeld.", "… verdwijnende berichten uitgeschakeld."),
    ],
)
@pytest.mark.parametrize("writer", ["", f"Bo: {LRM}"])
def test_messages_that_were_to_disappear_are_taken_in_without_their_words(
    on: str, off: str, writer: str
) -> None:
    items, _ = read(
        "13/02/2025, 10:00 - Ann: before",
        f"13/02/2025, 10:01 - {writer}{on}",
        "13/02/2025, 10:02 - Ann: between",
        "13/02/2025, 10:02 - Ann: IMG-20250213-WA0003.jpg (file attached)",
        f"13/02/2025, 10:03 - {writer}{off}",
        "13/02/2025, 10:04 - Ann: after",
    )

    assert [item.fields["state"] for item in items] == [
        None,
        None,
        DISAPPEARING,
        DISAPPEARING,
        None,
        None,
    ]
    assert [item.fields["text"] for item in items] == ["before", on, None, None, off, "after"]
    assert items[3].fields["attachments"] == []


def test_who_writes_about_disappearing_messages_turns_nothing_on() -> None:
    items, _ = read(
        "13/02/2025, 10:00 - A: turned on disappearing messages", "13/02/2025, 10:01 - A: b"
    )

    assert items[1].fields["text"] == "b"


def test_two_messages_of_one_minute_have_names_of_their_own() -> None:
    items, _ = read(*["13/02/2025, 10:00 - Ann: ok"] * 3, "13/02/2025, 10:00 - Bo: ok")

    assert len({item.original_id for item in items}) == 4


def test_chats_are_told_apart_by_their_files() -> None:
    assert plugins.is_per_file("whatsapp")


def test_a_message_that_is_no_utf_8_is_a_reject_and_the_others_stand() -> None:
    items, rejects = read_bytes(b"13/02/2025, 10:00 - A: \xff\n13/02/2025, 10:01 - A: b\n")

    assert [item.fields["text"] for item in items] == ["b"]
    assert [each.why for each in rejects] == [Why.ENCODING]


def test_a_message_without_end_is_too_large_and_is_not_held() -> None:
    items, rejects = read_bytes(
        b"13/02/2025, 10:00 - A: x\n"
        + (b"y" * 1_000 + b"\n") * 1_100
        + b"13/02/2025, 10:01 - A: b\n"
    )

    assert [item.fields["text"] for item in items] == ["b"]
    assert [each.why for each in rejects] == [Why.TOO_LARGE]


def test_lines_before_the_first_message_are_told() -> None:
    items, rejects = read("hello", "13/02/2025, 10:00 - Ann: a")

    assert len(items) == 1
    assert [(each.position, each.why) for each in rejects] == [("line 1", Why.MALFORMED)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Dear Ann,\nhow are you?\n",
        "13/02/2025, 10:00 - Ann: a\n".encode("utf-16"),
    ],
)
def test_what_is_no_chat_is_refused_whole(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read_bytes(content)


@pytest.mark.parametrize(
    "head",
    [
        b"[2025-01-31 10:00:00] app: started\n[2025-01-31 10:00:01] app: ended\n",
        b"2025-01-31 10:00:00 - app: started\n2025-01-31 10:00:01 - app: ended\n",
        b"date,time\n13/02/2025,10:00\n14/02/2025,11:00\n",
        b"- 13/02/2025, 10:00 - Ann: a\n",
        b"13/02/2025, 10:00 - a line\n",
    ],
)
def test_logs_and_tables_are_no_chats(head: bytes) -> None:
    assert WhatsApp().sniff(head, "_chat.txt").sure == 0


def test_what_was_found_is_said_in_words() -> None:
    assert (
        WhatsApp().sniff(b"[13/02/2025, 10:00:00] Ann: a\n", "").what
        == "WhatsApp chat, in brackets"
    )
    assert (
        WhatsApp().sniff(b"13/02/2025, 10:00 - Ann: a\n", "").what == "WhatsApp chat, with dashes"
    )

"""Telegram and Signal: who wrote what to whom, and what of it may be kept."""

import io
import json

import pytest

from sealhold.connectors.chats import DELETED, DISAPPEARING, EDITED
from sealhold.connectors.sources.signal import Signal
from sealhold.connectors.sources.telegram import Telegram
from sealhold.connectors.spec import Item, Reject, Source, Why
from sealhold.model.errors import UnreadableSourceError

Json = dict[str, object]
SENT = 1_736_150_400_000  # 2025-01-06T08:00:00Z


def read(source: Source, document: object) -> tuple[list[Item], list[Reject]]:
    batches = list(source.read(io.BytesIO(json.dumps(document).encode()), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def chat(*messages: object, **more: object) -> Json:
    return {"name": "Friends", "type": "private_group", "id": 77, **more, "messages": messages}


def telegram(**more: object) -> Json:
    said: Json = {"id": 1, "type": "message", "from": "Ann", "from_id": "user1", "text": "hi"}
    return said | {"date": "2025-01-06T09:00:00", "date_unixtime": "1736150400"} | more


def told(*messages: object) -> list[Item]:
    items, rejects = read(Telegram(), chat(*messages))
    assert not rejects
    return items


def test_a_message_of_telegram_gives_who_said_what_when_and_where() -> None:
    (item,) = told(
        telegram(
            text=["See ", {"type": "bold", "text": "this"}],
            text_entities=[{"type": "plain", "text": "See "}, {"type": "bold", "text": "this"}],
            reply_to_message_id=9,
            forwarded_from="Cy",
            edited="2025-01-06T09:01:00",
            edited_unixtime="1736150460",
            media_type="video_file",
            file="video_files/a.mp4",
            file_name="a.mp4",
            mime_type="video/mp4",
            reactions=[{"type": "emoji", "emoji": "+", "count": 3, "recent": []}],
        )
    )

    assert item.fields == {
        "at": SENT,
        "offset_min": 60,
        "written": None,
        "chat": "Friends",
        "from": "Ann",
        "text": "See this",
        "kind": "video_file",
        "state": EDITED,
        "attachments": [["a.mp4", "video/mp4"]],
        "reactions": [["+", 3]],
        "forwarded_from": "Cy",
        "edited_at": SENT + 60_000,
        "message_id": "1",
        "in_reply_to": "9",
    }
    assert item.original_id == "77\n1"
    assert set(item.raw) == {"from_id", "text_entities", "file", "reactions"}


@pytest.mark.parametrize(
    ("times", "at", "offset"),
    [
        ({"date_unixtime": None}, SENT + 3_600_000, None),
        ({"date": None}, SENT, None),
        ({"date": "2025-01-06T02:15:00"}, SENT, -345),
        ({"date": "2025-01-06T08:07:00"}, SENT, None),
        ({"date": None, "date_unixtime": "soon"}, None, None),
    ],
)
def test_the_offset_is_what_lies_between_both_times(
    times: Json, at: int | None, offset: int | None
) -> None:
    (item,) = told(telegram(**times))

    assert (item.fields["at"], item.fields["offset_min"]) == (at, offset)


def test_all_chats_of_an_export_are_read_and_told_apart() -> None:
    document = {
        "about": "x",
        "personal_information": {},
        "chats": {"about": "y", "list": [chat(telegram()), chat(telegram(), id=78, name="Others")]},
        "left_chats": {"list": [chat(telegram(), id=79, name=None, type="saved_messages")]},
    }
    items, rejects = read(Telegram(), document)

    assert [item.fields["chat"] for item in items] == ["Friends", "Others", "saved_messages"]
    assert [item.original_id for item in items] == ["77\n1", "78\n1", "79\n1"]
    assert not rejects


def test_a_notice_of_telegram_says_what_was_done_by_whom() -> None:
    (item,) = told(
        telegram(type="service", actor="Bo", action="invite_members", members=["Cy"], text="")
    )

    assert (item.fields["kind"], item.fields["from"]) == ("notice", "Bo")
    assert item.fields["text"] == "invite_members"
    assert item.raw["members"] == ["Cy"]


def test_what_destroys_itself_in_telegram_is_taken_in_without_its_words() -> None:
    items = told(
        telegram(photo="photos/1.jpg", self_destruct_period_seconds=10),
        telegram(
            id=2, type="service", actor="Ann", action="set_messages_ttl", period=86400, text=""
        ),
        telegram(id=3),
        telegram(id=4, type="service", actor="Ann", action="set_messages_ttl", period=0, text=""),
        telegram(id=5),
    )

    assert [item.fields["state"] for item in items] == [
        DISAPPEARING,
        None,
        DISAPPEARING,
        None,
        None,
    ]
    assert [item.fields["text"] for item in items][::2] == [None, None, "hi"]
    assert [item.raw for item in items][:3:2] == [None, None]


def test_messages_disappear_in_their_own_chat_alone() -> None:
    timer = telegram(
        id=2, type="service", actor="A", action="set_messages_ttl", period=86400, text=""
    )
    items, _ = read(
        Telegram(), {"chats": {"list": [chat(timer, telegram()), chat(telegram(), id=78)]}}
    )

    assert [item.fields["state"] for item in items] == [None, DISAPPEARING, None]


# --- Signal ---


def signal(**more: object) -> Json:
    said: Json = {"id": "m1", "conversationId": "c1", "type": "incoming", "sent_at": SENT}
    return said | {"body": "hi", "sourceServiceId": "s1"} | more


def spoken(**more: object) -> Item:
    (item,), rejects = read(Signal(), [signal(**more)])
    assert not rejects
    return item


def test_a_message_of_signal_gives_who_said_what_when_and_where() -> None:
    items, rejects = read(
        Signal(),
        {
            "conversations": [{"id": "c1", "name": "Friends", "type": "group"}],
            "messages": [
                signal(
                    attachments=[{"fileName": "a.png", "contentType": "image/png", "size": 5}],
                    reactions=[{"emoji": "+", "fromId": "s2"}],
                    quote={"id": SENT - 1},
                    readStatus=1,
                )
            ],
        },
    )

    assert not rejects
    assert items[0].fields == {
        "at": SENT,
        "offset_min": None,
        "written": None,
        "chat": "Friends",
        "from": "s1",
        "text": "hi",
        "kind": "text",
        "state": None,
        "attachments": [["a.png", "image/png"]],
        "reactions": [["+", "s2"]],
        "edited_at": None,
        "message_id": "m1",
        "in_reply_to": str(SENT - 1),
    }
    assert items[0].original_id == "c1\nm1"
    assert items[0].raw["readStatus"] == 1


def test_an_outgoing_message_is_mine_and_a_change_of_a_group_is_a_notice() -> None:
    mine = spoken(type="outgoing", sourceServiceId=None)
    notice = spoken(type="group-v2-change", body=None, expireTimer=5)

    assert mine.fields["from"] == "me"
    assert (notice.fields["kind"], notice.fields["text"]) == ("notice", "group-v2-change")


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"deletedForEveryone": True}, DELETED),
        ({"isErased": True}, DELETED),
        ({"expireTimer": 3600}, DISAPPEARING),
        ({"isViewOnce": True}, DISAPPEARING),
        ({"expires_in": 5000}, DISAPPEARING),
    ],
)
def test_what_was_taken_back_in_signal_keeps_writer_and_time(more: Json, state: str) -> None:
    item = spoken(**more, attachments=[{"fileName": "a.png"}])

    assert (item.fields["state"], item.fields["from"], item.fields["at"]) == (state, "s1", SENT)
    assert (item.fields["text"], item.fields["attachments"], item.raw) == (None, [], None)


def test_an_edited_message_of_signal_says_so() -> None:
    item = spoken(editHistory=[{"body": "ho"}], editMessageTimestamp=SENT + 5)

    assert (item.fields["state"], item.fields["edited_at"]) == (EDITED, SENT + 5)
    assert item.raw["editHistory"] == [{"body": "ho"}]


@pytest.mark.parametrize(
    ("source", "document"),
    [(Telegram(), chat("x", telegram())), (Signal(), ["x", signal()])],
    ids=["telegram", "signal"],
)
def test_what_is_no_message_is_a_reject_and_the_next_is_read(
    source: Source, document: object
) -> None:
    items, rejects = read(source, document)

    assert len(items) == 1
    assert [each.why for each in rejects] == [Why.MALFORMED]


@pytest.mark.parametrize("source", [Telegram(), Signal()], ids=lambda each: each.name)
@pytest.mark.parametrize("content", [b"", b'{"messages": [', b"[", b"{} {}", b'{"messages": [}'])
def test_what_is_cut_off_or_no_json_is_broken(source: Source, content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        list(source.read(io.BytesIO(content), "file", None))


@pytest.mark.parametrize(
    ("document", "telegram_sure", "signal_sure"),
    [
        (chat(telegram()), 97, 0),
        ({"about": "x", "chats": {"about": "y", "list": []}}, 97, 0),
        ([signal()], 0, 96),
        ({"conversations": [], "messages": [signal()]}, 0, 96),
        ({"messages": [{"body": "x"}]}, 0, 0),
    ],
)
def test_each_is_known_by_keys_that_only_it_has(
    document: object, telegram_sure: int, signal_sure: int
) -> None:
    head = json.dumps(document).encode()

    assert Telegram().sniff(head, "").sure == telegram_sure
    assert Signal().sniff(head, "").sure == signal_sure

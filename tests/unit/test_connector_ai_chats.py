"""Exports of ChatGPT and Claude: turns, branches, words in each of their forms."""

import io
import json
from collections.abc import Callable

import pytest

from sealhold.connectors.sources.chatgpt import ChatGpt
from sealhold.connectors.sources.claude import Claude
from sealhold.connectors.spec import Item, Reject, Source, Why
from sealhold.model.errors import UnreadableSourceError

Json = dict[str, object]


def read(source: Source, document: object) -> tuple[list[Item], list[Reject]]:
    return read_bytes(source, json.dumps(document).encode())


def read_bytes(source: Source, content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(source.read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def node(name: str, parent: str | None, **message: object) -> Json:
    said: Json = {"id": name, "author": {"role": "user"}, "content": content(name), **message}
    return {"id": name, "message": said, "parent": parent, "children": []}


def content(*parts: object, kind: str = "text", **more: object) -> Json:
    return {"content_type": kind, "parts": list(parts), **more}


def conversation(*nodes: Json, current: str | None = None, **more: object) -> Json:
    mapping = {str(each["id"]): each for each in nodes}
    return {"title": "Tea", "id": "c1", "current_node": current, "mapping": mapping, **more}


def one(**message: object) -> Item:
    (item,), rejects = read(ChatGpt(), [conversation(node("t1", None, **message), current="t1")])
    assert not rejects
    return item


def test_a_turn_of_chatgpt_gives_who_said_what_when_and_by_which_model() -> None:
    item = one(
        author={"role": "assistant", "name": None, "metadata": {}},
        create_time=1_700_000_000.123456,
        update_time=1_700_000_060,
        content=content("Hello", "there"),
        metadata={
            "model_slug": "gpt-4o",
            "attachments": [
                {"id": "f1", "name": "a.pdf", "mime_type": "application/pdf", "size": 7}
            ],
        },
        weight=1.0,
    )

    assert item.fields == {
        "at": 1_700_000_000_123,
        "offset_min": None,
        "conversation": "Tea",
        "role": "assistant",
        "text": "Hello\nthere",
        "kind": "text",
        "model": "gpt-4o",
        "current": True,
        "attachments": [["a.pdf", "application/pdf", 7]],
        "edited_at": 1_700_000_060_000,
        "conversation_id": "c1",
        "turn_id": "t1",
        "in_reply_to": None,
    }
    assert item.original_id == "c1\nt1"
    assert item.position == "conversation 1 turn 1"


def test_what_no_field_tells_of_a_turn_is_in_raw() -> None:
    item = one(
        author={"role": "tool", "name": "browser"},
        content=content(
            "x", {"asset_pointer": "file-service://1", "size_bytes": 5}, kind="multimodal_text"
        ),
        metadata={"attachments": [{"id": "f1", "name": "a"}], "finish_details": {"type": "stop"}},
        weight=1.5,
        recipient="all",
    )

    assert item.raw == {
        "author": {"name": "browser"},
        "content": content(
            "x", {"asset_pointer": "file-service://1", "size_bytes": 5}, kind="multimodal_text"
        ),
        "metadata": {
            "attachments": [{"id": "f1", "name": "a"}],
            "finish_details": {"type": "stop"},
        },
        "weight": 1.5,
        "recipient": "all",
    }


def test_a_turn_of_nothing_but_words_has_no_raw() -> None:
    assert one(create_time=1_700_000_000).raw is None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (content("a", {"content_type": "image_asset_pointer", "asset_pointer": "s://1"}), "a"),
        (content({"content_type": "audio_transcription", "text": "spoken"}), "spoken"),
        ({"content_type": "code", "language": "python", "text": "print()"}, "print()"),
        ({"content_type": "tether_browsing_display", "result": "found"}, "found"),
        ({"content_type": "reasoning_recap", "content": "Thought a while"}, "Thought a while"),
        (
            {"content_type": "thoughts", "thoughts": [{"summary": "S", "content": "C"}]},
            "C\nS",
        ),
        (content("", " "), None),
        ({}, None),
    ],
)
def test_words_are_found_in_each_form_of_content(said: Json, text: str | None) -> None:
    assert one(content=said).fields["text"] == text


def test_a_picture_that_was_made_is_an_attachment() -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "s://1", "size_bytes": 9}

    assert one(content=content(picture)).fields["attachments"] == [
        ["s://1", "image_asset_pointer", 9]
    ]


def test_the_branch_that_is_shown_is_marked_and_the_others_are_kept() -> None:
    root: Json = {"id": "root", "message": None, "parent": None}
    items, rejects = read(
        ChatGpt(),
        [
            conversation(
                root,
                node("ask", "root"),
                node("first", "ask"),
                node("second", "ask"),
                node("thanks", "second"),
                current="thanks",
            )
        ],
    )

    marks = {item.fields["turn_id"]: item.fields["current"] for item in items}
    assert marks == {"ask": True, "first": False, "second": True, "thanks": True}
    assert items[1].fields["in_reply_to"] == "ask"
    assert not rejects


def test_a_branch_that_runs_in_a_circle_is_cut_and_told_and_its_turns_stand() -> None:
    items, rejects = read(
        ChatGpt(),
        [conversation(node("a", "b"), node("b", "a"), node("c", "c"), current="a"), conversation()],
    )

    marks = {item.fields["turn_id"]: item.fields["current"] for item in items}
    assert marks == {"a": True, "b": True, "c": False}
    assert [(each.position, each.why) for each in rejects] == [("conversation 1", Why.MALFORMED)]


@pytest.mark.parametrize("current", [None, "gone"])
def test_without_a_node_that_is_shown_no_turn_is_on_the_branch(current: str | None) -> None:
    items, _ = read(ChatGpt(), [conversation(node("a", "lost"), current=current)])

    assert [item.fields["current"] for item in items] == [False]


def test_a_conversation_without_a_name_is_recognised_by_content() -> None:
    items, _ = read(ChatGpt(), [conversation(node("a", None), id=None)])

    assert items[0].original_id is None


@pytest.mark.parametrize(
    ("at", "kept"),
    [("2024-01-01", {"create_time": "2024-01-01"}), (1e300, {"create_time": 1e300}), (None, None)],
)
def test_a_time_that_is_none_stays_in_raw(at: object, kept: object) -> None:
    item = one(create_time=at)

    assert (item.fields["at"], item.raw) == (None, kept)


def test_what_cannot_travel_as_values_is_kept_as_json() -> None:
    (item,), _ = read_bytes(
        ChatGpt(),
        b'[{"id": "c", "mapping": {"a": {"message": {"w": 1e999, "n": 99999999999999999999}}}}]',
    )

    assert item.raw == '{"w": Infinity, "n": 99999999999999999999}'


@pytest.mark.parametrize(
    "broken",
    [
        [5, conversation(node("a", None))],
        [{"title": "x"}, conversation(node("a", None))],
        [{"mapping": []}, conversation(node("a", None))],
        [conversation(node("a", None)) | {"mapping": {"x": 5, "a": node("a", None)}}],
        [conversation(node("a", None)) | {"mapping": {"x": {"message": 5}, "a": node("a", None)}}],
    ],
)
def test_what_is_no_conversation_or_turn_is_a_reject_and_the_rest_stands(broken: object) -> None:
    items, rejects = read(ChatGpt(), broken)

    assert [item.fields["turn_id"] for item in items] == ["a"]
    assert [each.why for each in rejects] == [Why.MALFORMED]


def test_half_a_character_costs_its_turn() -> None:
    items, rejects = read_bytes(
        ChatGpt(),
        json.dumps([conversation(node("a", None), node("b", None))])
        .replace('["a"]', '["\\ud800"]')
        .encode(),
    )

    assert [item.fields["turn_id"] for item in items] == ["b"]
    assert [each.why for each in rejects] == [Why.ENCODING]


def test_a_conversation_over_its_limit_is_too_large_and_the_next_is_read() -> None:
    large = conversation(node("a", None, content=content("x" * 17_000_000)))
    items, rejects = read(ChatGpt(), [large, conversation(node("b", None))])

    assert [item.fields["turn_id"] for item in items] == ["b"]
    assert [each.why for each in rejects] == [Why.TOO_LARGE]


@pytest.mark.parametrize("source", [ChatGpt(), Claude()], ids=lambda each: each.name)
@pytest.mark.parametrize(
    "content", [b"", b"[", b"[{]", b"[{}", b"[1,]", b"\xff[]", b'[{"mapping": {}}']
)
def test_what_is_cut_off_or_no_json_is_broken(source: Source, content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read_bytes(source, content)


# --- Claude ---


def claude(*messages: object, **more: object) -> Json:
    return {"uuid": "c1", "name": "Tea", "chat_messages": list(messages), **more}


def turn(uuid: object = "t1", **more: object) -> Json:
    return {"uuid": uuid, "sender": "human", "text": "hi", **more}


def claudes(*messages: object, **more: object) -> list[Item]:
    items, rejects = read(Claude(), [claude(*messages, **more)])
    assert not rejects
    return items


def test_a_turn_of_claude_gives_who_said_what_when() -> None:
    (item,) = claudes(
        turn(
            created_at="2025-01-06T08:00:00.5Z",
            updated_at="2025-01-06T09:00:00+01:00",
            content=[{"type": "text", "text": "hi"}],
            attachments=[{"file_name": "a.txt", "file_type": "txt", "file_size": 5}],
            files=[{"file_name": "b.png"}],
        )
    )

    assert item.fields == {
        "at": 1_736_150_400_500,
        "offset_min": 0,
        "conversation": "Tea",
        "role": "user",
        "text": "hi",
        "kind": "text",
        "model": None,
        "current": True,
        "attachments": [["a.txt", "txt", 5], ["b.png", None, None]],
        "edited_at": 1_736_150_400_000,
        "conversation_id": "c1",
        "turn_id": "t1",
        "in_reply_to": None,
    }
    assert (item.original_id, item.raw) == ("c1\nt1", None)


@pytest.mark.parametrize(
    ("said", "text", "kind"),
    [
        (
            {"text": "", "content": [{"type": "text", "text": "from content"}]},
            "from content",
            "text",
        ),
        ({"text": None, "content": "one text"}, "one text", "text"),
        ({"text": "short", "content": [{"type": "text", "text": "longer"}]}, "short", "text"),
        ({"text": "", "content": [{"type": "tool_use", "name": "x"}]}, None, "tool_use"),
        ({"text": "", "content": []}, None, "text"),
    ],
)
def test_words_come_from_text_or_else_from_content(said: Json, text: str | None, kind: str) -> None:
    (item,) = claudes(turn(**said))

    assert (item.fields["text"], item.fields["kind"]) == (text, kind)


def test_blocks_and_files_that_are_more_than_words_are_in_raw() -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}]
    read_out = [{"file_name": "a.txt", "extracted_content": "all of it"}]

    (item,) = claudes(turn(content=blocks, attachments=read_out, stop_reason="end"))

    assert item.raw == {"content": blocks, "attachments": read_out, "stop_reason": "end"}


def test_words_in_content_that_text_lacks_are_in_raw() -> None:
    (item,) = claudes(turn(content=[{"type": "text", "text": "more"}]))

    assert item.raw == {"content": [{"type": "text", "text": "more"}]}


def test_claude_marks_the_branch_where_the_export_names_it() -> None:
    items = claudes(
        turn("ask"),
        turn("first", parent_message_uuid="ask"),
        turn("second", parent_message_uuid="ask"),
        current_leaf_message_uuid="second",
    )

    assert [item.fields["current"] for item in items] == [True, False, True]


def test_a_circle_in_claude_is_cut_and_told() -> None:
    items, rejects = read(
        Claude(),
        [
            claude(
                turn("a", parent_message_uuid="b"),
                turn("b", parent_message_uuid="a"),
                current_leaf_message_uuid="a",
            )
        ],
    )

    assert [item.fields["current"] for item in items] == [True, True]
    assert [each.why for each in rejects] == [Why.MALFORMED]


@pytest.mark.parametrize(
    "broken", [[5, claude(turn())], [{"uuid": "x"}, claude(turn())], [claude("x", turn())]]
)
def test_what_is_no_conversation_of_claude_is_a_reject(broken: object) -> None:
    items, rejects = read(Claude(), broken)

    assert [item.fields["turn_id"] for item in items] == ["t1"]
    assert [each.why for each in rejects] == [Why.MALFORMED]


@pytest.mark.parametrize(
    ("make", "document", "sure"),
    [
        (ChatGpt, [conversation(node("a", None))], 97),
        (ChatGpt, [claude(turn())], 0),
        (Claude, [claude(turn())], 97),
        (Claude, [conversation(node("a", None))], 0),
        (ChatGpt, [{"mapping": {}}], 0),
        (Claude, [{"chat_messages": []}], 0),
        (ChatGpt, {"mapping": {}, "title": ""}, 0),
    ],
)
def test_an_export_is_known_by_keys_that_only_it_has(
    make: Callable[[], Source], document: object, sure: int
) -> None:
    assert make().sniff(json.dumps(document).encode(), "conversations.json").sure == sure

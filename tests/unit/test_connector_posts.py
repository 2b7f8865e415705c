"""The archive of an account that speaks ActivityPub: posts, boosts, the account itself."""

import io
import json

import pytest

from sealhold.connectors.sources.mastodon import Mastodon
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

Json = dict[str, object]
ME = "https://example.org/users/ann"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def read(document: object) -> tuple[list[Item], list[Reject]]:
    batches = list(Mastodon().read(io.BytesIO(json.dumps(document).encode()), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def outbox(*activities: object) -> Json:
    return {"@context": "x", "type": "OrderedCollection", "orderedItems": activities}


def post(**more: object) -> Json:
    said: Json = {
        "id": f"{ME}/1",
        "type": "Note",
        "content": "<p>Hi <b>all</b></p>",
        "to": [PUBLIC],
    }
    return {"id": f"{ME}/1/activity", "type": "Create", "actor": ME, "object": said | more}


def boost(**more: object) -> Json:
    said: Json = {"id": f"{ME}/2/activity", "type": "Announce", "actor": ME, "to": [PUBLIC]}
    return said | {"published": "2025-01-06T08:00:00Z", "object": "https://example.net/bo/7"} | more


def one(activity: object) -> Item:
    (item,), rejects = read(outbox(activity))
    assert not rejects
    return item


def test_a_post_gives_its_words_and_where_they_stand() -> None:
    item = one(
        post(
            published="2025-01-06T08:00:00Z",
            updated="2025-01-06T09:00:00Z",
            attributedTo=ME,
            summary="Tea",
            contentMap={"en": "<p>Hi <b>all</b></p>"},
            url="https://example.org/@ann/1",
            inReplyTo="https://example.net/bo/6",
            tag=[{"type": "Hashtag", "name": "#tea"}, {"type": "Mention", "name": "@bo"}],
            attachment=[
                {"type": "Document", "mediaType": "image/png", "url": "/a.png", "name": "A cup"}
            ],
            sensitive=True,
        )
    )

    assert item.fields == {
        "at": 1_736_150_400_000,
        "offset_min": 0,
        "kind": "post",
        "author": ME,
        "warning": "Tea",
        "text": "Hi all",
        "language": "en",
        "visibility": "public",
        "tags": ["#tea"],
        "mentions": ["@bo"],
        "attachments": [["/a.png", "image/png", "A cup"]],
        "boosted": None,
        "edited_at": 1_736_154_000_000,
        "url": "https://example.org/@ann/1",
        "post_id": f"{ME}/1",
        "in_reply_to": "https://example.net/bo/6",
    }
    assert item.original_id == f"{ME}/1"
    assert item.raw["content"] == "<p>Hi <b>all</b></p>"
    assert set(item.raw) == {"type", "content", "to", "tag", "attachment", "sensitive"}


def test_a_boost_is_a_reference() -> None:
    item = one(boost())

    assert (item.fields["kind"], item.fields["text"]) == ("boost", None)
    assert item.fields["boosted"] == "https://example.net/bo/7"
    assert (item.fields["at"], item.raw) == (1_736_150_400_000, {"to": [PUBLIC]})


def test_a_boost_that_holds_the_post_keeps_its_address_alone() -> None:
    item = one(boost(object={"id": "https://example.net/bo/7", "content": "not mine"}))

    assert item.fields["boosted"] == "https://example.net/bo/7"
    assert "not mine" not in repr(item)


@pytest.mark.parametrize(
    ("to", "cc", "visibility"),
    [
        ([PUBLIC], [f"{ME}/followers"], "public"),
        ([f"{ME}/followers"], ["as:Public"], "unlisted"),
        (f"{ME}/followers", [], "followers"),
        (["https://example.net/bo"], None, "direct"),
    ],
)
def test_to_whom_a_post_goes_is_told(to: object, cc: object, visibility: str) -> None:
    assert one(post(to=to, cc=cc)).fields["visibility"] == visibility


def test_the_account_itself_is_a_contact() -> None:
    actor = {
        "@context": "x",
        "id": ME,
        "type": "Person",
        "preferredUsername": "ann",
        "name": "Ann A.",
        "summary": "<p>Tea &amp; maps</p>",
        "url": "https://example.org/@ann",
        "outbox": "outbox.json",
    }
    (item,), rejects = read(actor)

    assert not rejects
    assert (item.dataset, item.original_id) == ("contacts", ME)
    assert item.fields["name"] == "Ann A."
    assert item.fields["note"] == "Tea & maps"
    assert item.raw["summary"] == "<p>Tea &amp; maps</p>"


@pytest.mark.parametrize(
    ("activity", "why"),
    [
        (7, Why.MALFORMED),
        ("https://example.org/1", Why.UNSUPPORTED),  # of `likes.json` and `bookmarks.json`
        ({"type": "Like", "object": "x"}, Why.UNSUPPORTED),
        (post() | {"object": "https://example.org/1"}, Why.UNSUPPORTED),
        (boost(object=None), Why.MALFORMED),
        (post(content="x" * 1_100_000), Why.TOO_LARGE),
    ],
)
def test_what_is_no_post_is_a_reject_and_the_next_is_read(activity: object, why: Why) -> None:
    items, rejects = read(outbox(activity, boost()))

    assert [item.fields["kind"] for item in items] == ["boost"]
    assert [(each.position, each.why) for each in rejects] == [("orderedItems 1", why)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"orderedItems": [{}', b"{} {}", b"\xff"])
def test_what_is_cut_off_or_no_json_is_broken(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        list(Mastodon().read(io.BytesIO(content), "file", None))


@pytest.mark.parametrize(
    ("document", "sure"),
    [
        (outbox(post()), 97),
        (outbox(), 97),
        ({"preferredUsername": "a", "outbox": "b"}, 97),
        ({"preferredUsername": "a"}, 0),
        ({"orderedItems": [{"id": 1}]}, 0),
        ([post()], 0),
    ],
)
def test_an_archive_is_known_by_keys_that_only_it_has(document: object, sure: int) -> None:
    assert Mastodon().sniff(json.dumps(document).encode(), "outbox.json").sure == sure

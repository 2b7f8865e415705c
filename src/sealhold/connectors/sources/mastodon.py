"""The archive of an account at Mastodon and its like: `outbox.json` and `actor.json`.

- A post (`Create`) is one object with its words; a boost (`Announce`) is one that names the post of
  somebody else and holds nothing of it. Nothing is fetched.
- `actor.json` is a contact: who the account shows itself as.

Source: docs/spec/43-chats-and-media.md section 9; Activity Streams 2.0.
"""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.htmltext import text_of_html
from sealhold.connectors.jsonfields import left, list_in, name_in, object_in, objects_in, text_in
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.names import Names
from sealhold.connectors.people import CONTACTS
from sealhold.connectors.posts import POSTS
from sealhold.connectors.spec import BATCH_ROWS, SNIFF_BYTES, Batch, Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

MAX_ACTIVITY = 1_048_576  # characters; servers limit a post to some thousands
_WHOLE = ""  # the place of a document as one value
_PUBLIC = frozenset({"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"})
_LANGUAGES = 1  # a post with more is in none


class Mastodon:
    """Reads what an account published, and what it says of itself."""

    name: ClassVar[str] = "mastodon"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (POSTS, CONTACTS)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        seen = outline(head)
        if "orderedItems" in seen and seen & {"@context", "orderedItems[].object"}:
            return Guess(sure=97, what="ActivityPub outbox")
        if _is_actor(seen):
            return Guess(sure=97, what="ActivityPub account")
        return Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _is_actor(seen: frozenset[str]) -> bool:
    return {"preferredUsername", "outbox"} <= seen


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    is_actor = _is_actor(outline(file.read(SNIFF_BYTES)))
    names = Names()
    for part in parts(file, _WHOLE if is_actor else "orderedItems[]", most=MAX_ACTIVITY):
        if not isinstance(part, Part):
            yield part
        elif isinstance(part.value, str):  # `likes.json` and `bookmarks.json` are lists of these
            detail = "the address of a post that was liked or kept, which no dataset holds"
            yield reject(part.where, Why.UNSUPPORTED, detail, part.text)
        elif not isinstance(part.value, dict):
            yield reject(part.where, Why.MALFORMED, "an activity that is no object", part.text)
        elif is_actor:
            yield _actor(part.value)
        else:
            yield _activity(part.value, part.where, names)


def _actor(actor: dict[str, Plain]) -> Item:
    url, note = text_in(actor.get("url")), text_in(actor.get("summary"))
    own = name_in(actor.get("id"))
    fields: dict[str, Plain] = {
        "name": text_in(actor.get("name")) or text_in(actor.get("preferredUsername")),
        "nickname": text_in(actor.get("preferredUsername")),
        "urls": [url] if url else [],
        "note": text_of_html(note) if note else None,
        "uid": own,
    }
    told = {
        "id": own,
        "url": url,
        "name": text_in(actor.get("name")),
        "preferredUsername": fields["nickname"],
    }
    raw = left(actor, told)
    return Item(dataset="contacts", fields=fields, raw=raw, original_id=own, position="actor")


def _activity(activity: dict[str, Plain], where: str, names: Names) -> Found:
    kind, what = activity.get("type"), activity.get("object")
    if kind == "Announce":
        return _boost(activity, where, names)
    if kind != "Create" or not isinstance(what, dict):
        detail = "an activity that publishes nothing"
        return reject(where, Why.UNSUPPORTED, detail, name_in(activity.get("id")) or "")
    return _post(activity, what, where, names)


def _boost(activity: dict[str, Plain], where: str, names: Names) -> Found:
    what = activity.get("object")
    boosted = text_in(what) or text_in(object_in(what).get("id"))
    if boosted is None:
        return reject(where, Why.MALFORMED, "a boost of nothing", name_in(activity.get("id")) or "")
    when, own = _when(activity.get("published")), name_in(activity.get("id"))
    fields: dict[str, Plain] = {
        "at": when.at if when else None,
        "offset_min": when.offset_min if when else None,
        "kind": "boost",
        "author": text_in(activity.get("actor")),
        "text": None,
        "visibility": _visibility(activity),
        "boosted": boosted,
        "post_id": own,
    }
    # THREAT T392: of what somebody else wrote, its address alone is kept
    told = {"id": own, "type": True, "object": True, "actor": fields["author"], "published": when}
    raw = left(activity, told)
    return Item(
        dataset="posts", fields=fields, raw=raw, original_id=names.once(own), position=where
    )


def _post(activity: dict[str, Plain], post: dict[str, Plain], where: str, names: Names) -> Item:
    when = _when(post.get("published")) or _when(activity.get("published"))
    edited = _when(post.get("updated"))
    html, own = text_in(post.get("content")), name_in(post.get("id"))
    words = text_of_html(html) if html else None
    languages = [*object_in(post.get("contentMap"))]
    named = [*objects_in(post.get("tag"))]
    fields: dict[str, Plain] = {
        "at": when.at if when else None,
        "offset_min": when.offset_min if when else None,
        "kind": "post",
        "author": text_in(post.get("attributedTo")) or text_in(activity.get("actor")),
        "warning": text_in(post.get("summary")),
        "text": words or None,
        "language": languages[0] if len(languages) == _LANGUAGES else None,
        "visibility": _visibility(post),
        "tags": [text_in(tag.get("name")) for tag in named if tag.get("type") == "Hashtag"],
        "mentions": [text_in(tag.get("name")) for tag in named if tag.get("type") == "Mention"],
        "attachments": [
            [text_in(each.get("url")), text_in(each.get("mediaType")), text_in(each.get("name"))]
            for each in objects_in(post.get("attachment"))
        ],
        "boosted": None,
        "edited_at": edited.at if edited else None,
        "url": text_in(post.get("url")),
        "post_id": own,
        "in_reply_to": text_in(post.get("inReplyTo")),
    }
    told = {
        "id": own,
        "published": when,
        "updated": edited,
        "summary": fields["warning"],
        "url": fields["url"],
        "attributedTo": text_in(post.get("attributedTo")),
        "inReplyTo": fields["in_reply_to"],
        "contentMap": object_in(post.get("contentMap")) == {fields["language"]: html},
        "content": words == html,
    }
    raw = left(post, told)
    return Item(
        dataset="posts", fields=fields, raw=raw, original_id=names.once(own), position=where
    )


def _when(value: Plain) -> When | None:
    return parse_time(value) if isinstance(value, str) else None


def _visibility(activity: dict[str, Plain]) -> str:
    """Return to whom a post was addressed."""
    to, copies = _addresses(activity.get("to")), _addresses(activity.get("cc"))
    if to & _PUBLIC:
        return "public"
    if copies & _PUBLIC:
        return "unlisted"
    is_to_followers = any(address.endswith("/followers") for address in to | copies)
    return "followers" if is_to_followers else "direct"


def _addresses(value: Plain) -> set[str]:
    found = [value] if isinstance(value, str) else list_in(value)
    return {each for each in found if isinstance(each, str)}

"""Spotify's two histories: what a play is, and when two of them are one."""

import io
import json

import pytest

from sealhold.connectors.sources.spotify import Spotify
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

Json = dict[str, object]
EXACT: Json = {
    "ts": "2019-11-05T14:28:07Z",
    "username": "me",
    "platform": "Linux",
    "ms_played": 8778,
    "conn_country": "CH",
    "ip_addr": "192.0.2.1",
    "master_metadata_track_name": "Song",
    "master_metadata_album_artist_name": "Band",
    "master_metadata_album_album_name": "Album",
    "spotify_track_uri": "spotify:track:1",
    "episode_name": None,
    "reason_start": "clickrow",
    "reason_end": "endplay",
    "shuffle": True,
    "skipped": None,
    "offline": False,
    "offline_timestamp": 1572964071330,
    "incognito_mode": False,
}
OLD: Json = {
    "endTime": "2019-11-05 14:28", "artistName": "Band", "trackName": "Song", "msPlayed": 8778,
}  # fmt: skip


def read(*plays: object) -> tuple[list[Item], list[Reject]]:
    batches = list(Spotify().read(io.BytesIO(json.dumps(plays).encode()), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def one(play: Json) -> Item:
    (item,), rejects = read(play)
    assert not rejects
    return item


def test_an_exact_play_gives_what_when_and_how() -> None:
    item = one(EXACT)

    assert item.fields == {
        "at": 1_572_964_087_000,
        "offset_min": 0,
        "precision_s": 1,
        "kind": "track",
        "title": "Song",
        "artist": "Band",
        "album": "Album",
        "played_s": 8.778,
        "platform": "Linux",
        "country": "CH",
        "began_by": "clickrow",
        "ended_by": "endplay",
        "shuffle": True,
        "skipped": None,
        "offline": False,
        "private": False,
        "uri": "spotify:track:1",
    }
    assert item.raw == {
        "username": "me",
        "ip_addr": "192.0.2.1",
        "offline_timestamp": 1572964071330,
    }
    assert not item.coarse


def test_an_old_play_is_known_to_the_minute_and_is_coarse() -> None:
    item = one(OLD)

    assert item.fields == {
        "at": 1_572_964_080_000,
        "offset_min": 0,
        "precision_s": 60,
        "kind": "track",
        "title": "Song",
        "artist": "Band",
        "album": None,
        "played_s": 8.778,
    }
    assert (item.raw, item.coarse) == (None, True)


def test_both_forms_of_a_play_have_one_name() -> None:
    assert one(OLD).original_id == one(EXACT).original_id


@pytest.mark.parametrize(
    "other",
    [
        EXACT | {"ts": "2019-11-05T14:29:07Z"},
        EXACT | {"ms_played": 8779},
        EXACT | {"master_metadata_track_name": "Other"},
        EXACT | {"master_metadata_album_artist_name": "Others"},
    ],
)
def test_plays_that_differ_have_names_of_their_own(other: Json) -> None:
    assert one(other).original_id != one(OLD).original_id


def test_equal_plays_of_one_minute_stay_as_many_in_both_forms() -> None:
    old, _ = read(OLD, OLD)
    exact, _ = read(EXACT, EXACT | {"ts": "2019-11-05T14:28:40Z"})

    assert [item.original_id for item in old] == [item.original_id for item in exact]
    assert len({item.original_id for item in old}) == 2


@pytest.mark.parametrize(
    ("play", "kind", "title", "by"),
    [
        (
            EXACT | {"master_metadata_track_name": "", "episode_name": "E",
                     "episode_show_name": "S"},
            "episode", "E", "S",
        ),
        (
            {"ts": "2025-01-01T00:00:00Z", "ms_played": 1, "audiobook_chapter_title": "C",
             "audiobook_title": "B", "audiobook_chapter_uri": "u"},
            "audiobook", "C", "B",
        ),
        ({"endTime": "2025-01-01 00:00", "podcastName": "S", "episodeName": "E", "msPlayed": 1},
         "episode", "E", "S"),
        ({"ts": "2025-01-01T00:00:00Z", "ms_played": 1}, "track", None, None),
    ],
)  # fmt: skip
def test_episodes_and_books_are_plays_too(
    play: Json, kind: str, title: str | None, by: str | None
) -> None:
    fields = one(play).fields

    assert (fields["kind"], fields["title"], fields["artist"]) == (kind, title, by)


def test_members_of_an_unexpected_kind_stay_in_raw() -> None:
    item = one(OLD | {"msPlayed": "long", "trackName": 5})

    assert item.raw == {"msPlayed": "long", "trackName": 5}


@pytest.mark.parametrize(
    ("play", "why"),
    [
        (OLD | {"endTime": "yesterday"}, Why.NO_TIME),
        (OLD | {"endTime": "2019-11-05"}, Why.NO_TIME),
        (EXACT | {"ts": None}, Why.NO_TIME),
        ("text", Why.MALFORMED),
        (EXACT | {"platform": "x" * 70_000}, Why.TOO_LARGE),
    ],
)
def test_what_is_no_play_is_a_reject_and_the_others_stand(play: object, why: Why) -> None:
    items, rejects = read(play, OLD)

    assert len(items) == 1
    assert [(each.position.split()[-1], each.why) for each in rejects] == [("1", why)]


@pytest.mark.parametrize("content", [b"", b"{", b"[{", b"[{}] x", b"\xff"])
def test_what_is_no_list_is_broken(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        list(Spotify().read(io.BytesIO(content), "file", None))


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([OLD], "Spotify history, to the minute"),
        ([EXACT], "Spotify history, to the second"),
        ([{"endTime": "2019-11-05 14:28"}], ""),
        ([{"ts": 5}], ""),
        (OLD, ""),
    ],
)
def test_a_history_is_known_by_its_keys(document: object, what: str) -> None:
    assert Spotify().sniff(json.dumps(document).encode(), "x").what == what

"""What was played on Spotify: the yearly history, exact to the minute, and the whole one.

- `StreamingHistory*.json` (`endTime`, to the minute) and `Streaming_History_Audio_*.json` (`ts`, to
  the second; also `Video`, and `endsong_*.json`) are forms of the same plays.
- A play's own name is the minute it ended in, who, what, and for how many milliseconds, numbered
  among equal ones of its file. So the two forms of a play are one, and the exact one stands.

Source: docs/spec/43-chats-and-media.md section 6.
"""

from collections.abc import Iterator
from typing import ClassVar

from sealhold.connectors.batches import Found, reject
from sealhold.connectors.jsonfields import left, text_in, whole_in
from sealhold.connectors.jsonlist import Element, JsonList
from sealhold.connectors.jsonstream import outline
from sealhold.connectors.names import Names
from sealhold.connectors.plays import PLAYS
from sealhold.connectors.spec import Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

MAX_PLAY = 65_536  # characters; one has 900
_MINUTE = 60_000
_KINDS = (  # kind, title, by, album, uri: the first whose title is there
    ("track", "master_metadata_track_name", "master_metadata_album_artist_name",
     "master_metadata_album_album_name", "spotify_track_uri"),
    ("episode", "episode_name", "episode_show_name", "", "spotify_episode_uri"),
    ("audiobook", "audiobook_chapter_title", "audiobook_title", "", "audiobook_chapter_uri"),
)  # fmt: skip
_OLD_KINDS = (("track", "trackName", "artistName"), ("episode", "episodeName", "podcastName"))


class Spotify(JsonList):
    """Reads the history of Spotify."""

    name: ClassVar[str] = "spotify"
    version: ClassVar[str] = "1"
    called: ClassVar[str] = "play"
    most: ClassVar[int] = MAX_PLAY
    datasets: ClassVar[tuple[Dataset, ...]] = (PLAYS,)

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        seen = outline(head)
        if {"[].endTime", "[].msPlayed"} <= seen:
            return Guess(sure=97, what="Spotify history, to the minute")
        if {"[].ts", "[].ms_played"} <= seen:
            return Guess(sure=97, what="Spotify history, to the second")
        return Guess(sure=0, what="")

    def found(self, element: Element, where: str, names: Names, text: str) -> Iterator[Found]:
        yield _play(element, where, names, text)


def _play(play: dict[str, Plain], where: str, names: Names, text: str) -> Found:
    is_coarse = "endTime" in play
    when = _when(play.get("endTime" if is_coarse else "ts"))
    if when is None:
        return reject(where, Why.NO_TIME, "a play without the time at which it ended", text)
    length = whole_in(play.get("msPlayed" if is_coarse else "ms_played"))
    fields, told = _old(play) if is_coarse else _exact(play)
    fields |= {
        "at": when.at,
        "offset_min": 0,  # the service writes UTC, in the old form without saying so
        "precision_s": 60 if is_coarse else 1,
        "played_s": None if length is None else length / 1000,
    }
    told |= {"endTime": is_coarse, "ts": True, "msPlayed": length, "ms_played": length}
    name = f"{when.at // _MINUTE}\n{fields['artist']}\n{fields['title']}\n{length}"
    return Item(
        dataset="plays",
        fields=fields,
        raw=left(play, told),
        original_id=names.once(name),
        position=where,
        coarse=is_coarse,
    )


def _when(value: Plain) -> When | None:
    when = parse_time(value) if isinstance(value, str) else None
    return None if when is None or when.is_day else when


def _old(play: dict[str, Plain]) -> tuple[dict[str, Plain], dict[str, object]]:
    """Return what the yearly history says, and which members say it."""
    kind, title, by = next(
        (names for names in _OLD_KINDS if text_in(play.get(names[1]))),
        ("track", "trackName", "artistName"),
    )
    said = {"kind": kind, "title": text_in(play.get(title)), "artist": text_in(play.get(by))}
    return {**said, "album": None}, {title: said["title"], by: said["artist"]}


def _exact(play: dict[str, Plain]) -> tuple[dict[str, Plain], dict[str, object]]:
    """Return what the whole history says, and which members say it."""
    kind, *keys = next((names for names in _KINDS if text_in(play.get(names[1]))), _KINDS[0])
    fields: dict[str, Plain] = {"kind": kind}
    told: dict[str, object] = {}
    places = zip(("title", "artist", "album", "uri"), keys, strict=True)
    texts = (("platform", "platform"), ("country", "conn_country"), ("began_by", "reason_start"))
    for name, key in (*places, *texts, ("ended_by", "reason_end")):
        fields[name] = told[key] = text_in(play.get(key))
    for name in ("shuffle", "skipped", "offline"):
        fields[name] = _truth(play.get(name))
        told[name] = fields[name] is not None
    fields["private"] = _truth(play.get("incognito_mode"))
    told["incognito_mode"] = fields["private"] is not None
    return fields, told


def _truth(value: Plain) -> bool | None:
    return value if isinstance(value, bool) else None

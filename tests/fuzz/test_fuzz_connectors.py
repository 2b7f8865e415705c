"""Bent files: whatever a connector is given, it ends, stays within bounds and tells what it lost.

Each case bends a valid file the way breakage and malice do: cut, repeat, swap, insert what formats
trip over. `HYPOTHESIS_PROFILE=soak` tries many more.
"""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.connectors.frames import Portion, decode, encode
from sealhold.connectors.samples import SAMPLES
from sealhold.connectors.samples_chats import CHAT_SAMPLES
from sealhold.connectors.sources.chatgpt import ChatGpt
from sealhold.connectors.sources.claude import Claude
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.sources.mastodon import Mastodon
from sealhold.connectors.sources.mbox import Mbox
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.sources.signal import Signal
from sealhold.connectors.sources.spotify import Spotify
from sealhold.connectors.sources.telegram import Telegram
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.sources.whatsapp import WhatsApp
from sealhold.connectors.spec import SNIFF_BYTES, Source
from sealhold.model.errors import UnreadableSourceError

SOURCES: list[Source] = [
    Csv(), Gpx(), ICalendar(), JsonLines(), Mbox(), Ofx(), VCard(),
    ChatGpt(), Claude(), Mastodon(), Signal(), Spotify(), Telegram(), WhatsApp(),
]  # fmt: skip
MAKERS = {**SAMPLES, **CHAT_SAMPLES}
TRAPS = [
    b"\x00", b"\r", b"\r\n\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b'"', b"\\", b"=\r\n",
    b"BEGIN:VEVENT\r\n", b"END:VCALENDAR\r\n", b"BEGIN:VCARD\r\n", b"\r\n \r\n\t", b";;;:::",
    b"DTSTART;TZID=\x00:99999999T999999Z", b"RRULE:FREQ=SECONDLY", b"DURATION:P999999W",
    b"DTSTART:00010101T000000", b"DTSTART:99991231T235959\r\nDURATION:P99999W",
    b"<!DOCTYPE a>", b"<![CDATA[", b"]]>", b"&#0;", b"&amp", b"<trkpt lat='nan' lon='1e400'/>",
    b"<OFX>", b"</OFX>", b"<STMTRS>", b"[-99:X]", b"1e999", b"NaN", b"-" * 50, b"9" * 400,
    b"\nFrom a@b Thu Jan  1 00:00:00 1970\n", b"\n\n",
    b'Content-Type: multipart/mixed; boundary=""',
    b"Content-Transfer-Encoding: base64\n", b"Content-Type: text/plain; charset=idna\n",
    b"=?utf-8?b?////?=", b"begin 644 x\n", b'{"a":', b"[" * 200, b"\\ud800", b'"a":1,"a":2',
]  # fmt: skip


@st.composite
def bends(draw: st.DrawFn) -> list[tuple[str, int, int, bytes]]:
    """Draw what is done to a file: kind, place and length in thousandths, and what is put in."""
    bend = st.tuples(
        st.sampled_from(["cut", "repeat", "insert", "overwrite", "swap"]),
        st.integers(0, 1000),
        st.integers(0, 200),
        st.sampled_from(TRAPS) | st.binary(max_size=12),
    )
    return draw(st.lists(bend, min_size=1, max_size=5))


def bent(content: bytes, how: list[tuple[str, int, int, bytes]]) -> bytes:
    """Return a file, bent."""
    for kind, place, length, more in how:
        at = len(content) * place // 1000
        end = min(len(content), at + max(1, len(content) * length // 1000))
        part = content[at:end]
        match kind:
            case "cut":
                content = content[:at] + content[end:]
            case "repeat":
                content = content[:end] + part + content[end:]
            case "insert":
                content = content[:at] + more + content[at:]
            case "overwrite":
                content = content[:at] + more + content[at + len(more) :]
            case _:
                content = content[:at] + content[end:] + part
    return content


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@given(how=bends())
@settings(suppress_health_check=[HealthCheck.too_slow], database=None)
def test_a_bent_file_ends_in_rows_rejects_or_a_broken_file(
    source: Source, how: list[tuple[str, int, int, bytes]]
) -> None:
    content = bent(MAKERS[source.name](6).content, how)

    guess = source.sniff(content[:SNIFF_BYTES], "file")
    rows, told = 0, ""
    try:
        for batch in source.read(io.BytesIO(content), "file", None):
            rows += len(batch.items) + len(batch.rejects)
            decode(encode(Portion(batch, 0))[4:])
    except UnreadableSourceError as err:
        told = str(err)

    assert told.isprintable()
    assert 0 <= guess.sure <= 100
    assert rows <= len(content)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@given(content=st.binary(max_size=400))
@settings(database=None)
def test_any_bytes_at_all_do_no_harm(source: Source, content: bytes) -> None:
    source.sniff(content, "file")
    try:
        for batch in source.read(io.BytesIO(content), "file", None):
            decode(encode(Portion(batch, 0))[4:])
    except UnreadableSourceError:
        return

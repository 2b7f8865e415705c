"""Made-up files of each format, in any size: for the conformance suite, the demo and benchmarks.

- The same count gives the same bytes; nobody in them exists.

Source: docs/spec/18-connectors.md section 16.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_START = datetime(2025, 1, 6, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file, and what is in it."""

    file_name: str
    content: bytes
    items: Mapping[str, int]  # dataset to count
    has_end: bool  # the format says where it ends, so that a cut is always seen


def gpx(count: int) -> Sample:
    """Return a file with `count` tracks of ten minutes, and as many waypoints."""
    parts = ['<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">']
    parts += [
        f'<wpt lat="{46 + n / 1000}" lon="7.5"><name>Stop {n}</name></wpt>' for n in range(count)
    ]
    for n in range(count):
        begin = _START + timedelta(days=n)
        points = "".join(
            f'<trkpt lat="{46 + minute / 500}" lon="{7 + n / 1000}"><ele>{500 + minute}</ele>'
            f"<time>{begin + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
            for minute in range(10)
        )
        parts.append(f"<trk><name>Way {n}</name><trkseg>{points}</trkseg></trk>")
    content = "\n".join([*parts, "</gpx>\n"]).encode()
    return Sample(
        file_name="ways.gpx",
        content=content,
        items={"trips": count, "places": count},
        has_end=True,
    )


def icalendar(count: int) -> Sample:
    """Return a calendar with `count` events of an hour."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//sealhold//samples//EN"]
    for n in range(count):
        begin = _START + timedelta(days=n)
        lines += [
            "BEGIN:VEVENT",
            f"UID:event-{n}@example.org",
            f"DTSTART;TZID=Europe/Zurich:{begin:%Y%m%dT%H%M%S}",
            f"DTEND;TZID=Europe/Zurich:{begin + timedelta(hours=1):%Y%m%dT%H%M%S}",
            f"SUMMARY:Meeting {n}\\, with coffee",
            "END:VEVENT",
        ]
    content = "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
    return Sample(file_name="plans.ics", content=content, items={"events": count}, has_end=True)


def vcard(count: int) -> Sample:
    """Return a file with `count` cards."""
    cards = [
        f"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:card-{n}\r\nFN:Person {n}\r\nN:{n};Person;;;\r\n"
        f"EMAIL;TYPE=home:person{n}@example.org\r\nBDAY:--{n % 12 + 1:02d}17\r\nEND:VCARD\r\n"
        for n in range(count)
    ]
    return Sample(
        file_name="people.vcf",
        content="".join(cards).encode(),
        items={"contacts": count},
        has_end=False,
    )


def mbox(count: int) -> Sample:
    """Return an archive with `count` mails, each with a small attachment."""
    mails = []
    for n in range(count):
        sent = _START + timedelta(hours=n)
        mails.append(
            f"From person{n}@example.org {sent:%a %b %d %H:%M:%S %Y}\n"
            f"From: Person {n} <person{n}@example.org>\nTo: me@example.org\n"
            f"Subject: =?utf-8?q?Caf=C3=A9_{n}?=\nDate: {sent:%a, %d %b %Y %H:%M:%S +0100}\n"
            f"Message-ID: <mail-{n}@example.org>\nMIME-Version: 1.0\n"
            'Content-Type: multipart/mixed; boundary="b"\n\n'
            "--b\nContent-Type: text/plain; charset=utf-8\n\n"
            f"Shall we meet at {n}?\n>From here it is not far.\n"
            "--b\nContent-Type: application/octet-stream\n"
            'Content-Disposition: attachment; filename="map.bin"\n'
            "Content-Transfer-Encoding: base64\n\nAAECAwQFBgc=\n--b--\n\n"
        )
    return Sample(
        file_name="mail.mbox",
        content="".join(mails).encode(),
        items={"messages": count},
        has_end=False,
    )


def ofx(count: int) -> Sample:
    """Return a statement with `count` bookings and its closing balance."""
    bookings = "\n".join(
        f"<STMTTRN><TRNTYPE>POS<DTPOSTED>{_START + timedelta(days=n):%Y%m%d}120000[+1:CET]"
        f"<TRNAMT>-{n}.{n % 100:02d}<FITID>f{n}<NAME>Shop {n}<MEMO>card</STMTTRN>"
        for n in range(count)
    )
    content = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>CHF<BANKACCTFROM><BANKID>123"
        "<ACCTID>CH0012345678<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>\n"
        f"{bookings}\n</BANKTRANLIST><LEDGERBAL><BALAMT>100.00<DTASOF>20260101</LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )
    return Sample(
        file_name="statement.ofx",
        content=content.encode(),
        items={"bookings": count, "balances": 1},
        has_end=True,
    )


def csv(count: int) -> Sample:
    """Return a table of seven columns with `count` rows, as a bank in Europe writes it."""
    lines = ["number;day;amount;payee;category;note;account"]
    for n in range(count):
        day = _START + timedelta(days=n % 3_000)
        lines.append(
            f"{n};{day:%d.%m.%Y};-{n % 1000},{n % 100:02d};Shop number {n % 500};groceries;"
            f'"paid, by card";DE00{n % 7}'
        )
    return Sample(
        file_name="bookings.csv",
        content=("\n".join(lines) + "\n").encode(),
        items={"rows": count},
        has_end=False,
    )


def jsonlines(count: int) -> Sample:
    """Return `count` lines with an object each."""
    lines = [
        json.dumps(
            {
                "at": f"{_START + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}",
                "track": {"title": f"Song {n}", "artist": {"name": "Nobody"}},
                "seconds": n + 0.5,
                "skipped": n % 2 == 0,
            }
        )
        for n in range(count)
    ]
    return Sample(
        file_name="plays.jsonl",
        content=("\n".join(lines) + "\n").encode(),
        items={"rows": count},
        has_end=False,
    )


SAMPLES: Mapping[str, Callable[[int], Sample]] = {
    "csv": csv,
    "gpx": gpx,
    "icalendar": icalendar,
    "jsonlines": jsonlines,
    "mbox": mbox,
    "ofx": ofx,
    "vcard": vcard,
}

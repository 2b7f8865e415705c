"""Files of every kind with a mark in each of their fields, and a search for marks in bytes."""

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STEM = "sealmark"  # each mark begins so; the rest tells it from the others
LARGE = 100_000  # characters: more than a row holds


@dataclass
class Marks:
    """Hands out marks and remembers them."""

    seed: int = 1
    given: list[str] = field(default_factory=list)

    def __call__(self) -> str:
        letters = random.Random(f"{self.seed} {len(self.given)}").choices("bcdfghjkmnpq", k=10)
        self.given.append(STEM + "".join(letters))
        return self.given[-1]

    def many(self, count: int) -> list[str]:
        return [self() for _ in range(count)]


def plant(folder: Path, mark: Marks) -> list[Path]:
    """Write one file of each kind, and a broken one; return them."""
    folder.mkdir()
    files = {
        f"{mark()}.csv": _csv(mark),
        f"{mark()}.jsonl": _jsonl(mark),
        f"{mark()}.ics": _ics(mark),
        f"{mark()}.vcf": _vcf(mark),
        f"{mark()}.mbox": _mbox(mark),
        f"{mark()}.ofx": _ofx(mark),
        f"{mark()}.gpx": _gpx(mark),
        f"{mark()}.bin": "\x00\x01" + " ".join(mark.many(3)),
    }
    paths = []
    for name, text in files.items():
        paths.append(folder / name)
        paths[-1].write_text(text, newline="")
    return paths


def _csv(mark: Marks) -> str:
    rows = [["when", "who", mark(), "note"]]
    rows += [[f"2026-01-0{n}", mark(), mark(), mark()] for n in range(1, 8)]
    rows.append([mark(), mark()])  # too few cells: a reject
    return "".join(",".join(row) + "\r\n" for row in rows)


def _jsonl(mark: Marks) -> str:
    rows: list[object] = [
        {"id": mark(), mark(): 1, "inner": {mark(): mark(), "list": mark.many(3)}, "n": n}
        for n in range(5)
    ]
    rows.append({"large": " ".join([*mark.many(20), "x" * LARGE, *mark.many(5)])})
    return "".join(json.dumps(row) + "\n" for row in rows) + f'{{"broken": {mark()}\n'


def _ics(mark: Marks) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{mark()}//EN", f"X-WR-CALNAME:{mark()}"]
    for number in range(2):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{mark()}@example.org",
            f"DTSTART:202601{number + 10}T080000Z",
            f"SUMMARY:{mark()}",
            f"DESCRIPTION:{mark()}\\n{mark()}",
            f"LOCATION:{mark()}",
            f"ORGANIZER;CN={mark()}:mailto:{mark()}@example.org",
            f"ATTENDEE;CN={mark()}:mailto:{mark()}@example.org",
            f"CATEGORIES:{mark()},{mark()}",
            f"COMMENT:{mark()}",
            f"X-{mark().upper()}:{mark()}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _vcf(mark: Marks) -> str:
    card = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{mark()} {mark()}",
        f"N:{mark()};{mark()};;;",
        f"NICKNAME:{mark()}",
        f"ORG:{mark()};{mark()}",
        f"TITLE:{mark()}",
        f"EMAIL;TYPE=INTERNET:{mark()}@example.org",
        f"TEL:{mark()}",
        f"ADR;TYPE=HOME:;;{mark()};{mark()};;12345;{mark()}",
        f"URL:https://{mark()}.example.org/{mark()}",
        f"NOTE:{mark()}",
        f"CATEGORIES:{mark()}",
        f"UID:{mark()}",
        f"X-{mark().upper()}:{mark()}",
        "END:VCARD",
        "",
    ]
    return "\r\n".join(card)


def _mbox(mark: Marks) -> str:
    attachment = base64.encodebytes(f"{mark()} {'y' * LARGE} {mark()}".encode()).decode()
    parts = [
        f"From {mark()}@example.org Thu Jan  1 08:00:00 2026",
        f"From: {mark()} <{mark()}@example.org>",
        f"To: {mark()} <{mark()}@example.org>",
        f"Cc: {mark()} <{mark()}@example.org>",
        f"Subject: {mark()}",
        f"Message-ID: <{mark()}@example.org>",
        f"In-Reply-To: <{mark()}@example.org>",
        f"X-Gmail-Labels: {mark()},{mark()}",
        f"X-Spam: {mark()}",
        "Date: Thu, 01 Jan 2026 08:00:00 +0000",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain; charset=utf-8",
        "",
        mark(),
        "\n".join(["z" * 70] * (LARGE // 70)),
        mark(),
        "--b",
        "Content-Type: text/html; charset=utf-8",
        "",
        f"<p title='{mark()}'>{mark()}</p>",
        "--b",
        f'Content-Type: text/plain; name="{mark()}.txt"',
        f'Content-Disposition: attachment; filename="{mark()}.txt"',
        "Content-Transfer-Encoding: base64",
        "",
        attachment,
        "--b--",
        "",
    ]
    return "\n".join(parts)


def _ofx(mark: Marks) -> str:
    booking = (
        f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260105<TRNAMT>-5.50<FITID>{mark()}"
        f"<CHECKNUM>{mark()}<NAME>{mark()}<MEMO>{mark()}</STMTTRN>"
    )
    return (
        "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\n"
        "CHARSET:1252\r\nCOMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
        f"<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260106"
        f"<LANGUAGE>ENG<FI><ORG>{mark()}<FID>{mark()}</FI></SONRS></SIGNONMSGSRSV1>"
        "<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>"
        f"<CURDEF>EUR<BANKACCTFROM><BANKID>{mark()}<ACCTID>{mark()}<ACCTTYPE>CHECKING"
        f"</BANKACCTFROM><BANKTRANLIST><DTSTART>20260101<DTEND>20260131{booking}</BANKTRANLIST>"
        "<LEDGERBAL><BALAMT>1.00<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1>"
        "</OFX>"
    )


def _gpx(mark: Marks) -> str:
    points = "".join(
        f'<trkpt lat="48.{n}" lon="2.{n}"><time>2026-01-01T08:0{n}:00Z</time>'
        f"<name>{mark()}</name></trkpt>"
        for n in range(3)
    )
    named = "<name>{}</name><cmt>{}</cmt><desc>{}</desc><src>{}</src>"
    return (
        f'<?xml version="1.0"?><gpx version="1.1" creator="{mark()}"'
        ' xmlns="http://www.topografix.com/GPX/1/1">'
        f"<metadata><name>{mark()}</name><author><name>{mark()}</name></author></metadata>"
        f'<wpt lat="48.1" lon="2.1">{named.format(*mark.many(4))}<sym>{mark()}</sym></wpt>'
        f"<rte>{named.format(*mark.many(4))}"
        f'<rtept lat="48.1" lon="2.1"><name>{mark()}</name></rtept></rte>'
        f"<trk>{named.format(*mark.many(4))}<type>{mark()}</type>"
        f'<link href="https://{mark()}.example.org"><text>{mark()}</text></link>'
        f"<trkseg>{points}</trkseg></trk></gpx>"
    )


def patterns(text: str) -> list[bytes]:
    """Return what `text` looks like in bytes: raw, hex, base64 at each offset, and UTF-16."""
    found = []
    for form in (text, text.upper(), text.capitalize()):
        raw = form.encode()
        found += [raw, raw.hex().encode(), raw.hex().upper().encode()]
        found += [form.encode("utf-16-le"), form.encode("utf-16-be")]
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + raw)
            first, last = (0, 2, 3)[shift], len(coded) - (0 if (shift + len(raw)) % 3 == 0 else 4)
            found.append(coded[first:last])
    return found


def sightings(content: bytes, marks: Marks) -> Iterator[bytes]:
    """Yield each form in which a mark stands in `content`."""
    for form in patterns(STEM):
        if form in content:
            yield form
    for mark in marks.given:
        if mark.encode() in content:
            yield mark.encode()

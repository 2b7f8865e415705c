"""Calendar, address book, mail, bank, meter and music of the same year, each as its own export."""

import json
from datetime import date, timedelta
from email.message import EmailMessage

from sealhold.compute.synthetic import Draw
from sealhold.demo.life.town import LAST, NOW, PLACES, SEED, address, days, is_past, moment, people

MAILS, PLAYS = 3_000, 1_500
SUBJECTS = (
    "Dinner on Friday?",
    "Your ticket to Porto",
    "Minutes of the house meeting",
    "Photos from the lake",
    "Re: bike repair",
    "Invoice for November",
    "The book you lent me",
    "Dentist: check-up moved",
    "Choir rehearsal",
    "Rent and heating 2026",
)
SENTENCES = (
    "The trains run again from Monday on.",
    "Could you bring the blue folder when you come?",
    "I found the recipe, it needs two lemons more than I thought.",
    "The dentist can see you on the third, half past eight.",
    "Nothing is decided yet; I will write once I know.",
    "Your bike is ready, the chain was worn.",
    "Thank you for the flowers, they stand in the kitchen.",
    "Please find the figures of last month below.",
    "Vera asks whether you will stay for the weekend.",
)
SHOPS = ("Market hall", "Bakery Rose", "Rail", "Harbour books", "Dr Hall", "Pharmacy Sol", "Pool")
BANDS = ("The Low Tides", "Marta Sol", "Kilometre Nine", "Old Piano", "Night Bus")


def files() -> dict[str, bytes]:
    """Return each file by its name."""
    draw = Draw(SEED)
    names = people(draw, 240)
    return {
        "calendar.ics": _calendar(draw),
        "contacts.vcf": _contacts(draw, names),
        "mail.mbox": _mail(draw, names),
        "bank.ofx": _bank(draw),
        "meter.csv": _meter(draw),
        "plays.jsonl": _plays(draw),
    }


def _calendar(draw: Draw) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Desk calendar//EN"]
    what = ("Choir", "Team meeting", "Call with Vera", "Swim", "Dentist, Dr Hall", "House meeting")
    number = 0
    for day in days():
        for _ in range(draw.below(4)):
            number += 1
            start = moment(day, 8 + draw.below(11), 15 * draw.below(4))
            lines += [
                "BEGIN:VEVENT",
                f"UID:event-{number}@calendar.example",
                f"DTSTAMP:{start:%Y%m%dT%H%M%SZ}",
                f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
                f"DTEND:{start + timedelta(minutes=30 + 30 * draw.below(4)):%Y%m%dT%H%M%SZ}",
                f"SUMMARY:{draw.one_of(what)}",
                f"LOCATION:{draw.one_of(PLACES).name.replace(',', chr(92) + ',')}",
                "END:VEVENT",
            ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _contacts(draw: Draw, names: list[str]) -> bytes:
    cards = []
    for number, name in enumerate(names):
        first, last = name.split()
        cards += [
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"UID:card-{number}",
            f"FN:{name}",
            f"N:{last};{first};;;",
            f"EMAIL:{address(name)}",
            f"TEL:+351 200 {draw.below(1000):03d} {draw.below(1000):03d}",
            "END:VCARD",
        ]
    return "\r\n".join([*cards, ""]).encode()


def _mail(draw: Draw, names: list[str]) -> bytes:
    year = list(days())
    mails: list[bytes] = []
    for number in range(MAILS):
        day = year[number * len(year) // MAILS]
        at = min(moment(day, 6 + draw.below(16), draw.below(60)), NOW)
        mail = EmailMessage()
        mail["From"] = address(draw.one_of(names))
        mail["To"] = "alice@mail.example"
        mail["Subject"] = draw.one_of(SUBJECTS)
        mail["Date"] = at.strftime("%a, %d %b %Y %H:%M:%S +0000")
        mail["Message-ID"] = f"<{number}.{SEED}@mail.example>"
        mail.set_content("\n".join(draw.one_of(SENTENCES) for _ in range(1 + draw.below(4))))
        mails.append(f"From alice@mail.example {at:%a %b %d %H:%M:%S %Y}\n".encode())
        mails.append(mail.as_bytes() + b"\n")
    return b"".join(mails)


def _bank(draw: Draw) -> bytes:
    bookings: list[str] = []
    balance = 250_000  # cents
    for day in days():
        amounts = [(draw.one_of(SHOPS), -200 - draw.below(9_000)) for _ in range(draw.below(8))]
        if day.day == 1:
            amounts += [("GreenCorp wages", 231_000), ("Rent Lantern Street 4", -98_000)]
        for payee, cents in amounts:
            balance += cents
            bookings.append(
                f"<STMTTRN><TRNTYPE>{'CREDIT' if cents > 0 else 'DEBIT'}<DTPOSTED>{day:%Y%m%d}"
                f"<TRNAMT>{_euros(cents)}<FITID>{len(bookings) + 1:06d}<NAME>{payee}</STMTTRN>"
            )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n"
        "COMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX><BANKMSGSRSV1><STMTTRNRS>"
        "<TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>EUR<BANKACCTFROM>"
        "<BANKID>000<ACCTID>PT500000004711<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>"
        f"<DTSTART>{min(days()):%Y%m%d}<DTEND>{LAST:%Y%m%d}{''.join(bookings)}</BANKTRANLIST>"
        f"<LEDGERBAL><BALAMT>{_euros(balance)}<DTASOF>{LAST:%Y%m%d}</LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    ).encode()


def _meter(draw: Draw) -> bytes:
    lines = ["start,energy_wh,tariff"]
    for day in days():
        for hour in range(24):
            if not is_past(moment(day, hour, 0)):
                break
            base = 180 if 6 < hour < 23 else 70  # noqa: PLR2004  # reason: awake and asleep
            lines.append(f"{day}T{hour:02d}:00:00Z,{base + draw.below(240)},{_tariff(day, hour)}")
    return "\n".join([*lines, ""]).encode()


def _tariff(day: date, hour: int) -> str:
    return "low" if hour < 7 or day.weekday() > 4 else "high"  # noqa: PLR2004  # reason: nights, weekends


def _plays(draw: Draw) -> bytes:
    year = list(days())
    lines = []
    for number in range(PLAYS):
        day = year[number * len(year) // PLAYS]
        at = min(moment(day, draw.below(24), draw.below(60)), NOW)
        play = {
            "played_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "artist": draw.one_of(BANDS),
            "track": f"{draw.one_of(BANDS)} song {draw.below(40)}",
            "seconds": 120 + draw.below(240),
        }
        lines.append(json.dumps(play))
    return "\n".join([*lines, ""]).encode()


def _euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"

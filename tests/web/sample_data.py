"""Made-up data for the pages: one person, four askers, a year of small things.

Everything is fixed, so that a page reads the same each time. `stranger` stands wherever somebody
else than the owner chose the text, so that a test can plant what it likes.
"""

import hashlib
from dataclasses import dataclass, replace

from sealhold.model.ids import (
    AppId,
    Collection,
    FieldName,
    GrantId,
    Id16,
    JobId,
    Purpose,
    ReceiptId,
    RecordId,
    RequestId,
    SourceId,
)
from sealhold.model.quantities import DAY, HOUR, MICRO, MINUTE, Instant, MicroBits
from sealhold.model.records import Column, ColumnType, Provenance
from sealhold.model.shown import (
    AnswerShape,
    AppIssuer,
    AskerView,
    Choice,
    CodeView,
    DoubleView,
    ItemLine,
    ItemView,
    LedgerLine,
    Meter,
    Mode,
    PreviewView,
    RequestCard,
    RequestState,
    ResourceView,
    Terms,
)

NOW = Instant(1_795_269_900_000)  # 21 Nov 2026, 14:05 UTC
YEAR_CAP = MicroBits(64 * MICRO)
DEFAULTS = {
    kind: MicroBits(most * MICRO)
    for kind, most in (("object", 16), ("app", 20), ("purpose", 40), ("all", 64))
}
CODE = '''"""Counts the days of October on which a trip was made on foot or by bike."""

SPEED_MAX = 8.0  # m/s, no mopeds
GREEN = ("foot", "bike")


def main(trips, params):
    days = set()
    for trip in trips:
        if trip.mode not in GREEN or trip.speed > SPEED_MAX:
            continue
        if trip.start.month == params.month:
            days.add(trip.start.day)
    return len(days)
'''


def digest(text: str) -> str:
    """Return a SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(text: str) -> Id16:
    """Return a fixed UUIDv4 for `text`."""
    raw = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    raw[6] = 0x40 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return Id16(bytes(raw))


def bits(number: float) -> MicroBits:
    """Return `number` bits."""
    return MicroBits(round(number * MICRO))


def column(name: str, about: str, kind: ColumnType = ColumnType.TEXT) -> Column:
    """Return a field."""
    return Column(name=FieldName(name), type=kind, about=about)


FIELDS = (
    column("start", "when the trip began", ColumnType.INSTANT),
    column("mode", "foot, bike, car, train"),
    column("speed", "mean speed in m/s", ColumnType.FLOAT),
)


def asker(name: str, *, asked: int, allowed: int, refused: int) -> AskerView:
    """Return an asker of that name."""
    return AskerView(
        app=AppId(id_of(name)),
        name=name,
        key_digest=digest(name),
        key_words=("maple", "orbit", "lantern", "seven"),
        known_since=Instant(NOW - 79 * DAY),
        asked=asked,
        allowed=allowed,
        refused=refused,
    )


def green_days(stranger: str) -> AnswerShape:
    """Return what would leave."""
    return AnswerShape(
        label=f"green days in October 2026{stranger}",
        unit="days",
        first=0,
        last=31,
        step=1,
        alternatives=32,
        default=0,
        example=17,
    )


def program(stranger: str) -> CodeView:
    """Return the program."""
    return CodeView(
        name=f"green-days{stranger}",
        version="1.3",
        author=f"Open Task Review{stranger}",
        digest=digest(CODE),
        text=CODE + f"# {stranger}\n",
        isolation="Runs sealed off: no network, no clock, no files.",
        evidence="software key, no hardware",
        before="1.2",
        diff=(
            "@@ -3,1 +3,1 @@",
            "-SPEED_MAX = 9.0  # m/s",
            "+SPEED_MAX = 8.0  # m/s, no mopeds",
        ),
    )


def speeds(stranger: str = "") -> ResourceView:
    """Return the third party's file that the program reads."""
    return ResourceView(
        task=f"green-days{stranger}",
        id="speeds",
        url="https://data.example.org/speeds.json",
        sha256=digest("speeds"),
        signer=None,
        max_bytes=4_096,
        max_versions=1,
        versions=0,
        size=None,
        digest=None,
        fetched_at=None,
        tried_at=None,
        why=stranger,
    )


def green_request(stranger: str = "") -> RequestCard:
    """Return the waiting request for a bonus."""
    who = asker(f"GreenCorp HR{stranger}", asked=3, allowed=1, refused=1)
    return RequestCard(
        id=RequestId(id_of("green bonus")),
        state=RequestState.WAITING,
        digest=digest(f"green bonus 1.3 {stranger}"),
        received_at=Instant(NOW - 5 * HOUR + 7 * MINUTE),
        expires_at=Instant(NOW + 7 * DAY),
        asker=who,
        purpose=Purpose("PersonnelPayment"),
        purpose_words="To pay a bonus.",
        reason=f"We pay 20 € for each month with ten or more days on foot or by bike.{stranger}",
        answer=green_days(stranger),
        cost_per_answer=bits(5),
        cost_per_object=bits(1),
        object_before=bits(0),
        meters=(
            Meter(label=who.name, used=bits(0), pending=bits(5), cap=bits(20)),
            Meter(label="All askers", used=bits(9), pending=bits(5), cap=YEAR_CAP),
        ),
        collection=Collection("trips"),
        granularity="a trip, because a person decides about trips one by one",
        objects=412,
        fields=FIELDS,
        selection="those of October 2026",
        code=program(stranger),
        resources=(speeds(stranger),),
        asked_terms=Terms(
            mode=Mode.ONCE,
            until=Instant(NOW + 30 * DAY),
            budget=bits(20),
            fields=frozenset(field.name for field in FIELDS),
            coarsen=1,
        ),
        choices=(
            Choice(coarsen=4, alternatives=8, cost=bits(3), example="16-19"),
            Choice(coarsen=16, alternatives=2, cost=bits(1), example="16-31"),
        ),
        schedule="on demand",
        destination=f"greencorp.example, payroll{stranger}",
        retention_days=365,
        legal_basis="your consent",
        preview=PreviewView(cost=bits(2), answer=None),
        grant=None,
        object_cap=bits(16),
        asked_before=3,
        asked_most=100,
    )


def past_request(name: str, label: str, state: RequestState) -> RequestCard:
    """Return a request that was allowed earlier."""
    card = green_request()
    return replace(
        card,
        id=RequestId(id_of(f"request {name}")),
        state=state,
        digest=digest(f"past {name}"),
        received_at=Instant(NOW - 49 * DAY),
        expires_at=Instant(NOW - 42 * DAY),
        asker=asker(name, asked=2, allowed=2, refused=0),
        purpose=Purpose("PersonalisedServices"),
        purpose_words="To help with your plans.",
        answer=replace(card.answer, label=label, last=1, alternatives=2, example=1),
        cost_per_answer=bits(1),
        code=replace(card.code, before=None, diff=()),
        grant=grant_id(name),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing that happened, from which a ledger line is made."""

    at: Instant
    actor: str
    purpose: str
    what: str
    cost: float
    refused: bool = False
    kind: str = "release"


def past_uses(stranger: str = "") -> tuple[Use, ...]:
    """Return what happened before today's request, the oldest first."""
    desk, tariff, coop = "Desk assistant", "Tariff Finder", "Heat & Home Co-op"
    return (
        Use(at=Instant(NOW - 49 * DAY), actor=desk, purpose="PersonalisedServices",
            what=f"Asked whether Friday is free after 15:00{stranger}", cost=1),
        Use(at=Instant(NOW - 42 * DAY), actor=tariff, purpose="ServiceOptimisation",
            what="Asked for the cheapest of four tariffs", cost=2),
        Use(at=Instant(NOW - 36 * DAY), actor="GreenCorp HR", purpose="PersonnelPayment",
            what="Asked for a list of trips", cost=0, refused=True, kind="decision"),
        Use(at=Instant(NOW - 30 * DAY), actor=coop, purpose="ServiceProvision",
            what="Asked for the evening load, one of four classes", cost=2),
        Use(at=Instant(NOW - 9 * DAY), actor=desk, purpose="PersonalisedServices",
            what="Asked for the weekday of the next dentist visit", cost=3),
        Use(at=Instant(NOW - 5 * HOUR), actor=desk, purpose="PersonalisedServices",
            what="Asked whether Friday is free after 15:00", cost=1),
        Use(at=Instant(NOW - 3 * HOUR), actor=tariff, purpose="ServiceOptimisation",
            what="Asked again for the cheapest of four tariffs", cost=0),
    )  # fmt: skip


def lines_of(uses: tuple[Use, ...]) -> list[LedgerLine]:
    """Return the ledger of `uses`, oldest first, with a running balance."""
    left, lines = YEAR_CAP, []
    for seq, use in enumerate(uses):
        cost = bits(use.cost)
        left = MicroBits(left - cost)
        lines.append(
            LedgerLine(
                seq=seq,
                at=use.at,
                kind=use.kind,
                actor=use.actor,
                purpose=use.purpose,
                what=use.what,
                outcome="denied" if use.refused else "done",
                reason="no grant covers it" if use.refused else "",
                rows_read=0 if use.refused else 412,
                bytes_out=0 if use.refused else 211,
                cost=cost,
                left=None if use.refused else left,
                leaf=digest(f"leaf {seq} {use.what}"),
                receipt=None if use.refused else ReceiptId(id_of(f"receipt {seq}")),
            )
        )
    return lines


THINGS = (
    (0.4, "photos", "18 photos", "Dropped in by hand"),
    (2.0, "events", "Dentist, check-up moved to 3 Dec, 08:30", "Calendar, version 2"),
    (5.9, "messages", "Re: Saturday at the lake", "Bob Hale: shall we take the early train?"),
    (6.9, "trips", "Trip to work, 5.2 km by bike, 19 min", "Bike computer, 24 points"),
    (26.1, "bookings", "Corner Bakery, 7.40 €", "Lakeside Bank"),
    (27.5, "trips", "Trip home, 5.4 km by bike, 21 min", "Bike computer, 26 points"),
    (30.2, "messages", "Your dentist appointment", "Practice Dr. Ahn: please confirm by Tuesday"),
    (49.0, "contacts", "Carol Winter", "Address book"),
    (51.3, "bookings", "Northbank Hosting, 4.90 €", "Lakeside Bank"),
    (75.0, "events", "Dinner with Bob", "Calendar"),
)


def items(stranger: str = "") -> tuple[ItemLine, ...]:
    """Return the items, the newest first."""
    return tuple(
        ItemLine(
            id=RecordId(id_of(f"item {at}")),
            collection=Collection(collection),
            at=Instant(NOW - round(hours * HOUR)),
            title=f"{title}{stranger}",
            snippet=f"{snippet}{stranger}",
            source="Takeout",
        )
        for at, (hours, collection, title, snippet) in enumerate(THINGS)
    )


def item_view(line: ItemLine, uses: tuple[LedgerLine, ...]) -> ItemView:
    """Return `line`, open."""
    return ItemView(
        id=line.id,
        collection=line.collection,
        version=2,
        at=line.at,
        title=line.title,
        fields=(
            (column("title", "what it is called"), line.title),
            (column("at", "when", ColumnType.INSTANT), line.at),
            (column("text", "its text"), f"{line.snippet}\n\nSecond paragraph of it."),
            (column("people", "who takes part", ColumnType.LIST), ["Alice", "Bob Hale"]),
            (column("length", "in km", ColumnType.FLOAT), 5.2),
        ),
        raw={"title": line.title, "snippet": line.snippet},
        provenance=Provenance(
            source=SourceId(id_of("Calendar")),
            job=JobId(id_of("job")),
            connector="icalendar",
            connector_version="1",
            original_id="uid-7@calendar.example",
            position="component 17",
            content_hash=hashlib.sha256(line.title.encode()).digest(),
        ),
        source="Calendar",
        uses=uses,
        also=(DoubleView(id=RecordId(id_of("item 1")), source="Phone, timeline"),),
    )


def issuer_of(app: str) -> AppIssuer | None:
    """Return where the people of an app sign in; one app of all named a provider."""
    if app != "Heat & Home Co-op":
        return None
    return AppIssuer(
        issuer="https://id.heat-and-home.example",
        client_id="vault-of-ada",
        makes_people=False,
        set_at=Instant(NOW - 30 * DAY),
    )


def grant_id(text: str) -> GrantId:
    """Return a fixed grant id."""
    return GrantId(id_of(f"grant {text}"))

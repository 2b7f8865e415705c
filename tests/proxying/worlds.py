"""Two worlds behind one policy: a clinic, and boreholes; and a table with every kind of value.

- All techniques that a column can name, NULLs, keys that join by a domain, clear columns between.
- Made by us, seeded; no value is of a person.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from tests.proxying.tables import CLEAR, Col, Table, Value

NAMES: Final = (
    "Ada", "Bo", "Cleo", "Dan", "Eve", "O'Neil", "Zoë", "Ødegård", "李雷", "", "  two  blanks ",
    "back\\slash", "semi;colon", "new\nline", "Müller-Lüdenscheidt",
)  # fmt: skip
WORDS: Final = [
    "fever",
    "cough",
    "ankle",
    "sprain",
    "chronic",
    "acute",
    "left",
    "right",
    "allergy",
    "penicillin",
    "stable",
]
CITIES: Final = ("Delft", "Ghent", "Graz", "Turin")
WARDS: Final = ("A1", "A2", "B1", "icu")
CODES: Final = ("A00", "B20", "C34.1", "E11", "I10", "J45", "M54")
DOCTORS: Final = tuple(f"doctor{nth}@clinic.example" for nth in range(8))
SEED: Final = 11


def number(_: Random, nth: int) -> str:
    return str(nth + 1)


def maybe(make: Value, share: float = 0.15) -> Value:
    """Return the same, or NULL."""
    return lambda random, nth: None if random.random() < share else make(random, nth)


def one(values: Sequence[str]) -> Value:
    return lambda random, _: random.choice(values)


def whole(low: int, high: int) -> Value:
    return lambda random, _: str(random.randint(low, high))


def quarters(low: int, high: int) -> Value:
    """Return numbers whose sums are exact in floating point, in any order."""
    return lambda random, _: repr(random.randint(low * 4, high * 4) / 4)


def decimal(low: int, high: int, places: int) -> Value:
    def make(random: Random, _: int) -> str:
        value = random.randint(low * 10**places, high * 10**places)
        sign, digits = "-" * (value < 0), str(abs(value)).rjust(places + 1, "0")
        return f"{sign}{digits[:-places]}.{digits[-places:]}"

    return make


def day(low: int = 1930, high: int = 2024) -> Value:
    return lambda r, _: f"{r.randint(low, high)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"


def moment(zone: str = "") -> Value:
    dated = day(2023, 2024)
    return lambda r, n: f"{dated(r, n)} {r.randint(0, 23):02}:{r.randint(0, 59):02}:00{zone}"


def words(random: Random, _: int) -> str:
    return " ".join(random.choices(WORDS, k=random.randint(1, 6)))


def mrn(_: Random, nth: int) -> str:
    return f"MRN{nth * 37 % 1_000:05}"


def some_mrn(random: Random, _: int) -> str:
    return mrn(random, random.randrange(180))


def digits(random: Random, _: int) -> str:
    return f"{random.randrange(10**10):010}"


def uuid(random: Random, _: int) -> str:
    raw = f"{random.getrandbits(128):032x}"
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


def octets(random: Random, _: int) -> str:
    return "\\x" + random.randbytes(random.randrange(40)).hex()


def clear(name: str, kind: str, make: Value, ddl: str = "") -> Col:
    return Col(name=name, type=kind, protect=CLEAR, make=make, ddl=ddl)


def hidden(name: str, kind: str, protect: str, make: Value, ddl: str = "", **more: object) -> Col:
    """Return a protected column; `protect` is a list of techniques, best first."""
    return Col(name=name, type=kind, protect=tuple(protect.split()), make=make, ddl=ddl, more=more)


KEY: Final = clear("id", "integer", number, "PRIMARY KEY")

PATIENT: Final = Table(
    name="patient", dataset="health", rows=150, columns=(
        KEY,
        hidden("mrn", "text", "match", mrn, "NOT NULL UNIQUE", domain="mrn"),
        hidden("name", "text", "sealed", one(NAMES), "NOT NULL", pad=16),
        hidden("email", "text", "match", maybe(one(DOCTORS)), domain="email"),
        hidden("born", "date", "order", maybe(day())),
        hidden("sex", "character(1)", "deterministic", maybe(one("fmx"))),
        hidden("phone", "text", "fpe", maybe(digits), alphabet="digits"),
        hidden("weight", "numeric(5,1)", "order", maybe(decimal(3, 140, 1)), scale=1),
        hidden("balance", "numeric(10,2)", "he-sum", decimal(-500, 900, 2), "DEFAULT 0"),
        hidden("note", "text", "words", maybe(words)),
        clear("city", "text", maybe(one(CITIES))),
        hidden("insured", "boolean", "deterministic", maybe(one(("t", "f")))),
        clear("visits", "integer", whole(0, 9), "NOT NULL DEFAULT 0"),
    ),
)  # fmt: skip
EPISODE: Final = Table(
    name="episode", dataset="health", rows=260, columns=(
        clear("id", "bigint", number, "PRIMARY KEY"),
        clear("patient", "integer", whole(1, 150), "REFERENCES patient (id)"),
        hidden("doctor", "text", "match", maybe(one(DOCTORS)), domain="email"),
        hidden("opened", "timestamp with time zone", "order", moment("+00"), "NOT NULL"),
        hidden("closed", "timestamp with time zone", "order", maybe(moment("+02"), 0.4)),
        hidden("cost", "numeric(10,2)", "order", maybe(decimal(0, 4_000, 2)), scale=2),
        hidden("ward", "text", "deterministic", maybe(one(WARDS)), domain="ward"),
    ),
)  # fmt: skip
DIAGNOSIS: Final = Table(
    name="diagnosis", dataset="health", rows=240, bind="column", columns=(
        KEY,
        clear("episode", "bigint", whole(1, 260), "REFERENCES episode (id)"),
        hidden("code", "character varying(8)", "match", one(CODES), "NOT NULL", domain="icd"),
        hidden("severity", "smallint", "match order", maybe(whole(-3, 9))),
        hidden("certainty", "double precision", "order", maybe(quarters(-1, 1))),
        hidden("remark", "text", "sealed", maybe(words)),
    ),
)  # fmt: skip
LAB: Final = Table(
    name="lab", dataset="health", rows=200, columns=(
        KEY,
        hidden("mrn", "text", "match", maybe(some_mrn, 0.05), domain="mrn"),
        clear("test", "text", one(("Hb", "CRP", "Na", "K"))),
        hidden("value", "double precision", "sealed", maybe(quarters(0, 300))),
        hidden("taken", "timestamp without time zone", "order", moment()),
        hidden("flags", "text[]", "sealed", maybe(one(("{}", "{high}", "{low,again}", '{"a,b"}')))),
        hidden("units", "integer", "match order he-sum", maybe(whole(-50, 50))),
    ),
)  # fmt: skip
DOCUMENT: Final = Table(
    name="document", dataset="health", rows=70, columns=(
        clear("id", "uuid", uuid, "PRIMARY KEY"),
        hidden("mrn", "text", "match", some_mrn, domain="mrn"),
        hidden("title", "text", "words", words),
        hidden("body", "bytea", "sealed", maybe(octets), pad=64),
        hidden("meta", "jsonb", "sealed", maybe(one(('{"a": 1}', "[]", '{"b": {"c": null}}')))),
        hidden("pages", "integer", "match order", maybe(whole(1, 12))),
        hidden("secret", "boolean", "sealed", one(("t", "f"))),
    ),
)  # fmt: skip


def bore(random: Random, _: int) -> str:
    return f"B-{random.randrange(70):03}"


BOREHOLE: Final = Table(
    name="borehole", dataset="ground", rows=60, columns=(
        KEY,
        hidden("code", "text", "deterministic", lambda _, n: f"B-{n:03}", "NOT NULL UNIQUE",
               domain="bore"),
        hidden("x", "double precision", "order", quarters(2_000, 9_000), "NOT NULL"),
        hidden("y", "double precision", "order", quarters(-900, 900), "NOT NULL"),
        hidden("depth", "numeric(7,2)", "order", maybe(decimal(2, 300, 2)), scale=2),
        hidden("owner", "character varying(30)", "match", maybe(one(NAMES[:9]))),
        clear("drilled", "date", maybe(day(1980))),
    ),
)  # fmt: skip
LINE: Final = Table(
    name="line", dataset="ground", rows=120, columns=(
        KEY,
        hidden("code", "text", "deterministic", bore, domain="bore"),
        clear("seq", "integer", whole(0, 9)),
        hidden("x", "double precision", "order", quarters(2_000, 9_000)),
        hidden("y", "double precision", "order", quarters(-900, 900)),
    ),
)  # fmt: skip
LEVEL: Final = Table(
    name="level", dataset="ground", rows=240, bind="column", columns=(
        KEY,
        hidden("code", "text", "deterministic", maybe(bore, 0.05), domain="bore"),
        hidden("at", "timestamp without time zone", "order", moment()),
        hidden("metres", "numeric(6,2)", "order", maybe(decimal(-40, 40, 2)), scale=2),
        hidden("pumping", "boolean", "sealed", maybe(one(("t", "f")))),
    ),
)  # fmt: skip
KINDS: Final = Table(
    name="kinds", dataset="kinds", rows=50, columns=(
        KEY,
        hidden("c_text", "text", "match", maybe(one(NAMES))),
        hidden("c_varchar", "character varying(10)", "match", maybe(one(("ab", "AB", "ab ", "")))),
        hidden("c_char", "character(6)", "match", maybe(one(("ab", "AB", "abc ", "")))),
        hidden("c_int2", "smallint", "order", maybe(one(("-32768", "-1", "0", "1", "32767")))),
        hidden("c_int4", "integer", "match order", maybe(one(("-2147483648", "0", "2147483647")))),
        hidden("c_int8", "bigint", "order",
               maybe(one(("-9223372036854775808", "-1", "0", "9223372036854775807")))),
        hidden("c_numeric", "numeric", "match",
               maybe(one(("1", "1.0", "1.00", "-0", "0", "1e30", "NaN", "0.001")))),
        hidden("c_scaled", "numeric(12,3)", "match order", maybe(decimal(-9, 9, 3)), scale=3),
        hidden("c_real", "real", "sealed", maybe(one(("0", "-0", "1.5", "NaN", "Infinity")))),
        hidden("c_double", "double precision", "match order",
               maybe(one(("0", "-0", "1.5", "-1e300", "NaN", "Infinity", "-Infinity")))),
        hidden("c_bool", "boolean", "match", maybe(one(("t", "f")))),
        hidden("c_date", "date", "match order",
               maybe(one(("-infinity", "0001-01-01", "2024-02-29", "infinity")))),
        hidden("c_time", "time without time zone", "sealed", maybe(one(("00:00", "23:59:59.5")))),
        hidden("c_ts", "timestamp without time zone", "match order",
               maybe(one(("-infinity", "1999-12-31 23:59:59.999999", "infinity")))),
        hidden("c_tstz", "timestamp with time zone", "match order",
               maybe(one(("2024-01-01 00:00+00", "2024-01-01 01:00+01", "infinity")))),
        hidden("c_interval", "interval", "sealed", maybe(one(("1 day", "24:00", "1 mon -1 day")))),
        hidden("c_uuid", "uuid", "match", maybe(uuid)),
        hidden("c_bytea", "bytea", "match", maybe(one(("\\x", "\\x00", "\\xdeadbeef")))),
        hidden("c_json", "json", "sealed", maybe(one(('{"a":1}', '{"a": 1}', "null")))),
        hidden("c_jsonb", "jsonb", "sealed", maybe(one(('{"b":1, "a":[]}', '"x"', "null")))),
        hidden("c_array", "text[]", "sealed", maybe(one(("{}", "{a,NULL,b}", '{"{}"}')))),
    ),
)  # fmt: skip
TOWN: Final = Table(
    name="town", dataset="", rows=4, listed=False, key=("name",), columns=(
        clear("name", "text", lambda _, n: CITIES[n], "PRIMARY KEY"),
        clear("people", "integer", whole(10_000, 900_000)),
    ),
)  # fmt: skip
TICKET: Final = Table(
    name="ticket", dataset="health", rows=5, columns=(
        clear("id", "integer", number, "PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY"),
        hidden("tag", "text", "match", lambda _, n: f"tag{n}", "UNIQUE"),
        hidden("hidden", "text", "sealed", maybe(words, 0.4), "DEFAULT 'none'"),
        hidden("rank", "integer", "order", whole(0, 9), "DEFAULT 7"),
        clear("open", "boolean", one(("t", "f")), "NOT NULL DEFAULT true"),
    ),
)  # fmt: skip
NOTE: Final = Table(
    name="note", dataset="health", rows=90, columns=(
        KEY,
        hidden("text", "text", "words", maybe(words), tokens="prefix3-5"),
        hidden("kind", "character varying(20)", "match words", maybe(one(WORDS[:5]))),
        hidden("score", "integer", "range-hidden", maybe(whole(-20, 400)), range=[-20, 400],
               buckets=16),
        hidden("fee", "numeric(7,2)", "range-hidden", maybe(decimal(0, 900, 2)), range=[0, 900],
               buckets=64),
        clear("ward", "text", maybe(one(WARDS))),
    ),
)  # fmt: skip
NOTICE: Final = Table(
    name="notice", dataset="health", rows=20, bind="column", columns=(
        clear("id", "integer", number, "PRIMARY KEY"),
        hidden("tag", "text", "match", lambda _, n: f"n{n}", "UNIQUE"),
        hidden("text", "text", "words", words),
        hidden("level", "smallint", "range-hidden match", maybe(whole(0, 9)), range=[0, 9],
               buckets=8),
    ),
)  # fmt: skip


def pan(_: Random, nth: int) -> str:
    return f"4{nth * 7919 % 10**6:06}-{nth % 10}"


def some_pan(random: Random, _: int) -> str:
    return pan(random, random.randrange(45))


def some_phone(random: Random, _: int) -> str:
    return f"{5550000 + random.randrange(12) * 37:010}"


BADGE: Final = Table(
    name="badge", dataset="health", rows=40, columns=(
        KEY,
        hidden("pan", "text", "token", pan, "NOT NULL UNIQUE", domain="pan"),
        hidden("pin", "character varying(4)", "token",
               maybe(one(("0000", "12", "9z9", "", "Ab-1")))),
        hidden("stamps", "integer", "token", maybe(one(("-7", "0", "41", "42", "2147483647")))),
        hidden("price", "numeric(8,2)", "token", maybe(decimal(10, 99, 2))),
        hidden("ref", "uuid", "token", maybe(uuid)),
        hidden("phone", "text", "fpe", maybe(some_phone), domain="phone", alphabet="digits"),
        clear("city", "text", one(CITIES)),
    ),
)  # fmt: skip
SWIPE: Final = Table(
    name="swipe", dataset="health", rows=110, bind="column", columns=(
        KEY,
        hidden("pan", "text", "token", maybe(some_pan, 0.05), domain="pan"),
        hidden("phone", "text", "fpe", maybe(some_phone), domain="phone", alphabet="digits"),
        hidden("serial", "text", "fpe", lambda _, n: f"{n * 104_729 % 16**6:08x}", "UNIQUE",
               alphabet="hex"),
        clear("door", "integer", whole(1, 5)),
    ),
)  # fmt: skip
WORLDS: Final = (
    PATIENT, EPISODE, DIAGNOSIS, LAB, DOCUMENT, BOREHOLE, LINE, LEVEL, KINDS, TOWN, TICKET,
    NOTE, NOTICE,
    BADGE, SWIPE,
)  # fmt: skip
STAY: Final = (
    "CREATE VIEW stay AS SELECT e.id, p.mrn, e.ward, e.cost FROM episode e "
    "JOIN patient p ON p.id = e.patient"
)
VIEWS: Final = ("CREATE VIEW card AS SELECT id, mrn, name, city FROM patient", STAY)

"""Statements made at random over one table with a column of each type, and rows for it.

- An expression is a template whose `{kind}` parts are filled in again, as deep as is left.
- The same seed gives the same rows and statements.
"""

import re
from random import Random

TABLE = """CREATE TABLE d (id int4, b bool, i2 int2, i4 int4, i8 int8, n numeric(10,2), nn numeric,
 f4 float4, f8 float8, t text, v varchar(8), c char(6), nm name, d date, tm time, tz timetz,
 ts timestamp, tt timestamptz, iv interval, u uuid, jb jsonb, by bytea, ai int4[], at text[])"""

_LEAVES = r"""
num:
    i2 ; i4 ; i8 ; n ; nn ; f4 ; f8 ; 0 ; 1 ; -1 ; 3 ; 2147483647 ; 3000000000 ; 1.5 ; 0.00 ;
    2.50 ; -0.1 ; 1e3 ; 1.5::float8 ; 'NaN'::float8 ; 0.1::float4 ; 2::smallint ; NULL::int
text:
    t ; v ; c ; nm ; 'a' ; '' ; ' x' ; 'éA'::text ; 'ab'::varchar(5) ; 'ab'::char(4) ;
    NULL::text
moment:
    d ; tm ; tz ; ts ; tt ; iv ; '2024-01-31'::date ; interval '1 mon' ;
    timestamp '2000-02-29' ; '2024-03-31 01:30:00+00'::timestamptz ; '12:34:56'::time
bool:
    b ; b ; i4 > 0 ; t IS NULL ; n = 1.5 ; true
other:
    u ; by ; jb ; ai ; at
key:
    b ; i2 ; t ; v ; c ; n ; d ; lower(t) ; b IS NULL ; u ; length(t) ; i4 % 3
field:
    second ; minute ; hour ; day ; month ; year ; week ; quarter ; epoch ; dow ; isoyear ;
    century
unit:
    second ; minute ; hour ; day ; week ; month ; quarter ; year ; decade ; century ;
    millennium
compare:
    = ; <> ; < ; <= ; > ; >=
pattern:
    'a%' ; '%a' ; '%b%' ; '_b_' ; 'a!%c' ESCAPE '!' ; 'a\\c' ; '' ; t ; '%_'
instant:
    ts ; tt ; d
count:
    1 ; -1 ; 2 ; 0 ; -3 ; i2
distinct:
    NOTHING ; NOTHING ; DISTINCT
filter:
    NOTHING ; NOTHING ; NOTHING ;  FILTER (WHERE b)
"""
_BRANCHES = r"""
num:
    ({num} + {num}) ; ({num} - {num}) ; ({num} * {num}) ; ({num} / {num}) ; ({num} % {num}) ;
    ({num} + {num}) ; ({num} - {num}) ; ({num} * {num}) ; ({num} / {num}) ; abs({num}) ;
    round({num}) ; ceil({num}) ; floor({num}) ; trunc({num}) ; {num}::int ; {num}::int8 ;
    {num}::numeric ; {num}::float8 ; {num}::real ; {num}::numeric(10,1) ; (- {num}) ;
    round({num}, 2) ; round(nn, {count}) ; trunc(n, {count}) ; length({text}) ;
    octet_length({text}) ; strpos({text}, {text}) ; extract({field} FROM {instant}) ;
    date_part('{field}', {instant}) ; (d - date '2020-01-01') ; coalesce({num}, {num}) ;
    CASE WHEN {bool} THEN {num} ELSE {num} END ; nullif({num}, {num}) ;
    greatest({num}, {num})
text:
    ({text} || {text}) ; ({text} || {num}) ; ({text} || b) ; lower({text}) ; upper({text}) ;
    trim({text}) ; substr({text}, {count}) ; substring({text}, 0, 3) ; left({text}, {count}) ;
    right({text}, {count}) ; replace({text}, {text}, {text}) ;
    concat({text}, {num}, {moment}) ; concat_ws({text}, {text}, {num}) ; {num}::text ;
    {moment}::text ; {text}::varchar(3) ; {text}::char(4) ; coalesce({text}, {text}) ;
    least({text}, {text}) ; CASE i4 WHEN 1 THEN {text} WHEN NULL THEN {text} END
moment:
    (d + i2) ; ({instant} + iv) ; ({instant} - iv) ; (ts - ts) ; (tt - tt) ; (iv + iv) ;
    (iv * 1.5) ; (iv / 2) ; (- iv) ; (tm + iv) ; (tm - tm) ; (d + tm) ;
    date_trunc('{unit}', {instant}) ; ts::date ; tt::timestamp ; tt::time ; d::timestamptz ;
    ts::timestamptz ; tt::timestamptz(0) ; coalesce(ts, d)
bool:
    ({num} {compare} {num}) ; ({text} {compare} {text}) ; ({instant} {compare} {instant}) ;
    ({bool} AND {bool}) ; ({bool} OR {bool}) ; (NOT {bool}) ; ({any} IS NULL) ;
    (({bool}) IS NOT TRUE) ; (({num}) IS DISTINCT FROM {num}) ;
    ({num} BETWEEN {num} AND {num}) ; ({num} IN ({num}, {num}, {num})) ;
    ({text} NOT IN ({text}, {text})) ; ({text} LIKE {pattern}) ; ({text} NOT ILIKE {pattern}) ;
    (i4 = ANY ('{{1,2,NULL}}')) ; (t = ANY (at)) ; (c = 'ab') ; (tt >= '2024-01-01') ;
    (ai = '{{1,2}}') ; (nm = t)
aggregate:
    count(*) ; count({distinct} {any}) {filter} ; sum({num}) {filter} ; avg({distinct} {num}) ;
    sum(iv) ; avg(iv) ; min({num}) ; max({text}) {filter} ; min({moment}) ; bool_and({bool}) ;
    bool_or({bool}) ; string_agg(t, ',' ORDER BY id) ; string_agg(DISTINCT v, '') ;
    array_agg(i4 ORDER BY id DESC) ; array_agg(DISTINCT t) ; (count(*) + 1) ; sum(i4)::text
"""


def _templates(text: str) -> dict[str, list[str]]:
    """Return what stands under each name, cut at its semicolons; NOTHING is an empty text."""
    found: dict[str, list[str]] = {}
    for kind, body in re.findall(r"^([a-z]+):\n((?:    .*\n)+)", text, re.MULTILINE):
        parts = [part.strip() for part in body.replace("\n", " ").split(" ; ")]
        found[kind] = ["" if part == "NOTHING" else part for part in parts]
    return found


LEAVES = _templates(_LEAVES)
BRANCHES = _templates(_BRANCHES)


class Statements:
    """Makes rows and statements from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def row(self, number: int) -> str:
        pick = self._random.choice
        year = pick([44, 1900, 2000, 2023, 2024, self._random.randint(1, 3000)])
        day = f"{year:04d}-{self._random.randint(1, 12):02d}-{self._random.randint(1, 28):02d}"
        clock = f"{self._random.randint(0, 23):02d}:{self._random.randint(0, 59):02d}:07" + pick(
            ["", ".5", ".000001"]
        )
        texts = ["", "a", "ab", "abc", "Abc", "a b", " x ", "éa", "日本", "a%c", "a\\c", "10", "-5"]
        cells = [
            pick(["true", "false"]), pick(["0", "1", "-1", "3", "32767", "-32768"]),
            pick(["0", "1", "2", "2147483647", "-7"]), pick(["0", "5", str(2**63 - 1), "-3"]),
            pick(["0", "1.5", "-2.25", "99999999.99"]),
            pick(["0", "1", "'NaN'", "'Infinity'", "1234567890123456789012345.123", "1e-20"]),
            pick(["0", "1", "-1.5", "0.1", "'NaN'", "1e30"]), pick(["0", "2.5", "1e300", "'-inf'"]),
            *(f"'{pick(texts)}'" for _ in range(4)), f"'{pick([day, 'infinity'])}'", f"'{clock}'",
            f"'{clock}{pick(['+00', '-08', '+05:30'])}'", f"'{day} {clock}'",
            f"'{pick([day + ' ' + clock + '+00', '-infinity', '2024-10-27 00:30:00+00'])}'",
            pick(["'1 day'", "'1 mon'", "'-1 year 2 mons'", "'04:05:06.5'", "'-1 day +02:00'"]),
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", pick(["'[1]'", "'{\"a\":1}'"]), "'\\xdead'",
            pick(["'{}'", "'{1,NULL}'"]), pick(["'{a,b}'", "'{NULL}'"]),
        ]  # fmt: skip
        shown = ["NULL" if self._random.random() < 0.12 else cell for cell in cells]
        return f"({number}, {', '.join(shown)})"

    def expression(self, kind: str, depth: int) -> str:
        if kind == "any":
            kind = self._random.choice(["num", "num", "text", "moment", "bool", "other"])
        branches = BRANCHES.get(kind, [])
        leaves = LEAVES.get(kind, [])
        is_leaf = leaves and (depth <= 0 or not branches)
        template = self._random.choice(leaves if is_leaf else branches)
        if is_leaf:
            return template
        filled = re.sub(r"\{([a-z]+)\}", lambda part: self.expression(part[1], depth - 1), template)
        return filled.replace("{{", "{").replace("}}", "}")

    def statement(self) -> str:
        return self._random.choice([self._plain, self._plain, self._grouped, self._distinct])()

    def _depth(self) -> int:
        return self._random.choice([0, 1, 1, 2, 2, 3])

    def _where(self) -> str:
        if self._random.random() < 0.5:
            return ""
        return f" WHERE {self.expression('bool', self._depth())}"

    def _plain(self) -> str:
        shown = [self.expression("any", self._depth()) for _ in range(self._random.randint(1, 3))]
        order = self._random.choice(
            ["", " ORDER BY n IS NULL, id", " ORDER BY 1 DESC, id",
             " ORDER BY i4 NULLS FIRST, id LIMIT 5",
             f" ORDER BY {self.expression('text', 1)} DESC NULLS LAST, id OFFSET 2",
             f" ORDER BY {self.expression('num', 1)}, id FETCH FIRST 3 ROWS ONLY"]
        )  # fmt: skip
        if order.startswith(" ORDER BY 1") and shown[0].strip() in {"u", "by", "jb", "ai", "at"}:
            order = ""
        return f"SELECT {', '.join(shown)} FROM d{self._where()}{order}"

    def _grouped(self) -> str:
        keys = [self.expression("key", 0) for _ in range(self._random.randint(0, 2))]
        shown = [
            *keys,
            *(self.expression("aggregate", 2) for _ in range(self._random.randint(1, 3))),
        ]
        by = f" GROUP BY {', '.join(keys)}" if keys else ""
        having = self._random.choice(["", "", " HAVING count(*) > 1", " HAVING max(id) > 3"])
        return f"SELECT {', '.join(shown)} FROM d{self._where()}{by}{having}"

    def _distinct(self) -> str:
        key = self.expression("key", 0)
        if self._random.random() < 0.5:
            return f"SELECT DISTINCT {key}, b FROM d{self._where()} ORDER BY 1, b DESC"
        return f"SELECT DISTINCT ON ({key}) {key}, id FROM d{self._where()} ORDER BY {key}, id DESC"

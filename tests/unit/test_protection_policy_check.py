"""Faults of a protection policy: each is named, with its key and its line."""

import pytest

from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import read
from tests.unit.clinic_policy import CLINIC, EXAMPLE, bent, errors, line_of, warnings

INCOME = 'protect = ["order"]\nscale = 2'
EMAIL = 'type = "varchar(200)"\nclass = "identifier"\nusages = ["storage", "search"]\nprotect'
CITY = 'name = "city"\ntype = "text"\nclass = "quasi_identifier"\nprotect = ["sealed"]'
CITY_AT = 'name = "city"'

# what is put in the place of what, which fault that is, and where
GUARDED = (
    'key = ["id"]\ncsps = ["b"]\nintegrity = "row"\n[[table.column]]\nname = "place"\n'
    'type = "geometry"\nprotect = "clear"\n'
)
FAULTS = [
    ("dataset", 'dataset = "clinic"\nname = "visit"', 'dataset = "Clinic"\nname = "visit"',
     "bad-value", "table.dataset", 'dataset = "Clinic"'),
    ("unknown key", 'domain = "email"\n\n[[table.column]]\nname = "income"',
     'domian = "email"\n\n[[table.column]]\nname = "income"',
     "unknown-key", "table.column.domian", "domian"),
    ("unknown table", "[limits]", "[limit]", "unknown-key", "limit", "[limit]"),
    ("no name", 'name = "city"\n', "", "missing-key", "table.column.name", None),
    ("wrong type", "version = 1", 'version = "1"', "bad-value", "version", "version"),
    ("a truth value for a number", "k = 10", "k = true", "bad-value", "anonymise.k", "k = true"),
    ("below its range", "k = 10", "k = 1", "bad-value", "anonymise.k", "k = 1"),
    ("a size without unit", '"64MiB"', '"64 MB"', "bad-value", "limits.fetch_bytes", '"64 MB"'),
    ("another format", "sealhold-policy/1", "sealhold-policy/2", "bad-value", "format",
     "sealhold-policy/2"),
    ("no such technique", 'protect = ["order"]', 'protect = ["ordered"]',
     "bad-value", "table.column.protect", '["ordered"]'),
    ("clear and not", 'protect = ["order"]', 'protect = ["order", "clear"]',
     "bad-value", "table.column.protect", '"clear"]'),
    ("a technique twice", 'protect = ["order"]', 'protect = ["order", "order"]',
     "bad-value", "table.column.protect", '"order"]'),
    ("usage unserved", CITY, CITY.replace("protect", 'usages = ["search"]\nprotect'),
     "usage-unserved", "table.column.usages", 'usages = ["search"]'),
    ("order on text", CITY, CITY.replace("sealed", "order"),
     "order-on-text", "table.column.protect", None),
    ("match on json", CITY, CITY.replace('"text"', '"json"').replace("sealed", "match"),
     "technique-on-type", "table.column.protect", None),
    ("order on bool", CITY, CITY.replace('"text"', '"bool"').replace("sealed", "order"),
     "technique-on-type", "table.column.protect", None),
    ("unknown type", CITY, CITY.replace('"text"', '"geometry"'),
     "unknown-type", "table.column.type", '"geometry"'),
    ("order without scale", INCOME, 'protect = ["order"]',
     "order-without-scale", "table.column.scale", None),
    ("another scale", INCOME, INCOME.replace("2", "3"),
     "scale-differs", "table.column.scale", "scale = 3"),
    ("too many digits", '"numeric(12,2)"', '"numeric(19,2)"',
     "order-too-long", "table.column.type", "numeric(19,2)"),
    ("fold of a number", INCOME, f'{INCOME}\nfold = "casefold"',
     "fold-not-text", "table.column.fold", "fold ="),
    ("forms lost", f'"numeric(12,2)"\nusages = ["storage", "search", "compute"]\n{INCOME}',
     '"numeric"\nprotect = ["deterministic"]',
     "forms-lost", "table.column.protect", '["deterministic"]'),
    ("two cells", CITY, CITY.replace('"sealed"', '"sealed", "deterministic"'),
     "two-cells", "table.column.protect", '"deterministic"]'),
    ("domain of another type", 'type = "text"\nclass = "identifier"', 'type = "bytea"',
     "domain-differs", "table.column.domain", None),
    ("domain of another fold", f'{EMAIL} = ["match"]', f'{EMAIL} = ["match"]\nfold = "casefold"',
     "domain-differs", "table.column.domain", None),
    ("no such provider", 'csps = ["b"]', 'csps = ["c"]',
     "unknown-csp", "table.csps", 'csps = ["c"]'),
    ("no provider of rows", 'csps = ["b"]', 'csps = ["s"]',
     "no-place", "table.csps", 'csps = ["s"]'),
    ("no provider", 'csps = ["b"]\n', "", "no-place", "table.csps", None),
    ("key without column", 'key = ["id"]\ncsps = ["b"]', 'key = ["no"]\ncsps = ["b"]',
     "unknown-column", "table.key", '["no"]'),
    ("key that finds nothing", 'key = ["id"]\ncsps = ["a"]', 'key = ["city"]\ncsps = ["a"]',
     "key-not-found", "table.key", '["city"]\ncsps'),
    ("a column twice", CITY_AT, 'name = "ward"', "twice", "table.column.name", None),
    ("a table twice", 'name = "visit"', 'name = "patient"', "twice", "table.name", None),
    ("a provider twice", 'id = "b"', 'id = "a"', "twice", "csp.id", None),
    ("a reserved name", CITY_AT, 'name = "_sh_x"', "reserved-name", "table.column.name", "_sh_x"),
    ("a companion's name", CITY_AT, 'name = "email_m"', "name-taken", "table.column.name", None),
    ("a name too long", 'name = "income"', f'name = "{"i" * 62}"',
     "name-too-long", "table.column.name", "iii" * 20 + "ii"),
    ("a secret written", '"env:A_PASSWORD"', '"hunter2"',
     "secret-written", "csp.secret", "hunter2"),
    ("a password in an address", "postgresql://a.", "postgresql://me:hunter2@a.",
     "secret-written", "csp.url", "hunter2"),
    ("an address of another kind", "https://s.", "postgresql://s.",
     "address", "csp.url", "postgresql://s."),
    ("a constraint unmet", '"visit.ended"]', '"patient.id"]',
     "constraint-unmet", "constraint.never_together", "never_together"),
    ("no such column kept apart", '"visit.ended"]', '"visit.begun"]',
     "unknown-column", "constraint.never_together", "never_together"),
    ("one column apart", ', "visit.ended"]', "]",
     "bad-value", "constraint.never_together", "never_together"),
    ("l above k", "l = 2", "l = 11", "l-above-k", "anonymise.l", "l = 11"),
    ("no such table released", 'table = "patient"', 'table = "patients"',
     "unknown-table", "anonymise.table", "patients"),
    ("no such column released", 'quasi = ["city"]', 'quasi = ["town"]',
     "unknown-column", "anonymise.quasi", "town"),
    ("both lists", 'sensitive = ["income"]', 'sensitive = ["city"]',
     "quasi-and-sensitive", "anonymise.sensitive", "sensitive"),
    ("a share for nobody", 'csps = ["s", "t"]', 'csps = ["s"]',
     "shares", "object.split", "split ="),
    ("a share for rows", 'csps = ["s", "t"]', 'csps = ["s", "a"]',
     "unknown-csp", "object.split.csps", "split ="),
    ("no such mask", '"domain"', '"half"', "mask", "role.mask.show", '"half"'),
    ("a range of no width", '"range:1000"', '"range:0"', "mask", "role.mask.show", '"range:0"'),
    ("a mask that does not fit", '"range:1000"', '"year"',
     "mask", "role.mask.show", '"year"'),
    ("a mask of no column", '"patient.email"\nshow', '"patient.mail"\nshow',
     "unknown-column", "role.mask.column", "patient.mail"),
    ("a mask twice", '"patient.income"\nshow = "range:1000"',
     '"public.patient.email"\nshow = "hash"',
     "twice", "role.mask.column", "public.patient.email"),
    ("hashes of what one writes", '"domain"', '"hash"\nwrites = true',
     "mask", "role.mask.writes", "writes = true"),
    ("a right that is none", 'users = ["bill", "betty"]',
     'users = ["bill", "betty"]\nmay = ["look"]',
     "bad-value", "role.may", '"look"'),
    ("a table of a role", 'users = ["bill", "betty"]', 'users = ["bill"]\ntables = ["patients"]',
     "unknown-table", "role.tables", "patients"),
    ("a version before the first", "version = 1", f'version = 1\nprevious = "sha256:{"0" * 64}"',
     "previous-of-first", "previous", "previous"),
    ("a later one of nothing", "version = 1", "version = 2", "no-previous", "version", "version"),
    ("names hidden", 'default = "refuse"', 'default = "refuse"\nnames = "hidden"',
     "not-offered", "names", "names ="),
    ("tags over what is not known", 'key = ["id"]\ncsps = ["b"]\n',
     GUARDED,
     "not-offered", "table.column.type", '"geometry"'),
    ("decoys", 'key = ["id"]\ncsps = ["b"]', 'key = ["id"]\ncsps = ["b"]\ndecoys = 5',
     "not-offered", "table.decoys", "decoys"),
    ("NULL hidden", CITY, f'{CITY}\nnull = "hidden"',
     "not-offered", "table.column.null", "null ="),
    ("a look-up", CITY, CITY.replace("sealed", "private-lookup"),
     "not-offered", "table.column.protect", None),
    ("a number as token", CITY, CITY.replace('"text"', '"numeric"').replace("sealed", "token"),
     "forms-lost", "table.column.protect", None),
]  # fmt: skip
FOLLOWING = {"unknown-column", "unknown-table", "unknown-csp"}  # of whoever named what is gone


def test_a_policy_without_a_fault_has_none() -> None:
    assert check(read(CLINIC.encode())) == ()
    assert check(read(EXAMPLE.read_bytes())) == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "key", "at"),
    [each[1:] for each in FAULTS],
    ids=[each[0] for each in FAULTS],
)
def test_one_fault_is_named_with_its_key_and_line(
    old: str, new: str, code: str, key: str, at: str | None
) -> None:
    text = bent(old, new)

    found = errors(text)

    [fault] = [each for each in found if (each.code, each.key) == (code, key)]
    assert {each.code for each in found if each is not fault} <= FOLLOWING
    if at is not None:
        assert fault.line == line_of(text, at)
    assert fault.message
    assert fault.remedy


def test_all_faults_are_told_at_once() -> None:
    text = bent("k = 10", "k = 1", bent("version = 1", "version = 0"))

    assert [(each.key, each.line) for each in errors(text)] == [
        ("version", line_of(text, "version = 0")),
        ("anonymise.k", line_of(text, "k = 1")),
    ]


def test_what_is_no_toml_is_named_with_its_line() -> None:
    text = bent("k = 10", "k = = 10")

    [fault] = errors(text)

    assert (fault.code, fault.line) == ("not-toml", line_of(text, "k = = 10"))


def test_a_near_word_is_suggested() -> None:
    [fault] = errors(bent('protect = ["order"]', 'protect = ["ordr"]'))

    assert "is `order` meant?" in fault.message


DOUBTS = [
    ("order of a dense column", INCOME, f"{INCOME}\nrange = [0, 1000]", "order-dense"),
    ("order of one bit", INCOME, f"{INCOME}\nrange = [0, 1]", "order-one-bit"),
    ("an identifier in clear", 'class = "non_confidential"\nprotect = "clear"\n\n[[table]]',
     'class = "identifier"\nprotect = "clear"\n\n[[table]]', "told-in-clear"),
    ("a key without effect", CITY, f"{CITY}\nbits = 16", "no-effect"),
    ("no key", 'key = ["id"]\ncsps = ["b"]', 'csps = ["b"]', "no-key"),
    ("no integrity", 'key = ["id"]\ncsps = ["b"]',
     'key = ["id"]\ncsps = ["b"]\nintegrity = "none"', "no-integrity"),
    ("nowhere to fail over to", 'key = ["id"]\ncsps = ["b"]',
     'key = ["id"]\ncsps = ["b"]\nreactions = ["failover"]', "no-effect"),
    ("default clear", 'default = "refuse"', 'default = "clear"', "default-clear"),
    ("no TLS", "b.example.org/clinic", "b.example.org/clinic?sslmode=disable", "no-tls"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code"), [each[1:] for each in DOUBTS], ids=[each[0] for each in DOUBTS]
)
def test_a_doubt_is_told_and_stops_nothing(old: str, new: str, code: str) -> None:
    text = bent(old, new)

    assert [each.code for each in warnings(text)] == [code]
    assert errors(text) == []


def test_a_date_of_birth_is_a_dense_column() -> None:
    text = bent(CITY, CITY.replace('"text"', '"date"').replace("sealed", "order"))

    assert [each.code for each in warnings(text)] == ["order-dense"]


@pytest.mark.parametrize(
    ("protect", "more", "code"),
    [
        ("fpe", "", "fpe-too-few"),
        ("fpe", 'alphabet = "=aa"', "alphabet-twice"),
        ("range-hidden", "", "technique-on-type"),
    ],
)
def test_what_is_not_carried_out_yet_is_judged_all_the_same(
    protect: str, more: str, code: str
) -> None:
    changed = CITY.replace('"text"', '"char(5)"').replace("sealed", protect)

    assert code in [each.code for each in errors(bent(CITY, f"{changed}\n{more}"))]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("", "range-missing"),
        ("range = [0, 100000]\nbuckets = 100", "buckets-uneven"),
    ],
)
def test_a_hidden_range_says_where_it_lies(more: str, code: str) -> None:
    changed = CITY.replace('"text"', '"int4"').replace("sealed", "range-hidden")

    assert [each.code for each in errors(bent(CITY, f"{changed}\n{more}"))] == [code]


SPLIT = bent('csps = ["a"]', 'csps = ["a", "b"]')


def test_columns_that_are_split_over_two_groups_are_kept_apart() -> None:
    parted = bent("never_together = [", 'never_together = ["patient.city", ', SPLIT)
    split = bent(CITY, CITY.replace("sealed", "split"), parted)

    assert {each.code for each in errors(split)} == {"not-offered", "constraint-unmet"}
    lone = bent(', "visit.ended"]', "]", split)
    assert {each.code for each in errors(lone)} == {"not-offered"}


def test_two_providers_of_one_group_are_one() -> None:
    text = bent(
        'group = "two"', 'group = "one"', bent(CITY, CITY.replace("sealed", "split"), SPLIT)
    )

    found = {each.code for each in errors(text)}

    assert {"split-one-group", "split-needs-two", "constraint-unmet"} <= found


def test_shares_that_one_group_can_put_together_are_none() -> None:
    text = CLINIC
    for each in ("s", "t"):
        at = f'url = "https://{each}.example.org"'
        text = bent(at, f'{at}\ngroup = "three"', text)

    assert [each.code for each in errors(text)] == ["split-one-group"]


def test_a_column_that_is_hidden_is_apart_from_all() -> None:
    text = bent('"visit.ended"]', '"patient.email"]')

    assert errors(text) == []


def test_a_user_has_one_role() -> None:
    text = CLINIC + '\n[[role]]\nname = "desk"\nusers = ["bill"]\n'

    assert [each.code for each in errors(text)] == ["two-roles"]


def test_a_hash_is_not_shown_where_it_does_not_fit() -> None:
    text = bent('"domain"', '"hash"')

    assert errors(text) == []
    short = bent('"varchar(200)"', '"varchar(31)"', text)
    assert [each.code for each in errors(short)] == ["mask"]


def test_a_role_of_nobody_is_a_doubt() -> None:
    text = bent('users = ["bill", "betty"]', "users = []")

    assert [each.code for each in warnings(text)] == ["role-of-nobody"]

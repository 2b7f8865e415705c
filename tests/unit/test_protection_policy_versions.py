"""The next version of a policy: what shows more than before, and what means work."""

import pytest

from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import digest_of, read
from tests.unit.clinic_policy import CLINIC, bent, errors, policy

NEXT = bent("version = 1", f'version = 2\nprevious = "{digest_of(CLINIC.encode())}"')
EMAIL = 'usages = ["storage", "search"]\nprotect = ["match"]\ndomain = "email"\n\n[[table.column]]'
VISIT = 'key = ["id"]\ncsps = ["b"]'
CITY = 'class = "quasi_identifier"\nprotect = ["sealed"]'
CITY_WHOLE = f'\n[[table.column]]\nname = "city"\ntype = "text"\n{CITY}\n'

WEAKER = [
    ("clear", CITY, CITY.replace('["sealed"]', '"clear"'), "table.column.protect"),
    ("equality told", CITY, CITY.replace("sealed", "match"), "table.column.protect"),
    ("default", 'default = "refuse"', 'default = "clear"', "default"),
    ("cells bound to columns", VISIT, f'{VISIT}\nbind = "column"', "table.bind"),
    ("no integrity", VISIT, f'{VISIT}\nintegrity = "none"', "table.integrity"),
    ("a constraint gone", '[[constraint]]\nnever_together = ["patient.ward", "visit.ended"]\n', "",
     "constraint"),
    ("a domain shared", CITY, f'{CITY.replace("sealed", "match")}\ndomain = "email"',
     "table.column.domain"),
    ("another mask", 'show = "range:1000"', 'show = "range:10"', "role"),
    ("a user out of a role", 'users = ["bill", "betty"]', 'users = ["bill"]', "role"),
    ("no mask", '\n[[role.mask]]\ncolumn = "patient.email"\nshow = "domain"\n', "", "role"),
]  # fmt: skip


def test_a_next_version_that_changes_nothing_is_in_order() -> None:
    assert check(read(NEXT.encode()), policy()) == ()


@pytest.mark.parametrize(
    ("old", "new", "key"), [each[1:] for each in WEAKER], ids=[each[0] for each in WEAKER]
)
def test_what_shows_more_than_before_must_be_meant(old: str, new: str, key: str) -> None:
    text = bent(old, new, NEXT)

    assert ("weaker", key) in [(each.code, each.key) for each in errors(text, CLINIC)]
    assert errors(text, CLINIC, accepted=True) == []


@pytest.mark.parametrize(
    ("detail", "less"),
    [
        ("pad = 64", "pad = 16"),
        ("pad = 64", ""),
        ('protect = ["match"]\nbits = 16', 'protect = ["match"]'),
    ],
)
def test_a_smaller_detail_that_shows_more_must_be_meant(detail: str, less: str) -> None:
    base = 'class = "quasi_identifier"\n'
    protect = "" if "protect" in detail else '\nprotect = ["sealed"]'
    before = bent(CITY, f"{base}{detail}{protect}")
    after = bent(CITY, f"{base}{less}{protect}", NEXT)
    linked = after.replace(digest_of(CLINIC.encode()), digest_of(before.encode()))

    assert {each.code for each in errors(linked, before)} == {"weaker"}


def test_a_column_that_is_named_no_more_is_told() -> None:
    gone = bent(CITY_WHOLE, "", bent('quasi = ["city"]', 'quasi = ["ward"]', NEXT))

    found = check(read(gone.encode()), policy())
    open_ = check(read(bent('"refuse"', '"clear"', gone).encode()), policy(), accept_weaker=True)

    assert [each.code for each in found] == ["no-longer-named"]
    assert [each.code for each in open_].count("weaker") == 2


def test_another_key_means_work_and_is_no_fault() -> None:
    text = bent(CITY, f'{CITY.replace("sealed", "match")}\ndomain = "towns"')
    after = bent("towns", "cities", text.replace("version = 1", "version = 2"))
    linked = bent("version = 2", f'version = 2\nprevious = "{digest_of(text.encode())}"', after)

    found = check(read(linked.encode()), policy(text))

    assert [(each.code, each.severity.value) for each in found] == [("made-anew", "warning")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version = 2", "version = 1", "version-not-above"),
        ('name = "clinic"\nversion', 'name = "other"\nversion', "other-policy"),
        (digest_of(CLINIC.encode()), digest_of(b"another"), "previous-differs"),
    ],
)
def test_a_version_that_does_not_follow_is_named(old: str, new: str, code: str) -> None:
    assert code in [each.code for each in errors(bent(old, new, NEXT), CLINIC)]

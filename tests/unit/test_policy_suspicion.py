"""Findings about a share: each is found, its one step ends it, and it blocks until answered."""

from dataclasses import replace

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import UnansweredError
from sealhold.model.ids import Collection, ContactId, FieldName, GrantId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, ColumnType
from sealhold.policy.described import Around, Described
from sealhold.policy.preview import told, would_add
from sealhold.policy.share import Clauses, What
from sealhold.policy.sharedecide import sees
from sealhold.policy.sharefacts import HeldShare, ShareFacts, Thing
from sealhold.policy.shareshown import parse_shown
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.suspicion import FIXES, Finding, Fix, Sign, findings, fixed, require_answers

OWNER, ADA, BEN = ContactId(b"o" * 32), ContactId(b"a" * 32), ContactId(b"b" * 32)
PHOTOS = Collection("photos")
COLUMNS = [
    Column(name=FieldName(name), type=kind, about="")
    for name, kind in (
        ("taken", ColumnType.INSTANT),
        ("saved", ColumnType.INSTANT),
        ("lat", ColumnType.FLOAT),
        ("lon", ColumnType.FLOAT),
    )
]
HOME = (48.85, 2.35)
PLAIN = Clauses(
    who=frozenset({ADA}),
    what=What(dataset=PHOTOS, rows="all"),
    actions=frozenset({Action.VIEW}),
    purposes=frozenset({Purpose("ServiceProvision")}),
    not_before=Instant(0),
    not_after=Instant(9_000),
    tier=Tier.THEIR_NODE,
)


def photo(number: int, **row: Plain) -> Described:
    name = Id16(bytes([number]) * 16)
    return Described(thing=Thing(id=name, dataset=PHOTOS, row=row), type="photo")


def held(clauses: Clauses) -> HeldShare:
    return HeldShare(
        id=GrantId(Id16(b"g" * 16)),
        issuer=OWNER,
        clauses=clauses,
        signed=True,
        epoch=0,
        newest=0,
        rows=parse_shown(clauses, COLUMNS).rows,
    )


def around(*items: Described, others: tuple[HeldShare, ...] = ()) -> Around:
    return Around(
        now=Instant(100),
        owner=OWNER,
        described={one.thing.id: one for one in items},
        held=others,
        known={"Ada": ADA, "me": OWNER},
        columns={PHOTOS: COLUMNS},
        places={PHOTOS: (FieldName("lat"), FieldName("lon"))},
        home_and_work=(HOME,),
        given={ADA: (1, 1, 2)},
    )


ONE, TWO = photo(1, taken=5), photo(2, taken=6)
PASSED = replace(PLAIN, reshare=1, actions=frozenset({Action.VIEW, Action.RESHARE}))
COARSE = replace(PLAIN, precision=("since(day(taken, 'UTC'))",))
CASES = {
    Sign.THIRD_PERSON: (PLAIN, around(ONE, replace(TWO, people=frozenset({"Ada", "Eve"})))),
    Sign.SENSITIVE: (PLAIN, around(ONE, replace(TWO, sensitive=frozenset({"health"})))),
    Sign.STRICTER_SHARE: (
        PLAIN,
        around(
            ONE,
            TWO,
            others=(
                held(replace(PLAIN, who=frozenset({BEN}), tier=Tier.KEY_PER_USE,
                             what=What(ids=frozenset({TWO.thing.id})))),
            ),
        ),
    ),
    Sign.PRIVATE: (PLAIN, around(ONE, replace(TWO, is_private=True))),
    Sign.WEAK_MATCH: (PLAIN, around(ONE, replace(TWO, is_weak=True))),
    Sign.VOLUME: (PLAIN, around(*(photo(number) for number in range(1, 12)))),
    Sign.HOME_OR_WORK: (
        PLAIN, around(photo(1, lat=48.0, lon=2.0), photo(2, lat=48.851, lon=2.351)),
    ),
    Sign.HIDDEN_DATA: (PLAIN, around(ONE, replace(TWO, hidden=frozenset({"metadata"})))),
    Sign.RESHARE: (PASSED, around(ONE)),
    Sign.NO_END: (
        replace(PLAIN, not_after=None, tier=Tier.KEY_PER_USE),
        around(ONE, replace(TWO, sensitive=frozenset({"health"}))),
    ),
    Sign.PRECISION_UNDONE: (
        replace(PLAIN, precision=("round(taken, 1d)", "round(saved, 1d)")),
        around(
            ONE,
            TWO,
            others=(held(replace(COARSE, precision=(), what=What(ids=frozenset({TWO.thing.id})))),),
        ),
    ),
    Sign.FINER_TIME: (COARSE, around(ONE)),
}  # fmt: skip


def given_by(clauses: Clauses, known: Around) -> list[Id16]:
    share = held(clauses)
    barred = frozenset().union(*(bar.ids for bar in clauses.bars))
    return [
        name
        for name, one in known.described.items()
        if sees((share,), one.thing) and name not in barred
    ]


@pytest.mark.parametrize("sign", Sign)
def test_each_sign_is_found_alone_and_its_one_step_ends_it(sign: Sign) -> None:
    clauses, known = CASES[sign]

    found = findings(clauses, given_by(clauses, known), known)

    assert [one.sign for one in found] == [sign]
    better = fixed(clauses, found[0], known)
    assert findings(better, given_by(better, known), known) == ()
    assert found[0].fix is FIXES[sign]


@pytest.mark.parametrize("sign", [sign for sign in Sign if FIXES[sign] is Fix.EXCLUDE])
def test_a_finding_names_the_objects_it_is_about_and_takes_them_alone(sign: Sign) -> None:
    clauses, known = CASES[sign]
    before = given_by(clauses, known)

    found = findings(clauses, before, known)[0]
    named = replace(clauses, what=What(ids=frozenset(before)))

    assert set(before) - set(given_by(fixed(clauses, found, known), known)) == set(found.items)
    assert fixed(named, found, known).what.ids == set(before) - set(found.items)


def test_a_share_without_anything_odd_has_no_finding() -> None:
    known = around(ONE, TWO)

    assert findings(PLAIN, given_by(PLAIN, known), known) == ()


def test_a_place_on_a_wide_grid_does_not_tell_where_somebody_lives() -> None:
    clauses, known = CASES[Sign.HOME_OR_WORK]
    near = replace(clauses, precision=("grid(lat, lon, 1000)",))
    wide = replace(clauses, precision=("grid(lat, lon, 10000)",))
    gone = replace(clauses, omit=frozenset({FieldName("lat")}))

    signs = [
        [one.sign for one in findings(each, given_by(each, known), known)]
        for each in (near, wide, gone)
    ]

    assert signs == [[Sign.HOME_OR_WORK], [], []]


def test_findings_block_until_each_is_answered() -> None:
    found = (Finding(Sign.PRIVATE, (ONE.thing.id,)), Finding(Sign.VOLUME, ()))

    require_answers(found, found)
    with pytest.raises(UnansweredError, match="volume"):
        require_answers(found, found[:1])


def test_a_preview_tells_types_people_places_and_what_a_rule_would_have_added() -> None:
    items = [
        replace(photo(n), people=frozenset({"Ada"}), places=frozenset({"Lyon"})) for n in (1, 2, 3)
    ]
    known = {one.thing.id: one for one in items}
    facts = ShareFacts(now=Instant(100), owner=OWNER, held=(held(PLAIN),))
    came = {one.thing.id: place for place, one in enumerate(items)}

    summary = told(known, known)

    assert summary.types == {"photo": 3}
    assert summary.people == {"Ada"}
    assert summary.places == {"Lyon"}
    assert len(summary.sample) == 3
    things = [one.thing for one in items]
    assert would_add(facts, things, came, since=1) == {(ADA, Tier.THEIR_NODE): 2}

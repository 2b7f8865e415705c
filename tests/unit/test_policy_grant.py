"""Grants: the signed document, and what makes one narrower than another."""

from dataclasses import replace

import pytest

from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidFilterError, InvalidGrantError, UnknownPurposeError
from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode, Terms
from sealhold.policy.attenuate import is_narrower, narrow, narrow_rows
from sealhold.policy.grant import parse_grant, to_document

WRITTEN = (
    b'{"app":"6f2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b",'
    b'"audience":"6161616161616161616161616161616161616161616161616161616161616161",'
    b'"budget":5000000,"coarsen":2,"collection":"trips","epoch":3,'
    b'"fields":["distance_m","mode"],"filter":"mode = \'bike\'",'
    b'"id":"1b2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b",'
    b'"issuer":"6969696969696969696969696969696969696969696969696969696969696969",'
    b'"kind":"component","mode":"until","nonce":"6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e",'
    b'"not_after":"2026-12-31T00:00:00.000Z","not_before":"2026-12-01T00:00:00.000Z",'
    b'"param":"home-office","precision":["round(distance_m, 100)"],'
    b'"purpose":"PersonnelManagement","selection":"2026-10",'
    b'"task":"7474747474747474747474747474747474747474747474747474747474747474","v":1}'
)
GRANT = parse_grant(from_json(WRITTEN))
WIDE = Terms(
    mode=Mode.UNTIL,
    until=Instant(GRANT.not_after + 1),
    budget=MicroBits(GRANT.budget + 1),
    fields=GRANT.fields | {FieldName("home")},
    coarsen=1,
)


def document(**changes: Plain) -> dict[str, Plain]:
    return {**from_json(WRITTEN), **changes}


def test_a_written_grant_is_read_and_written_again_byte_for_byte() -> None:
    assert GRANT.fields == {"distance_m", "mode"}
    assert to_json(to_document(GRANT)) == WRITTEN


def test_a_grant_with_a_parent_names_it() -> None:
    child = replace(GRANT, parent=GRANT.id)

    assert parse_grant(to_document(child)) == child
    assert "parent" not in to_document(GRANT)


@pytest.mark.parametrize("field", sorted(from_json(WRITTEN)))
def test_a_grant_without_one_of_its_fields_is_refused(field: str) -> None:
    broken = document()
    del broken[field]

    with pytest.raises(InvalidGrantError, match=f"lacks `{field}`"):
        parse_grant(broken)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"kind": "share"},
        {"fields": ["mode", "distance_m"]},
        {"fields": ["mode", "mode"]},
        {"fields": ["mode", 1]},
        {"fields": "mode"},
        {"filter": "x" * 4_097},
        {"precision": "round(distance_m, 100)"},
        {"precision": [["round"]]},
        {"precision": ["x"] * 17},
        {"coarsen": 0},
        {"budget": -1},
        {"epoch": -1},
        {"nonce": "6e" * 15},
        {"parent": None},
        {"extra": 1},
        {"not_after": "2026-11-30T23:59:59Z"},
    ],
)
def test_a_grant_with_a_value_that_does_not_fit_is_refused(changes: dict[str, Plain]) -> None:
    with pytest.raises(InvalidGrantError):
        parse_grant(document(**changes))


def test_a_grant_under_no_known_purpose_is_refused() -> None:
    with pytest.raises(UnknownPurposeError):
        parse_grant(document(purpose="Purpose"))


def test_a_grant_holds_from_its_start_until_just_before_its_end() -> None:
    held = [GRANT.covers(Instant(at)) for at in (GRANT.not_before - 1, GRANT.not_before)]
    ended = [GRANT.covers(Instant(at)) for at in (GRANT.not_after - 1, GRANT.not_after)]

    assert held == [False, True]
    assert ended == [True, False]


def test_terms_that_are_wider_change_nothing() -> None:
    assert narrow(GRANT, WIDE) == GRANT


def test_terms_narrow_every_dimension_that_they_speak_of() -> None:
    terms = Terms(
        mode=Mode.ONCE,
        until=Instant(GRANT.not_after - 1),
        budget=MicroBits(1),
        fields=frozenset({FieldName("mode")}),
        coarsen=3,
    )

    found = narrow(GRANT, terms)

    assert (found.mode, found.not_after, found.budget) == (
        Mode.ONCE,
        GRANT.not_after - 1,
        1,
    )
    assert found.fields == {"mode"}
    assert found.coarsen == 6  # every sixth: known from every second as well as from every third
    assert is_narrower(found, GRANT)
    assert not is_narrower(GRANT, found)


def test_terms_that_end_before_the_grant_begins_leave_an_empty_interval() -> None:
    found = narrow(GRANT, replace(WIDE, until=Instant(0)))

    assert not any(found.covers(Instant(at)) for at in (0, GRANT.not_before, GRANT.not_after))


@pytest.mark.parametrize("terms", [replace(WIDE, coarsen=0), replace(WIDE, budget=MicroBits(-1))])
def test_terms_that_are_none_are_refused(terms: Terms) -> None:
    with pytest.raises(InvalidGrantError):
        narrow(GRANT, terms)


def test_the_least_budget_and_the_coarsest_answer_are_terms() -> None:
    whole = replace(GRANT, coarsen=1)
    found = narrow(whole, replace(WIDE, budget=MicroBits(0), coarsen=2**31 - 1))

    assert (found.budget, found.coarsen) == (0, 2**31 - 1)


def test_a_coarsening_beyond_every_answer_is_refused() -> None:
    with pytest.raises(InvalidGrantError):
        narrow(replace(GRANT, coarsen=2**31 - 1), replace(WIDE, coarsen=2**31 - 3))


@pytest.mark.parametrize(
    "wider",
    [
        replace(GRANT, purpose=Purpose("HumanResourceManagement")),
        replace(GRANT, fields=GRANT.fields | {FieldName("home")}),
        replace(GRANT, filter="all"),
        replace(GRANT, filter="mode = 'bike' or all"),
        replace(GRANT, filter="(mode = 'bike') and (all) or (all)"),
        replace(GRANT, filter="(mode = 'bike') and (all) or not (all)"),
        replace(GRANT, filter="(mode = 'bike') and ()"),
        replace(GRANT, filter="(mode = 'bike') or (all)"),
        replace(GRANT, filter="(mode = 'bike') and (all) or ((all))"),
        replace(GRANT, filter="((mode = 'bike') and (all)) or (all)"),
        replace(GRANT, filter="(mode = 'bike')) and ((all)"),
        replace(GRANT, filter="(mode = 'walk') and (mode = 'bike')"),
        replace(GRANT, filter="(mode = 'bike') and (\u00a7)"),
        replace(GRANT, precision=()),
        replace(GRANT, precision=("round(distance_m, 1)", "round(distance_m, 100)")),
        replace(GRANT, budget=MicroBits(GRANT.budget + 1)),
        replace(GRANT, coarsen=1),
        replace(GRANT, coarsen=3),
        replace(GRANT, not_before=Instant(GRANT.not_before - 1)),
        replace(GRANT, not_after=Instant(GRANT.not_after + 1)),
        replace(GRANT, app=AppId(Id16(b"a" * 16))),
        replace(GRANT, audience=b"b" * 32),
        replace(GRANT, issuer=b"b" * 32),
        replace(GRANT, collection=Collection("messages")),
        replace(GRANT, task=TaskDigest(b"b" * 32)),
        replace(GRANT, param="office"),
        replace(GRANT, selection="2026-11"),
        replace(GRANT, epoch=4),
    ],
)
def test_a_grant_that_gives_more_or_something_else_is_not_narrower(wider: object) -> None:
    assert isinstance(wider, type(GRANT))
    assert not is_narrower(wider, GRANT)


def test_an_allowance_until_an_end_is_not_narrower_than_one_answer() -> None:
    once, each = replace(GRANT, mode=Mode.ONCE), replace(GRANT, mode=Mode.EACH)

    assert is_narrower(once, each)
    assert is_narrower(each, GRANT)
    assert not is_narrower(each, once)
    assert not is_narrower(GRANT, each)


@pytest.mark.parametrize(
    "narrower",
    [
        replace(GRANT, id=GrantId(Id16(b"c" * 16)), nonce=b"c" * 16, parent=GRANT.id),
        replace(GRANT, purpose=Purpose("PersonnelPayment")),
        replace(GRANT, precision=(*GRANT.precision, "sample_every(t, 1h)")),
        replace(GRANT, coarsen=4),
        narrow_rows(GRANT, "distance_m > 5"),
        narrow_rows(GRANT, "(distance_m > 5 or all) and all"),
        narrow_rows(narrow_rows(GRANT, "distance_m > 5"), "local_time(t, 'UTC') in [08:00, 10:00)"),
    ],
)
def test_a_grant_that_gives_less_is_narrower(narrower: object) -> None:
    assert isinstance(narrower, type(GRANT))
    assert is_narrower(narrower, GRANT)


def test_rows_are_narrowed_by_a_condition_that_must_hold_besides() -> None:
    assert narrow_rows(GRANT, "a = 1 or b = 2").filter == "(mode = 'bike') and (a = 1 or b = 2)"
    assert narrow_rows(replace(GRANT, filter="all"), "a = 1").filter == "a = 1"


def test_a_filter_of_just_the_greatest_length_is_one() -> None:
    room = 4_096 - len(f"({GRANT.filter}) and (all)")

    condition = "all" + " and all" * (room // 8) + " " * (room % 8)

    assert len(narrow_rows(GRANT, condition).filter) == 4_096
    with pytest.raises(InvalidFilterError):
        narrow_rows(GRANT, condition + " ")


@pytest.mark.parametrize("condition", ["x" * 4_096, "a = 1) or (all", "a = 1) or (", ""])
def test_a_condition_that_is_too_long_or_breaks_out_is_refused(condition: str) -> None:
    with pytest.raises(InvalidFilterError):
        narrow_rows(GRANT, condition)

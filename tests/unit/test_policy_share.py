"""Clauses of a share as documents: one form, and whatever is not known is refused by name."""

from dataclasses import replace

import pytest

from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidError, InvalidFilterError, InvalidGrantError
from sealhold.model.ids import Collection, ContactId, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant
from sealhold.model.records import Column, ColumnType
from sealhold.policy.odrl import CONTEXT, export_odrl
from sealhold.policy.odrlread import ODRL, import_odrl
from sealhold.policy.share import (
    Bar,
    Clauses,
    Count,
    Duties,
    Per,
    What,
    default_tier,
)
from sealhold.policy.sharedecide import ShareReason, decide_use
from sealhold.policy.sharefacts import DeviceRole, HeldShare, ShareFacts, Thing, Use, time_of
from sealhold.policy.sharepapers import parse_clauses, to_document
from sealhold.policy.shareshown import parse_shown
from sealhold.policy.shareterms import Action, Tier

ADA, BEN = ContactId(b"a" * 32), ContactId(b"b" * 32)
SHARE = GrantId(Id16(b"\xff" * 16))
FULL = Clauses(
    who=frozenset({ADA, BEN}),
    what=What(dataset=Collection("trips"), rows="within(lat, lon, 48.85, 2.35, 500)"),
    actions=frozenset({Action.VIEW, Action.RESHARE}),
    purposes=frozenset({Purpose("ServiceProvision"), Purpose("Marketing")}),
    not_before=Instant(1_000),
    not_after=Instant(9_000),
    count=Count(most=3, per=Per.DAY),
    precision=("grid(lat, lon, 1000)", "since(month(t, 'UTC'))"),
    omit=frozenset({FieldName("title")}),
    reshare=2,
    duties=Duties(notify=True, receipt=True, delete_after=30),
    bars=(
        Bar(ids=frozenset({Id16(b"\x01" * 16)})),
        Bar(actions=frozenset({Action.EXPORT}), purposes=frozenset({Purpose("Marketing")})),
    ),
    tier=Tier.KEY_PER_USE,
)
BARE = Clauses(
    who=frozenset({ADA}),
    what=What(ids=frozenset({Id16(b"\x02" * 16)})),
    actions=frozenset({Action.COMPUTE}),
    purposes=frozenset({Purpose("ServiceProvision")}),
    not_before=Instant(0),
    tier=Tier.ANSWER,
    task=TaskDigest(b"t" * 32),
)


def with_(path: str, value: Plain, document: Plain) -> Plain:
    """Return a copy of `document` in which `path` is `value`; `...` takes it out."""
    copy = from_json(to_json(document))
    *way, last = path.split("/")
    inner = copy
    for step in way:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return copy


@pytest.mark.parametrize("clauses", [FULL, BARE])
def test_clauses_come_back_from_their_document_and_from_odrl(clauses: Clauses) -> None:
    document = from_json(to_json(to_document(clauses)))
    odrl = from_json(to_json(export_odrl(SHARE, clauses)))

    assert parse_clauses(document) == clauses
    assert import_odrl(odrl) == (SHARE, clauses)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("where", "home", "where"),
        ("what/kind", "photo", "kind"),
        ("duties/pay", True, "pay"),
        ("count/until", 3, "until"),
        ("bars/0/who", [], "who"),
        ("v", 2, "v"),
        ("tier", "T4", "T4"),
        ("tier", ..., "tier"),
        ("actions", ["print", "view"], "print"),
        ("actions", ["view"], "reshare"),
        ("actions", ["view", "reshare"], "actions"),
        ("purposes", ["Purpose"], "Purpose"),
        ("count/per", "week", "per"),
        ("count/max", 0, "max"),
        ("count", None, "count"),
        ("reshare", 5, "reshare"),
        ("reshare", True, "reshare"),
        ("not_after", "1970-01-01T00:00:00Z", "not_after"),
        ("who", ["AA" * 32], "who"),
        ("who", ["aa"], "who"),
        ("what/rows", "", "rows"),
        ("what/ids", ["02" * 16], "share.what"),
        ("duties/notify", 1, "notify"),
        ("duties/delete_after", -1, "delete_after"),
        ("bars/0/ids", [], "bars"),
        ("bars/0/ids", ["01"], "ids"),
        ("bars", "none", "bars"),
        ("precision", [""], "precision"),
        ("task", "00" * 32, "task"),
    ],
)
def test_what_is_unknown_or_does_not_agree_is_refused_by_name(
    path: str, value: Plain, named: str
) -> None:
    with pytest.raises(InvalidError, match=named):
        parse_clauses(with_(path, value, to_document(FULL)))


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("obligation", [], "obligation"),
        ("@type", "Agreement", "@type"),
        ("@context", "https://example.org/other.jsonld", "@context"),
        ("profile", "urn:other", "profile"),
        ("conflict", "perm", "conflict"),
        ("uid", "urn:uuid:1", "uid"),
        ("permission", [], "permission"),
        ("permission/0/assignee", "x", "assignee"),
        ("permission/0/action/0", "play", "play"),
        ("permission/0/action/0", {"id": "read"}, "action"),
        ("permission/0/duty/0/action", "compensate", "compensate"),
        ("permission/0/constraint/0/leftOperand", "payAmount", "payAmount"),
        ("permission/0/constraint/0/leftOperand", "industry", "industry"),
        ("permission/0/constraint/0/leftOperand", "elapsedTime", "elapsedTime"),
        ("permission/0/constraint/0/operator", "hasPart", "hasPart"),
        ("permission/0/constraint/0/operator", "neq", "neq"),
        ("permission/0/constraint/0/operator", "isNoneOf", "recipient"),
        ("permission/0/constraint/0/unit", "x", "unit"),
        ("permission/0/constraint/1/rightOperand", ["dpv:Fun"], "Fun"),
        ("permission/0/constraint/1/rightOperand", ["odrl:x"], "odrl:x"),
        ("permission/0/constraint/2/operator", "eq", "dateTime"),
        ("permission/0/constraint/2/rightOperand", "soon", "dateTime"),
        ("permission/0/constraint/4/operator", "gteq", "count"),
        ("permission/0/constraint/4/sealhold:per", "week", "week"),
        ("permission/0/constraint/4/sealhold:per", ["day"], "per"),
        ("permission/0/target/refinement/0/leftOperand", "sealhold:rows", "sealhold:fields"),
        ("permission/0/target/refinement/0/rightOperand", "Paris", "spatial"),
        ("permission/0/target/source", "https://example.org/a", "source"),
        ("permission/0/target/@type", "Asset", "@type"),
        ("permission/0/sealhold:hands", 9, "hands"),
        ("prohibition/0/duty", [], "duty"),
        ("sealhold:tier", "T9", "T9"),
        ("sealhold:note", "it is enforced", "note"),
    ],
)
def test_of_odrl_what_is_not_understood_is_refused_by_name(
    path: str, value: Plain, named: str
) -> None:
    with pytest.raises(InvalidError, match=named):
        import_odrl(with_(path, value, export_odrl(SHARE, FULL)))


def test_odrl_of_others_is_read_where_it_is_understood() -> None:
    document: Plain = {
        "@context": ODRL,
        "@type": "Set",
        "uid": "urn:sealhold:share:" + "ff" * 16,
        "permission": [
            {
                "target": "urn:sealhold:object:" + "02" * 16,
                "action": "read",
                "constraint": [
                    {
                        "leftOperand": "recipient",
                        "operator": "eq",
                        "rightOperand": "urn:sealhold:contact:" + ADA.hex(),
                    },
                    {"leftOperand": "purpose", "operator": "eq", "rightOperand": "dpv:Marketing"},
                    {
                        "leftOperand": "purpose",
                        "operator": "isNoneOf",
                        "rightOperand": ["dpv:DirectMarketing"],
                    },
                    {
                        "leftOperand": "dateTime",
                        "operator": "lteq",
                        "rightOperand": "1970-01-01T00:00:09Z",
                    },
                    {"leftOperand": "count", "operator": "lt", "rightOperand": 4},
                ],
            }
        ],
    }

    share, clauses = import_odrl(document)

    assert share == SHARE
    assert clauses == Clauses(
        who=frozenset({ADA}),
        what=What(ids=frozenset({Id16(b"\x02" * 16)})),
        actions=frozenset({Action.VIEW}),
        purposes=frozenset({Purpose("Marketing")}),
        not_before=Instant(0),
        not_after=Instant(9_001),
        count=Count(most=3, per=Per.GRANT),
        bars=(Bar(purposes=frozenset({Purpose("DirectMarketing")})),),
        tier=default_tier(Count(most=3, per=Per.GRANT)),
    )


def test_an_odrl_policy_carries_its_context_and_says_that_it_makes_nothing_hold() -> None:
    document = export_odrl(SHARE, FULL)

    assert document["@context"] == CONTEXT
    assert "makes one hold" in document["sealhold:note"]
    assert document["permission"][0]["target"]["refinement"][0]["rightOperand"] == (
        "geo:48.85,2.35;u=500"
    )


def test_a_share_that_gives_nothing_has_no_odrl_policy() -> None:
    with pytest.raises(InvalidGrantError, match="gives nothing"):
        export_odrl(SHARE, Clauses(
            who=frozenset(), what=What(), actions=frozenset(), purposes=frozenset(),
            not_before=Instant(0), tier=Tier.COPY,
        ))  # fmt: skip


COLUMNS = [
    Column(name=FieldName(name), type=kind, about="")
    for name, kind in (
        ("t", ColumnType.INSTANT),
        ("lat", ColumnType.FLOAT),
        ("lon", ColumnType.FLOAT),
        ("title", ColumnType.TEXT),
    )
]


def test_what_is_shown_is_no_finer_than_its_rule_and_holds_no_column_that_is_not_known() -> None:
    shown = parse_shown(FULL, COLUMNS)

    row = shown.of({"t": 5_000_000, "lat": 48.8501, "lon": 2.3502, "title": "x", "raw": "y"})

    assert row == {"t": 0, "lat": 48.851361, "lon": 2.344142}
    assert shown.fields == {"t", "lat", "lon"}


@pytest.mark.parametrize(
    "rule", ["sample_every(t, 1h)", "k_most_recent(t, 1)", "grid(t, lat, 1000)"]
)
def test_a_rule_that_looks_at_other_rows_or_does_not_fit_is_refused(rule: str) -> None:
    with pytest.raises(InvalidFilterError):
        parse_shown(replace(FULL, precision=(rule,)), COLUMNS)


def test_a_clock_that_was_put_back_opens_nothing_again() -> None:
    assert time_of(Instant(5), Instant(9)) == 9
    assert time_of(Instant(9), Instant(5)) == 9


def test_each_no_has_its_reason_for_the_owner() -> None:
    thing = Thing(id=Id16(b"\x02" * 16), dataset=Collection("trips"))
    held = HeldShare(id=SHARE, issuer=BEN, clauses=BARE, signed=True, epoch=0, newest=0)
    facts = ShareFacts(now=Instant(1), owner=BEN, held=(held,))
    wish = Use(
        who=ADA,
        device=DeviceRole.FULL,
        action=Action.COMPUTE,
        purpose=Purpose("ServiceProvision"),
        thing=thing,
        task=TaskDigest(b"t" * 32),
    )

    decision = decide_use(wish, facts)
    none = decide_use(wish, ShareFacts(now=Instant(1), owner=BEN, held=()))

    assert (decision.permit, decision.code, decision.tier) == (
        True,
        ShareReason.SHARED,
        Tier.ANSWER,
    )
    assert (none.permit, none.code) == (False, ShareReason.NO_SHARE)

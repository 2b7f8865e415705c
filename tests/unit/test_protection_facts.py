"""What a policy is judged by fits the techniques as they are."""

from dataclasses import replace

import pytest

from sealhold.protect.columns import BESIDE as APART
from sealhold.protect.explain import explain_columns
from sealhold.protect.offered import BESIDE, TECHNIQUES
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy, Policy
from sealhold.protect.policytext import write
from sealhold.protect.policywords import TECHNIQUES as WORDS
from sealhold.protect.spec import CELL, Op
from sealhold.protect.techniquefacts import FACTS
from sealhold.protect.techniques.range_hidden import RangeHidden
from sealhold.protect.techniques.words import Words
from sealhold.protect.typefamilies import Family, kind_of
from tests.unit.clinic_policy import errors, policy
from tests.unit.test_protection_explain import made

SAMPLES = {
    "bool": b"t", "bytea": b"\\x00", "name": b"a", "int8": b"1", "smallint": b"1", "text": b"a",
    "integer": b"1", "json": b"1", "real": b"1", "double precision": b"1", "char": b"a",
    "char(5)": b"a", "bpchar": b"a", "varchar": b"a", "varchar(9)": b"123456789",
    "date": b"2026-11-23", "time": b"10:00", "timestamp": b"2026-11-23 10:00",
    "timestamp(3) with time zone": b"2026-11-23 10:00", "interval": b"1 day",
    "timetz": b"10:00+00", "numeric": b"1", "numeric(10,2)": b"1", "numeric(30,2)": b"1",
    "uuid": b"00000000-0000-0000-0000-000000000001", "jsonb": b"1", "text[]": b"{a}",
    "json[]": b"{1}", "inet": b"::1", "citext": b"a",
}  # fmt: skip


def of_one(type_: str, technique: str) -> Policy:
    """Return a policy of one column."""
    told = policy()
    scale = 2 if technique == "order" and kind_of(type_).family is Family.NUMERIC else None
    column = ColumnPolicy(name="c", type=type_, protect=(technique,), scale=scale)
    table = replace(told.tables[0], key=(), columns=(column,))
    return Policy(name="p", version=1, csps=told.csps, tables=(table,))


@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
@pytest.mark.parametrize("type_", SAMPLES)
def test_what_has_no_fault_is_carried_out(type_: str, technique: str) -> None:
    told = of_one(type_, technique)
    if errors(write(told).decode()):
        return

    [column] = made(told)["public", "patient"].values()

    sample = b"123456789" if technique == "fpe" else SAMPLES[type_]
    value = codec(named(type_)).to_binary(sample, Settings())
    for suffix in column.techniques:
        assert column.encode(suffix, [value], [1])[0] is not None
    explain_columns(told, {("public", "patient"): {"c": column}})


@pytest.mark.parametrize("technique", sorted(TECHNIQUES - APART))
def test_facts_are_those_of_the_technique(technique: str) -> None:
    type_ = "varchar(9)" if technique != "order" else "int8"
    [column] = made(of_one(type_, technique))["public", "patient"].values()
    [found] = [each for each in column.techniques.values() if each.name == technique]
    facts = FACTS[technique]

    assert facts.is_cell == (found.suffix == CELL)
    assert facts.suffix == found.suffix
    assert facts.finds_one == (Op.EQUAL in found.answers)
    assert ("storage" in facts.serves) == found.reversible
    searches = {Op.EQUAL, Op.JOIN, Op.RANGE, Op.SORT, Op.WORD}
    assert ("search" in facts.serves) == bool(searches & found.answers)
    assert ("compute" in facts.serves) == bool({Op.SUM, Op.EXTREME} & found.answers)


@pytest.mark.parametrize("kind", [Words, RangeHidden])
def test_facts_of_what_lies_beside_are_those_of_the_technique(
    kind: type[Words] | type[RangeHidden],
) -> None:
    facts = FACTS[kind.name]

    assert not facts.is_cell
    assert not facts.suffix
    assert facts.serves == {"search", "update"}
    assert kind.answers <= {Op.EQUAL, Op.RANGE, Op.WORD}


def test_each_word_has_its_facts() -> None:
    assert set(FACTS) == set(WORDS)
    assert BESIDE.isdisjoint(TECHNIQUES)
    assert set(WORDS) >= BESIDE | TECHNIQUES


@pytest.mark.parametrize(
    ("type_", "base", "modifiers"),
    [
        ("INT", "int4", ()),
        ("bigserial", "int8", ()),
        ("character varying(20)", "varchar", (20,)),
        ("char", "bpchar", (1,)),
        ("timestamp(3) with time zone", "timestamptz", (3,)),
        ("time without time zone", "time", ()),
        ("numeric( 10 , 2 )", "numeric", (10, 2)),
        ("text[]", "text[]", ()),
    ],
)
def test_a_type_has_one_name_for_all_its_spellings(
    type_: str, base: str, modifiers: tuple[int, ...]
) -> None:
    found = kind_of(type_)

    assert (found.base, found.modifiers) == (base, modifiers)

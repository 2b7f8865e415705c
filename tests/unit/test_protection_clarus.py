"""Policies of CLARUS: what becomes of each part, and what is listed."""

import pytest

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.clarus import Converted, convert
from sealhold.protect.findings import has_errors
from sealhold.protect.livecatalogue import LiveColumn, LiveTable
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import read
from sealhold.protect.policytext import write
from tests.unit.clinic_policy import CLARUS


def brought(attributes: str, rules: str, module: str = "encryption", more: str = "") -> Converted:
    """Return what becomes of a few attributes and rules."""
    text = f"""<schema><data>{attributes}</data>
    <protection module="{module}"><attribute_types>{rules}</attribute_types></protection>
    {more}</schema>"""
    return convert(text.encode(), name="clinic")


def one(type_: str, rule: str, module: str = "encryption", kind: str = "categoric") -> Converted:
    """Return what becomes of one attribute."""
    attribute = f'<attribute name="t/c" attribute_type="{type_}" data_type="{kind}"/>'
    return brought(attribute, f'<attribute_type type="{type_}" {rule}/>', module)


def test_the_sample_is_brought_over_whole_and_the_result_has_no_fault() -> None:
    found = convert(CLARUS.read_bytes(), name="clinic")

    assert found.is_whole
    assert not has_errors(check(read(write(found.policy))))
    assert {
        f"{table.name}.{column.name}": column.protect
        for table in found.policy.tables
        for column in table.columns
    } == {
        "visit.visit_no": ("clear",),
        "visit.person": ("match",),
        "visit.year_of_birth": ("sealed",),
        "visit.finding": ("sealed",),
        "visit.remark": ("sealed",),
        "ward.beds": ("clear",),
        "ward.remark": ("sealed",),
    }
    [release] = found.policy.anonymise
    assert (release.k, release.t, release.quasi) == (4, 0.2, ("year_of_birth",))


@pytest.mark.parametrize(
    ("kind", "module", "protection", "protect"),
    [
        ("categoric", "encryption", "encryption", ("sealed",)),
        ("categoric", "encryption", "null", ("clear",)),
        ("categoric", "searchable encryption", "searchable", ("match",)),
        ("numeric_discrete", "searchable_encryption", "searchable", ("match", "order")),
        ("numeric_discrete", "homomorphic", "homomorphic", ("paillier-sum",)),
        ("categoric", "splitting", "splitting", ("split",)),
        ("numeric_discrete", "splitting", "replicate", ("clear",)),
        ("categoric", "anonymization", "suppression", ("sealed",)),
        ("categoric", "Encryption", "", ("sealed",)),
    ],
)
def test_each_protection_becomes_one_of_ours(
    kind: str, module: str, protection: str, protect: tuple[str, ...]
) -> None:
    found = one("identifier", f'protection="{protection}"', module, kind)

    assert found.policy.tables[0].columns[0].protect == protect
    assert found.is_whole


@pytest.mark.parametrize(
    ("rule", "module"),
    [
        ('protection="scramble"', "encryption"),
        ('protection="coarsening" coarsening_type="shift" radius="1000"', "anonymization"),
        ('protection="splitting" clouds="3"', "splitting"),
        ('protection="splitting" splitting_type="lines"', "splitting"),
        ('protection="homomorphic"', "homomorphic"),
    ],
)
def test_a_protection_that_is_not_brought_over_is_listed_and_the_column_hidden(
    rule: str, module: str
) -> None:
    found = one("identifier", rule, module)

    assert not found.is_whole
    assert found.policy.tables[0].columns[0].protect != ("clear",)


def test_what_is_no_protection_is_listed_only() -> None:
    found = one("identifier", 'protection="encryption" id_key="k1"')

    assert found.is_whole
    assert [each.what for each in found.unmapped] == ["`id_key`: keys come from the dataset's key"]


def test_a_class_without_a_rule_is_sealed() -> None:
    attribute = '<attribute name="t/c" attribute_type="confidential" data_type="categoric"/>'

    found = brought(attribute, '<attribute_type type="identifier" protection="null"/>')

    assert found.policy.tables[0].columns[0].protect == ("sealed",)


def test_a_star_is_each_table_that_is_known() -> None:
    text = b"""<schema><data><attribute name="*/name" attribute_type="identifier"/></data>
    <protection module="encryption"><attribute_types>
    <attribute_type type="identifier" protection="searchable"/></attribute_types></protection>
    </schema>"""
    live = LiveTable(
        name="ward", schema="care", columns=(LiveColumn(name="name", type="character varying(20)"),)
    )
    other = LiveTable(name="bed", columns=(LiveColumn(name="no", type="integer"),))

    nowhere = convert(text, name="clinic")
    said = convert(text, name="clinic", tables=["a", "b"])
    seen = convert(text, name="clinic", catalogue=[live, other])

    assert not nowhere.is_whole
    assert nowhere.policy.tables == ()
    assert [each.name for each in said.policy.tables] == ["a", "b"]
    [table] = seen.policy.tables
    assert (table.schema, table.name) == ("care", "ward")
    assert table.columns[0].type == "character varying(20)"


def test_providers_are_named_and_addressed_nowhere_unless_the_file_says_where() -> None:
    more = """<protocol plugin="PostgreSQL"><parameter param="csp1" value="database=one"/>
    <parameter param="csp2" value="host=db.example.org;port=5433;database=two"/></protocol>"""
    attribute = '<attribute name="t/c" attribute_type="identifier"/>'

    found = brought(attribute, "", more=more)

    assert [each.url for each in found.policy.csps] == [
        "postgresql://csp1.invalid/one",
        "postgresql://db.example.org:5433/two",
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"<schema/>", b"<policy><data/></policy>", b"<html><p/></html>", b"{}", b"<schema>"],
)
def test_what_is_no_policy_of_clarus_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidPolicyError):
        convert(data, name="clinic")

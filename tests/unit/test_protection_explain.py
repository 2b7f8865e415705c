"""What is explained of a policy: each physical column, and what it tells."""

from os import urandom

from sealhold.crypto.secret import Secret
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.explain import Explained, explain_columns
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.policy import Policy
from tests.protecting import MemoryTokens
from tests.unit.clinic_policy import CLINIC, EXAMPLE, bent, policy


def made(told: Policy) -> dict[tuple[str, str], dict[str, Column]]:
    """Return the columns of a policy."""
    keys = Derived(lambda _name: Secret(bytes(32), "none"))
    return columns_of(told, keys, urandom, tokens=lambda _key: MemoryTokens())


def explained(told: Policy) -> dict[str, Explained]:
    """Return what is explained, by table."""
    return {each.name: each for each in explain_columns(told, made(told))}


def test_each_physical_column_is_listed_and_no_other() -> None:
    found = explained(policy())

    assert found["public.patient"].physical_columns() == (
        *("id", "email", "email_m", "income", "income_o", "city", "ward", "_sh_rid"),
    )
    assert found["public.visit"].physical_columns() == ("id", "mail", "mail_m", "ended", "_sh_rid")


def test_a_table_that_is_clear_gets_no_column_of_the_proxys() -> None:
    head, _, _ = CLINIC.partition("[[table]]")
    table = '[[table]]\ndataset = "d"\nname = "t"\ncsps = ["a"]\n'
    column = '[[table.column]]\nname = "c"\ntype = "text"\nprotect = "clear"\n'

    found = explained(policy(head + table + column))

    assert found["public.t"].physical_columns() == ("c",)


def test_each_technique_says_what_it_tells() -> None:
    columns = {each.name: each for each in explained(policy())["public.patient"].columns}

    told = {name: " ".join(leak.learns for leak in each.leaks) for name, each in columns.items()}

    assert "each value" in told["id"]
    assert "which rows are equal" in told["email"]
    assert "public.visit.mail" in told["email"]
    assert "order of all values" in told["income"]
    assert "order" not in told["city"]


def test_the_bytes_that_are_told_are_those_that_are_stored() -> None:
    samples = {"email": b"ada@example.org", "income": b"12.50", "city": b"Ulm"}
    before = 'protect = ["match"]\ndomain = "email"\n\n[[table.column]]\nname = "income"'
    told = policy(bent(before, before.replace('domain = "email"', "bits = 12")))
    columns = made(told)["public", "patient"]

    for each in explained(told)["public.patient"].columns:
        if each.name in samples:
            column = columns[each.name]
            value = codec(column.type).to_binary(samples[each.name], Settings())
            stored = [column.encode(suffix, [value], [1])[0] for suffix in column.techniques]
            assert sum(map(len, filter(None, stored))) == len(value) + each.bytes


def test_the_example_is_explained() -> None:
    found = explained(policy(EXAMPLE.read_text()))

    assert set(found) == {"public.patient", "public.visit"}

"""What a policy says of replicas, decoys, limits and reactions, judged."""

import pytest

from sealhold.protect.policyfile import load
from sealhold.protect.policytext import write
from tests.unit.clinic_policy import CLINIC, bent, errors, warnings

TABLE = 'key = ["id"]\ncsps = ["b"]'
REPLICA = '[[csp]]\nid = "c"\nurl = "postgresql://c.example.org/clinic"\nreplica_of = "b"\n\n'
FIRST = "[[table]]"


def with_replica(text: str, of: str = "b") -> str:
    return text.replace(FIRST, REPLICA.replace('"b"', f'"{of}"') + FIRST, 1)


@pytest.mark.parametrize("of", ["nobody", "c"])
def test_a_replica_is_of_another_provider_that_is_there(of: str) -> None:
    assert [(each.code, each.key) for each in errors(with_replica(CLINIC, of))] == [
        ("replica", "csp.replica_of")
    ]


def test_a_replica_is_no_fault_and_gives_failover_its_effect() -> None:
    text = with_replica(bent(TABLE, f'{TABLE}\nreactions = ["failover", "quarantine"]'))

    assert errors(text) == []
    assert warnings(text) == []


def test_a_decoy_table_is_protected_and_of_types_that_are_made_up() -> None:
    good = bent(TABLE, f"{TABLE}\nbait = 20")
    other = good.replace('type = "text"', 'type = "jsonb"')

    assert errors(good) == []
    assert "bait" in {each.code for each in errors(other)}
    assert errors(bent(TABLE, f"{TABLE}\nbait = 10001"))[0].code == "bad-value"


@pytest.mark.parametrize(
    ("more", "code", "key"),
    [
        ("rate = { distinct_per_hour = 65537 }", "bad-value", "table.rate.distinct_per_hour"),
        ('reactions = ["repair"]', "not-offered", "table.reactions"),
        ("decoys = 3", "not-offered", "table.decoys"),
    ],
)
def test_what_is_not_done_is_refused(more: str, code: str, key: str) -> None:
    assert [(each.code, each.key) for each in errors(bent(TABLE, f"{TABLE}\n{more}"))] == [
        (code, key)
    ]


def test_what_is_written_reads_back() -> None:
    policy = load(with_replica(bent(TABLE, f"{TABLE}\nbait = 20")).encode())

    again = load(write(policy))

    assert again.csps == policy.csps
    assert [each.bait for each in again.tables] == [each.bait for each in policy.tables]
    assert any(each.bait == 20 for each in again.tables)

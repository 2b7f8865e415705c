"""Hashes that a role is shown of a column: of no use to who tries values, or compares roles."""

import pytest

from sealhold.crypto.secret import Secret
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import columns_of
from sealhold.protect.masking import masked_columns
from sealhold.protect.policy import Mask, Policy, Role, Unlisted
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import read
from tests.planned import PATIENT, CountingEntropy

WHO = Mask(column="patient.name", show="hash")
ROLES = (
    Role(name="lab", users=("ann",), masks=(WHO,)),
    Role(name="desk", users=("bo",), masks=(WHO,)),
)
TEXT = """
format = "sealhold-policy/1"
name = "clinic"
version = 1
[[csp]]
id = "a"
url = "postgresql://clinic@db.example.org/clinic"
[[table]]
dataset = "clinic"
name = "patient"
csps = ["a"]
[[table.column]]
name = "name"
type = "text"
protect = ["sealed"]
[[role]]
name = "lab"
users = ["ann"]
[[role.mask]]
column = "patient.name"
show = "hash"
"""


def shown(dataset_key: bytes, role: Role, *values: bytes) -> list[bytes | None]:
    policy = Policy(
        name="clinic", version=1, default=Unlisted.REFUSE, tables=(PATIENT,), roles=ROLES
    )
    keys = Derived(lambda _: Secret(dataset_key, "dataset"))
    columns = columns_of(policy, keys, CountingEntropy())
    column = masked_columns(policy, role, columns, keys)["public", "patient"]["name"]
    rids = range(len(values))
    return column.decode(column.encode("", values, rids), rids)


@pytest.mark.threat("T736")
def test_a_hash_is_of_one_role_and_one_dataset_and_alike_for_equal_values() -> None:
    lab, desk = ROLES
    one = shown(bytes(32), lab, b"Ada", b"Bo", b"Ada")

    assert one[0] == one[2] != one[1]
    assert not {*one} & {*shown(bytes(32), desk, b"Ada", b"Bo")}
    assert not {*one} & {*shown(bytes(31) + b"\1", lab, b"Ada", b"Bo")}


@pytest.mark.threat("T736")
def test_who_may_write_a_column_is_shown_no_hashes_of_it() -> None:
    def faults(text: str) -> list[str]:
        return [each.key for each in check(read(text.encode())) if each.severity.value == "error"]

    assert faults(TEXT) == []
    assert faults(TEXT + "writes = true\n") == ["role.mask.writes"]

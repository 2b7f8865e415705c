"""Whatever comes in, a policy is read or its faults are told; nothing else comes of it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.clarus import convert
from sealhold.protect.findings import has_errors
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import read
from sealhold.protect.policytext import write
from sealhold.protect.typefamilies import kind_of
from tests.unit.clinic_policy import CLARUS, CLINIC

# A busy machine is no failure.
fuzz = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
GOOD = CLINIC.encode()
SAMPLE = CLARUS.read_bytes()
BITS = [
    b"[",
    b"]]",
    b'"',
    b"'''",
    b'"""',
    b"=",
    b"{",
    b"\n",
    b"[[table]]",
    b"protect = 1\n",
    b"\xff",
]
XML = [b"<", b">", b'"', b"<data>", b"</data>", b"*/", b'protection="null"', b"&amp;", b"&x;"]


def spoilt(data: bytes, pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    """Draw the data with a part taken out, and something put in its place."""
    return st.builds(
        lambda at, length, piece: data[:at] + piece + data[at + length :],
        st.integers(0, len(data)),
        st.integers(0, 40),
        st.sampled_from(pieces) | st.binary(max_size=8),
    )


@fuzz
@given(spoilt(GOOD, BITS) | st.binary(max_size=60))
def test_a_spoilt_policy_is_read_or_told(data: bytes) -> None:
    file = read(data)

    found = check(file)

    assert (file.policy is None) <= has_errors(found)
    lines = data.count(b"\n") + 1
    assert all(1 <= each.line <= lines for each in found)


@fuzz
@given(spoilt(SAMPLE, XML) | st.binary(max_size=60))
def test_a_spoilt_file_of_clarus_is_brought_over_or_refused(data: bytes) -> None:
    try:
        found = convert(data, name="clinic")
    except InvalidPolicyError:
        return

    assert read(write(found.policy)).policy is not None


PARTS = [
    "text",
    "numeric",
    "timestamp",
    " with time zone",
    "(",
    ")",
    "10",
    "-",
    ",",
    "[]",
    " ",
    "é",
]


@fuzz
@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_any_type_has_a_kind(type_: str) -> None:
    kind_of(type_)

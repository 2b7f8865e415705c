"""Attacks on protection policies: put back, altered, unsigned, and loosened unnoticed."""

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    InvalidPolicyError,
    PolicyRefusedError,
)
from sealhold.protect.clarus import convert
from sealhold.protect.policyfile import digest_of
from sealhold.protect.policysign import PAYLOAD_TYPE, accepted, open_policy, sign_policy
from tests.unit.clinic_policy import CLARUS, CLINIC, bent, errors

FIRST = CLINIC.encode()


@pytest.fixture
def key() -> SigningKey:
    return SigningKey(Secret(bytes([1] * 32), "proxy-sign"))


@pytest.fixture
def other() -> SigningKey:
    return SigningKey(Secret(bytes([2] * 32), "proxy-sign"))


def following(text: str, before: bytes, version: int) -> bytes:
    """Return `text` as the version after `before`."""
    now = f'version = {version}\nprevious = "{digest_of(before)}"'
    return bent("version = 1", now, text).encode()


@pytest.mark.threat("T620")
def test_a_policy_without_its_signature_is_refused(key: SigningKey, other: SigningKey) -> None:
    for envelope, error in (
        (None, PolicyRefusedError),
        (b"", InvalidEncodingError),
        (sign_policy(FIRST, other), BadSignatureError),
        (dsse.sign("text/plain", FIRST, [key]), InvalidEncodingError),
    ):
        with pytest.raises(error):
            open_policy(FIRST, envelope, [key.public], None)


@pytest.mark.threat("T620")
def test_a_policy_that_was_altered_is_refused(key: SigningKey) -> None:
    envelope = sign_policy(FIRST, key)

    for altered in (FIRST + b"\n", FIRST.replace(b'"sealed"', b'"match"'), b""):
        with pytest.raises(PolicyRefusedError, match="changed after"):
            open_policy(altered, envelope, [key.public], None)
    assert open_policy(FIRST, envelope, [key.public], None).name == "clinic"


@pytest.mark.threat("T620")
def test_a_policy_is_not_put_back_and_not_taken_from_beside(key: SigningKey) -> None:
    second = following(CLINIC, FIRST, 2)
    forked = following(bent("k = 10", "k = 9"), FIRST, 3)
    skipping = following(CLINIC, second, 7)
    other = bent('name = "clinic"\nversion', 'name = "ward"\nversion').encode()
    last = accepted(open_policy(second, sign_policy(second, key), [key.public], None))

    for data in (FIRST, forked, other):
        with pytest.raises(PolicyRefusedError):
            open_policy(data, sign_policy(data, key), [key.public], last)
    for data in (second, skipping):
        assert open_policy(data, sign_policy(data, key), [key.public], last).digest == digest_of(
            data
        )


@pytest.mark.threat("T620")
def test_a_policy_with_a_fault_is_neither_signed_nor_served(key: SigningKey) -> None:
    faulty = bent("k = 10", "k = 1").encode()

    with pytest.raises(InvalidPolicyError):
        sign_policy(faulty, key)
    with pytest.raises(InvalidPolicyError):
        open_policy(faulty, dsse.sign(PAYLOAD_TYPE, faulty, [key]), [key.public], None)


@pytest.mark.threat("T621")
def test_two_providers_of_one_group_never_hold_what_restores_the_whole() -> None:
    text = CLINIC
    for each in ("s", "t"):
        at = f'url = "https://{each}.example.org"'
        text = bent(at, f'{at}\ngroup = "three"', text)

    assert [each.code for each in errors(text)] == ["split-one-group"]


@pytest.mark.threat("T622")
def test_a_constraint_that_cannot_hold_is_no_policy() -> None:
    text = bent('"visit.ended"]', '"patient.id"]')

    assert [each.code for each in errors(text)] == ["constraint-unmet"]


@pytest.mark.threat("T623")
def test_a_column_does_not_become_clear_by_an_edit() -> None:
    was = 'class = "quasi_identifier"\nprotect = ["sealed"]'
    edited = bent(was, 'class = "quasi_identifier"\nprotect = "clear"')
    data = following(edited, FIRST, 2).decode()

    assert [each.code for each in errors(data, CLINIC)] == ["weaker"]


@pytest.mark.threat("T624")
@pytest.mark.parametrize(
    "url", ["postgresql://me:hunter2@a.", "postgresql://a.x/y?password=hunter2&z="]
)
def test_a_password_in_a_policy_is_refused_and_not_repeated(url: str) -> None:
    found = errors(bent("postgresql://a.", url)) + errors(bent('"env:A_PASSWORD"', '"hunter2"'))

    assert [each.code for each in found] == ["secret-written", "secret-written"]
    assert "hunter2" not in str([(each.message, each.remedy) for each in found])


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE schema [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<schema><data><attribute name="t/&b;" attribute_type="identifier"/></data></schema>"""
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE schema [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<schema><data><attribute name="t/c">&x;</attribute></data></schema>"""
ELSEWHERE = b"""<!DOCTYPE schema SYSTEM "http://example.org/x.dtd"><schema><data/></schema>"""


@pytest.mark.threat("T625")
@pytest.mark.parametrize("data", [BOMB, OUTSIDE, ELSEWHERE, OUTSIDE.decode().encode("utf-16")])
def test_xml_that_declares_a_document_type_is_refused_before_it_is_parsed(data: bytes) -> None:
    with pytest.raises(InvalidPolicyError):
        convert(data, name="clinic")


@pytest.mark.threat("T625")
def test_xml_that_is_large_or_deep_costs_little() -> None:
    for data in (CLARUS.read_bytes() + b" " * 2_000_000, b"<schema>" + b"<data>" * 100_000):
        with pytest.raises(InvalidPolicyError):
            convert(data, name="clinic")


@pytest.mark.threat("T626")
@pytest.mark.parametrize("more", ["decoys = 3", 'reactions = ["repair"]'])
def test_a_promise_that_is_not_kept_yet_is_no_policy(more: str) -> None:
    text = bent('key = ["id"]\ncsps = ["b"]', f'key = ["id"]\ncsps = ["b"]\n{more}')

    assert [each.code for each in errors(text)] == ["not-offered"]

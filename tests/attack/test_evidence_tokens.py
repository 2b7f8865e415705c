"""Results as tokens: bent, by somebody else, out of their time, or at odds with themselves."""

import pytest

from sealhold.compute.attest import token
from sealhold.compute.attest.kinds import Kind
from sealhold.crypto import cose
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    BadSignatureError,
    InvalidEncodingError,
    SealholdError,
)
from sealhold.model.quantities import DAY, MINUTE, Instant
from tests.conformance.evidence_made import (
    DEVICE,
    MAKERS,
    NONCE,
    NOW,
    REPORT_DATA,
    Made,
    guest,
    software,
)

STRANGER = SigningKey(Secret(b"x" * 32, "a stranger's key"))


def issued(made: Made, key: SigningKey = DEVICE) -> bytes:
    return token.issue(made.result(), made.evidence, made.policy, now=NOW, key=key)


@pytest.mark.threat("T158")
@pytest.mark.parametrize("kind", Kind)
def test_every_byte_of_a_token_counts(kind: Kind) -> None:
    data = issued(MAKERS[kind]())

    assert token.read(data, DEVICE.public, now=NOW).kind is kind
    for place in range(len(data)):
        bent = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(SealholdError):
            token.read(bent, DEVICE.public, now=NOW)


@pytest.mark.threat("T158")
def test_a_token_by_another_appraiser_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        token.read(issued(guest(), STRANGER), DEVICE.public, now=NOW)


@pytest.mark.threat("T155")
@pytest.mark.parametrize("shift", [2 * DAY, -10 * MINUTE])
def test_a_token_out_of_its_time_is_refused(shift: int) -> None:
    with pytest.raises(BadSignatureError):
        token.read(issued(guest()), DEVICE.public, now=Instant(NOW + shift))


@pytest.mark.threat("T153")
@pytest.mark.parametrize(
    "flags",
    [{"hw_rooted": True}, {"confidentiality": "sealed"}, {"confidentiality": "all"}, {"more": 1}],
    ids=str,
)
def test_a_token_whose_flags_do_not_follow_from_each_other_is_refused(
    flags: dict[str, object],
) -> None:
    tree = unpack(cose.read(issued(software()), tagged=True).payload)
    part = tree[int(token.Claim.PARTS)]["sw"]
    part[int(token.Claim.FLAGS)] |= flags

    with pytest.raises(InvalidEncodingError):
        token.read(cose.sign(pack(tree), DEVICE), DEVICE.public, now=NOW)


@pytest.mark.threat("T150")
def test_a_token_names_the_nonce_the_evidence_and_what_it_is_bound_to() -> None:
    made = guest()
    found = token.read(issued(made), DEVICE.public, now=NOW)

    assert found.nonce == NONCE
    assert found.flags.evidence == sha256(made.evidence.data)
    assert found.flags.report_data == REPORT_DATA
    assert found.policy == made.policy.digest.hex()

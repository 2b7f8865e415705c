"""Known answers for evidence: published ones of COSE, and ours, frozen with each format."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.attest import eat, token, tpmforms
from sealhold.compute.attest.policy import Policy, SnpLevel
from sealhold.compute.attest.spec import Bound
from sealhold.crypto import cose
from sealhold.crypto.foreignsign import Curve, point_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import BadSignatureError
from sealhold.model.quantities import Instant, Millis

HERE = Path(__file__).parent / "21-evidence"
Vector = dict[str, Any]  # reason: one known answer, as its file writes it


def vectors(name: str) -> list[Vector]:
    found = json.loads((HERE / name).read_text())
    cases: list[Vector] = found["cases"] if isinstance(found, dict) else found
    return cases


def named(vector: Vector) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", vectors("published-cose.json"), ids=named)
def test_a_published_message_verifies_under_its_key(vector: Vector) -> None:
    key = point_key(Curve.P384, bytes.fromhex(vector["x"]), bytes.fromhex(vector["y"]))
    message = cose.read(bytes.fromhex(vector["message"]), tagged=True)

    cose.verify(message, key, algorithm=cose.Algorithm.ES384)
    assert message.payload.hex() == vector["payload"]
    assert cose.signed_bytes(message.protected, message.payload).hex() == vector["to_be_signed"]
    with pytest.raises(BadSignatureError):
        cose.verify(message, bytes(32), algorithm=cose.Algorithm.EDDSA)


@pytest.mark.parametrize("vector", vectors("report-data.json"), ids=named)
def test_report_data_is_the_frozen_hash(vector: Vector) -> None:
    bound = Bound(
        statement=bytes.fromhex(vector["statement"]),
        session_key=bytes.fromhex(vector["session_key"]),
    )
    nonce = bytes.fromhex(vector["nonce"])

    assert bound.report_data(nonce).hex() == vector["report_data"]
    assert bound.challenge(nonce).hex() == vector["challenge"]


@pytest.mark.parametrize("vector", vectors("software-tokens.json"), ids=named)
def test_a_software_token_is_written_and_read_as_it_was_frozen(vector: Vector) -> None:
    key = SigningKey(Secret(bytes.fromhex(vector["seed"]), "seed"))
    told = eat.SoftwareToken(
        made_at=Instant(vector["time"]),
        nonce=bytes.fromhex(vector["nonce"]),
        device=eat.device_name(key.public),
        debug=eat.Debug.DISABLED,
        measurement=bytes.fromhex(vector["measurement"]),
        report_data=bytes.fromhex(vector["report_data"]),
    )
    data = bytes.fromhex(vector["token"])

    assert eat.issue(told, key) == data
    message = cose.read(data, tagged=True)
    cose.verify(message, key.public, algorithm=cose.Algorithm.EDDSA)
    assert eat.read(message.payload) == told


@pytest.mark.parametrize("vector", vectors("result-tokens.json"), ids=named)
def test_a_result_token_reads_as_it_was_frozen(vector: Vector) -> None:
    found = token.read(
        bytes.fromhex(vector["token"]),
        bytes.fromhex(vector["public"]),
        now=Instant(vector["now"]),
    )

    flags = found.flags
    assert (found.kind, found.status) == (vector["kind"], vector["status"])
    assert (flags.hw_rooted, flags.integrity) == (vector["hw_rooted"], vector["integrity"])
    assert flags.confidentiality == vector["confidentiality"]
    assert (flags.tcb_status, flags.evidence.hex()) == (vector["tcb_status"], vector["evidence"])
    assert found.policy == vector["policy"]


@pytest.mark.parametrize("vector", vectors("policies.json"), ids=named)
def test_a_policy_has_its_frozen_name(vector: Vector) -> None:
    floor = vector["floor"]
    policy = Policy(
        states=frozenset(vector["states"]),
        max_age=Millis(vector["max_age"]),
        snp_floor=SnpLevel(bootloader=floor[0], tee=floor[1], snp=floor[2], microcode=floor[3])
        if floor
        else None,
    )

    assert policy.digest.hex() == vector["digest"]


@pytest.mark.parametrize("vector", vectors("registers.json"), ids=named)
def test_a_register_has_the_value_of_what_was_extended(vector: Vector) -> None:
    digests = [bytes.fromhex(each) for each in vector["digests"]]

    assert tpmforms.extended(digests).hex() == vector["value"]
